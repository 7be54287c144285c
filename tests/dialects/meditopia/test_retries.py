from __future__ import annotations

import json

from dialects.meditopia import samples
from dialects.meditopia.samples import EVENTS, batch, camel


def test_a_batch_sent_again_is_stored_once_and_answered_the_same(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia"))
    first = house.call("POST", EVENTS, headers=headers, body=samples.DOCUMENTED)
    spaced = json.dumps(json.loads(samples.DOCUMENTED)).encode()
    for body in (samples.DOCUMENTED, spaced):
        again = house.call("POST", EVENTS, headers=headers, body=body)
        assert (again.status, again.body) == (204, b"")
        assert again.headers == {"idempotency-replayed": "true"}
    assert first.headers == {}
    assert len(house.activities()) == 2
    assert [row[2] for row in house.outcomes()] == ["duplicate"] * 2


def test_single_events_are_not_merged(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia"))
    for body in (batch(camel(), camel()), batch(camel()), batch(camel(note=1))):
        assert house.call("POST", EVENTS, headers=headers, body=body).status == 204
    assert len(house.activities()) == 4


def test_the_memory_for_batches_can_be_turned_off(house) -> None:
    samples.members(house)
    house.setting("meditopia.batch_replay", False)
    headers = samples.headers(house.key("meditopia"))
    for _ in range(2):
        reply = house.call("POST", EVENTS, headers=headers, body=samples.DOCUMENTED)
        assert (reply.status, reply.headers) == (204, {})
    assert len(house.activities()) == 4


def test_a_refused_batch_may_be_sent_again(house) -> None:
    headers = samples.headers(house.key("meditopia"))
    assert house.call("POST", EVENTS, headers=headers, body=samples.DOCUMENTED).status == 404
    samples.members(house)
    reply = house.call("POST", EVENTS, headers=headers, body=samples.DOCUMENTED)
    assert (reply.status, reply.headers) == (204, {})
    assert len(house.activities()) == 2


def test_a_key_decides_instead_of_the_content(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia"))

    def post(key: str, body: bytes = samples.DOCUMENTED):
        sent = {**headers, "Idempotency-Key": key}
        return house.call("POST", EVENTS, headers=sent, body=body)

    assert post("a").headers == {}
    assert post("b").headers == {}
    assert post("a").headers == {"idempotency-replayed": "true"}
    assert len(house.activities()) == 4
    reused = post("a", batch(camel()))
    assert (reused.status, reused.json()["errors"][0]["code"]) == (422, "E_1422")
    for key in ("", "x" * 256, "é"):
        assert post(key).status == 400
    assert len(house.activities()) == 4


def test_a_batch_of_one_tenant_is_not_one_of_another(house) -> None:
    house.setting("members.auto_create.meditopia", True)
    other = house.tenant("other")
    house.setting("members.auto_create.meditopia", True, tenant_id=other)
    for tenant_id in (house.tenant_id, other):
        headers = samples.headers(house.key("meditopia", tenant_id=tenant_id))
        reply = house.call("POST", EVENTS, headers=headers, body=samples.DOCUMENTED)
        assert (reply.status, reply.headers) == (204, {})
        assert len(house.activities(tenant_id)) == 2
