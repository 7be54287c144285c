"""What falls due is done once, in order, whatever the clock does: unlock, expire, end, review."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from conformance.history import exported, journal_heads, make_again
from conformance.stores import START, Bench, ingest
from guerdon import clock, limits
from guerdon.clock import DAY, SECOND
from guerdon.domain.purchases import Item
from guerdon.engine import commands
from guerdon.engine.commands.definitions import Define
from guerdon.engine.commands.points import AddPoints
from guerdon.engine.commands.purchases import RegisterPurchase
from guerdon.engine.commands.rewards import BuyReward, DefineReward
from guerdon.engine.committer import Committer
from guerdon.store import activities, points

SETTINGS = {
    "points.all_time_not_locked": False,
    "points.days_locked": 3,
    "levels.tier_assign_type": "points",
    "levels.downgrade_mode": "after_x_days",
    "levels.downgrade_days": 30,
}
MEMBERS = 5


@pytest.fixture
def programme(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Members with points, a coupon, a level and a segment of those who bought nothing lately."""
    monkeypatch.setattr(limits, "clockwork_duties_max", 2)
    tenant_id = bench.tenant_id

    def define(kind: str, **body: Any) -> None:
        bench.do(Define(tenant_id, 0, kind, json.dumps(body)))

    for name, value in SETTINGS.items():
        bench.do(commands.ChangeSetting(tenant_id, 0, name, json.dumps(value)))
    for least in (0, 4):
        define("Level", conditionValue=least, reward={"value": least / 100})
    away = {"type": "last_purchase_n_days_before", "days": 10}
    define("Segment", parts=[{"criteria": [away]}])
    body = {"reward": "gift_code", "unlimited": True, "daysInactive": 2, "daysValid": 4}
    stock = tuple(str(at) for at in range(MEMBERS))
    reward_id = bench.do(DefineReward(tenant_id, 0, json.dumps(body), codes=stock)).definition_id
    item = Item("A", "thing", 1, 10_000, "c")
    for at in range(MEMBERS):
        number = bench.member(("external", f"m{at}"))
        bench.do(AddPoints(tenant_id, 0, number, 5_00, validity_days=20))
        bench.do(BuyReward(tenant_id, 0, number, reward_id))
        bench.do(
            RegisterPurchase(tenant_id, 0, f"d{at}", bench.clock.moment, (item,), number=number)
        )
    bench.settle()
    return bench


def decided(bench: Bench) -> Counter[str]:
    """How often each type of decision was made, by its last word."""
    page = {"tenant_id": bench.tenant_id, "from": 1, "limit": 10_000}
    rows = bench.ask(lambda rows: rows.all("decisions_from", **page))
    return Counter(row[1].rpartition(".")[2] for row in rows)


def at(bench: Bench, moment: int) -> Counter[str]:
    """What the clockwork decides when it comes by at an hour, twice."""
    before = decided(bench)
    bench.clock.moment = moment
    bench.settle()
    bench.settle()
    return decided(bench) - before


def test_each_thing_is_done_when_its_day_comes_and_never_again(programme: Bench) -> None:
    start = programme.clock.moment
    seen = {days: at(programme, start + days * DAY) for days in range(1, 41)}
    whole = sum(seen.values(), Counter())
    assert {name: [day for day in seen if name in seen[day]] for name in whole} == {
        "CampaignStatusWasChanged": [2, 6],
        "PointsTransferHasBeenUnlocked": [3],
        "MemberWasAddedToSegment": [10],
        "PointsTransferHasBeenExpired": [24],
        "CustomerWasMovedToLevel": [3, 30],
        "CustomerLevelWasRecalculated": [30],
    }
    assert set(whole.values()) <= {MEMBERS, 2 * MEMBERS}


def test_a_clock_that_jumps_ahead_and_back_does_everything_once(programme: Bench) -> None:
    start = programme.clock.moment
    assert at(programme, start + 40 * DAY) == {
        "CampaignStatusWasChanged": 2 * MEMBERS,
        "PointsTransferHasBeenUnlocked": MEMBERS,
        "MemberWasAddedToSegment": MEMBERS,
        "PointsTransferHasBeenExpired": MEMBERS,
        "CustomerLevelWasRecalculated": MEMBERS,
    }
    for days in (0, 1, 25, 40):
        assert at(programme, start + days * DAY) == Counter(), days
    before = exported(programme)
    make_again(programme)
    after = exported(programme)
    assert {name for name in before if before[name] != after[name]} <= {"head"}
    assert journal_heads(after) == journal_heads(before)


@pytest.mark.parametrize("jump", [-3_600 * SECOND, 3_600 * SECOND, 3_650 * DAY])
def test_no_points_expire_because_the_machines_clock_jumps(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, jump: int
) -> None:
    wall, steady = START, 0
    monkeypatch.setattr(clock, "_wall", lambda: wall)
    monkeypatch.setattr(clock, "_steady", lambda: steady)
    bench.committer.close()
    bench.committer = Committer(bench.store, clock.SystemClock(), bench.vault)
    number = bench.member(("external", "ann"))
    bench.do(AddPoints(bench.tenant_id, 0, number, 5_00, validity_days=9))
    recorded = []
    for at in range(1, 7):
        wall, steady = wall + SECOND, steady + SECOND
        if at == 3:
            wall += jump
        assert bench.do(ingest(bench.tenant_id, ["ann"])).first_position == at
        bench.settle()
        latest = bench.ask(lambda rows: activities.latest(rows, bench.tenant_id, number))
        recorded.append(latest.recorded_at)
        held = bench.ask(
            lambda rows, now=latest.recorded_at: points.account(rows, bench.tenant_id, number, now)
        )
        assert held.available == 5_00
    assert recorded == sorted(recorded)
    assert recorded[-1] < START + DAY
