"""Bulk deletion: gone at once, removed for good, one mail; and what is refused before that."""

from __future__ import annotations

import email
import json
from email import policy
from typing import Any

import pytest

from dialects.woowup.partner import Partner, shape
from guerdon.clock import SECOND
from guerdon.engine.commands import LeaseDeliveries
from guerdon.outbound import mail
from guerdon.store import decisions

PATH = "/user-events/bulk"
NO_SCHEMA = "Failed matching any of the provided schemas."
JULY = {
    "event_name": "view",
    "from": "2019-07-01",
    "to": "2019-07-31",
    "notify_to": "test@email.com",
}
MOMENTS = (
    "2019-06-30 23:59:59",
    "2019-07-01 00:00:00",
    "2019-07-15 12:00:00",
    "2019-07-31 23:59:59.999999",
    "2019-08-01 00:00:00",
)


@pytest.fixture
def shop(partner: Partner) -> Partner:
    """A partner with one event at each moment, and another event in the same month."""
    partner.user(service_uid="u")
    partner.event("view")
    partner.event("buy")
    for moment in MOMENTS:
        partner.user_event(event="view", service_uid="u", datetime=moment)
    partner.user_event(event="buy", service_uid="u", datetime="2019-07-15 12:00:00")
    return partner


def listed(partner: Partner, query: str = "") -> list[int]:
    return [one["id"] for one in partner.get(f"/user-events?{query}").json()["payload"]]


def sent_mail(partner: Partner) -> list[Any]:
    """Every mail owed so far, handed to the real sender, read back from its file."""
    house = partner.house
    for owed in house.execute(LeaseDeliveries(0, 0, limit=100)):
        assert owed.kind == "mail"
        message = mail.Mail(
            message_id=f"d{owed.tenant_id}-{owed.delivery_id}",
            to=owed.target,
            subject=owed.subject,
            text=owed.body,
            moment=house.clock.now(),
        )
        assert house.run(mail.send(message, house.config)).error is None
    files = sorted((house.config.data_dir / "mail").glob("*.eml"))
    return [email.message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


@pytest.mark.parametrize("is_sorted", [False, True])
def test_a_range_of_whole_days_is_gone_at_once_and_for_good(shop: Partner, is_sorted: bool) -> None:
    if is_sorted:
        shop.house.settle()
    reply = shop.delete(PATH, JULY)
    status, payload, message, code = shape(reply)
    assert (status, message, code) == (200, "ok", "ok")
    assert listed(shop) == [1, 5, 6]
    assert listed(shop, "event=view") == [1, 5]
    assert listed(shop, "service_uid=u") == [1, 5, 6]
    shop.house.settle()
    assert listed(shop) == [1, 5, 6]
    assert listed(shop, "event=view") == [1, 5]
    [finished] = sent_mail(shop)
    assert finished["To"] == "test@email.com"
    assert str(payload["request_id"]) in finished.get_content()
    shop.house.settle()
    assert len(sent_mail(shop)) == 1


def test_the_mail_says_what_was_deleted(shop: Partner) -> None:
    shop.delete(PATH, JULY)
    shop.house.settle()
    [finished] = sent_mail(shop)
    text = finished.get_content()
    assert "3 events of type view from 2019-07-01 00:00:00 to 2019-07-31 23:59:59 (UTC)" in text


def test_positions_go_on_and_what_comes_later_stays(shop: Partner) -> None:
    shop.delete(PATH, JULY)
    later = shop.user_event(event="view", service_uid="u", datetime="2019-07-20 00:00:00")
    assert later["id"] == 7
    shop.house.settle()
    assert listed(shop, "event=view") == [1, 5, 7]


def test_the_decision_journal_keeps_that_it_was_deleted(shop: Partner) -> None:
    request_id = shop.delete(PATH, JULY).json()["payload"]["request_id"]
    house = shop.house
    [decided] = house.read(
        lambda rows: decisions.page(
            rows, house.engine.vault, house.tenant_id, type="Guerdon.*ActivityWasDeleted"
        )
    )
    payload = json.loads(decided.payload)
    assert (payload["deletionId"], payload["count"]) == (request_id, 3)


def test_both_ends_are_inclusive_with_or_without_a_time(shop: Partner) -> None:
    for first, last, left in (
        ("2019-07-02", "2019-07-03", [1, 2, 3, 4, 5, 6]),
        ("2019-07-15T09:00:00-03:00", "2019-07-15T12:00:00Z", [1, 2, 4, 5, 6]),
        ("2019-07-01 00:00:01", "2019-07-31 23:59:58", [1, 2, 4, 5, 6]),
        ("2019-07-31 23:59:59", "2019-07-31 23:59:59", [1, 2, 5, 6]),
        ("2019-07-01 00:00:00", "2019-07-01 00:00:00", [1, 5, 6]),
        ("2015-01-01", "2025-12-31", [6]),
    ):
        assert shop.delete(PATH, {**JULY, "from": first, "to": last}).status == 200
        assert listed(shop) == left, (first, last)
    shop.house.settle()
    assert listed(shop) == [6]


def test_a_form_and_the_other_spelling_work(shop: Partner) -> None:
    body = b"event-name=view&from=2019-07-01&to=2019-07-31&notify_to=test%40email.com"
    assert shop.delete(PATH, body).status == 200
    assert listed(shop) == [1, 5, 6]


def test_a_missing_field_matches_no_schema(shop: Partner) -> None:
    for field in JULY:
        left = {name: value for name, value in JULY.items() if name != field}
        for body in (left, {**left, field: None}):
            reply = shop.delete(PATH, body)
            assert shape(reply) == (400, {"errors": [NO_SCHEMA]}, "bad request", "bad_request")
    assert listed(shop) == [1, 2, 3, 4, 5, 6]


MALFORMED: tuple[dict[str, Any], ...] = (
    {"from": "2019-07-31", "to": "2019-07-01"},
    {"from": "2019-02-30"},
    {"from": "01/07/2019"},
    {"to": ""},
    {"to": 20190731},
    {"event_name": ""},
    {"event_name": 5},
    {"event_name": "x" * 256},
    {"notify_to": ["test@email.com"]},
)


def test_a_malformed_field_matches_no_schema(shop: Partner) -> None:
    for change in MALFORMED:
        reply = shop.delete(PATH, {**JULY, **change})
        expected = (400, {"errors": [NO_SCHEMA]}, "bad request", "bad_request")
        assert shape(reply) == expected, change


def test_no_body_matches_no_schema(shop: Partner) -> None:
    reply = shop.delete(PATH)
    assert shape(reply) == (400, {"errors": [NO_SCHEMA]}, "bad request", "bad_request")


NO_ADDRESSES = (
    "nobody",
    "",
    "a@b",
    "a@b.cd\r\nBcc: c@d.ef",
    "a@b.cd\n",
    "a@b.cd,c@d.ef",
    "Ana <a@b.cd>",
    " a@b.cd",
    "a@b.cd" * 60,
)


def test_what_is_not_one_address_is_an_invalid_email(shop: Partner) -> None:
    for address in NO_ADDRESSES:
        reply = shop.delete(PATH, {**JULY, "notify_to": address})
        assert shape(reply) == (400, [], "Invalid email to notify", "invalid_email"), address
    shop.house.settle()
    assert listed(shop) == [1, 2, 3, 4, 5, 6]
    assert not sent_mail(shop)


def test_an_unknown_event_is_a_404_that_names_it_twice(shop: Partner) -> None:
    reply = shop.delete(PATH, {**JULY, "event_name": "other"})
    expected = (404, {"errors": ["event not found"]}, "event not found", "not_found")
    assert shape(reply) == expected


def test_the_fields_are_checked_before_the_address_and_that_before_the_event(
    shop: Partner,
) -> None:
    wrong = {"event_name": "other", "from": "x", "to": "2019-07-31", "notify_to": "nobody"}
    assert shop.delete(PATH, wrong).json()["payload"] == {"errors": [NO_SCHEMA]}
    assert shop.delete(PATH, {**wrong, "from": "2019-07-01"}).json()["code"] == "invalid_email"
    right = {**wrong, "from": "2019-07-01", "notify_to": "a@b.cd"}
    assert shop.delete(PATH, right).json()["code"] == "not_found"


def test_another_tenants_event_is_not_found_and_keeps_its_activities(shop: Partner) -> None:
    house = shop.house
    other = Partner(house, tenant_id=house.tenant("other"))
    expected = (404, {"errors": ["event not found"]}, "event not found", "not_found")
    assert shape(other.delete(PATH, JULY)) == expected
    other.event("view")
    assert other.delete(PATH, JULY).status == 200
    house.settle()
    assert listed(shop) == [1, 2, 3, 4, 5, 6]


def test_an_event_out_of_the_catalogue_can_still_be_cleared(shop: Partner) -> None:
    assert shop.delete("/events/1").status == 200
    assert listed(shop, "event=view") == [1, 2, 3, 4, 5]
    assert shop.delete(PATH, JULY).status == 200
    assert listed(shop, "event=view") == [1, 5]
    shop.house.settle()
    assert listed(shop) == [1, 5, 6]
    assert "3 events of type view" in sent_mail(shop)[0].get_content()


def test_deleting_twice_deletes_nothing_more(shop: Partner) -> None:
    shop.house.settle()
    for _ in range(2):
        assert shop.delete(PATH, JULY).status == 200
    shop.house.settle()
    shop.user_event(event="view", service_uid="u", datetime="2020-01-01 00:00:00")
    assert listed(shop, "event=view&limit=2&page=1") == [7]
    counts = sorted(message.get_content().split()[0] for message in sent_mail(shop))
    assert counts == ["0", "3"]


def test_a_moment_to_the_second_takes_the_whole_second(shop: Partner) -> None:
    shop.user_event(event="view", service_uid="u")
    [now] = [one["datetime"] for one in shop.get("/user-events?page=6&limit=1").json()["payload"]]
    assert shop.house.activities()[-1].occurred_at % SECOND
    assert shop.delete(PATH, {**JULY, "from": now, "to": now}).status == 200
    assert listed(shop) == [1, 2, 3, 4, 5, 6]
