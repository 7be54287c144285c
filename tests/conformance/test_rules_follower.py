"""Activities earn points: each once, in order, soon, and by the rules of their time."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any

import pytest

from conformance.programme import Programme
from conformance.stores import Bench, ingest
from guerdon import limits
from guerdon.clock import DAY, EARLIEST, LATEST, SECOND
from guerdon.domain import definitions
from guerdon.engine import commands
from guerdon.engine.commands.definitions import Define, Undefine
from guerdon.engine.commands.rules import SkipActivity
from guerdon.errors import NotFound, Refused
from guerdon.followers import rules
from guerdon.store import decisions, points
from guerdon.web import logs

USED = "Guerdon.Rule.Event.RulesWereUsed"
NOTHING = "Guerdon.Rule.Event.RulesGaveNoPoints"
EXPLAINED = "Guerdon.Points.Event.PointsWereExplained"


@pytest.fixture
def programme(house) -> Programme:
    return Programme(house)


def test_an_activity_earns_what_the_highest_rule_of_its_type_gives(house, programme) -> None:
    number = programme.member("ann")
    low = programme.rule("custom_event", "low", eventName="login", points=2)
    high = programme.rule("custom_event", "high", eventName="login", points=5)
    programme.rule("custom_event", "other", eventName="logout", points=9)
    programme.rule("custom_event", "off", eventName="login", points=9, on=False)
    programme.rule("event", "system", eventName="login", points=9)
    programme.does("ann", "login", "click", "login")
    house.settle()
    assert programme.transfers(number) == [(5, "high"), (5, "high")]
    first, second = programme.decided(EXPLAINED, number)
    assert first["explanation"] == [
        {
            "earningRuleId": low,
            "name": "low",
            "type": "custom_event",
            "value": 0,
            "reason": "not_the_highest",
            "activity": 1,
            "event": "login",
        },
        {
            "earningRuleId": high,
            "name": "high",
            "type": "custom_event",
            "value": 5,
            "activity": 1,
            "event": "login",
        },
    ]
    assert {each["activity"] for each in second["explanation"]} == {3}
    house.settle()
    assert programme.balance(number) == 10


@pytest.mark.parametrize("period", ["day", "week", "month", "1 year", "forever"])
@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Warsaw"])
def test_an_activity_at_an_end_of_the_calendar_stops_no_rules(
    house, programme, zone: str, period: str
) -> None:
    house.setting("programme.timezone", zone)
    number = programme.member("ann")
    limit = {"active": True, "period": period, "limit": 9}
    programme.rule("custom_event", "login", eventName="login", points=1, limit=limit)
    for moment in (EARLIEST, LATEST, None):
        programme.does("ann", "login", occurred_at=moment)
    house.settle()
    assert programme.transfers(number) == [(1, "login")] * 3


@pytest.fixture(params=[False, True], ids=["nobody waits", "somebody waits"])
def _awaited(house, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Whether each slice ends after its first activity, since somebody's command has come."""
    monkeypatch.setattr(rules, "_LOOK_EVERY", 1)
    monkeypatch.setattr(house.committer._committer, "is_awaited", lambda: request.param)


@pytest.mark.usefixtures("_awaited")
def test_rules_hold_for_what_was_recorded_while_they_did(house, programme) -> None:
    number = programme.member("ann")
    programme.does("ann", *["login"] * 3)
    rule = programme.rule("custom_event", "one", eventName="login", points=1)
    programme.does("ann", "login")
    programme.rule("custom_event", "ten", rule_id=rule, eventName="login", points=10)
    programme.does("ann", "login")
    programme.rule("custom_event", "ten", rule_id=rule, eventName="login", points=10, on=False)
    programme.does("ann", "login")
    programme.rule("custom_event", "back", rule_id=rule, eventName="login", points=100)
    programme.does("ann", "login")
    house.execute(Undefine(house.tenant_id, 0, "Rule", rule))
    programme.does("ann", "login")
    house.settle()
    assert programme.transfers(number) == [(1, "one"), (10, "ten"), (100, "back")]


def test_a_clock_that_was_put_back_lets_no_rule_hold_for_what_came_before_it(
    house, programme
) -> None:
    number = programme.member("ann")
    programme.rule("custom_event", eventName="other", points=1_000)
    before = house.clock.now() - 3_600 * SECOND
    house.clock.now = lambda: before
    programme.does("ann", "login")
    house.settle()
    rule = programme.rule("custom_event", "one", eventName="login", points=1)
    house.settle()
    programme.does("ann", "login")
    programme.rule("custom_event", "ten", rule_id=rule, eventName="login", points=10)
    programme.does("ann", "login")
    house.execute(Undefine(house.tenant_id, 0, "Rule", rule))
    programme.does("ann", "login")
    house.settle()
    assert programme.transfers(number) == [(1, "one"), (10, "ten")]


def test_in_one_commit_a_rule_holds_for_what_comes_after_it(bench: Bench) -> None:
    bench.member(("external", "ann"))
    login = ingest(bench.tenant_id, ["ann"], type="login")
    body = {"type": "custom_event", "eventName": "login", "pointsAmount": 1_00}
    rule = json.dumps({**body, "name": "one", "allTimeActive": True})
    bench.together(login, Define(bench.tenant_id, 0, "Rule", rule), login)
    bench.settle()
    account = bench.ask(lambda rows: points.account(rows, bench.tenant_id, 1, bench.clock.moment))
    assert account is not None
    assert account.available == 1_00


@pytest.mark.usefixtures("_awaited")
def test_rules_are_read_once_however_often_somebody_waits(
    house, programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[Any] = []
    history = rules._history

    def noted(rows: Any, tenant_id: int, *types: str) -> Any:
        read.append((tenant_id, *types))
        return history(rows, tenant_id, *types)

    monkeypatch.setattr(rules, "_history", noted)
    number = programme.member("ann")
    programme.rule("custom_event", eventName="login", points=1)
    programme.does("ann", *["login"] * 9)
    house.settle()
    assert programme.balance(number) == 9
    assert len(read) == len(set(read)) == 2


def test_an_older_rule_stays_first_of_equals_after_it_was_changed(house, programme) -> None:
    number = programme.member("ann")
    old = programme.rule("custom_event", "old", eventName="login", points=1)
    programme.rule("custom_event", "new", eventName="login", points=1)
    programme.rule("custom_event", "old, changed", rule_id=old, eventName="login", points=1)
    programme.does("ann", "login")
    house.settle()
    assert programme.transfers(number) == [(1, "old, changed")]


def test_what_was_recorded_before_the_first_rule_is_passed_by(house, programme) -> None:
    number = programme.member("ann")
    for _ in range(3):
        programme.does("ann", *["login"] * 100)
    programme.rule("custom_event", eventName="login", points=1)
    programme.does("ann", *["click"] * 50, "login")
    house.settle()
    assert programme.balance(number) == 1
    assert house.read(lambda rows: rows.one("follower_position", tenant_id=1, name="rules"))[0] in (
        350,
        351,
    )


def test_a_limit_counts_each_members_uses_in_the_window_of_the_occurrence(house, programme) -> None:
    ann, bob = programme.member("ann"), programme.member("bob")
    limit = {"active": True, "period": "day", "limit": 2}
    rule = programme.rule("custom_event", "daily", eventName="login", points=1, limit=limit)
    today = house.clock.now()
    yesterday = today - DAY
    programme.does("ann", *["login"] * 3, occurred_at=today)
    programme.does("ann", *["login"] * 3, occurred_at=yesterday)
    programme.does("bob", "login", occurred_at=today)
    house.settle()
    assert (programme.balance(ann), programme.balance(bob)) == (4, 1)
    refused = programme.decided(NOTHING, ann)
    assert [each["explanation"][0]["reason"] for each in refused] == ["limit_reached"] * 2
    assert [each["explanation"][0]["activity"] for each in refused] == [3, 6]
    uses = programme.decided(USED, ann)
    assert len(uses) == 4
    assert {each["uses"][0]["earningRuleId"] for each in uses} == {rule}
    before = house.read(lambda rows: rows.all("uses_of_member", tenant_id=1, number=ann))
    assert [row[2] for row in before] == [2, 2]
    house.execute(commands.RebuildState(house.tenant_id, 0))
    house.settle()
    after = house.read(lambda rows: rows.all("uses_of_member", tenant_id=1, number=ann))
    assert (before, programme.balance(ann)) == (after, 4)


def test_deleted_activities_and_members_who_do_not_earn_get_nothing(
    house, programme, monkeypatch
) -> None:
    # Nothing happens by itself before it is told to.
    monkeypatch.setattr(house.committer._chores, "do", lambda **_: False)
    ann, bob = programme.member("ann"), programme.member("bob")
    programme.rule("custom_event", eventName="login", points=1)
    programme.rule("custom_event", eventName="secret", points=1)
    programme.does("ann", "login", "secret")
    now = house.clock.now()
    house.execute(commands.DeleteActivities(house.tenant_id, 0, "secret", 0, now + DAY, None))
    house.setting("earning.statuses", ["blocked"])
    programme.does("bob", "login")
    house.settle()
    assert (programme.balance(ann), programme.balance(bob)) == (0, 0)
    reasons = [each["explanation"][0]["reason"] for each in programme.decided(NOTHING)]
    assert reasons == ["member_status"] * 2


def test_a_type_that_was_hidden_and_added_again_is_one_name_to_the_rules(house, programme) -> None:
    number = programme.member("ann")
    programme.rule("custom_event", eventName="login", points=1)
    programme.does("ann", "login")
    house.execute(commands.HideActivityType(house.tenant_id, 0, 1))
    programme.does("ann", "login")
    house.settle()
    assert programme.balance(number) == 2


def test_a_slice_ends_when_somebody_waits_and_the_next_goes_on(
    house, programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    committer = house.committer._committer
    looks: list[int] = []

    def is_awaited() -> bool:
        looks.append(len(programme.transfers(number)))
        return len(looks) % 2 == 0

    number = programme.member("ann")
    programme.rule("custom_event", eventName="login", points=1)
    programme.does("ann", *["login"] * 9)
    monkeypatch.setattr(rules, "_LOOK_EVERY", 2)
    monkeypatch.setattr(committer, "is_awaited", is_awaited)
    house.settle()
    assert programme.balance(number) == 9
    if committer.is_only_one:
        # Every second look ends a slice, so what it earned is seen by the next.
        assert looks == [0, 0, 4, 4]
    else:
        # Who else waits for the store cannot be seen, so nobody looks, and slices stay short.
        assert looks == []


def test_slices_and_the_checkpoint_count_every_activity_once(
    house, programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules.limits, "rules_slice_positions", 7)
    monkeypatch.setattr(rules.limits, "rules_slice_activities", 3)
    names = ["ann", "bob", "cid"]
    numbers = [programme.member(name) for name in names]
    programme.rule("custom_event", eventName="b", points=1)
    for at in range(40):
        programme.does(names[at % 3], *"abc"[: at % 4])
    house.settle()
    wanted = [0, 0, 0]
    for at in range(40):
        wanted[at % 3] += at % 4 >= 2
    assert [programme.balance(number) for number in numbers] == wanted


def test_a_defect_stops_one_tenant_at_its_activity_and_says_where(
    house, programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Programme(house, house.tenant("other"))
    ann, eve = programme.member("ann"), other.member("eve")
    for each in (programme, other):
        each.rule("custom_event", eventName="login", points=1)
    sound = rules.by_activity

    def by_activity(tx, tenant_id, asked, these, occasion, occurred_at) -> bool:
        if (tenant_id, occasion.activity) == (house.tenant_id, 2):
            raise ZeroDivisionError
        return sound(tx, tenant_id, asked, these, occasion, occurred_at)

    stream = io.StringIO()
    logs.install(stream=stream)
    with monkeypatch.context() as patched:
        patched.setattr(rules, "by_activity", by_activity)
        programme.does("ann", "login", "login", "login")
        other.does("eve", "login", "login")
        raised = []
        # A round that meets the defect ends there; the next one begins with whom it did not reach.
        for words in (["login"], ["login"], ["login"], []):
            other.does("eve", *words)
            try:
                house.settle()
            except ZeroDivisionError as defect:
                raised.append(defect.__notes__)
        assert (programme.balance(ann), other.balance(eve)) == (0, 5)
    # Told to whoever waits, or to the log where the work was done by itself.
    said = [json.loads(line) for line in stream.getvalue().splitlines()]
    told = raised + [each["where"] for each in said if each["event"] == "upkeep_failed"]
    assert told
    assert all(each == ["activity 2", f"rules of tenant {house.tenant_id}"] for each in told)
    # Where several processes work, a tenant's turn comes again when the lease has run out.
    later = house.clock.now() + limits.upkeep_lease_seconds * SECOND
    house.clock.now = lambda: later
    house.settle()
    assert (programme.balance(ann), other.balance(eve)) == (3, 5)
    told = programme.decided(EXPLAINED, ann)
    assert [each["explanation"][0]["activity"] for each in told] == [1, 2, 3]


def test_an_activity_the_rules_cannot_get_past_can_be_skipped(
    house, programme, monkeypatch: pytest.MonkeyPatch
) -> None:
    number, other = programme.member("ann"), programme.member("eve")
    programme.rule("custom_event", eventName="login", points=1)
    sound = rules.by_activity

    def by_activity(tx, tenant_id, asked, these, occasion, occurred_at) -> bool:
        if occasion.activity == 2:
            raise ZeroDivisionError
        return sound(tx, tenant_id, asked, these, occasion, occurred_at)

    logs.install(stream=io.StringIO())
    monkeypatch.setattr(rules, "by_activity", by_activity)
    programme.does("ann", "login", "login", "login")
    programme.does("eve", "login")
    with contextlib.suppress(ZeroDivisionError):
        house.settle()
    assert programme.balance(number) == 0
    for position, refused in ((5, NotFound), (2, None)):
        with pytest.raises(refused) if refused else contextlib.nullcontext():
            house.execute(SkipActivity(house.tenant_id, 0, position))
    # Where several processes work, a tenant's turn comes again when the lease has run out.
    later = house.clock.now() + limits.upkeep_lease_seconds * SECOND
    house.clock.now = lambda: later
    house.settle()
    assert (programme.balance(number), programme.balance(other)) == (2, 1)
    told = programme.decided(EXPLAINED, number)
    assert [each["explanation"][0]["activity"] for each in told] == [1, 3]
    for position in (1, 2, 4):
        with pytest.raises(Refused, match="passed"):
            house.execute(SkipActivity(house.tenant_id, 0, position))
    skipped = house.read(
        lambda rows: list(
            decisions.of_type(rows, house.tenant_id, definitions.ACTIVITY_WAS_SKIPPED)
        )
    )
    assert [json.loads(row[5])["position"] for row in skipped] == [2]


def test_tenants_follow_their_own_rules_only(house, programme) -> None:
    other = Programme(house, house.tenant("other"))
    ann, eve = programme.member("ann"), other.member("ann")
    programme.rule("custom_event", eventName="login", points=1)
    other.rule("custom_event", eventName="logout", points=1)
    for each in (programme, other):
        each.does("ann", "login", "logout", "logout")
    house.settle()
    assert (programme.balance(ann), other.balance(eve)) == (1, 2)


def test_a_rule_about_a_time_asks_when_it_occurred(house, programme) -> None:
    number = programme.member("ann")
    now = house.clock.now()
    span: dict[str, Any] = {"allTimeActive": False, "startAt": now - DAY, "endAt": now + DAY}
    programme.rule("custom_event", eventName="login", points=1, **span)
    programme.does("ann", "login", occurred_at=now - DAY - SECOND)
    programme.does("ann", "login", occurred_at=now)
    house.settle()
    assert programme.balance(number) == 1


def test_a_full_account_is_told_and_stops_nobody(house, programme) -> None:
    ann, bob = programme.member("ann"), programme.member("bob")
    programme.rule("custom_event", eventName="login", pointsAmount=10**15)
    programme.does("ann", "login", "login")
    programme.does("bob", "login")
    house.settle()
    assert (programme.balance(ann), programme.balance(bob)) == (10**13, 10**13)
    (told,) = programme.decided(NOTHING)
    assert told["explanation"][0]["reason"] == "balance_limit"


def test_a_rule_for_a_level_sees_the_level_the_activity_before_led_to(house, programme) -> None:
    house.setting("levels.tier_assign_type", "points")

    def level(value: int) -> str:
        body = {"name": str(value), "conditionValue": value, "reward": {"value": value}}
        define = Define(house.tenant_id, 0, "Level", json.dumps(body))
        return house.execute(define).definition_id

    level(0)
    gold = level(10)
    number = programme.member("ann")
    programme.rule("custom_event", "any", eventName="login", points=10)
    programme.rule("custom_event", "gold", eventName="login", points=50, levels=[gold])
    programme.does("ann", "login", "login")
    house.settle()
    assert programme.transfers(number) == [(10, "any"), (50, "gold")]
