"""Activities: who, what, when; what is refused, and what counts as sent twice."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from dialects.woowup.partner import Partner, shape
from guerdon import limits
from guerdon.clock import SECOND
from guerdon.domain import moments

MOMENT = "2024-02-12 15:19:21"


@pytest.fixture
def shop(partner: Partner) -> Partner:
    """A partner with an event and a user who has every identity."""
    partner.event("view")
    partner.user(
        service_uid="u-1", email="Ana@Example.com", document="12345678", telephone="+54 11 5555"
    )
    return partner


IDENTITIES: tuple[dict[str, Any], ...] = (
    {"service_uid": "u-1"},
    {"email": "ana@example.com"},
    {"email": " ANA@example.COM "},
    {"document": "12345678"},
    {"document": 12345678},
    {"telephone": "+54 11 5555"},
    {"service_uid": "", "email": "", "document": "12345678", "telephone": ""},
    {"service_uid": None, "email": "ana@example.com"},
    {"service_uid": "nobody", "document": "12345678"},
)


def test_any_identity_names_the_member(shop: Partner) -> None:
    for identity in IDENTITIES:
        shop.user_event(event="view", **identity)
    listed = shop.get("/user-events").json()["payload"]
    users = [(one["user"]["service_uid"], one["user"]["email"]) for one in listed]
    assert users == [("u-1", "ana@example.com")] * len(IDENTITIES)


def test_an_identity_names_whoever_has_it_by_now(shop: Partner) -> None:
    sent = {"event": "view", "service_uid": "u-9", "email": "ana@example.com"}
    for _ in range(2):
        shop.user_event(**sent)
    nine = shop.user(service_uid="u-9")["user_id"]
    shop.user_event(**sent)
    listed = shop.get("/user-events").json()["payload"]
    assert [one["user"]["user_id"] == nine for one in listed] == [False, False, True]


DATES = (
    ("2004-02-12T15:19:21-05:00", "2004-02-12 20:19:21"),
    ("2004-02-12T15:19:21+00:00", "2004-02-12 15:19:21"),
    ("2004-02-12T15:19:21Z", "2004-02-12 15:19:21"),
    ("2004-02-12 15:19:21", "2004-02-12 15:19:21"),
    ("2004-02-12T15:19:21", "2004-02-12 15:19:21"),
    ("2004-02-12 15:19:21.987", "2004-02-12 15:19:21"),
    ("2004-02-12", "2004-02-12 00:00:00"),
    ("1969-12-31 23:59:59", "1969-12-31 23:59:59"),
)


def test_a_datetime_is_utc_unless_it_says_otherwise(shop: Partner) -> None:
    shop.house.setting("woowup.duplicates", "accept")
    for sent, stored in DATES:
        answered = shop.user_event(event="view", service_uid="u-1", datetime=sent)
        assert answered["datetime"] == stored, sent
    listed = shop.get("/user-events").json()["payload"]
    assert [one["datetime"] for one in listed] == [stored for _, stored in DATES]


def test_without_a_datetime_it_happened_now(shop: Partner) -> None:
    before = shop.house.clock.now()
    for sent in (None, ""):
        shop.user_event(event="view", service_uid="u-1", datetime=sent)
    answered = shop.user_event(event="view", service_uid="u-1")
    listed = shop.get("/user-events").json()["payload"]
    assert listed[-1]["datetime"] == answered["datetime"]
    for one in listed:
        assert before - SECOND <= moments.parse(one["datetime"]) <= shop.house.clock.now()


NO_DATES = (
    "2024-02-30 00:00:00",
    "2024-02-01 24:00:00",
    "2024-02-01 00:00:60",
    "2024-W05-1",
    "12/02/2024",
    "\u0662\u0660\u0662\u0664-02-12 15:19:21",
    "0001-01-01T00:00:00+14:00",
    "now",
    1707750000,
    True,
    [],
    {"date": "2024-02-12"},
)


def test_another_date_is_refused(shop: Partner) -> None:
    for datetime in NO_DATES:
        sent = {"event": "view", "service_uid": "u-1", "datetime": datetime}
        reply = shop.post("/user-events", sent)
        assert (reply.status, reply.json()["code"]) == (400, "bad_request"), datetime
    assert not shop.house.activities()


def test_the_future_is_refused_beyond_what_clocks_may_differ(shop: Partner) -> None:
    now = shop.house.clock.now()
    near = moments.render(now + (limits.clock_skew_seconds_max - 60) * SECOND)
    far = moments.render(now + (limits.clock_skew_seconds_max + 60) * SECOND)
    shop.user_event(event="view", service_uid="u-1", datetime=near)
    reply = shop.post("/user-events", {"event": "view", "service_uid": "u-1", "datetime": far})
    assert (reply.status, reply.json()["code"]) == (400, "bad_request")


def test_metadata_is_kept_as_sent(shop: Partner) -> None:
    kept: tuple[dict[str, Any], ...] = (
        {},
        {"campo 1": "valor 1", "n": [1, 2.5, None, {"a": True}]},
        {"'; DROP TABLE activity; --": "<script>\u2028\U0001f600"},
    )
    for metadata in (*kept, None, "", []):
        answered = shop.user_event(event="view", service_uid="u-1", metadata=metadata)
        assert answered["metadata"] == (metadata if metadata in kept else None)
    listed = shop.get("/user-events").json()["payload"]
    assert [one["metadata"] for one in listed] == [*kept, None, None, None]


def test_a_form_carries_metadata_in_brackets(shop: Partner) -> None:
    body = (
        b"event=view&service_uid=u-1&datetime=2024-02-12T15%3A19%3A21-05%3A00"
        b"&metadata%5Bcampo+1%5D=valor+1"
    )
    answered = shop.post("/user-events", body).json()["payload"]
    assert answered["metadata"] == {"campo 1": "valor 1"}
    assert answered["datetime"] == "2024-02-12 20:19:21"


def test_fields_that_mean_nothing_are_ignored_and_never_applied(shop: Partner) -> None:
    cleanser = {name: {} for name in ("email", "names", "telephone", "street", "gender")}
    shop.user_event(
        event="view",
        service_uid="u-1",
        datetime=MOMENT,
        cleanser=cleanser,
        points=999999,
        tenant="other",
        isAdmin=True,
        id=77,
        __proto__={"a": 1},
    )
    [listed] = shop.get("/user-events").json()["payload"]
    assert (listed["id"], listed["metadata"]) == (1, None)
    assert shop.get("/multiusers/find?service_uid=u-1").json()["payload"]["points"] == 0


WRONG_FIELDS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"service_uid": "u-1"}, "event is required."),
    ({"event": "", "service_uid": "u-1"}, "event is required."),
    ({"event": 5, "service_uid": "u-1"}, "event is required."),
    ({"event": "x" * 256, "service_uid": "u-1"}, "event is required."),
    ({"event": "view"}, "Give one of service_uid, email, document, telephone."),
    ({"event": "view", "email": " "}, "Give one of service_uid, email, document, telephone."),
    ({"event": "view", "service_uid": ["u-1"]}, "service_uid must be a text."),
    ({"event": "view", "document": True}, "document must be a text."),
    (
        {"event": "view", "service_uid": "u" * 256},
        "The external identity is longer than 255 characters.",
    ),
    ({"event": "view", "service_uid": "u-1", "metadata": "x"}, "metadata must be an object."),
    ({"event": "view", "service_uid": "u-1", "metadata": [1]}, "metadata must be an object."),
    (
        {"event": "view", "service_uid": "u-1", "metadata": {"a": ["x" * 8000] * 3}},
        "metadata is larger than 16384 bytes.",
    ),
)


def test_a_wrong_field_is_a_400_that_says_which(shop: Partner) -> None:
    for body, message in WRONG_FIELDS:
        reply = shop.post("/user-events", body)
        assert shape(reply) == (400, {"errors": [message]}, message, "bad_request")
    assert not shop.house.activities()


def test_an_unknown_event_or_user_is_a_404(shop: Partner) -> None:
    reply = shop.post("/user-events", {"event": "other", "service_uid": "u-1"})
    assert shape(reply) == (404, [], "event not found", "not_found")
    reply = shop.post("/user-events", {"event": "view", "service_uid": "nobody"})
    assert shape(reply) == (404, [], "user not found", "not_found")
    assert not shop.house.activities()


def test_an_unknown_user_is_registered_where_the_setting_says_so(shop: Partner) -> None:
    shop.house.setting("members.auto_create.woowup", True)
    shop.user_event(event="view", service_uid="new", email="New@example.com")
    [listed] = shop.get("/user-events").json()["payload"]
    assert listed["user"]["email"] == "new@example.com"
    assert shop.get("/multiusers/exist?email=new@example.com").json()["payload"] == {"exist": True}


def test_every_refusal_is_kept_as_an_outcome(shop: Partner) -> None:
    for body in (
        b"{",
        b'{"event":"other","service_uid":"u-1"}',
        b'{"event":"view","service_uid":"x"}',
    ):
        assert shop.post("/user-events", body).status >= 400
    sent = {"event": "view", "service_uid": "u-1", "datetime": MOMENT}
    shop.user_event(**sent)
    assert shop.post("/user-events", sent).status == 400
    kinds = [tuple(row[2:4]) for row in reversed(shop.house.outcomes())]
    assert kinds == [
        ("refused", "invalid_json"),
        ("refused", "unknown_type"),
        ("refused", "unknown_member"),
        ("duplicate", "duplicate"),
    ]


def test_a_body_that_cannot_be_read_is_kept_as_an_outcome_too(shop: Partner) -> None:
    cut = gzip.compress(b'{"event":"view","service_uid":"u-1"}')[:-4]
    for body, coding, status in (
        (b" " * (limits.woowup_body_bytes_max + 1), "identity", 413),
        (cut, "gzip", 400),
        (b"{}", "br", 415),
    ):
        headers = {"authorization": f"Basic {shop.secret}", "content-encoding": coding}
        assert shop.post("/user-events", body, headers=headers).status == status
    codes = [row[3] for row in reversed(shop.house.outcomes())]
    assert codes == ["too_large", "invalid_encoding", "unsupported_encoding"]


def test_the_same_event_at_the_same_second_is_a_duplicate(shop: Partner) -> None:
    sent = {"event": "view", "service_uid": "u-1", "datetime": MOMENT, "metadata": {"a": 1, "b": 2}}
    shop.user_event(**sent)
    again = {**sent, "metadata": {"b": 2, "a": 1}, "datetime": "2024-02-12T10:19:21-05:00"}
    for body in (sent, again):
        reply = shop.post("/user-events", body)
        assert shape(reply) == (400, [], "duplicated event", "bad_request")
    assert len(shop.house.activities()) == 1


def test_a_duplicate_is_known_by_its_member_whatever_they_are_called(shop: Partner) -> None:
    for identity in IDENTITIES * 2:
        shop.post("/user-events", {"event": "view", "datetime": MOMENT, **identity})
    assert len(shop.house.activities()) == 1
    assert len(shop.house.outcomes()) == 2 * len(IDENTITIES) - 1


def test_what_nobody_is_called_makes_nothing_a_duplicate(shop: Partner) -> None:
    shop.user(service_uid="u-2", document="2")
    for document in ("12345678", "2") * 2:
        sent = {"event": "view", "datetime": MOMENT, "service_uid": "guest", "document": document}
        shop.post("/user-events", sent)
    assert len({stored.number for stored in shop.house.activities()}) == 2
    assert len(shop.house.activities()) == 2


def test_an_identity_that_changed_hands_refuses_nothing(shop: Partner) -> None:
    sent = {"event": "view", "datetime": MOMENT, "document": "12345678"}
    shop.user_event(**sent)
    assert shop.put("/multiusers", {"service_uid": "u-1", "document": "9"}).status == 200
    shop.user(service_uid="u-2", document="12345678")
    shop.user_event(**sent)
    assert shop.post("/user-events", sent).status == 400
    assert shop.post("/user-events", {**sent, "document": "9"}).status == 400
    assert len(shop.house.activities()) == 2


def test_the_first_event_of_a_new_user_is_remembered_like_others(shop: Partner) -> None:
    shop.house.setting("members.auto_create.woowup", True)
    sent = {"event": "view", "datetime": MOMENT, "service_uid": "new", "document": "7"}
    shop.user_event(**sent)
    del sent["service_uid"]
    for _ in range(2):
        assert shop.post("/user-events", sent).status == 400
    assert len(shop.house.activities()) == 1


def test_what_differs_in_anything_is_no_duplicate(shop: Partner) -> None:
    shop.event("buy")
    shop.user(service_uid="u-2")
    sent = {"event": "view", "service_uid": "u-1", "datetime": MOMENT, "metadata": {"a": 1}}
    shop.user_event(**sent)
    others: tuple[dict[str, Any], ...] = (
        {"datetime": "2024-02-12 15:19:22"},
        {"metadata": {"a": 2}},
        {"metadata": {}},
        {"metadata": None},
        {"event": "buy"},
        {"service_uid": "u-2"},
    )
    for other in others:
        shop.user_event(**{**sent, **other})
    assert len(shop.house.activities()) == 1 + len(others)


def test_without_an_explicit_datetime_nothing_is_a_duplicate(shop: Partner) -> None:
    for _ in range(2):
        shop.user_event(event="view", service_uid="u-1")
    assert len(shop.house.activities()) == 2


def test_duplicates_are_stored_where_the_setting_says_so(shop: Partner) -> None:
    shop.house.setting("woowup.duplicates", "accept")
    for _ in range(2):
        shop.user_event(event="view", service_uid="u-1", datetime=MOMENT)
    assert len(shop.house.activities()) == 2


def test_duplicates_are_answered_as_before_where_the_setting_says_so(shop: Partner) -> None:
    shop.house.setting("woowup.duplicates", "ignore")
    first = shop.user_event(event="view", service_uid="u-1", datetime=MOMENT)
    shop.user_event(event="view", service_uid="u-1")
    assert shop.user_event(event="view", service_uid="u-1", datetime=MOMENT) == first
    assert len(shop.house.activities()) == 2
    [outcome] = shop.house.outcomes()
    assert tuple(outcome[2:4]) == ("duplicate", "replayed")


def test_an_idempotency_key_decides_instead(shop: Partner) -> None:
    body = json.dumps({"event": "view", "service_uid": "u-1", "datetime": MOMENT})
    headers = {"authorization": f"Basic {shop.secret}", "idempotency-key": "k-1"}
    first = shop.post("/user-events", body, headers=headers)
    again = shop.post("/user-events", body, headers=headers)
    assert first.json()["payload"] == again.json()["payload"]
    assert again.headers["idempotency-replayed"] == "true"
    assert len(shop.house.activities()) == 1
    other = shop.post("/user-events", body.replace("21", "22"), headers=headers)
    assert (other.status, other.json()["code"]) == (422, "bad_request")


def test_a_key_shows_the_time_that_was_stored(
    shop: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"authorization": f"Basic {shop.secret}", "idempotency-key": "k-1"}
    body = {"event": "view", "service_uid": "u-1"}
    first = shop.post("/user-events", body, headers=headers)
    later = shop.house.clock.now() + 90 * SECOND
    monkeypatch.setattr(shop.house.clock, "now", lambda: later)
    again = shop.post("/user-events", body, headers=headers)
    assert again.json()["payload"] == first.json()["payload"]
    assert again.headers["idempotency-replayed"] == "true"


def test_the_list_is_filtered_by_user_and_event_and_paged(shop: Partner) -> None:
    shop.event("buy")
    shop.user(service_uid="u-2")
    for second in range(6):
        shop.user_event(
            event="view" if second % 2 else "buy",
            service_uid="u-1" if second < 4 else "u-2",
            datetime=f"2024-01-01 00:00:0{second}",
        )

    def ids(query: str) -> list[int]:
        return [one["id"] for one in shop.get(f"/user-events?{query}").json()["payload"]]

    for _ in range(2):
        assert ids("") == [1, 2, 3, 4, 5, 6]
        assert ids("limit=4&page=1") == [5, 6]
        assert ids("limit=4&page=2") == []
        assert ids("service_uid=u-1") == [1, 2, 3, 4]
        assert ids("event=view") == [2, 4, 6]
        assert ids("event=view&limit=1&page=2") == [6]
        assert ids("service_uid=u-1&event=buy&limit=1&page=1") == [3]
        assert ids("service_uid=dS0x") == [1, 2, 3, 4]
        assert ids("service_uid=nobody") == []
        assert ids("event=other") == []
        assert ids("service_uid=&event=") == [1, 2, 3, 4, 5, 6]
        shop.house.settle()


def test_pages_neither_skip_nor_repeat_while_events_arrive(shop: Partner) -> None:
    """They are in the order of arrival, whatever the hour the events are said to be of."""
    read: list[int] = []
    for page in range(6):
        for at in range(5 - page):
            late = f"2024-01-{20 - page:02} 00:00:{at:02}"
            shop.user_event(event="view", service_uid="u-1", datetime=late)
        shop.house.settle()
        answer = shop.get(f"/user-events?limit=3&page={page}&event=view").json()
        read += [one["id"] for one in answer["payload"]]
    assert read == list(range(1, 16))


def test_a_plain_service_uid_wins_over_its_base64_reading(shop: Partner) -> None:
    shop.user(service_uid="dS0x")
    shop.user_event(event="view", service_uid="u-1")
    shop.user_event(event="view", service_uid="dS0x")
    [only] = shop.get("/user-events?service_uid=dS0x").json()["payload"]
    assert only["user"]["service_uid"] == "dS0x"


def test_activities_of_other_dialects_are_listed(shop: Partner) -> None:
    body = b'{"eventType":"ORDER_PLACED","userId":"u-1","total":5}'
    headers = {"x-api-key": shop.house.key("conscent"), "content-type": "application/json"}
    assert (
        shop.house.call("POST", "/reward/demo/api/user_event", headers=headers, body=body).status
        == 200
    )
    [listed] = shop.get("/user-events?event=ORDER_PLACED").json()["payload"]
    assert listed["user"]["service_uid"] == "u-1"
    assert listed["metadata"] == {"total": 5}
    shop.user_event(event="ORDER_PLACED", service_uid="u-1", datetime=MOMENT)
