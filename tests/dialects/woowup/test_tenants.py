"""Nothing crosses tenants: every route, with one partner's names and another partner's key."""

from __future__ import annotations

import json
from typing import Any

from dialects.woowup.partner import Partner
from guerdon.dialects.woowup.routes import ROUTES

BODY = {
    "name": "view",
    "event": "view",
    "event_name": "view",
    "from": "2000-01-01",
    "to": "2030-01-01",
    "notify_to": "a@b.cd",
    "service_uid": "u-1",
    "email": "ana@example.com",
    "datetime": "2024-01-01 00:00:00",
    "concept": "gift",
    "points": 5,
    "description": "",
    "last_name": "Changed",
}
QUERY = "?service_uid=u-1&email=ana%40example.com&search=Canary&event=view"


def belongings(partner: Partner) -> list[Any]:
    """All that a partner can read back."""
    paths = ("/events", "/user-events", "/users", "/users/1/transactions", "/integration-stats")
    shown = [partner.get(path).json() for path in (*paths, "/account/custom-attributes")]
    return [one["payload"] if isinstance(one, dict) else one for one in shown]


def test_no_route_shows_or_changes_what_is_another_tenants(partner: Partner) -> None:
    partner.event("view")
    attributes = {"Canary": "Canary"}
    partner.user(
        service_uid="u-1", email="ana@example.com", last_name="Canary", custom_attributes=attributes
    )
    partner.user_event(event="view", service_uid="u-1", datetime="2024-01-01 00:00:00")
    partner.post("/users/1/points", {"concept": "gift", "points": 9, "description": "Canary"})
    partner.post("/integration-stats", {"Canary": 1})
    before = belongings(partner)
    house = partner.house
    for at, (method, path, _) in enumerate(ROUTES):
        other = Partner(house, tenant_id=house.tenant(f"other-{at}"))
        for named in ("1", "dS0x", "u-1") if "{id}" in path else ("",):
            reply = asked(other, method, path.replace("{id}", named))
            assert b"Canary" not in reply.body
            is_about_one = "{id}" in path and "exist" not in path
            expected = (404,) if is_about_one else (200, 201, 404)
            assert reply.status in expected, (method, path, reply.body)
    house.settle()
    assert belongings(partner) == before
    assert not house.outcomes()


def asked(partner: Partner, method: str, target: str) -> Any:
    if method == "GET":
        return partner.get(target + QUERY)
    return partner.call(method, target, json.dumps(BODY))


def test_names_of_one_tenant_are_free_in_another(partner: Partner) -> None:
    house = partner.house
    other = Partner(house, tenant_id=house.tenant("other"))
    for one in (partner, other):
        assert one.event("view") == 1
        assert one.user(service_uid="u-1")["user_id"] == 1
        sent = {"event": "view", "service_uid": "u-1", "datetime": "2024-01-01 00:00:00"}
        assert one.user_event(**sent)["id"] == 1
