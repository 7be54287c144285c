"""Segments: which members belong together, and when time alone may change that.

A segment has parts and a part has criteria: a member belongs to it who meets at least one criterion
of every part. A criterion with several values (places, products, labels, members) is met by one of
them. Bounds are inclusive, and a missing one does not bind.

* `anniversary`: of birth or of registration, today or within so many days, by the calendar of the
  programme's time zone. The day of registration itself is none; 29 February is kept on the 28th
  in other years.
* `last_purchase_n_days_before`: the last purchase lies at least so many days (of 24 hours) back;
  whoever never bought has none. The documents say "at least", and it is what winning somebody back
  needs.
* `purchase_period`: something was bought between two moments.
* `bought_in_pos`, `bought_skus`, `bought_makers`, `bought_labels`: ever bought there, or that.
* `transaction_count`, `transaction_amount`, `average_transaction_amount`: purchases that did not
  come back whole, returns taken off.
* `transaction_percent_in_pos`: at least this share of those purchases was made there.
* `customer_has_labels` (keys), `customer_has_labels_with_values`, `customer_list`.

Units:  money and shares are 1/10,000 of one, moments microseconds UTC; in a body, a `percent` of
        0.75 is three in four.
Source: Open Loyalty 4.3, "Segments".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import MAXYEAR, date, datetime, timedelta, tzinfo
from typing import Any

import msgspec

from guerdon.clock import DAY, from_datetime, to_local
from guerdon.domain.decisions import Decision
from guerdon.domain.purchases import Label, money_amount
from guerdon.domain.registration import local

MEMBER_WAS_ADDED = "Guerdon.Segment.Event.MemberWasAddedToSegment"
MEMBER_WAS_REMOVED = "Guerdon.Segment.Event.MemberWasRemovedFromSegment"

BIRTHDAY, REGISTRATION = "birthday", "registration"
_LEAP_DAY = (2, 29)
_WHOLE = 10_000


class Person(msgspec.Struct, frozen=True):
    """What criteria ask of a member. `last_at` is 0 for whoever never bought.

    The last three are asked for only when a criterion needs them: how many purchases were made at
    each POS; everything of a kind (`sku`, `maker`, `label` as JSON text) that was ever bought;
    whether anything was bought in a span of time.
    """

    member_id: str
    registered_at: int
    birth_date: date | None
    labels: frozenset[Label]
    purchases: int
    gross: int
    last_at: int
    places: Callable[[], Mapping[str, int]]
    bought: Callable[[str], set[str]]
    bought_between: Callable[[int, int], bool]


class When(msgspec.Struct, frozen=True):
    """The moment at which a segment is looked at, and whose calendar counts."""

    now: int
    timezone: tzinfo

    @property
    def today(self) -> date:
        """The calendar's day."""
        return to_local(self.now, self.timezone).date()

    def begins(self, day: date) -> int:
        """The first moment of a day."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=self.timezone)
        return from_datetime(midnight)


class Criterion(msgspec.Struct, frozen=True):
    """One condition; which of the fields it uses is said by its `type`."""

    type: str
    days: int = 0
    anniversary: str = ""
    low: int | None = None
    high: int | None = None
    percent: int = 0
    values: frozenset[str] = frozenset()
    labels: frozenset[Label] = frozenset()

    def spans(self, value: int) -> bool:
        """Whether a value is within the bounds."""
        return (self.low is None or self.low <= value) and (self.high is None or value <= self.high)


class Segment(msgspec.Struct, frozen=True):
    """A segment as far as it decides anything."""

    segment_id: str
    parts: tuple[tuple[Criterion, ...], ...]


def segment(segment_id: str, body: Mapping[str, Any]) -> Segment:
    """A segment from its definition's body."""
    parts = (part.get("criteria") or () for part in body.get("parts") or ())
    return Segment(segment_id, tuple(tuple(map(criterion, part)) for part in parts))


def criterion(body: Mapping[str, Any]) -> Criterion:
    """A criterion from its part of a definition's body."""
    labels = [(each["key"], each.get("value") or "") for each in body.get("labels") or ()]
    return Criterion(
        type=body["type"],
        days=body.get("days") or 0,
        anniversary=body.get("anniversaryType") or "",
        low=_bound(body, ("min", None), ("fromDate", None), ("fromAmount", money_amount)),
        high=_bound(body, ("max", None), ("toDate", None), ("toAmount", money_amount)),
        percent=money_amount(body.get("percent") or 0),
        values=_values(body),
        labels=frozenset(labels),
    )


_VALUES = {
    "bought_in_pos": "posIds",
    "bought_skus": "skuIds",
    "bought_makers": "makers",
    "customer_list": "customers",
}


def _values(body: Mapping[str, Any]) -> frozenset[str]:
    if body["type"] == "transaction_percent_in_pos":
        return frozenset((body["posId"],))
    return frozenset(body.get(_VALUES.get(body["type"], "")) or ())


def _bound(body: Mapping[str, Any], *names: tuple[str, Callable[[Any], int] | None]) -> int | None:
    for name, read in names:
        value = body.get(name)
        if value is not None:
            return read(value) if read else int(value)
    return None


def belongs(segment: Segment, person: Person, when: When) -> bool:
    """Whether somebody belongs to a segment; nobody to one without parts."""
    return bool(segment.parts) and all(
        any(_MEETS[each.type](each, person, when) for each in part) for part in segment.parts
    )


def changes_at(segment: Segment, person: Person, when: When) -> int | None:
    """The next moment at which time alone may change that, if there is one."""
    criteria = (each for part in segment.parts for each in part)
    moments = (
        _CHANGES[each.type](each, person, when) for each in criteria if each.type in _CHANGES
    )
    return min((moment for moment in moments if moment is not None), default=None)


# --- Criteria ------------------------------------------------------------------------------------


def _has_anniversary(wanted: Criterion, person: Person, when: When) -> bool:
    day = _anniversary(wanted, person, when)
    return day is not None and day - when.today <= timedelta(wanted.days)


def _anniversary_changes(wanted: Criterion, person: Person, when: When) -> int | None:
    """The day after the anniversary, once it is near; before that, the day it comes near."""
    day = _anniversary(wanted, person, when)
    if day is None:
        return None
    near = day - timedelta(wanted.days)
    return when.begins(day + timedelta(1) if near <= when.today else near)


def _anniversary(wanted: Criterion, person: Person, when: When) -> date | None:
    """The next anniversary, today's included."""
    if wanted.anniversary == REGISTRATION:
        began: date | None = to_local(person.registered_at, when.timezone).date()
    else:
        began = person.birth_date
    if began is None or began.year >= MAXYEAR - 1:
        return None
    today = when.today
    day = _in_year(began, max(today.year, began.year + 1))
    return day if day >= today else _in_year(began, day.year + 1)


def _in_year(day: date, year: int) -> date:
    is_common = year % 4 != 0 or (year % 100 == 0 and year % 400 != 0)
    if (day.month, day.day) == _LEAP_DAY and is_common:
        return date(year, 2, 28)
    return day.replace(year=year)


def _bought_long_ago(wanted: Criterion, person: Person, when: When) -> bool:
    return bool(person.last_at) and person.last_at + wanted.days * DAY <= when.now


def _long_ago_comes(wanted: Criterion, person: Person, when: When) -> int | None:
    moment = person.last_at + wanted.days * DAY
    return moment if person.last_at and moment > when.now else None


def _bought_in_time(wanted: Criterion, person: Person, _when: When) -> bool:
    first = wanted.low if wanted.low is not None else -(2**62)
    return person.bought_between(first, wanted.high if wanted.high is not None else 2**62)


def _bought_there(wanted: Criterion, person: Person, _when: When) -> bool:
    return not wanted.values.isdisjoint(person.places())


def _bought_there_often(wanted: Criterion, person: Person, _when: When) -> bool:
    there = sum(person.places().get(pos_id, 0) for pos_id in wanted.values)
    share = wanted.percent * person.purchases
    return person.purchases > 0 and there * _WHOLE >= share


def _bought_thing(kind: str) -> Callable[[Criterion, Person, When], bool]:
    def bought(wanted: Criterion, person: Person, _when: When) -> bool:
        return not wanted.values.isdisjoint(person.bought(kind))

    return bought


def _bought_labelled(wanted: Criterion, person: Person, _when: When) -> bool:
    texts = {msgspec.json.encode(label).decode() for label in wanted.labels}
    return not texts.isdisjoint(person.bought("label"))


def _bought_so_often(wanted: Criterion, person: Person, _when: When) -> bool:
    return wanted.spans(person.purchases)


def _bought_so_much(wanted: Criterion, person: Person, _when: When) -> bool:
    return wanted.spans(person.gross)


def _bought_so_much_at_once(wanted: Criterion, person: Person, _when: When) -> bool:
    return wanted.spans(person.gross // person.purchases if person.purchases else 0)


def _has_labels(wanted: Criterion, person: Person, _when: When) -> bool:
    keys = {key for key, _ in wanted.labels}
    return any(key in keys for key, _ in person.labels)


def _has_labels_with_values(wanted: Criterion, person: Person, _when: When) -> bool:
    return not wanted.labels.isdisjoint(person.labels)


def _is_listed(wanted: Criterion, person: Person, _when: When) -> bool:
    return person.member_id in wanted.values


_MEETS: dict[str, Callable[[Criterion, Person, When], bool]] = {
    "anniversary": _has_anniversary,
    "bought_in_pos": _bought_there,
    "transaction_count": _bought_so_often,
    "transaction_amount": _bought_so_much,
    "average_transaction_amount": _bought_so_much_at_once,
    "last_purchase_n_days_before": _bought_long_ago,
    "purchase_period": _bought_in_time,
    "transaction_percent_in_pos": _bought_there_often,
    "bought_skus": _bought_thing("sku"),
    "bought_makers": _bought_thing("maker"),
    "bought_labels": _bought_labelled,
    "customer_has_labels": _has_labels,
    "customer_has_labels_with_values": _has_labels_with_values,
    "customer_list": _is_listed,
}
_CHANGES: dict[str, Callable[[Criterion, Person, When], int | None]] = {
    "anniversary": _anniversary_changes,
    "last_purchase_n_days_before": _long_ago_comes,
}
TYPES: tuple[str, ...] = tuple(_MEETS)
"""Every criterion there is."""


# --- Decisions -----------------------------------------------------------------------------------


def membership_changed(
    type: str, segment_id: str, member_id: str, number: int, when: When
) -> Decision:
    """A member belongs to a segment from now on (`MEMBER_WAS_ADDED`), or no longer."""
    payload = {
        "customerId": {"customerId": member_id},
        "segmentId": {"segmentId": segment_id},
        "updateAt": local(when.now, when.timezone),
    }
    return Decision(type=type, aggregate=member_id, number=number, payload=payload)
