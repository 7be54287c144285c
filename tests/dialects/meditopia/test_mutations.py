from __future__ import annotations

import random

from dialects.meditopia import samples
from dialects.meditopia.samples import EVENTS

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


def mutated(body: bytes, chance: random.Random) -> bytes:
    """One to three bytes or pieces changed."""
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(body))
        end = at + chance.choice([0, 1, 1, 5])
        piece = chance.choice([bytes([chance.randrange(256)]), chance.choice(HOSTILE), b""])
        body = body[:at] + piece + body[end:]
    return body


def test_no_mutation_of_a_batch_is_answered_as_a_defect(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia"))
    chance = random.Random(2)
    stored = refused = 0
    for _ in range(300):
        body = mutated(samples.DOCUMENTED, chance)
        reply = house.call("POST", EVENTS, headers=headers, body=body)
        assert reply.status in (204, 404, 422), body
        stored += reply.status == 204 and "idempotency-replayed" not in reply.headers
        refused += reply.status != 204
    assert refused
    assert len(house.activities()) == 2 * stored
