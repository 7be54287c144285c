"""Whatever arrives, the room answers in its envelope, never with a 500, and stores nothing odd."""

from __future__ import annotations

import random
from typing import Any

from dialects.woowup import samples
from dialects.woowup.partner import Partner

SEEDS = (
    ("POST", "/events", samples.EVENT),
    ("POST", "/user-events", samples.USER_EVENT),
    ("POST", "/user-events", samples.BROKEN_USER_EVENT),
    ("DELETE", "/user-events/bulk", samples.BROKEN_BULK),
    ("POST", "/users", b'{"service_uid":"a","tags":"x","custom_attributes":{"b":1},"points":"5"}'),
    ("POST", "/users", b"service_uid=test@email.com&custom_attributes[a]=b&gender=F"),
    ("PUT", "/users/1", b'{"first_name":"x","birthdate":"1980-04-22","remove_tags":"a,b"}'),
    ("POST", "/users/1/points", b'{"concept":"gift","points":-5,"description":"x"}'),
    ("POST", "/integration-stats", b'{"customers":{"total_created":1}}'),
)
MUTATIONS_PER_SEED = 60


def mutated(body: bytes, chance: random.Random) -> bytes:
    """The body with a few bytes changed, taken out, put in, or moved."""
    text = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(text) + 1)
        match chance.randrange(5):
            case 0:
                text[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del text[at : at + chance.randint(1, 8)]
            case 2:
                text[at:at] = chance.choice(
                    [b"\0", b'"', b"{", b"[[[[", b"\\ud800", b"\\u0000", b"1e400", b"\xff", b"NaN,"]
                )
            case 3:
                text[at:at] = text[chance.randrange(len(text) + 1) :][:10]
            case _:
                text[at:at] = str(chance.choice([2**53, 2**63, -(2**64), 10**400])).encode()
    return bytes(text)


def test_mutated_bodies_are_answered_in_the_envelope(partner: Partner) -> None:
    partner.event("view-product")
    partner.user(service_uid="example@email.com")
    for seed, (method, path, body) in enumerate(SEEDS):
        chance = random.Random(seed)
        for _ in range(MUTATIONS_PER_SEED):
            sent = mutated(body, chance)
            reply = partner.call(method, path, sent)
            assert reply.status in (200, 201, 400, 404, 413), (sent, reply.body)
            assert {"message", "code", "time"} <= set(reply.json()), (sent, reply.body)
    for listing in ("/events", "/user-events", "/users", "/integration-stats"):
        assert partner.get(listing).status == 200


TEXTS = (
    "'; DROP TABLE member; --",
    '" OR ""="',
    "%_\\%",
    "<script>alert(1)</script>",
    "a\r\nX-Injected: 1",
    "e\u0301 \u00e9 \u0130 \u200b \u202e",
    "\U0001f600" * 10,
    "=HYPERLINK(1)",
)


def test_text_comes_back_as_it_was_sent(partner: Partner) -> None:
    partner.event("view")
    for position, text in enumerate(TEXTS, start=1):
        round_trip(partner, text, position)


def round_trip(partner: Partner, text: str, position: int) -> None:
    fields: dict[str, Any] = {
        "service_uid": text,
        "document": f"d {text}",
        "first_name": text,
        "street": text,
        "tags": [text],
        "custom_attributes": {text: text},
        "marital_status": text,
    }
    shown = partner.user(**fields)
    expected = {**fields, "tags": [text.strip()]}
    assert {name: shown[name] for name in fields} == expected
    metadata = {text: [text]}
    partner.user_event(event="view", service_uid=text, metadata=metadata)
    listed = partner.get("/user-events").json()["payload"][-1]
    assert listed["id"] == position
    assert (listed["user"]["service_uid"], listed["metadata"]) == (text, metadata)
    gift = {"document": f"d {text}", "concept": "gift", "points": 1, "description": text}
    assert partner.post("/multiusers/points", gift).status == 200
    [moved] = partner.get(f"/users/{shown['user_id']}/transactions").json()["payload"]
    assert moved["description"] == text


def test_user_ids_are_compared_byte_by_byte(partner: Partner) -> None:
    """Two spellings of one letter, and a zero-width space, are different users."""
    for service_uid in ("\u00e9", "e\u0301", "e\u0301\u200b", "E\u0301"):
        partner.user(service_uid=service_uid)
    assert len(partner.get("/users").json()["payload"]) == 4


def test_bodies_of_many_keys_items_or_levels_are_refused(partner: Partner) -> None:
    partner.event("view")
    partner.user(service_uid="u")
    head = b'{"event":"view","service_uid":"u","metadata":'
    for metadata in (
        b"{" + b",".join(b'"k%d":1' % at for at in range(10_000)) + b"}",
        b'{"a":[' + b"1," * 10_000 + b"1]}",
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b'{"a":' * 1_500 + b"1" + b"}" * 1_500,
        b'{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        b'{"a":' + b"9" * 5_000 + b"}",
        b'{"a":"' + b"x" * 100_000 + b'"}',
        b'{"a":1,"a":2}',
        b'{"a":"\\ud800"}',
        b'{"a":"\\u0000"}',
        b'{"a":NaN}',
        b'{"a":9007199254740993}',
    ):
        reply = partner.post("/user-events", head + metadata + b"}")
        assert (reply.status, reply.json()["code"]) == (400, "bad_request"), metadata[:50]
    assert not partner.house.activities()


def test_what_is_known_of_a_user_does_not_grow_without_end(partner: Partner) -> None:
    partner.user(service_uid="u-1")

    def given(at: int, value: str | None) -> Any:
        attributes = {f"{at}-{number}": value for number in range(100)}
        return partner.put("/users/1", {"custom_attributes": attributes})

    replies = [given(at, "x" * 100) for at in range(8)]
    assert [reply.status for reply in replies] == [200] * 5 + [400] * 3
    assert replies[-1].json()["code"] == "bad_request"
    shown = partner.get("/users/1")
    assert len(shown.json()["payload"]["custom_attributes"]) == 500
    assert given(0, None).status == 200
    assert given(7, "x" * 100).status == 200
