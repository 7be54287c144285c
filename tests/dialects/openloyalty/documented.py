"""The documented requests, as `documented.txt` lists them."""

import re
from pathlib import Path

import msgspec

UUID = "0b5c3f68-7a5e-4d0a-9d53-7f1c8ce0f1aa"
FILLED = {"storeCode": "DEFAULT", "active": "active", "type": "timezone", "version": "v1"}
STORE = "/{storeCode}"
_PARAMETER = re.compile(r"\{(\w+)\}")
_LOGINS = "{user_type}"


class Request(msgspec.Struct, frozen=True):
    """One documented request; `who` may send it, `path` is as documented."""

    who: tuple[str, ...]
    method: str
    path: str

    @property
    def paths(self):
        """Where it is served: below a store's code or not, if it is documented with one."""
        bare = self.path.replace(STORE, "")
        kinds = ("admin", "seller", "customer")
        served = (self.path, bare) if STORE in self.path else (self.path,)
        if _LOGINS in self.path:
            served = tuple(self.path.replace(_LOGINS, kind) for kind in kinds)
        return served

    @property
    def targets(self):
        """The same, with something in the place of each parameter."""
        return tuple(filled(path) for path in self.paths)


def filled(path):
    return _PARAMETER.sub(lambda found: FILLED.get(found[1], UUID), path)


def form(path):
    """A path by which it is compared, since parameters' names are not sent."""
    return _PARAMETER.sub("{}", path)


def every():
    lines = Path(__file__).with_suffix(".txt").read_text().splitlines()
    found = [line.split() for line in lines if line and not line.startswith("#")]
    return [Request(tuple(who.split(",")), method, path) for who, method, path in found]


def of_release_4():
    """Without what only release 3.2 has."""
    text = Path(__file__).with_suffix(".txt").read_text()
    return every()[: len(re.findall(r"(?m)^[a-z]", text.partition("# Release 3.2")[0]))]
