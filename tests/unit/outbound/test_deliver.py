"""The runner: lanes, leases, the whole schedule, and stopping (W9, W11)."""

import asyncio
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from guerdon import limits
from guerdon.clock import SECOND
from guerdon.errors import OutcomeUnknown, StoreBusy, StoreUnavailable
from guerdon.outbound.deliver import Deliverer, outcome_of
from guerdon.outbound.delivery import Attempt, Outcome
from unit.outbound.network import START, StandingClock, delivery
from unit.outbound.outbox import SENT, Outbox, Receivers

REFUSED = Attempt(status=500, error="http_500")
HOURLY = 3_600.0


def running(test, *owed, interval_seconds=HOURLY, **answers):
    """Run `test(outbox, receivers, deliverer, clock)` beside a deliverer, then stop it."""

    async def run():
        clock = StandingClock()
        outbox, receivers = Outbox(clock, *owed), Receivers(**answers)
        deliverer = Deliverer(
            claim=outbox.claim,
            finish=outbox.finish,
            send_webhook=receivers.send,
            send_mail=receivers.send,
            send_sms=receivers.send,
            clock=clock,
            interval_seconds=interval_seconds,
        )
        task = asyncio.create_task(deliverer.run())
        try:
            await test(outbox, receivers, deliverer, clock)
        finally:
            for event in receivers.opened.values():
                event.set()
            deliverer.stop()
            await task

    asyncio.run(asyncio.wait_for(run(), 20))


def many(count, target, start=0, **changes):
    return [
        delivery(
            delivery_id=start + each, target=target, message_id=f"msg_{start + each}", **changes
        )
        for each in range(1, count + 1)
    ]


async def settle_loop():
    """Let everything that can go on go on."""
    for _ in range(50):
        await asyncio.sleep(0)


def test_what_is_due_is_sent_once_and_settled():
    async def test(outbox, receivers, deliverer, clock):
        await outbox.until(3)
        assert [outcome for _, outcome in outbox.settled] == [
            Outcome(result="delivered", status=200)
        ] * 3
        assert sorted(each.delivery_id for each in receivers.begun) == [1, 2, 3]
        assert not outbox.pending
        assert not outbox.leased

    running(test, *many(3, "a"))


def test_webhooks_mail_and_sms_go_their_own_ways():
    async def run():
        clock = StandingClock()
        kinds = ("webhook", "mail", "sms")
        owed = [delivery(delivery_id=at, kind=kind) for at, kind in enumerate(kinds, 1)]
        outbox = Outbox(clock, *owed)
        by_web, by_mail, by_sms = Receivers(), Receivers(), Receivers()
        deliverer = Deliverer(
            claim=outbox.claim,
            finish=outbox.finish,
            send_webhook=by_web.send,
            send_mail=by_mail.send,
            send_sms=by_sms.send,
            clock=clock,
        )
        task = asyncio.create_task(deliverer.run())
        await outbox.until(3)
        deliverer.stop()
        await task
        assert [each.delivery_id for each in by_web.begun] == [1]
        assert [each.delivery_id for each in by_mail.begun] == [2]
        assert [each.delivery_id for each in by_sms.begun] == [3]

    asyncio.run(run())


def test_a_wake_is_enough_and_without_one_the_interval_is():
    async def woken(outbox, receivers, deliverer, clock):
        await settle_loop()
        outbox.put(delivery(delivery_id=1))
        deliverer.wake()
        await outbox.until(1)

    async def unwoken(outbox, receivers, deliverer, clock):
        outbox.put(delivery(delivery_id=1))
        await outbox.until(1)

    running(woken, interval_seconds=HOURLY)
    running(unwoken, interval_seconds=0.001)


def test_a_delivery_that_always_fails_is_tried_at_the_ten_times_of_the_schedule_then_given_up():
    times, ids, outcomes = [], set(), []

    async def test(outbox, receivers, deliverer, clock):
        for attempt in range(1, 11):
            await outbox.until(attempt)
            times.append((clock.now() - START) // SECOND)
            owed, outcome = outbox.settled[-1]
            ids.add(owed.message_id)
            outcomes.append(outcome)
            assert owed.attempt == attempt
            if outcome.due_at:
                clock.moment = outcome.due_at
                deliverer.wake()
        assert not outbox.pending

    running(test, delivery(target="a"), a=REFUSED)
    waits = [after - before for before, after in pairwise(times)]
    assert times[0] == 0
    assert waits == list(limits.delivery_seconds[1:])
    assert [each.result for each in outcomes] == ["later"] * 9 + ["failed"]
    assert outcomes[-1] == Outcome(result="failed", status=500, error="http_500")
    assert ids == {"msg_1"}


def test_one_receiver_that_hangs_delays_none_of_ninety_nine_others_although_it_is_first_in_line():
    async def test(outbox, receivers, deliverer, clock):
        await outbox.until(99 * 3)
        assert {owed.target for owed, _ in outbox.settled} == {f"r{each}" for each in range(99)}
        assert receivers.most["dead"] == limits.deliveries_per_target_max
        assert receivers.running["dead"] == limits.deliveries_per_target_max

    def closed(outbox, receivers, deliverer, clock):
        receivers.close("dead")
        return test(outbox, receivers, deliverer, clock)

    others = [each for n in range(99) for each in many(3, f"r{n}", start=10_000 + 10 * n)]
    running(closed, *many(2_000, "dead"), *others)


def test_a_claim_is_told_which_lanes_have_enough():
    async def test(outbox, receivers, deliverer, clock):
        receivers.close("slow")
        for each in many(100, "slow"):
            outbox.put(each)
        deliverer.wake()
        await settle_loop()
        assert outbox.claims[-1][1] == {("1", "slow")}
        outbox.put(delivery(delivery_id=500, target="slow"))
        deliverer.wake()
        await settle_loop()
        assert 500 in outbox.pending
        receivers.opened.pop("slow").set()
        await outbox.until(101)

    running(test)


def test_a_long_line_for_one_healthy_receiver_is_worked_off_without_letting_any_go():
    async def test(outbox, receivers, deliverer, clock):
        await outbox.until(1_000)
        assert not outbox.leased
        # A look that finds nothing for others costs as much as the line is long.
        assert len(outbox.claims) <= 2 + 2 * 1_000 // limits.deliveries_running_max

    running(test, *many(1_000, "a"))


def test_what_is_taken_of_a_lane_that_has_more_than_enough_is_let_go():
    async def test(outbox, receivers, deliverer, clock):
        outbox.deaf = True
        receivers.close("slow")
        for each in many(2_000, "slow"):
            outbox.put(each)
        outbox.put(delivery(delivery_id=5_000, target="other"))
        deliverer.wake()
        await outbox.until(1)
        assert outbox.settled[0][0].target == "other"

    running(test)


def test_a_healthy_lane_runs_a_few_at_once_and_a_failing_one_runs_one():
    async def test(outbox, receivers, deliverer, clock):
        receivers.close("good")
        receivers.close("bad")
        for each in [*many(20, "good"), *many(20, "bad", start=100)]:
            outbox.put(each)
        deliverer.wake()
        await settle_loop()
        assert receivers.running["good"] == limits.deliveries_per_target_max
        assert receivers.running["bad"] == limits.deliveries_per_target_max
        receivers.opened["good"].set()
        receivers.opened["bad"].set()
        await outbox.until(20 + limits.deliveries_per_target_max)
        # What waited for the failing one was let go; its failures come back after five seconds.
        assert len(outbox.leased) == 20 - limits.deliveries_per_target_max
        receivers.close("bad")
        clock.moment += 5 * SECOND
        deliverer.wake()
        await settle_loop()
        assert receivers.running["bad"] == 1

    running(test, bad=REFUSED)


def test_a_receiver_that_recovers_is_trusted_again():
    async def test(outbox, receivers, deliverer, clock):
        outbox.put(delivery(delivery_id=1, target="a"))
        deliverer.wake()
        await outbox.until(1)
        receivers.answers.clear()
        clock.moment += 5 * SECOND
        deliverer.wake()
        await outbox.until(2)
        receivers.close("a")
        for each in many(20, "a", start=100):
            outbox.put(each)
        deliverer.wake()
        await settle_loop()
        assert receivers.running["a"] == limits.deliveries_per_target_max

    running(test, a=REFUSED)


def test_a_refusal_of_one_message_says_nothing_about_its_receiver():
    async def test(outbox, receivers, deliverer, clock):
        await outbox.until(20)
        assert not outbox.leased

    running(test, *many(20, "a"), a=Attempt(error="smtp_550", give_up=True))


def test_mail_that_one_recipient_is_not_ready_for_holds_up_no_other():
    async def test(outbox, receivers, deliverer, clock):
        await outbox.until(20)
        assert {outcome.result for _, outcome in outbox.settled} == {"later"}
        assert not outbox.leased

    running(test, *many(20, "a"), a=Attempt(error="smtp_450", only_it=True))


def test_no_more_run_at_once_than_the_bound_for_all():
    targets = limits.deliveries_running_max // 2

    async def test(outbox, receivers, deliverer, clock):
        for n in range(targets):
            receivers.close(f"r{n}")
            for each in many(4, f"r{n}", start=10 * n):
                outbox.put(each)
        deliverer.wake()
        await settle_loop()
        assert receivers.running["all"] == limits.deliveries_running_max
        for event in receivers.opened.values():
            event.set()
        await outbox.until(targets * 4)
        assert receivers.most["all"] == limits.deliveries_running_max

    running(test)


def test_a_delivery_that_waited_too_long_for_its_turn_is_let_go_unsent():
    async def test(outbox, receivers, deliverer, clock):
        receivers.close("slow")
        for each in many(6, "slow"):
            outbox.put(each)
        deliverer.wake()
        await settle_loop()
        clock.seconds += limits.delivery_start_seconds_max + 1
        receivers.opened.pop("slow").set()
        await outbox.until(4)
        await settle_loop()
        assert len(receivers.begun) == 4
        assert set(outbox.leased) == {5, 6}

    running(test)


def test_a_store_that_is_away_is_asked_again():
    async def test(outbox, receivers, deliverer, clock):
        outbox.claim_errors = [StoreUnavailable(), StoreBusy()]
        outbox.put(delivery(target="a"))
        await outbox.until(1)

    running(test, interval_seconds=0.001)


@pytest.mark.parametrize("error", [StoreBusy, StoreUnavailable, OutcomeUnknown])
def test_an_outcome_the_store_did_not_hear_is_said_again_and_nothing_is_sent_twice(error):
    async def test(outbox, receivers, deliverer, clock):
        outbox.finish_errors = [error(), error()]
        outbox.put(delivery(target="a"))
        await outbox.until(1)
        assert len(receivers.begun) == 1

    running(test, interval_seconds=0.001)


def test_an_outcome_is_not_said_after_the_lease_has_lapsed():
    async def test(outbox, receivers, deliverer, clock):
        outbox.finish_errors = [StoreBusy(), StoreBusy()]
        receivers.close("a")
        outbox.put(delivery(target="a"))
        deliverer.wake()
        await settle_loop()
        clock.seconds += limits.delivery_lease_seconds + 1
        receivers.opened.pop("a").set()
        await settle_loop()
        assert len(outbox.finish_errors) == 1
        assert not outbox.settled

    running(test)


def test_a_fault_of_ours_costs_the_delivery_an_attempt_and_the_others_nothing():
    async def test(outbox, receivers, deliverer, clock):
        await outbox.until(3)
        by_target = {owed.target: outcome for owed, outcome in outbox.settled}
        assert by_target["broken"].result == "later"
        assert by_target["broken"].error == "internal_error"
        assert by_target["broken"].detail == "KeyError"
        assert by_target["a"].result == "delivered"

    owed = [delivery(delivery_id=9, target="broken"), *many(2, "a")]
    running(test, *owed, broken=KeyError("x"))


def test_stopping_lets_what_is_under_way_end_and_begins_nothing_new():
    async def run():
        clock = StandingClock()
        outbox, receivers = Outbox(clock, *many(10, "a")), Receivers()
        receivers.close("a")
        deliverer = Deliverer(
            claim=outbox.claim,
            finish=outbox.finish,
            send_webhook=receivers.send,
            send_mail=receivers.send,
            send_sms=receivers.send,
            clock=clock,
        )
        task = asyncio.create_task(deliverer.run())
        await settle_loop()
        deliverer.stop()
        await settle_loop()
        assert not task.done()
        receivers.opened["a"].set()
        await task
        assert len(outbox.settled) == limits.deliveries_per_target_max
        assert len(receivers.begun) == limits.deliveries_per_target_max

    asyncio.run(run())


def test_cancelling_the_runner_cancels_what_is_under_way():
    async def run():
        clock = StandingClock()
        outbox, receivers = Outbox(clock, delivery(target="a")), Receivers()
        receivers.close("a")
        deliverer = Deliverer(
            claim=outbox.claim,
            finish=outbox.finish,
            send_webhook=receivers.send,
            send_mail=receivers.send,
            send_sms=receivers.send,
            clock=clock,
        )
        task = asyncio.create_task(deliverer.run())
        await settle_loop()
        assert receivers.running["a"] == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert receivers.running["a"] == 0
        assert not outbox.settled

    asyncio.run(run())


@pytest.mark.parametrize(
    ("attempt", "number", "expected"),
    [
        (SENT, 1, Outcome(result="delivered", status=200)),
        (SENT, 10, Outcome(result="delivered", status=200)),
        (
            Attempt(error="timeout"),
            1,
            Outcome(result="later", due_at=START + 5 * SECOND, error="timeout"),
        ),
        (
            Attempt(status=429, error="http_429", retry_after_seconds=60),
            1,
            Outcome(result="later", due_at=START + 60 * SECOND, status=429, error="http_429"),
        ),
        (Attempt(error="timeout"), 10, Outcome(result="failed", error="timeout")),
        (
            Attempt(status=410, error="http_410", give_up=True),
            1,
            Outcome(result="failed", status=410, error="http_410"),
        ),
        (
            Attempt(error="mail_invalid", give_up=True),
            1,
            Outcome(result="failed", error="mail_invalid"),
        ),
    ],
)
def test_what_follows_from_an_attempt(attempt, number, expected):
    assert outcome_of(delivery(attempt=number), attempt, START, 0.0) == expected


def test_no_log_line_names_a_target_a_body_or_a_secret():
    async def test(outbox, receivers, deliverer, clock):
        outbox.claim_errors = [StoreBusy()]
        outbox.finish_errors = [StoreBusy()]
        outbox.put(delivery(target="canary", body="canary", secrets=("canary",)))
        await outbox.until(1)

    with capture_logs() as lines:
        running(test, interval_seconds=0.001, canary=KeyError("x"))
    assert [line["event"] for line in lines] == [
        "deliveries_not_claimed",
        "delivery_broke",
        "delivery_not_settled",
    ]
    assert "canary" not in repr([{**line, "exc_info": None} for line in lines])
