from __future__ import annotations

import random

from dialects.conscent import samples

HOSTILE = [
    b"{",
    b"}",
    b'"',
    b"\\",
    b"\0",
    b"\xff",
    b"null",
    b"1e999",
    b"[[[[",
    b":",
    b",",
    b"\\ud800",
]
BODY = (
    b'{"eventType":"ORDER_PLACED","userId":"42bede01c83fa3947","occurredAt":"2024-08-06 15:04:05",'
    b'"eventId":"e-1","cart":[{"sku":"\xc3\x84-1","price":12.5}],"note":null}'
)


def mutated(body: bytes, chance: random.Random) -> bytes:
    """One to three bytes or pieces changed."""
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(body))
        end = at + chance.choice([0, 1, 1, 5])
        piece = chance.choice([bytes([chance.randrange(256)]), chance.choice(HOSTILE), b""])
        body = body[:at] + piece + body[end:]
    return body


def test_no_mutation_of_an_event_is_answered_as_a_defect(house) -> None:
    headers = samples.headers(house.key("conscent"))
    chance = random.Random(1)
    stored = refused = 0
    for _ in range(300):
        body = mutated(BODY, chance)
        reply = house.call("POST", samples.PATH, headers=headers, body=body)
        assert reply.status in (200, 400), body
        stored += reply.status == 200 and "idempotency-replayed" not in reply.headers
        refused += reply.status == 400
    assert stored
    assert refused
    assert len(house.activities()) == stored
    assert len(house.outcomes()) == 300 - stored
