"""What follows from what: the one place that says which part of a programme hears of which moment.

A handler that has decided something tells of the moment; whoever listens decides in turn, in the
same transaction and in the order below. So no part of the programme imports the part that follows.

Source: Open Loyalty's order of decisions in its composite operations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from guerdon.store.transaction import Transaction

Moment = Literal[
    "registered",
    "invited",
    "level_chosen",
    "details_changed",
    "activated",
    "logged_in",
    "subscribed_to_newsletter",
    "points_changed",
    "purchase_assigned",
    "return_assigned",
    "level_changed",
    "forgotten",
]
"""Facts: invited(token, referrer_email), from the registration form, either may be empty;
level_chosen(level_id), by whoever registered or edited the member; points_changed(change), of what
is available: 0 when only what was earned changed; purchase_assigned(purchase);
return_assigned(purchase, original); level_changed(level_id, old_level_id). The others have none.
"""
Listener = Callable[..., None]
"""Called with (tx, tenant_id, number, **facts)."""

LISTENERS: dict[Moment, list[Listener]] = {}
"""Filled by `handlers.py`, which knows every part."""


def follow(tx: Transaction, tenant_id: int, moment: Moment, number: int, **facts: Any) -> None:
    """Something happened to the member with this number: let whatever follows follow."""
    for listener in LISTENERS.get(moment, ()):
        listener(tx, tenant_id, number, **facts)
