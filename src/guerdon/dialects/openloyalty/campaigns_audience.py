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
from guerdon.store import decisions, levels, members, pictures, rewards, segments, standing
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
        return sum(1 for _ in numbers_for(rows, tenant_id, reward))
    return min(total, counter.everybody)


def numbers_for(rows: Rows, tenant_id: int, reward: Reward) -> Iterator[int]:
    """The members a reward is for, ascending, each once; read a slice at a time."""
    if not reward.levels and not reward.segments:
        gone = set(standing.deleted(rows, tenant_id))
        return (number for number in _walk(_numbers(rows, tenant_id)) if number not in gone)
    several = [_walk(_members(levels.members, rows, tenant_id, each)) for each in reward.levels]
    several += [
        _walk(_members(segments.members, rows, tenant_id, each)) for each in reward.segments
    ]
    return _distinct(heapq.merge(*several))


def page_of(numbers: Iterator[int], page: Page) -> list[int]:
    """A page of numbers."""
    return list(islice(numbers, page.offset, page.offset + page.limit))


def _numbers(rows: Rows, tenant_id: int) -> Callable[[int], list[int]]:
    return lambda after: [each.number for each in members.after(rows, tenant_id, after, _PAGE_ROWS)]


def _members(
    ask: Callable[..., list[int]], rows: Rows, tenant_id: int, group_id: str
) -> Callable[[int], list[int]]:
    return lambda after: ask(rows, tenant_id, group_id, after=after, limit=_PAGE_ROWS)


def _walk(page: Callable[[int], list[int]]) -> Iterator[int]:
    after = 0
    while found := page(after):
        yield from found
        after = found[-1]


def _distinct(numbers: Iterator[int]) -> Iterator[int]:
    last = None
    for number in numbers:
        if number != last:
            yield number
        last = number
