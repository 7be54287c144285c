"""Decisions: what the programme decided, as plain values.

A decision's payload is a flat list of named parts. One part may be personal (or secret), or several
that stand side by side: their text is sealed under the member's key. The public view shows an empty
value in place of the one, and nothing in place of the several. So a forgotten member's decisions
stay valid JSON, and still count.

Source: Open Loyalty's event payloads: property names verbatim, in order, nulls left out.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder()


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One domain event on its way into the decision journal.

    type:      the full dotted name.
    aggregate: the uuid of what it is about (Open Loyalty's `uuid`).
    number:    the member concerned, or None.
    payload:   parts in their documented order; a part that is None is left out.
    personal:  the name of the one part to be sealed, or the names of neighbours after the first
               part, or None. A decision without a member seals it under the tenant's own key: that
               is how secrets such as password hashes are kept. What is about a person who is no
               member yet is sealed under a negative number of its own.
    """

    type: str
    aggregate: str
    number: int | None = None
    payload: dict[str, Any]
    personal: str | tuple[str, ...] | None = None

    def render(self) -> tuple[str, tuple[int, int], str | None]:
        """The public JSON text, the hole in it (start, length) and the text that fills the hole."""
        if self.personal is None:
            present = self.payload
            if None in present.values():
                present = {name: value for name, value in present.items() if value is not None}
            return _text(present), (0, 0), None
        parts: list[str] = []
        length = 1
        hole = (0, 0)
        fragment = None
        beside = self.personal if isinstance(self.personal, tuple) else ()
        for name, value in self.payload.items():
            if value is None:
                continue
            key = _name(name)
            shown = _text(value)
            if name in beside:
                fragment = f"{fragment or ''},{key}{shown}"
                hole = (length - 1, 0)
                continue
            if name == self.personal:
                fragment = shown
                shown = "{}" if isinstance(value, dict) else '""'
                hole = (length + len(key), len(shown))
            parts.append(key + shown)
            length += len(parts[-1]) + 1
        return "{" + ",".join(parts) + "}", hole, fragment


@cache
def _name(name: str) -> str:
    """A part's name as JSON; there are some dozens."""
    return _text(name) + ":"


def _text(value: Any) -> str:
    return _encoder.encode(value).decode()
