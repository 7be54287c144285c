"""Settings: flags, then GUERDON_* variables, then a TOML file, then defaults.

One flat set of names. A name is a flag (`port`), a variable (`GUERDON_PORT`) and a key of the TOML
file (`port = 8181`). Settings that hold a secret may also be given as the path of a file that holds
it (`GUERDON_SECRET_KEY_FILE`), as container platforms hand secrets in. A name nobody knows is
refused, since a misspelt setting that is silently ignored is the worst kind of default.

The file is the one `GUERDON_CONFIG` names, or `guerdon.toml` in the working folder. Relative paths
of every layer are relative to the working folder.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import tomllib
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, urlsplit

import msgspec

from guerdon import limits, secret_key
from guerdon.errors import Misconfigured

Network = IPv4Network | IPv6Network

_PREFIX = "GUERDON_"
_FILE = "_file"
# Not settings: where the settings are, and the fault a crash test arms.
_NOT_SETTINGS = frozenset({"GUERDON_CONFIG", "GUERDON_FAULT"})
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_HOST = re.compile(r"\*|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]")


class Setting(msgspec.Struct, frozen=True):
    """One setting as `guerdon doctor` shows it: secrets are never in `shown`."""

    name: str
    shown: str
    source: str


def usual_workers(database_url: str) -> int:
    """As many workers as are of use: one for each core.

    With SQLite one core is the committer's; with PostgreSQL each worker commits for itself. Of a
    large machine only some, since each has memory of its own.
    """
    cores = len(os.sched_getaffinity(0)) - _is_sqlite(database_url)
    return max(1, min(cores, limits.workers_usual_max))


def _is_sqlite(database_url: str) -> bool:
    return database_url.startswith("sqlite:")


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting, checked; paths are absolute. Its repr tells no secret.

    `sources` says for each name where its value came from: `flag`, a variable's name, the TOML
    file's path, or `default`. `key_trouble` says why `secret_key` is empty although there is one;
    only where none is needed.
    """

    data_dir: Path
    database_url: str
    secret_key: bytes
    smtp_url: str | None = None
    mail_from: str = "guerdon@localhost"
    trusted_proxies: tuple[Network, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8181
    workers: int = 1
    allow_unsafe_storage: bool = False
    allowed_hosts: tuple[str, ...] = ()
    webhooks_allow_private: bool = False
    access_log: bool = False
    sources: tuple[tuple[str, str], ...] = ()
    key_trouble: str = ""

    @property
    def engine(self) -> Literal["sqlite", "postgres"]:
        """Which store engine `database_url` names."""
        return "sqlite" if _is_sqlite(self.database_url) else "postgres"

    @property
    def sqlite_path(self) -> Path:
        """The database file; only when `engine` is sqlite."""
        if self.engine != "sqlite":
            raise Misconfigured("database_url names no SQLite file")
        return Path(self.database_url.removeprefix("sqlite:///"))

    @property
    def secret_key_path(self) -> Path:
        """Where the secret key is kept that nobody gave."""
        return self.data_dir / "secret.key"

    @property
    def socket_path(self) -> Path:
        """Where the process that holds the store listens for the others."""
        return self.data_dir / "guerdon.sock"

    def source(self, name: str) -> str:
        """Where the value of `name` came from."""
        return dict(self.sources).get(name, "default")

    def settings(self) -> tuple[Setting, ...]:
        """Every setting with its value and source; secrets and passwords are hidden."""
        return tuple(Setting(name, self._shown(name), self.source(name)) for name in NAMES)

    def _shown(self, name: str) -> str:
        value = getattr(self, name)
        if name == "secret_key":
            return "(hidden)"
        if value is None:
            return ""  # as one gives it
        if name in SECRETS:
            return without_password(value)
        return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)

    def __repr__(self) -> str:
        return f"Config({', '.join(f'{each.name}={each.shown}' for each in self.settings())})"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        return [(each.name, each.shown) for each in self.settings()]


NAMES = tuple(name for name in Config.__struct_fields__ if name not in {"sources", "key_trouble"})
SECRETS = frozenset({"secret_key", "database_url", "smtp_url"})
_KNOWN = (*NAMES, *sorted(name + _FILE for name in SECRETS))
_Given = dict[str, tuple[object, str]]


class _File(msgspec.Struct, frozen=True):
    """A secret that is in a file."""

    path: Path


def load(
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    cwd: Path,
    *,
    fresh_key: Callable[[Config], bytes | None] = lambda _: secret_key.fresh(),
    needs_key: bool = True,
) -> Config:
    """The settings in force.

    A flag that is None was not given. An empty variable is a value: it means "none" where a
    setting can be none (lists, smtp_url) and is refused elsewhere. When no secret key is given,
    one is made by `fresh_key` once and kept in the data folder; it is told the other settings, and
    gives None when the database belongs to a key already.

    needs_key: otherwise none is made, and `secret_key` is empty if there is none that can be read.

    Errors: Misconfigured - an unknown name, a value that is no such value, an unreadable file, a
    secret key file that others can read or that is missing.
    """
    here = cwd.absolute()
    given = _from_file(flags, environ, here)
    given.update(_from_environ(environ, here))
    given.update(_from_flags(flags, here))
    sources = tuple(sorted((name, source) for name, (_, source) in given.items()))
    key = given.pop("secret_key", None)
    values = {name: _parsed(name, value, source, here) for name, (value, source) in given.items()}
    data_dir = values.setdefault("data_dir", here / "data")
    if not isinstance(data_dir, Path):
        raise Misconfigured("data_dir is not a path")
    database_url = values.setdefault("database_url", f"sqlite:///{data_dir / 'guerdon.db'}")
    values.setdefault("workers", usual_workers(str(database_url)))
    # Each parser gives its field's type; a test loads every setting and looks.
    settings = Config(**{"secret_key": b"", **values}, sources=sources)  # type: ignore[arg-type]
    path = settings.secret_key_path
    try:
        if key is not None:
            secret = _parsed("secret_key", *key, here)
        elif needs_key or secret_key.is_there(path):
            secret = secret_key.kept(path, lambda: fresh_key(settings))
        else:
            secret = b""
    except Misconfigured as error:
        if needs_key:
            raise
        return msgspec.structs.replace(settings, key_trouble=error.message)
    return msgspec.structs.replace(settings, secret_key=secret)


def without_password(url: str) -> str:
    """`url` with its password, if it has one, shown as ***."""
    url = re.sub(r"(?<=://)([^/@:]*):.*@", r"\1:***@", url)
    return re.sub(r"(?<=password=)[^&]*", "***", url)


# --- The layers: each gives name -> (value, source); of a `_file` setting, which file ------------


def _from_file(flags: Mapping[str, object], environ: Mapping[str, str], cwd: Path) -> _Given:
    named = flags.get("config") or environ.get(f"{_PREFIX}CONFIG")
    path = cwd / str(named or "guerdon.toml")
    if not named and not path.exists():
        return {}
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Misconfigured(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path}: {error}") from error
    for name in content:
        _known(name, f"{path}: {name}")
    return _with_files_named({name: (value, str(path)) for name, value in content.items()}, cwd)


def _from_environ(environ: Mapping[str, str], cwd: Path) -> _Given:
    given: _Given = {}
    for variable, text in environ.items():
        if variable.startswith(_PREFIX) and variable not in _NOT_SETTINGS:
            name = variable.removeprefix(_PREFIX).lower()
            _known(name, variable, prefix=_PREFIX)
            given[name] = (text, variable)
    return _with_files_named(given, cwd)


def _from_flags(flags: Mapping[str, object], cwd: Path) -> _Given:
    given: _Given = {}
    for name, value in flags.items():
        if value is not None and name != "config":
            _known(name, f"flag {name}")
            given[name] = (value, "flag")
    return _with_files_named(given, cwd)


def _known(name: str, shown: str, *, prefix: str = "") -> None:
    if name in _KNOWN:
        return
    nearest = difflib.get_close_matches(name, _KNOWN, n=1, cutoff=0.0)[0]
    spelt = prefix + nearest.upper() if prefix else nearest
    hint = f"unknown setting {shown}; did you mean {spelt}?"
    if re.search(r"_SERVICE_|_PORT_\d+_", shown):
        # Kubernetes gives every container such variables for each service of its namespace.
        hint += " (set enableServiceLinks: false, or give the Service another name)"
    raise Misconfigured(hint)


def _with_files_named(given: _Given, cwd: Path) -> _Given:
    for name in SECRETS:
        if name + _FILE not in given:
            continue
        path, source = given.pop(name + _FILE)
        if name in given:
            raise Misconfigured(f"both {given[name][1]} and {source} give {name}")
        given[name] = (_File(cwd / str(path)), source)
    return given


def _text_of_file(path: Path, source: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise Misconfigured(f"{source}: {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Misconfigured(f"{source}: {path} is not UTF-8 text") from error


# --- The values ----------------------------------------------------------------------------------


def _parsed(name: str, value: object, source: str, cwd: Path) -> object:
    if isinstance(value, _File):
        value = _text_of_file(value.path, source)
    try:
        return _PARSERS[name](value, cwd)
    except (Misconfigured, ValueError) as error:
        # The value of a secret must not reach a terminal or a log, not even a part of it.
        if name in SECRETS:
            reason = error.message if isinstance(error, Misconfigured) else "malformed"
            raise Misconfigured(f"{name} (from {source}): {reason}") from None
        raise Misconfigured(f"{name} {value!r} (from {source}): {error}") from error


def _text(value: object, _cwd: Path) -> str:
    if not isinstance(value, str | Path):
        raise Misconfigured("not a text")
    text = str(value).strip()
    if not text or not text.isprintable():
        raise Misconfigured("empty or not printable")
    return text


def _path(value: object, cwd: Path) -> Path:
    return cwd / Path(_text(value, cwd)).expanduser()


def _flag(value: object, _cwd: Path) -> bool:
    if isinstance(value, bool):
        return value
    word = value.lower() if isinstance(value, str) else ""
    if word not in _TRUE | _FALSE:
        raise Misconfigured("neither true nor false")
    return word in _TRUE


def _whole(value: object, low: int, high: int) -> int:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise Misconfigured(f"not a whole number from {low} to {high}")
    return value


def _port(value: object, _cwd: Path) -> int:
    # 0 lets the system choose a free port.
    return _whole(value, 0, limits.port_max)


def _workers(value: object, _cwd: Path) -> int:
    return _whole(value, 1, limits.workers_max)


def _items(value: object) -> list[str]:
    """A comma-separated text or a list, as its items; empty ones are left out."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list | tuple):
        raise Misconfigured("not a list")
    return [item for item in (str(each).strip() for each in value) if item]


def _networks(value: object, _cwd: Path) -> tuple[Network, ...]:
    return tuple(ip_network(item) for item in _items(value))


def _hosts(value: object, _cwd: Path) -> tuple[str, ...]:
    hosts = tuple(item.lower() for item in _items(value))
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise Misconfigured(f"{host!r} is not a host name, *.name or * (no scheme, no port)")
    return hosts


def _mail_from(value: object, cwd: Path) -> str:
    address = _text(value, cwd)
    if not re.fullmatch(r"[^\s@,<>]+@[^\s@,<>]+", address) or not address.isascii():
        raise Misconfigured("not one e-mail address")
    return address


def _database_url(value: object, cwd: Path) -> str:
    """The URL; a SQLite path is made absolute, so that the working folder no longer matters."""
    url = _text(value, cwd)
    if url.startswith(("postgresql://", "postgres://")):
        return url
    path = url.removeprefix("sqlite:///")
    if path == url or not path or ":memory:" in path or set(path) & set("?#"):
        raise Misconfigured("neither sqlite:///path nor postgresql://...")
    place = cwd / path
    with contextlib.suppress(OSError):  # which is told when it is opened
        if place.exists() and not place.is_file():
            raise Misconfigured(f"{place} is there and no file")
    return f"sqlite:///{place}"


def _smtp_url(value: object, cwd: Path) -> str | None:
    if value == "":
        return None
    url = _text(value, cwd)
    parts: SplitResult = urlsplit(url)
    # Reading the port raises ValueError when it is none.
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.port == 0:
        raise Misconfigured("neither smtp://host:port nor smtps://host:port")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise Misconfigured("nothing may follow the port")
    return url


def _secret_key(value: object, cwd: Path) -> bytes:
    return secret_key.from_text(_text(value, cwd))


_PARSERS: dict[str, Callable[[object, Path], object]] = {
    "access_log": _flag,
    "allow_unsafe_storage": _flag,
    "allowed_hosts": _hosts,
    "data_dir": _path,
    "database_url": _database_url,
    "host": _text,
    "mail_from": _mail_from,
    "port": _port,
    "secret_key": _secret_key,
    "smtp_url": _smtp_url,
    "trusted_proxies": _networks,
    "webhooks_allow_private": _flag,
    "workers": _workers,
}
