"""E-mail and phone: an identity in WoowUp's words, a detail of the member in the other formats'."""

from __future__ import annotations

from typing import Any

import pytest

from dialects.woowup.partner import Partner
from guerdon.store import members


def details_of(partner: Partner) -> dict[str, Any]:
    """What the other formats show of the first member."""
    tenant = partner.house.tenant_id
    return partner.house.read(lambda rows: members.by_number(rows, tenant, 1)).profile


def test_a_phone_is_shown_in_every_format_as_it_is_kept(partner: Partner) -> None:
    partner.user(service_uid="u-1", telephone=" +54 11 5555 ")
    assert partner.get("/users/1").json()["payload"]["telephone"] == "+54 11 5555"
    assert details_of(partner)["phone"] == "+54 11 5555"


@pytest.mark.parametrize("blank", ["", "   ", False])
def test_a_blank_email_or_phone_changes_nothing(partner: Partner, blank: str | bool) -> None:
    partner.user(service_uid="u-1", email="a@example.com", telephone="5")
    body = {"email": blank, "telephone": blank, "last_name": "X"}
    shown = partner.put("/users/1", body).json()["payload"]
    assert [shown[name] for name in ("email", "telephone", "last_name")] == [
        "a@example.com",
        "5",
        "X",
    ]
    assert [details_of(partner)[name] for name in ("email", "phone")] == ["a@example.com", "5"]


def test_a_phone_that_the_sender_could_not_read_is_no_phone(partner: Partner) -> None:
    created = partner.post("/users", {"email": "a@example.com", "telephone": False})
    assert (created.status, created.json()["payload"]["telephone"]) == (201, None)
    changed = partner.put(
        "/multiusers", {"email": "a@example.com", "telephone": False, "city": "C"}
    )
    assert (changed.status, changed.json()["payload"]["city"]) == (200, "C")
    refused = partner.put("/multiusers", {"email": "a@example.com", "telephone": True})
    assert refused.status == 400
