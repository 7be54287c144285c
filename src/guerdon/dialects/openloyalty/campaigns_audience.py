"""Whom a reward is for: how many members, and which.

Members of several levels or segments at once are counted, and listed, once.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from itertools import islice

import msgspec

from guerdon import limits
from guerdon.dialects.openloyalty.lists import Page
from guerdon.domain.erasure import WAS_DELETED
from guerdon.domain.registration import CUSTOMER_WAS_REGISTERED
from guerdon.domain.rewards import Reward, Sold
from guerdon.store import decisions, levels, pictures, registrations, rewards, segments
from guerdon.store.pictures import Picture
from guerdon.store.port import Rows

_PAGE_ROWS = 500


class Counter(msgspec.Struct, frozen=True):
    """What is known of all of a tenant's rewards: read once for a whole list."""

    sold: dict[str, Sold]
    level_members: dict[str, int]
    segment_members: dict[str, int]
    everybody: int
    pictures: dict[str, list[Picture]]

    @classmethod
    def of(cls, rows: Rows, tenant_id: int, number: int = 0) -> Counter:
        """The counts as they are now; `number` is the member whose coupons count as theirs."""
        registered = decisions.total(rows, tenant_id, type=CUSTOMER_WAS_REGISTERED)
        gone = decisions.total(rows, tenant_id, type=WAS_DELETED)
        totals = segments.totals(rows, tenant_id)
        return cls(
            rewards.all_sold(rows, tenant_id, number),
            levels.totals(rows, tenant_id),
            {segment_id: total.members for segment_id, total in totals.items()},
            registered - gone,
            pictures.of_kind(rows, tenant_id, "Reward"),
        )


def size(rows: Rows, tenant_id: int, counter: Counter, reward: Reward) -> int:
    """How many members a reward is for.

    Members of several segments at once are counted once as long as there are not too many.
    """
    if not reward.levels and not reward.segments:
        return counter.everybody
    several = [counter.level_members.get(each, 0) for each in reward.levels]
    belonging = [counter.segment_members.get(each, 0) for each in reward.segments]
    total = sum(several) + sum(belonging)
    overlaps = len(reward.segments) + bool(reward.levels) > 1
    if overlaps and 0 < total <= limits.reward_audience_counted_max:
        return sum(1 for _ in _numbers(rows, tenant_id, reward))
    return min(total, counter.everybody)


def page_of(rows: Rows, tenant_id: int, reward: Reward, page: Page) -> list[int]:
    """A page of the members a reward is for, by number in either direction.

    Cost: for everybody it is worked out where a page begins; otherwise all pages before it.
    """
    offset, limit = page.offset, page.limit
    if not reward.levels and not reward.segments:
        numbers, _ = registrations.page(
            rows, tenant_id, offset=offset, limit=limit, descending=page.descending
        )
        return numbers
    found = _numbers(rows, tenant_id, reward, descending=page.descending)
    return list(islice(found, offset, offset + limit))


def _numbers(
    rows: Rows, tenant_id: int, reward: Reward, *, descending: bool = False
) -> Iterator[int]:
    """The members of a reward's levels and segments, each once; read a slice at a time."""
    start = registrations.registered(rows, tenant_id) + 1 if descending else 0
    of_level = levels.members_before if descending else levels.members
    of_segment = segments.members_before if descending else segments.members

    past = "before" if descending else "after"

    def walk(ask: Callable[..., list[int]], group_id: str) -> Iterator[int]:
        last = start
        while found := ask(rows, tenant_id, group_id, limit=_PAGE_ROWS, **{past: last}):
            yield from found
            last = found[-1]

    several = [walk(of_level, each) for each in reward.levels]
    several += [walk(of_segment, each) for each in reward.segments]
    return _distinct(heapq.merge(*several, reverse=descending))


def _distinct(numbers: Iterator[int]) -> Iterator[int]:
    last = None
    for number in numbers:
        if number != last:
            yield number
        last = number
