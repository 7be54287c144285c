"""The requests that the load sends, in the documented shapes."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bench.load import MARK

seed = 20_260_101
KINDS = ("signin", "audio", "video", "content")
TYPES = tuple(
    f"{verb}_{noun}"
    for verb in ("ORDER", "CARD", "GIFT", "VISIT", "ARTICLE")
    for noun in ("PLACED", "OPENED", "SHARED", "CLOSED")
)  # twenty


@dataclass(frozen=True)
class Member:
    """A member as partners name them."""

    external: str
    token: str


def new_members(count: int) -> Iterator[Member]:
    """Members with documented-looking ids and tokens of 256 bits."""
    dice = random.Random(seed)
    for number in range(count):
        token = base64.urlsafe_b64encode(dice.randbytes(32)).decode().rstrip("=")
        yield Member(f"{number:05x}{dice.getrandbits(48):012x}", token)


def registrations(members: Sequence[Member]) -> Iterator[tuple[str, str, str]]:
    """Meditopia batches that mention each member once, as `register`."""
    dice = random.Random(seed)
    for start in range(0, len(members), 100):
        events = [partner_event(dice, each) for each in members[start : start + 100]]
        for event in events:
            event["event"] = "register"
        yield "POST", "/default/v1/events", compact({"events": events})


def singles(code: str, members: Sequence[Member], count: int) -> Iterator[tuple[str, str, str]]:
    """Conscent events, one a request, of random members."""
    dice = random.Random(seed)
    for _ in range(count):
        event = {
            "eventType": dice.choice(TYPES),
            "userId": dice.choice(members).external,
            "orderId": MARK,
            "amount": dice.randrange(100, 100_000) / 100,
            "currency": "INR",
        }
        yield "POST", f"/reward/{code}/api/user_event", compact(event)


def batches(
    members: Sequence[Member], count: int, size: int = 100
) -> Iterator[tuple[str, str, str]]:
    """Meditopia batches of random members; no two sent are byte-identical."""
    dice = random.Random(seed)
    for _ in range(count):
        events = [partner_event(dice, dice.choice(members)) for _ in range(size)]
        events[0]["eventValue"] = MARK
        yield "POST", "/default/v1/events", compact({"events": events})


def partner_event(dice: random.Random, member: Member) -> dict[str, str]:
    """One Meditopia event in its newer spelling."""
    day, hour, second = dice.randrange(1, 29), dice.randrange(24), dice.randrange(60)
    return {
        "token": member.token,
        "partnerUserID": member.external,
        "event": dice.choice(KINDS),
        "eventValue": f"content-{dice.randrange(10_000)}",
        "receivedAt": f"2025-02-{day:02d} {hour:02d}:30:{second:02d}",
    }


def compact(value: object) -> str:
    """JSON without spaces, as clients send it."""
    return json.dumps(value, separators=(",", ":"))
