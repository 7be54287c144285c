"""The documented examples, sent one after another, are answered with the documented shapes.

`exchanges.json` holds them: who sends what, and the status and shape of the answer. In a shape a
word is a JSON type (`switch` is a boolean) and `*` is any uuid or day as a key; `lacks` says what
the documents show and this programme's answer has not, and why. An answer may say more than its
example does. What needs a token or a file has tests of its own.
"""

import json
import re
from pathlib import Path

import pytest

from dialects.openloyalty.furnished import Furnished
from dialects.openloyalty.session import FORM, JSON

EXCHANGES = json.loads(Path(__file__).with_name("exchanges.json").read_text())
_ANY_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\d")
_TYPES = {bool: "switch", int: "number", float: "number", str: "text", type(None): "nothing"}


def filled(text, ids):
    return re.sub(r"\{(\w+)\}", lambda found: str(ids.get(found[1], found[0])), text)


def sent(house, furnished, each):
    body = filled(each.get("body", ""), furnished.ids)
    kind = {} if not body else JSON if body.startswith("{") else FORM
    headers = {**furnished.callers[each["as"]], **kind}
    target = filled(each["url"], furnished.ids)
    return house.call(each["method"], target, headers=headers, body=body)


def known(value, where=""):
    """Every path in a value and the types of what is there: {".customers[].phone": {"text"}}."""
    found = {}
    parts = []
    if isinstance(value, dict):
        found[where] = {"object"}
        parts = [(f"{where}.{_any(key)}", item) for key, item in value.items()]
    elif isinstance(value, list):
        found[where] = {"list"}
        parts = [(f"{where}[]", item) for item in value]
    else:
        found[where] = {_TYPES[type(value)]}
    for path, item in parts:
        for path_below, types in known(item, path).items():
            found.setdefault(path_below, set()).update(types)
    return found


def documented(shape, where=""):
    """The same of a shape. PHP writes an empty map as `[]`, and so do the documents."""
    if isinstance(shape, str):
        return {where: set(shape.split("|"))}
    if isinstance(shape, list):
        types = {where: {"list"} if shape else {"list", "object"}}
        return {**types, **documented(shape[0], f"{where}[]")} if shape else types
    found = {where: {"list", "object"} if shape.keys() <= {"*"} else {"object"}}
    for key, part in shape.items():
        found |= documented(part, f"{where}.{key}")
    return found


def differences(shape, value):
    """What is not as documented: paths that are not there, and those with another type."""
    wanted, given = documented(shape), known(value)
    for path, types in wanted.items():
        above = path.rpartition("[" if path.endswith("[]") else ".")[0]
        if path not in given:
            if above in given:
                yield path, "is not there"
        elif not given[path] <= types | {"nothing"}:
            yield path, f"{given[path]} instead of {types}"


def _any(key):
    return "*" if _ANY_KEY.fullmatch(key) else key


@pytest.mark.slow
def test_documented_examples_are_answered_with_the_documented_shapes(house):
    furnished = Furnished(house)
    wrong = []
    for each in EXCHANGES:
        reply = sent(house, furnished, each)
        name = f"{each['method']} {each['url']}"
        if reply.status != each["status"]:
            wrong.append((name, reply.status, reply.body))
        elif "answer" in each:
            found = differences(each["answer"], reply.json())
            wrong += [(name, *pair) for pair in found if pair[0] not in each.get("lacks", {})]
    assert not wrong, "\n".join(map(str, wrong))
