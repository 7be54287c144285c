"""Each request of the events page, byte for byte, and each answer it shows."""

from __future__ import annotations

import re

from dialects.woowup import samples
from dialects.woowup.partner import Partner, shape

MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def test_post_events_answers_the_bare_object_and_its_envelope(partner: Partner) -> None:
    reply = partner.post("/events", samples.EVENT, headers=samples.events_post(partner.secret))
    assert reply.status == 200
    body = reply.json()
    assert list(body) == ["id", "name", "createtime", "payload", "message", "code", "time"]
    assert (body["id"], body["name"]) == (1, "view-product")
    assert MOMENT.fullmatch(body["createtime"])
    assert body["payload"] == {key: body[key] for key in ("id", "name", "createtime")}
    assert (body["message"], body["code"]) == ("ok", "ok")


def test_get_events_answers_a_bare_list(partner: Partner) -> None:
    for name in ("view-product", "view-category", "purchase-product"):
        partner.event(name)
    reply = partner.get("/events?limit=100&page=0", headers=samples.lower(partner.secret))
    assert reply.status == 200
    listed = reply.json()
    assert [one["name"] for one in listed] == ["view-product", "view-category", "purchase-product"]
    assert all(list(one) == ["id", "name", "createtime"] for one in listed)
    assert [one["id"] for one in listed] == [1, 2, 3]


def test_get_events_answers_an_envelope_where_the_setting_says_so(partner: Partner) -> None:
    partner.event("view-product")
    partner.house.setting("woowup.list_envelope", True)
    status, payload, message, code = shape(partner.get("/events"))
    assert (status, message, code) == (200, "ok", "ok")
    assert [one["name"] for one in payload] == ["view-product"]


def test_post_user_events_stores_the_sample(partner: Partner) -> None:
    partner.event("view-product")
    partner.user(service_uid="example@email.com")
    headers = samples.user_events_post(partner.secret)
    reply = partner.post("/user-events", samples.USER_EVENT, headers=headers)
    assert shape(reply) == (
        200,
        {
            "id": 1,
            "event": {"name": "view-product"},
            "user": {"service_uid": "example@email.com"},
            "datetime": "2017-06-21 09:52:12",
            "metadata": {"campo 1": "valor 1"},
        },
        "ok",
        "ok",
    )
    assert "x-guerdon-repaired" not in reply.headers
    [stored] = partner.house.activities()
    assert stored.data == '{"campo 1":"valor 1"}'


def test_the_body_with_a_trailing_comma_is_repaired_and_marked(partner: Partner) -> None:
    partner.event("view-product")
    partner.user(service_uid="example@email.com")
    headers = samples.user_events_post(partner.secret)
    reply = partner.post("/user-events", samples.BROKEN_USER_EVENT, headers=headers)
    assert reply.status == 200
    assert reply.headers["x-guerdon-repaired"] == "trailing-comma"
    [stored] = partner.house.activities()
    assert stored.data == '{"campo 1":"valor 1","campo 2":"valor 2"}'


def test_get_user_events_answers_the_documented_items(partner: Partner) -> None:
    partner.event("ingreso-club")
    user = partner.user(service_uid="user@customer.com", email="user@customer.com")
    for second in ("03", "38"):
        moment = f"2017-07-18 10:05:{second}"
        partner.user_event(event="ingreso-club", service_uid="user@customer.com", datetime=moment)
    status, payload, message, code = shape(
        partner.get("/user-events", headers=samples.lower(partner.secret))
    )
    assert (status, message, code) == (200, "ok", "ok")
    [event] = partner.get("/events").json()
    number = user["user_id"]
    assert payload == [
        {
            "id": position,
            "event": event,
            "user": {
                "userapp_id": number,
                "user_id": number,
                "service_uid": "user@customer.com",
                "email": "user@customer.com",
            },
            "datetime": f"2017-07-18 10:05:{second}",
            "metadata": None,
        }
        for position, second in ((1, "03"), (2, "38"))
    ]


def test_delete_event_answers_an_empty_message_and_then_a_404(partner: Partner) -> None:
    event_id = partner.event("view-product")
    headers = samples.delete(partner.secret)
    reply = partner.delete(f"/events/{event_id}", headers=headers)
    assert shape(reply) == (200, [], "", "ok")
    reply = partner.delete("/events/999999", headers=headers)
    assert shape(reply) == (404, [], "event not found", "not_found")
    reply = partner.delete(f"/events/{event_id}", headers=headers)
    assert shape(reply) == (404, [], "event not found", "not_found")


def test_the_bulk_sample_without_its_comma_is_repaired_and_marked(partner: Partner) -> None:
    partner.event("eventExample")
    headers = samples.delete(partner.secret)
    reply = partner.delete("/user-events/bulk", samples.BROKEN_BULK, headers=headers)
    status, payload, message, code = shape(reply)
    assert (status, message, code) == (200, "ok", "ok")
    assert list(payload) == ["request_id"]
    assert type(payload["request_id"]) is int
    assert reply.headers["x-guerdon-repaired"] == "missing-comma"


def test_a_wrong_key_is_the_documented_403(partner: Partner) -> None:
    headers = samples.delete("XXXXXXXXXXXXXXXXXXXX")
    for method, path, body in (
        ("GET", "/events", b""),
        ("POST", "/events", samples.EVENT),
        ("DELETE", "/events/1", b""),
        ("GET", "/user-events", b""),
        ("POST", "/user-events", samples.USER_EVENT),
        ("DELETE", "/user-events/bulk", samples.BROKEN_BULK),
    ):
        reply = partner.call(method, path, body, headers=headers)
        assert shape(reply) == (403, [], "forbidden: authentication failed", "forbidden")


def test_the_form_sample_of_post_users_works(partner: Partner) -> None:
    body = b"service_uid=test@email.com&email=test@email.com"
    reply = partner.post("/users", body, headers=samples.form(partner.secret))
    status, payload, message, code = shape(reply)
    assert (status, message, code) == (201, "ok", "ok")
    assert (payload["service_uid"], payload["email"]) == ("test@email.com", "test@email.com")


def test_the_get_samples_that_name_a_form_work_without_a_body(partner: Partner) -> None:
    number = partner.user(email="user@email.com")["userapp_id"]
    headers = samples.form(partner.secret)
    found = partner.get(f"/users/{number}", headers=headers).json()["payload"]
    assert found["email"] == "user@email.com"
    assert found["points_pending"] == 0
    reply = partner.get(f"/users/{number}/exist", headers=headers)
    assert shape(reply) == (200, {"exist": True}, "ok", "ok")


def test_the_put_and_points_samples_work(partner: Partner) -> None:
    number = partner.user(service_uid="old")["userapp_id"]
    headers = samples.delete(partner.secret)
    body = (
        b'{"email": "test@gmail2.com", "service_uid": "test@gmail2.com", "gender": "F",'
        b' "telephone": "123456789", "birthday": "1980-04-22"}'
    )
    changed = partner.put(f"/users/{number}", body, headers=headers).json()["payload"]
    shown = ("email", "service_uid", "gender", "telephone", "birthday", "birthdate")
    assert [changed[name] for name in shown] == [
        "test@gmail2.com",
        "test@gmail2.com",
        "F",
        "123456789",
        "1980-04-22",
        "1980-04-22",
    ]
    body = b'{"concept": "gift", "points": "2123", "description": "test"}'
    status, payload, _, code = shape(partner.post(f"/users/{number}/points", body, headers=headers))
    assert (status, code) == (200, "ok")
    assert list(payload) == ["transaction_id"]
    assert partner.get(f"/users/{number}").json()["payload"]["points"] == 2123
