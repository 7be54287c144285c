"""Updates of users that change nothing: no decision, and so nothing for anybody to be told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dialects.woowup.partner import Partner
from guerdon.store import decisions

UPDATE: dict[str, Any] = {
    "first_name": "Juan",
    "email": "juan@example.com",
    "birthdate": "1990-02-03",
    "tags": "a,b",
    "custom_attributes": {"x": 1},
    "city": None,
}


@pytest.fixture
def partner(house: Any) -> Partner:
    return Partner(house)


def decided(partner: Partner) -> int:
    """How many decisions there are."""
    house = partner.house
    return house.read(lambda rows: decisions.total(rows, house.tenant_id))


def test_the_same_update_again_decides_nothing(partner: Partner) -> None:
    number = partner.user(service_uid="u-1", city="Rosario")["user_id"]
    first = partner.put(f"/users/{number}", UPDATE).json()["payload"]
    before = decided(partner)
    for body in (UPDATE, {"first_name": "Juan"}, {"remove_tags": "zz"}, {"state": ""}):
        reply = partner.put(f"/users/{number}", body)
        assert (reply.status, reply.json()["payload"]) == (200, first)
        assert decided(partner) == before, body


def test_a_value_that_only_looks_alike_is_a_change(partner: Partner) -> None:
    number = partner.user(service_uid="u-1", custom_attributes={"club": 1})["user_id"]
    for value, is_change in ((1, False), (True, True), (True, False), (1, True)):
        before = decided(partner)
        reply = partner.put(f"/users/{number}", {"custom_attributes": {"club": value}})
        shown = reply.json()["payload"]["custom_attributes"]
        assert json.dumps(shown) == json.dumps({"club": value})
        assert (decided(partner) > before) is is_change, value
