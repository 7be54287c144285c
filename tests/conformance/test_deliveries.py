"""A delivery's attempts are counted when they have been made, and not when it was taken for one."""

from __future__ import annotations

import json

from conformance.stores import Bench, ingest
from guerdon import limits
from guerdon.clock import SECOND
from guerdon.engine import commands
from guerdon.engine.deliveries import due_beside

LAPSED = limits.delivery_lease_seconds * SECOND


def owed(bench: Bench) -> int:
    """Owe a partner one message; the tenant."""
    url = json.dumps("https://example.com/hook")
    bench.do(commands.ChangeSetting(bench.tenant_id, 0, "meditopia.status_url", url))
    number = bench.member(("external", "m"))
    bench.do(commands.IssueMemberToken(bench.tenant_id, 0, number))
    return bench.tenant_id


def leased(bench: Bench) -> commands.LeasedDelivery:
    (one,) = bench.do(commands.LeaseDeliveries(0, 0, 10))
    return one


def test_what_was_taken_and_let_go_has_lost_none_of_its_attempts(bench: Bench) -> None:
    tenant_id = owed(bench)
    for _ in range(len(limits.delivery_seconds) + 1):
        assert leased(bench).attempt == 1
        bench.clock.moment += LAPSED
    for attempt in (1, 2, 3):
        one = leased(bench)
        assert one.attempt == attempt
        later = commands.SettleDelivery(
            tenant_id, 0, one.delivery_id, one.fence, "later", bench.clock.moment
        )
        assert bench.do(later) is True
    one = leased(bench)
    done = commands.SettleDelivery(tenant_id, 0, one.delivery_id, one.fence, "delivered")
    assert bench.do(done) is True
    assert bench.do(commands.LeaseDeliveries(0, 0, 10)) == ()


def test_what_is_owed_to_busy_receivers_is_left_where_it_is(bench: Bench) -> None:
    first, url = owed(bench), "https://example.com/hook"
    bench.do(ingest(first, ["m"]))
    bench.do(commands.DeleteActivities(first, 0, "seen", 0, 1, "ana@shop.example"))
    bench.settle()
    second = bench.tenant("second")
    bench.do(commands.ChangeSetting(second, 0, "meditopia.status_url", json.dumps(url)))
    member = commands.RegisterMember(second, 0, (("external", "m"),))
    bench.do(commands.IssueMemberToken(second, 0, bench.do(member).number))

    def taken(*busy: tuple[str, str]) -> list[tuple[int, str]]:
        chosen = bench.ask(lambda rows: due_beside(rows, bench.clock.moment, 10, busy))
        several = bench.do(commands.LeaseDeliveries(0, 0, 10, chosen)) if chosen else ()
        again = bench.do(commands.LeaseDeliveries(0, 0, 10, chosen)) if chosen else ()
        assert again == ()  # what somebody else has taken is not due
        bench.clock.moment += LAPSED
        return sorted((each.tenant_id, each.kind) for each in several)

    one, other = (str(first), url), (str(second), url)
    assert taken(("sms", "")) == [(first, "mail"), (first, "webhook"), (second, "webhook")]
    assert taken(one) == [(first, "mail"), (second, "webhook")]
    assert taken(("mail", ""), other) == [(first, "webhook")]
    assert taken(("mail", ""), one, other) == []
