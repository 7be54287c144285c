"""Earning rules' use cases: what happened, and what the rules about it give.

Source: Open Loyalty 4.3, "Earning rules", and its order of decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from guerdon.domain import definitions, rules, rules_on_events, rules_on_purchases
from guerdon.domain.purchases import Purchase
from guerdon.domain.rules import Facts, Outcome, Reason, Rule
from guerdon.domain.rules_decisions import Occasion, Verdict, verdict
from guerdon.domain.rules_limits import is_limited
from guerdon.engine import sales
from guerdon.engine.commands import Handlers
from guerdon.engine.commands.rules import Earned, ReportEvent, SkipActivity, UseCode, VisitPlace
from guerdon.engine.earning import Asked, active, ask_about, asked_of, pay, uses_of
from guerdon.engine.record import record
from guerdon.engine.tenants import about_tenant
from guerdon.errors import NotFound, Refused
from guerdon.store import purchases
from guerdon.store.port import Rows
from guerdon.store.transaction import Transaction

FOLLOWER = "rules"
"""The name of the follower that asks the rules about activities."""

# --- a purchase ----------------------------------------------------------------------------------


def on_purchase(tx: Transaction, tenant_id: int, number: int, *, purchase: Purchase) -> None:
    """A purchase was assigned: its rules give points together, in one transfer."""
    these = active(tx, tenant_id, *rules.ON_PURCHASE)
    asked = asked_of(tx, tenant_id, number, these)
    if asked is not None:

        def reward(rule: Rule) -> Reason:
            is_given = sales.grant(tx, tenant_id, number, rule.reward_id, purchase)
            return "" if is_given else "reward_unavailable"

        outcomes = rules_on_purchases.evaluate(these, purchase, asked.facts, reward)
        occasion = Occasion(transaction_id=purchase.purchase_id)
        pay(tx, tenant_id, asked.person, occasion, verdict(outcomes))


def on_first_purchase(tx: Transaction, tenant_id: int, number: int, *, purchase: Purchase) -> None:
    """The same, for the rule about a member's first purchase."""
    if purchases.total_of(tx.rows, tenant_id, number).sales == 1:
        occasion = Occasion(
            event=rules.FIRST_PURCHASE,
            transaction_id=purchase.purchase_id,
        )
        _by_event(tx, tenant_id, number, occasion)


def simulated(
    tx: Transaction, tenant_id: int, purchase: Purchase, level_id: str | None
) -> tuple[Outcome, ...]:
    """What an imagined purchase would earn its member, rule by rule; nothing is recorded.

    level_id: the level that the member would have with it.
    """
    these = active(tx, tenant_id, *rules.ON_PURCHASE)
    asked = asked_of(tx, tenant_id, purchase.number, these)
    if asked is None:
        return ()
    facts = msgspec.structs.replace(asked.facts, level_id=level_id)
    return rules_on_purchases.evaluate(these, purchase, facts)


# --- a system event ------------------------------------------------------------------------------


def on_registered(tx: Transaction, tenant_id: int, number: int) -> None:
    """An account was created: whoever is that new earns, whatever their status."""
    _by_event(tx, tenant_id, number, Occasion(event=rules.ACCOUNT_CREATED), is_newcomer=True)


def on_logged_in(tx: Transaction, tenant_id: int, number: int) -> None:
    """A member logged in."""
    _by_event(tx, tenant_id, number, Occasion(event=rules.LOGGED_IN))


def on_newsletter(tx: Transaction, tenant_id: int, number: int) -> None:
    """A member subscribed to the newsletter."""
    _by_event(tx, tenant_id, number, Occasion(event=rules.NEWSLETTER_SUBSCRIPTION))


def _by_event(
    tx: Transaction,
    tenant_id: int,
    number: int,
    occasion: Occasion,
    *,
    is_newcomer: bool = False,
) -> None:
    these = [rule for rule in active(tx, tenant_id, "event") if rule.event_name == occasion.event]
    asked = asked_of(tx, tenant_id, number, these)
    if asked is None:
        return
    facts = msgspec.structs.replace(asked.facts, earns=True) if is_newcomer else asked.facts
    moment = tx.moment(tenant_id)
    outcomes = rules_on_events.highest(these, facts, moment, uses_of(tx, tenant_id, number, moment))
    comment = rules_on_events.raising(these, outcomes)
    pay(tx, tenant_id, asked.person, occasion, verdict(outcomes), comment)


# --- a referral ----------------------------------------------------------------------------------


def refer(
    tx: Transaction,
    tenant_id: int,
    *,
    referrer: int,
    referred: int,
    occasion: Occasion,
) -> None:
    """Whoever was invited did what `occasion.event` says: both may be paid, rule by rule."""
    these = [
        rule for rule in active(tx, tenant_id, "referral") if rule.event_name == occasion.event
    ]
    found = ask_about(tx, tenant_id, (referrer, referred), these) if these else {}
    nobody = Facts(earns=False)
    first = found[referrer].facts if referrer in found else nobody
    second = found[referred].facts if referred in found else nobody
    if referred in found and occasion.event == "register":
        # Nobody who registers has been activated yet.
        second = msgspec.structs.replace(second, earns=True)
    moment = tx.moment(tenant_id)
    for payment in rules_on_events.referrals(these, first, second, moment):
        given = verdict((Outcome(payment.rule, payment.rule.points_amount),))
        if payment.to_referrer:
            pay(tx, tenant_id, found[referrer].person, occasion, given)
        if payment.to_referred:
            pay(tx, tenant_id, found[referred].person, occasion, given)


# --- what is done on purpose ---------------------------------------------------------------------


def report_event(tx: Transaction, command: ReportEvent) -> Earned:
    """See `ReportEvent`."""
    these = [
        rule
        for rule in active(tx, command.tenant_id, "custom_event")
        if rule.event_name == command.event_name
    ]
    occasion = Occasion(event=command.event_name)
    return _on_purpose(tx, command, these, occasion, rules_on_events.highest)


def use_code(tx: Transaction, command: UseCode) -> Earned:
    """See `UseCode`."""
    these = rules_on_events.with_code(active(tx, command.tenant_id, "qrcode"), command.code)
    return _on_purpose(tx, command, these, Occasion(event="qrcode"), rules_on_events.every)


def visit_place(tx: Transaction, command: VisitPlace) -> Earned:
    """See `VisitPlace`."""
    these = rules_on_events.at_place(
        active(tx, command.tenant_id, "geolocation"), command.latitude, command.longitude
    )
    return _on_purpose(tx, command, these, Occasion(event="geolocation"), rules_on_events.every)


def _on_purpose(
    tx: Transaction,
    command: ReportEvent | UseCode | VisitPlace,
    these: list[Rule],
    occasion: Occasion,
    judge: Callable[..., tuple[Outcome, ...]],
) -> Earned:
    tenant_id, number = command.tenant_id, command.number
    wanted = getattr(command, "rule_id", "")
    these = [rule for rule in these if wanted in ("", rule.rule_id)]
    asked = ask_about(tx, tenant_id, (number,), these).get(number)
    if asked is None:
        raise NotFound("user not found", code="unknown_member")
    moment = tx.moment(tenant_id)
    outcomes = judge(these, asked.facts, moment, uses_of(tx, tenant_id, number, moment))
    reasons = {outcome.reason for outcome in outcomes}
    if "" not in reasons:
        if "limit_reached" in reasons:
            raise Refused("limit exceeded", code="limit_reached")
        raise Refused("event does not exist", code="unknown_event")
    return Earned(pay(tx, tenant_id, asked.person, occasion, verdict(outcomes)))


# --- an activity ---------------------------------------------------------------------------------


def by_activity(
    tx: Transaction,
    tenant_id: int,
    asked: Asked,
    these: Sequence[Rule],
    occasion: Occasion,
    occurred_at: int,
) -> int:
    """A member's activity meets the custom event rules of its type; the points it earned.

    When it occurred decides whether a rule holds, and in which window its use counts. Where neither
    matters, rules treat everybody with the same facts alike: that is found out once.
    """
    judged = _judged(tx, these)
    given = judged.get(asked.facts) if judged is not None else None
    if given is None:
        uses = uses_of(tx, tenant_id, asked.person.number, occurred_at)
        given = verdict(rules_on_events.highest(these, asked.facts, occurred_at, uses))
        if judged is not None:
            judged[asked.facts] = given
    return pay(tx, tenant_id, asked.person, occasion, given)


def _judged(tx: Transaction, these: Sequence[Rule]) -> dict[Facts, Verdict] | None:
    """The verdicts found out for these very rules by members' facts; None where others matter."""
    found: tuple[Sequence[Rule], dict[Facts, Verdict] | None] | None
    found = tx.judged.get(id(these))
    if found is None:
        are_lasting = all(rule.all_time_active and not is_limited(rule) for rule in these)
        # As long as they are kept here, no other list can have their id.
        found = tx.judged[id(these)] = these, {} if are_lasting else None
    return found[1]


def skip_activity(tx: Transaction, command: SkipActivity) -> None:
    """See `SkipActivity`."""
    tenant_id, position = command.tenant_id, command.position
    if not 0 < position <= tx.head(tenant_id).activity_position:
        raise NotFound("no such activity", code="unknown_activity")
    if position <= asked_until(tx.rows, tenant_id):
        raise Refused("the rules have passed that activity", code="activity_passed")
    skipped = definitions.ACTIVITY_WAS_SKIPPED
    record(tx, tenant_id, about_tenant(tx, tenant_id, skipped, position=position))


def asked_until(rows: Rows, tenant_id: int) -> int:
    """The position up to which the rules were asked about activities."""
    row = rows.one("follower_position", tenant_id=tenant_id, name=FOLLOWER)
    return row[0] if row else 0


HANDLERS: Handlers = {
    SkipActivity: skip_activity,
    ReportEvent: report_event,
    UseCode: use_code,
    VisitPlace: visit_place,
}
