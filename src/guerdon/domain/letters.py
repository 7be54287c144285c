"""What members are written: one plain letter for each purpose of a token.

An operator's own page is named by a link with `{token}` in it; without one the letter has the
token itself.
"""

from __future__ import annotations

import msgspec

from guerdon.clock import to_datetime

_WORDS = {
    "activation": ("Activate your account", "activate your account"),
    "sms": ("Your activation code", "activate your account"),
    "reset": ("Set a new password", "set a new password"),
    "change": ("Confirm your new contact", "confirm your new e-mail or phone number"),
}
PLACE = "{token}"


class Letter(msgspec.Struct, frozen=True):
    """A subject line and a text."""

    subject: str
    text: str


def mail(purpose: str, token: str, link: str, expires_at: int) -> Letter:
    """A letter by mail; `link` may be empty, `expires_at` is microseconds UTC."""
    subject, act = _WORDS[purpose]
    way = f"open {link.replace(PLACE, token)}" if PLACE in link else f"use this code: {token}"
    until = to_datetime(expires_at).strftime("%Y-%m-%d %H:%M UTC")
    return Letter(subject, f"To {act}, {way}\n\nIt works once, until {until}.\n")


def sms(purpose: str, token: str) -> str:
    """The same in a line."""
    return f"{_WORDS[purpose][0]}: {token}"
