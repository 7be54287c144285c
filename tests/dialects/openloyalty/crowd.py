"""What tests about customers share: levels, forms, and what was sent to whom."""

import json
import re
from urllib.parse import parse_qsl, urlencode

from dialects.openloyalty.session import FORM
from dialects.openloyalty.till import bearer, customer, decided, permanent, post
from guerdon.engine.commands import LeaseDeliveries
from guerdon.engine.commands.definitions import Define

__all__ = ["bearer", "customer", "decided", "permanent", "post"]

JOHN = [
    "customer[firstName]=John",
    "customer[lastName]=Kowalski",
    "customer[email]=john4@example.com",
    "customer[phone]=000000005000",
    "customer[agreement1]=1",
]
WHOLE = [
    "customer[firstName]=John",
    "customer[lastName]=Kowalski",
    "customer[email]=John3@Example.com",
    "customer[phone]=000000004000",
    "customer[birthDate]=1990-01-01",
    "customer[address][street]=Street",
    "customer[address][postal]=00-000",
    "customer[address][city]=Wroclaw",
    "customer[address][province]=Dolnoslaskie",
    "customer[address][country]=Poland",
    "customer[company][nip]=111-222-33-44",
    "customer[company][name]=Company name",
    "customer[loyaltyCardNumber]=00000000000000002",
    "customer[agreement1]=1",
    "customer[agreement2]=1",
    "customer[agreement3]=1",
]


def define(house, kind, body, **more):
    tenant_id = more.pop("tenant_id", house.tenant_id)
    made = house.execute(Define(tenant_id, 0, kind, json.dumps(body), **more))
    return made.definition_id


def level(house, name="level0", condition=0, value=0.14):
    body = {
        "name": name,
        "translations": {"en": {"name": name}},
        "conditionValue": condition,
        "reward": {"name": name, "value": value, "code": name},
    }
    return define(house, "Level", body)


def pos(house, identifier="pos2"):
    return define(house, "Pos", {"name": identifier, "identifier": identifier})


def enrol(house, headers, fields=JOHN, path="/admin/customer/register", **changed):
    """Register somebody; their uuid. `changed` are fields in place of the given ones."""
    pairs = dict(parse_qsl("&".join(fields), keep_blank_values=True))
    pairs.update({f"customer[{name}]": value for name, value in changed.items()})
    reply = house.call(
        "POST",
        "/api" + path,
        headers={**headers, **FORM},
        body=urlencode({name: value for name, value in pairs.items() if value is not None}),
    )
    assert reply.status == 200, reply.body
    return reply.json()["customerId"]


def get(house, path, headers):
    reply = house.call("GET", "/api" + path, headers=headers)
    assert reply.status == 200, (path, reply.body)
    return reply.json()


def errors(reply):
    """The fields a refused form complains about, by their dotted names."""
    assert reply.status == 400, reply.body
    found = {}

    def walk(children, prefix):
        for name, child in children.items():
            if child.get("errors"):
                found[prefix + name] = child["errors"]
            walk(child.get("children", {}), f"{prefix}{name}.")

    walk(reply.json()["form"]["children"], "")
    return found


def sent(house, kind=None):
    """What is owed to members: (kind, target, body), oldest first."""
    leased = house.execute(LeaseDeliveries(0, 0, 100))
    return [
        (each.kind, each.target, each.body)
        for each in sorted(leased, key=lambda each: each.delivery_id)
        if kind in (None, each.kind)
    ]


def code_in(body):
    """The token or code in a message."""
    return re.search(r": ([0-9A-Za-z_-]+)", body).group(1)
