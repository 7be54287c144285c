from __future__ import annotations

import asyncio
import json

from dialects.conscent import samples
from guerdon.engine.commands.erasure import DeleteMember
from guerdon.store import catalogue, members


def post(house, headers, body=samples.BODY, **more):
    return house.call("POST", samples.PATH, headers={**headers, **more}, body=body)


def test_two_equal_events_without_a_mark_are_two_events(house) -> None:
    headers = samples.headers(house.key("conscent"))
    first, second = post(house, headers), post(house, headers)
    assert first.body != second.body
    assert "idempotency-replayed" not in second.headers
    assert len(house.activities()) == 2


def test_a_key_sent_twice_is_counted_once_and_answered_the_same(house) -> None:
    headers = {**samples.headers(house.key("conscent")), "Idempotency-Key": "order-17"}
    first = post(house, headers)
    post(house, {**headers, "Idempotency-Key": "order-18"})
    again = post(house, headers)
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert len(house.activities()) == 2
    [row] = house.outcomes()
    assert row[2:5] == ("duplicate", "replayed", "Stored before, at position 1.")


def test_a_key_with_another_body_is_refused(house) -> None:
    headers = {**samples.headers(house.key("conscent")), "Idempotency-Key": "order-17"}
    post(house, headers)
    reply = post(house, headers, body=samples.CURL_BODY)
    assert (reply.status, reply.json()["error"]) == (422, "idempotency_key_reused")
    assert len(house.activities()) == 1
    assert post(house, headers).status == 200


def test_one_of_many_at_once_is_stored_and_all_get_its_answer(house) -> None:
    headers = {**samples.headers(house.key("conscent")), "Idempotency-Key": "order-17"}

    async def at_once():
        one = house._call
        calls = [one("POST", samples.PATH, headers, samples.BODY, "192.0.2.1") for _ in range(16)]
        return await asyncio.gather(*calls)

    replies = house.run(at_once())
    assert {reply.status for reply in replies} == {200}
    assert len({reply.body for reply in replies}) == 1
    assert sum("idempotency-replayed" in reply.headers for reply in replies) == 15
    assert len(house.activities()) == 1


def test_a_refused_request_leaves_its_key_free(house) -> None:
    headers = {**samples.headers(house.key("conscent")), "Idempotency-Key": "order-17"}
    assert post(house, headers, body=b'{"eventType":"A"}').status == 400
    house.setting("members.auto_create.conscent", False)
    assert post(house, headers, body=b'{"eventType":"A","userId":"u"}').status == 404
    house.setting("members.auto_create.conscent", True)
    reply = post(house, headers)
    assert (reply.status, "idempotency-replayed" in reply.headers) == (200, False)


def test_a_key_has_a_grammar(house) -> None:
    headers = samples.headers(house.key("conscent"))
    for key in ("x" * 256, "", " ", "schl\xfcssel", "a\0b", "a\tb"):
        reply = post(house, headers, **{"Idempotency-Key": key})
        assert (reply.status, reply.json()["error"]) == (400, "invalid_idempotency_key"), key
    pairs = [*headers.items(), ("Idempotency-Key", "a"), ("Idempotency-Key", "a")]
    assert house.call("POST", samples.PATH, headers=pairs, body=samples.BODY).status == 400
    assert not house.activities()
    assert post(house, headers, **{"Idempotency-Key": "x" * 255}).status == 200
    assert post(house, headers, **{"Idempotency-Key": '"8e03978e-40d5"'}).status == 200


def test_a_key_says_nothing_in_another_tenant(house) -> None:
    other = house.tenant("other")
    for tenant_id, code in ((house.tenant_id, "demo"), (other, "other")):
        headers = samples.headers(house.key("conscent", tenant_id=tenant_id))
        headers["Idempotency-Key"] = "order-17"
        path = f"/reward/{code}/api/user_event"
        body = b'{"eventType":"A","userId":"u","eventId":"e-1"}'
        reply = house.call("POST", path, headers=headers, body=body)
        assert "idempotency-replayed" not in reply.headers
        assert len(house.activities(tenant_id)) == 1


def test_an_event_id_is_counted_once_for_good(house) -> None:
    headers = samples.headers(house.key("conscent"))
    body = b'{"eventType":"A","userId":"u","eventId":"e-1"}'
    first = post(house, headers, body=body)
    post(house, headers, body=b'{"eventType":"A","userId":"u","eventId":"e-2"}')
    again = post(house, headers, body=b'{"eventType":"A","userId":"u","n":1,"eventId":"e-1"}')
    assert (again.status, again.body) == (200, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    assert len(house.activities()) == 2
    assert [row[2] for row in house.outcomes()] == ["duplicate"]


def test_an_event_that_was_counted_registers_nobody_anew(house) -> None:
    headers = samples.headers(house.key("conscent"))
    body = b'{"eventType":"A","userId":"u","eventId":"e-1"}'
    first = post(house, headers, body=body)
    house.execute(DeleteMember(house.tenant_id, 0, 1))
    house.settle()
    again = post(house, headers, body=body)
    assert (again.status, again.body) == (200, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    other = post(house, headers, body=b'{"eventType":"B","userId":"v","eventId":"e-1"}')
    assert other.body == first.body
    tenant = house.tenant_id
    for user in ("u", "v"):
        assert (
            house.read(lambda rows, user=user: members.find(rows, tenant, "external", user)) is None
        )
    types = house.read(lambda rows: catalogue.all_types(rows, tenant))
    assert [one.name for one in types.values()] == ["A"]


def test_a_key_with_a_counted_event_is_remembered_too(house) -> None:
    headers = samples.headers(house.key("conscent"))
    body = b'{"eventType":"A","userId":"u","eventId":"e-1"}'
    post(house, headers, body=body)
    marked = {**headers, "Idempotency-Key": "order-17"}
    assert post(house, marked, body=body).headers["idempotency-replayed"] == "true"
    assert post(house, marked, body=samples.BODY).status == 422


def test_an_event_id_may_be_a_number(house) -> None:
    headers = samples.headers(house.key("conscent"))
    for event_id in (17, "17"):
        body = json.dumps({"eventType": "A", "userId": "u", "eventId": event_id})
        assert post(house, headers, body=body).status == 200
    assert len(house.activities()) == 1
