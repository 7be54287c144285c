"""What integrations report about themselves, and custom attributes."""

from __future__ import annotations

import json

from dialects.woowup.partner import Partner, shape


def test_reports_of_any_json_are_kept_and_listed_newest_first(partner: Partner) -> None:
    reports = [{"customers": {"total_created": 1}}, [1, "x", None], "text", "a=b", 5, None]
    for report in reports:
        status, payload, _, code = shape(partner.post("/integration-stats", json.dumps(report)))
        assert (status, code) == (200, "ok")
        assert type(payload["id"]) is int
    listed = partner.get("/integration-stats?page=0&limit=25").json()["payload"]
    assert [one["stats"] for one in listed] == reports[::-1]
    assert list(listed[0]) == ["id", "createtime", "stats"]
    paged = partner.get("/integration-stats?limit=2&page=1").json()["payload"]
    assert paged == listed[2:4]


def test_reports_are_listed_by_time(partner: Partner) -> None:
    partner.post("/integration-stats", {"a": 1})
    assert len(partner.get("/integration-stats?from=2000-01-01").json()["payload"]) == 1
    assert partner.get("/integration-stats?from=2999-01-01").json()["payload"] == []
    assert partner.get("/integration-stats?to=2000-01-01").json()["payload"] == []
    assert partner.get("/integration-stats?to=x").status == 400


def test_the_attributes_members_were_given_are_listed_by_name(partner: Partner) -> None:
    assert shape(partner.get("/account/custom-attributes")) == (200, [], "ok", "ok")
    number = partner.user(service_uid="u", custom_attributes={"talle": "M", "hijos": 2})["user_id"]
    partner.put(f"/users/{number}", {"custom_attributes": {"club": True, "never": None}})
    listed = partner.get("/account/custom-attributes").json()["payload"]
    assert [(one["name"], one["data_type"], one["field_type"]) for one in listed] == [
        ("club", "integer", "checkbox"),
        ("hijos", "float", "text"),
        ("talle", "string", "text"),
    ]
    assert all(list(one) == ["name", "label", "data_type", "field_type"] for one in listed)
