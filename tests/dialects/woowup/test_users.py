"""Members under `users` and `multiusers`: creating, finding, changing, searching."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote_plus

import pytest

from dialects.meditopia import samples
from dialects.woowup.partner import Partner, shape
from guerdon.engine.commands.erasure import DeleteMember

# What the vendor's second client takes without a warning.
SILENT = {
    "service_uid",
    "document",
    "email",
    "first_name",
    "last_name",
    "telephone",
    "birthday",
    "birthdate",
    "gender",
    "street",
    "postcode",
    "city",
    "department",
    "state",
    "country",
    "document_type",
    "marital_status",
    "tags",
    "points",
    "mailing_enabled",
    "sms_enabled",
    "whatsapp_enabled",
    "mailing_enabled_reason",
    "sms_enabled_reason",
    "custom_attributes",
    "customform",
    "club_inscription_date",
    "blocked",
    "notes",
    "family",
    "createtime",
    "updatetime",
    "userapp_id",
    "user_id",
    "app_id",
}
FULL = {
    "service_uid": "u-1",
    "email": "Ana@Example.com",
    "document": "12345678",
    "telephone": "+54 11 5555",
    "first_name": "José",
    "last_name": "Núñez",
    "birthdate": "1980-04-22",
    "gender": "F",
    "street": "Av. Evergreen 123",
    "postcode": 1425,
    "city": "Buenos Aires",
    "department": "4B",
    "state": "CABA",
    "country": "ARG",
    "document_type": "DNI",
    "marital_status": "single",
    "tags": "tag1, tag2,tag1,",
    "points": 12,
    "mailing_enabled": "disabled",
    "mailing_disabled_reason": "unsubscribe",
    "sms_enabled": "enabled",
    "whatsapp_enabled": False,
    "club_inscription_date": "2017-01-03",
    "custom_attributes": {"talle": "M", "hijos": 2},
}


def encoded(service_uid: str) -> str:
    """As the clients do: urlencode(base64_encode($uid))."""
    return quote_plus(base64.b64encode(service_uid.encode()))


def test_a_user_is_answered_with_every_field_and_no_other_key(partner: Partner) -> None:
    shown = partner.user(**FULL)
    assert set(shown) == SILENT
    expected = {
        **FULL,
        "email": "ana@example.com",
        "postcode": "1425",
        "tags": ["tag1", "tag2"],
        "mailing_enabled": False,
        "sms_enabled": True,
        "birthday": "1980-04-22",
        "mailing_enabled_reason": "unsubscribe",
        "sms_enabled_reason": None,
        "customform": FULL["custom_attributes"],
        "user_id": shown["userapp_id"],
        "blocked": False,
        "notes": None,
        "family": [],
    }
    del expected["mailing_disabled_reason"]
    assert {name: shown[name] for name in expected} == expected


def test_a_member_of_another_dialect_has_the_same_keys_and_no_nulls_that_warn(
    partner: Partner,
) -> None:
    partner.house.member(("token", "t-1"))
    [shown] = partner.get("/users").json()["payload"]
    assert set(shown) == SILENT
    assert shown["service_uid"] is None
    switches = ("mailing_enabled", "sms_enabled", "whatsapp_enabled")
    assert all(shown[name] is True for name in switches)
    assert (shown["tags"], shown["custom_attributes"], shown["points"]) == (None, {}, 0)


def test_points_pending_stands_only_in_the_answer_for_one_user(partner: Partner) -> None:
    number = partner.user(service_uid="u-1")["user_id"]
    assert "points_pending" in partner.get(f"/users/{number}").json()["payload"]
    assert "points_pending" not in partner.get("/users").json()["payload"][0]
    found = partner.get("/multiusers/find?service_uid=u-1").json()["payload"]
    assert "points_pending" not in found


def test_any_identity_makes_a_user_and_only_once(partner: Partner) -> None:
    for identity in ("service_uid", "email", "document", "telephone"):
        partner.user(**{identity: "a@b.cd"})
        reply = partner.post("/users", {identity: "a@b.cd", "first_name": "Other"})
        assert shape(reply) == (400, [], "usuario existente", "internal_error")
    assert len(partner.get("/users").json()["payload"]) == 4


def test_without_an_identity_there_is_no_user(partner: Partner) -> None:
    message = "Give one of service_uid, email, document, telephone."
    nobody = b'{"service_uid":"","email":"","document":null}'
    for body in (b"", b"{}", b"[]", b"first_name=Ana", nobody):
        reply = partner.post("/users", body)
        assert shape(reply) == (400, {"errors": [message]}, message, "bad_request")


WRONG_FIELDS: tuple[tuple[str, Any], ...] = (
    ("gender", "X"),
    ("gender", 1),
    ("birthdate", "22/04/1980"),
    ("birthdate", "1980-02-30"),
    ("birthday", 19800422),
    ("first_name", ["Ana"]),
    ("first_name", True),
    ("street", {"a": 1}),
    ("mailing_enabled", "yes"),
    ("sms_enabled", 1),
    ("tags", [1]),
    ("tags", 5),
    ("custom_attributes", "x"),
    ("custom_attributes", ["x"]),
    ("points", 1.5),
    ("points", "1.5"),
    ("points", True),
    ("points", -1),
    ("points", 10**13 + 1),
    ("email", "nobody"),
    ("email", "a b@c.d"),
    ("document", {"a": 1}),
    ("first_name", "x" * 8_000 + "y" * 9_000),
)


def test_a_wrong_field_is_refused_and_nothing_is_stored(partner: Partner) -> None:
    for field, value in WRONG_FIELDS:
        reply = partner.post("/users", {"service_uid": "u-1", field: value})
        status, _, _, code = shape(reply)
        wanted = "invalid_email" if field == "email" else "bad_request"
        assert (status, code) == (400, wanted), (field, value)
    assert partner.get("/users").json()["payload"] == []


SERVICE_UIDS = (
    "user@example.com",
    "slash?d4d4fb210bfb?@example.com",
    "ñandú?",
    "??>>~~",
    "\x7f?\x7f",
    "a",
    "ab",
    "日本語のID",
)


def test_an_encoded_service_uid_finds_the_member_whatever_bytes_it_gives(
    partner: Partner,
) -> None:
    for service_uid in SERVICE_UIDS:
        number = partner.user(service_uid=service_uid)["user_id"]
        standard = encoded(service_uid)
        unpadded, padded = standard.replace("%3D", ""), standard.replace("%3D", "=")
        urlsafe = base64.urlsafe_b64encode(service_uid.encode()).decode()
        for one in (standard, unpadded, padded, urlsafe):
            for end in ("", "/"):
                found = partner.get(f"/users/{one}{end}").json()["payload"]
                assert found["user_id"] == number, one
            for word in ("exist", "exists"):
                reply = partner.get(f"/users/{one}/{word}")
                assert shape(reply) == (200, {"exist": True}, "ok", "ok")


def test_an_encoded_slash_stays_inside_its_segment(partner: Partner) -> None:
    service_uid = "??>~~?d4d"
    assert "%2F" in encoded(service_uid)
    partner.user(service_uid=service_uid)
    assert partner.get(f"/users/{encoded(service_uid)}/exist").json()["payload"]["exist"] is True


def test_digits_are_a_number_and_other_text_a_service_uid(partner: Partner) -> None:
    first = partner.user(service_uid="12345678")
    second = partner.user(service_uid="not*base64")
    assert partner.get(f"/users/{first['user_id']}").json()["payload"] == {
        **first,
        "points_pending": 0,
    }
    assert partner.get("/users/12345678").status == 404
    assert partner.get(f"/users/{encoded('12345678')}").json()["payload"]["service_uid"]
    found = partner.get("/users/not*base64").json()["payload"]
    assert found["user_id"] == second["user_id"]


def test_nobody_is_a_404_and_does_not_exist(partner: Partner) -> None:
    partner.user(service_uid="u-1")
    expected = (404, [], "user not found", "user_not_found")
    gift = {"concept": "gift", "points": 1, "description": ""}
    digits = ("999", "0", "9" * 18, "9" * 19, "9" * 300)
    for text in (*digits, "bm9ib2R5", "AAAA", "%2F", "x" * 400, "a%0Ab"):
        assert shape(partner.get(f"/users/{text}")) == expected, text
        assert shape(partner.put(f"/users/{text}", {"first_name": "x"})) == expected
        assert shape(partner.get(f"/users/{text}/transactions")) == expected
        assert shape(partner.post(f"/users/{text}/points", gift)) == expected
        assert shape(partner.get(f"/users/{text}/exist")) == (200, {"exist": False}, "ok", "ok")


def test_multiusers_finds_by_any_identity_and_ignores_empty_ones(partner: Partner) -> None:
    number = partner.user(**FULL)["user_id"]
    for query in (
        "document=&email=ana%40example.com&service_uid=&telephone=",
        "document=12345678&email=&service_uid=",
        "service_uid=u-1",
        "telephone=%2B54+11+5555",
        "service_uid=nobody&email=ana%40example.com",
    ):
        assert partner.get(f"/multiusers/find?{query}").json()["payload"]["user_id"] == number
        for word in ("exist", "exists"):
            reply = partner.get(f"/multiusers/{word}?{query}")
            assert shape(reply) == (200, {"exist": True}, "ok", "ok")
    reply = partner.get("/multiusers/exist?email=nobody%40example.com")
    assert shape(reply) == (200, {"exist": False}, "ok", "ok")
    reply = partner.get("/multiusers/find?email=nobody%40example.com")
    assert shape(reply) == (404, [], "user not found", "user_not_found")


def test_asking_for_nobody_in_particular_is_a_400(partner: Partner) -> None:
    for path in ("/multiusers/find", "/multiusers/exist"):
        for query in ("", "?document=&email=&service_uid=&telephone="):
            status, _, _, code = shape(partner.get(path + query))
            assert (status, code) == (400, "bad_request")


def test_an_update_changes_what_it_names_and_keeps_the_rest(partner: Partner) -> None:
    before = partner.user(**FULL)
    changed = partner.put(
        f"/users/{before['user_id']}",
        {
            "first_name": "Juan",
            "last_name": "",
            "birthdate": None,
            "city": "Rosario",
            "state": None,
            "tags": "tag3",
            "custom_attributes": {"hijos": 3, "talle": None, "club": True},
            "mailing_enabled": "enabled",
            "points": 999999,
            "user_id": 77,
            "createtime": "2000-01-01 00:00:00",
            "blocked": True,
            "notes": "x",
        },
    )
    assert changed.status == 200
    shown = changed.json()["payload"]
    assert shown == {
        **before,
        "first_name": "Juan",
        "birthday": None,
        "birthdate": None,
        "city": "Rosario",
        "state": None,
        "tags": ["tag1", "tag2", "tag3"],
        "custom_attributes": {"hijos": 3, "club": True},
        "customform": {"hijos": 3, "club": True},
        "mailing_enabled": True,
        "updatetime": shown["updatetime"],
    }


def test_tags_are_added_and_removed_by_name(partner: Partner) -> None:
    number = partner.user(service_uid="u-1", tags="a,b,c")["user_id"]

    def tags(body: dict[str, Any]) -> list[str] | None:
        return partner.put(f"/users/{number}", body).json()["payload"]["tags"]

    assert tags({"remove_tags": "a, c"}) == ["b"]
    assert tags({"remove_tags": "nothing"}) == ["b"]
    assert tags({"tags": ["b", "d"], "remove_tags": ["b"]}) == ["d"]
    assert tags({"tags": None}) == ["d"]
    assert tags({"remove_tags": "d"}) is None


def test_an_answer_sent_back_as_it_came_changes_nothing(partner: Partner) -> None:
    before = partner.user(**FULL)
    reply = partner.put("/multiusers", before)
    assert reply.status == 200
    assert reply.json()["payload"] == {
        **before,
        "updatetime": reply.json()["payload"]["updatetime"],
    }


def test_an_identity_moves_with_an_update_and_frees_the_old_one(partner: Partner) -> None:
    partner.user(service_uid="u-1", email="old@example.com")
    reply = partner.put("/multiusers", {"service_uid": "u-1", "email": "new@example.com"})
    assert reply.json()["payload"]["email"] == "new@example.com"
    assert partner.get("/multiusers/exist?email=old@example.com").json()["payload"] == {
        "exist": False
    }
    partner.user(email="old@example.com")


def test_naming_a_member_takes_no_other_name_away(partner: Partner) -> None:
    number = partner.house.member(("token", "t-1"), ("external", "p-1")).number
    event = {
        "token": "t-1",
        "partnerUserID": "p-2",
        "event": "register",
        "eventValue": None,
        "receivedAt": "2024-08-06 15:04:05",
    }
    headers = samples.headers(partner.house.key("meditopia"))
    bound = partner.house.call("POST", samples.EVENTS, headers=headers, body=samples.batch(event))
    assert bound.status == 204
    for service_uid in ("p-2", "p-1"):
        reply = partner.put("/multiusers", {"service_uid": service_uid, "last_name": service_uid})
        assert reply.json()["payload"]["last_name"] == service_uid
    for service_uid in ("p-1", "p-2"):
        found = partner.get(f"/users/{encoded(service_uid)}").json()["payload"]
        assert found["user_id"] == number
    partner.put(f"/users/{number}", {"service_uid": "p-3"})
    for service_uid, exists in (("p-1", False), ("p-2", False), ("p-3", True)):
        reply = partner.get(f"/users/{encoded(service_uid)}/exist")
        assert reply.json()["payload"] == {"exist": exists}


def test_an_identity_of_somebody_else_is_refused(partner: Partner) -> None:
    partner.user(service_uid="u-1", first_name="Ana")
    partner.user(service_uid="u-2", email="two@example.com")
    body = {"service_uid": "u-1", "email": "two@example.com", "first_name": "Changed"}
    reply = partner.put("/multiusers", body)
    assert shape(reply) == (400, [], "usuario existente", "internal_error")
    found = partner.get("/multiusers/find?service_uid=u-1").json()["payload"]
    assert (found["first_name"], found["email"]) == ("Ana", None)


def test_null_removes_no_identity(partner: Partner) -> None:
    partner.user(service_uid="u-1", email="a@example.com", telephone="5")
    nulls = {"service_uid": None, "email": None, "telephone": None, "last_name": "X"}
    shown = partner.put("/users/1", nulls).json()["payload"]
    assert [shown[name] for name in ("service_uid", "email", "telephone", "last_name")] == [
        "u-1",
        "a@example.com",
        "5",
        "X",
    ]


def test_updating_nobody_in_particular_is_a_400(partner: Partner) -> None:
    status, _, _, code = shape(partner.put("/multiusers", {"first_name": "x"}))
    assert (status, code) == (400, "bad_request")
    reply = partner.put("/multiusers", {"email": "nobody@example.com"})
    assert shape(reply) == (404, [], "user not found", "user_not_found")


def test_an_update_under_a_name_that_is_gone_is_answered_as_before(partner: Partner) -> None:
    first = partner.user(service_uid="old")
    headers = {"authorization": f"Basic {partner.secret}", "idempotency-key": "k-1"}
    path, change = f"/users/{encoded('old')}", {"service_uid": "new"}
    replies = [partner.put(path, change, headers=headers) for _ in range(2)]
    other = partner.user(service_uid="old")
    replies.append(partner.put(path, change, headers=headers))
    shown = [shape(reply) for reply in replies]
    assert shown == [shown[0]] * 3
    assert (shown[0][0], shown[0][1]["user_id"]) == (200, first["user_id"])
    assert [reply.headers.get("idempotency-replayed") for reply in replies] == [
        None,
        "true",
        "true",
    ]
    assert partner.get(f"/users/{encoded('old')}").json()["payload"]["user_id"] == other["user_id"]


def test_a_key_finds_nobody_who_is_not_there(partner: Partner) -> None:
    headers = {"authorization": f"Basic {partner.secret}", "idempotency-key": "k-1"}
    expected = (404, [], "user not found", "user_not_found")
    assert shape(partner.put("/users/7", {"first_name": "x"}, headers=headers)) == expected
    gift = {"concept": "gift", "points": 1, "description": ""}
    assert shape(partner.post("/users/7/points", gift, headers=headers)) == expected
    assert shape(partner.put("/users/7", {}, headers=headers)) == expected


@pytest.fixture
def crowd(partner: Partner) -> Partner:
    """Members numbered from 1 to 7."""
    for at in range(1, 7):
        partner.user(
            service_uid=f"u-{at}", email=f"user{at}@example.com", first_name=f"Nombre{at % 2}"
        )
    partner.house.member(("external", "u-7"))
    return partner


def numbers(reply: Any) -> list[int]:
    assert reply.status == 200, reply.body
    return [one["user_id"] for one in reply.json()["payload"]]


def test_the_list_is_paged_by_number(crowd: Partner) -> None:
    assert numbers(crowd.get("/users?limit=3")) == [1, 2, 3]
    assert numbers(crowd.get("/users/?limit=3&page=2")) == [7]
    assert numbers(crowd.get("/users?limit=3&page=3")) == []


def test_pages_are_full_until_the_last_though_members_were_deleted(crowd: Partner) -> None:
    house = crowd.house
    for number in (1, 3, 4):
        house.execute(DeleteMember(house.tenant_id, 0, number))
    assert numbers(crowd.get("/users?limit=2")) == [2, 5]
    assert numbers(crowd.get("/users?limit=2&page=1")) == [6, 7]
    assert numbers(crowd.get("/users?limit=2&page=2")) == []
    assert numbers(crowd.get("/users?limit=3&page=1")) == [7]


def test_a_search_takes_exact_identities_first_and_then_names_and_addresses(
    crowd: Partner,
) -> None:
    assert numbers(crowd.get("/users?search=u-7")) == [7]
    assert numbers(crowd.get("/users?search=USER3%40example.com")) == [3]
    assert numbers(crowd.get("/users?search=nombre0")) == [2, 4, 6]
    assert numbers(crowd.get("/users?search=nombre&limit=4&page=1")) == [5, 6]
    assert numbers(crowd.get("/users?search=user4%40")) == [4]
    assert numbers(crowd.get("/users?search=%25")) == []
    assert crowd.get("/users?search=nombre").json()["message"] == "ok"


def test_a_search_that_does_not_look_at_everybody_says_so(
    crowd: Partner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guerdon.limits.search_members_max", 4)
    monkeypatch.setattr("guerdon.limits.search_slice_members", 2)
    reply = crowd.get("/users?search=nombre0")
    assert numbers(reply) == [2, 4]
    assert reply.json()["message"] == "only the first 4 users were searched"
    assert crowd.get("/users?search=nombre0&limit=2").json()["message"] == "ok"


def test_empty_filters_are_no_filters(crowd: Partner) -> None:
    for empty in ("", "%5B%5D", "%7B%7D"):
        query = f"page=0&limit=2&search=&include={empty}&exclude={empty}&segment_id="
        assert numbers(crowd.get(f"/users/?{query}")) == [1, 2]


def test_a_filter_is_refused_rather_than_ignored(crowd: Partner) -> None:
    for name in ("include", "exclude"):
        status, payload, _, code = shape(crowd.get(f"/users?{name}=%5B%7B%22a%22%3A1%7D%5D"))
        assert (status, code) == (400, "bad_request")
        assert payload == {"errors": [f"{name}: filters are not supported."]}
    reply = crowd.get("/users?segment_id=5")
    assert shape(reply) == (404, [], "segment not found", "segment_not_found")
