"""Forms: what a request's body says, field by field, and everything that is wrong with it at once.

A field is known to the form once it has been asked for; `check` refuses when one of them was wrong,
naming them all, as Symfony's form errors do. A field is required unless it is said not to be;
missing means absent, null or empty text. An optional one that is missing is None.

Text is text whether it came as JSON or as a form body, so numbers and switches may be spelled
either way. Nothing is ever a float: a JSON number is read by its shortest decimal text.

An edit keeps the fields that were not sent (`Form.kept`); one that was sent empty is taken away.

Units:   points are integers of hundredths, and never finer; money is of 1/10,000, rounded half up;
         moments are microseconds UTC, read in the programme's time zone when they name no offset.
Errors:  InvalidForm from `check`.
Source:  Open Loyalty 4.3 and its framework's form errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, tzinfo
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal, overload
from uuid import UUID

from guerdon import limits
from guerdon.dialects.openloyalty.dates import MOMENT, last_of_day, read_moment
from guerdon.errors import InvalidForm
from guerdon.web.uploads import File

BLANK = "This value should not be blank."
WRONG = "This value is not valid."
USED = "This value is already used."
MISSING_CHOICE = "The value you selected is not a valid choice."

_HUNDREDTHS = Decimal("0.01")
_PERCENT = 100
_TEN_THOUSANDTHS = Decimal("0.0001")
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{0,20})?(?:[eE](?:\+?[0-9]|-[0-9]{1,2}))?")
"""At most 24 digits before the point, so that money has the 28 that `Decimal` reckons with; after
it as many as a double's shortest text has."""
_WHOLE = re.compile(r"([+-]?[0-9]{1,15})(?:\.0{1,9})?")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SWITCHES = {"1": True, "true": True, "on": True, "0": False, "false": False, "off": False}

AUDIENCE = ("target", "levels", "segments")
"""Whom something is for, which is sent as a whole."""

Required = Literal[True]


class Form:
    """One form, or one part of one."""

    def __init__(
        self,
        given: object,
        timezone: tzinfo = UTC,
        files: Mapping[str, File] | None = None,
        root: str = "",
    ) -> None:
        self._given: Mapping[str, Any] = _by_name(given)
        self._timezone = timezone
        self._files = files or {}
        self._root = root
        self._errors: dict[str, list[str]] = {}
        self.parts: dict[str, Form] = {}
        self.messages: list[str] = []
        self.is_emptied = False
        """Whether this is a part that was sent, but with nothing in it."""

    # --- what was sent ------------------------------------------------------------------------

    def has(self, name: str) -> bool:
        """Whether the field was sent at all, even as null or empty."""
        return name in self._given

    def names(self) -> list[str]:
        """The names of everything that was sent, known or not."""
        return list(self._given)

    def kept(self, before: Mapping[str, Any], *wholes: Sequence[str]) -> dict[str, Any]:
        """What stood before an edit in the fields that were not sent; none of an emptied part's.

        wholes: fields that are sent together: none of them is kept when one was sent.
        """
        said = {name for whole in wholes if any(map(self.has, whole)) for name in whole}
        return {
            name: value
            for name, value in before.items()
            if not (self.is_emptied or self.has(name) or name in said)
        }

    def raw(self, name: str) -> Any:
        """The field's value as it came; None when it did not."""
        self._errors.setdefault(name, [])
        return self._given.get(name)

    def file(self, name: str, *, required: bool = True) -> File | None:
        """A file of a multipart body."""
        found = self._files.get(f"{self._root}[{name}]" if self._root else name)
        self._errors.setdefault(name, [])
        if found is None and required:
            self.fail(name, BLANK)
        return found

    # --- fields -------------------------------------------------------------------------------

    @overload
    def text(self, name: str, *, required: Required = True, chars_max: int = ...) -> str: ...
    @overload
    def text(self, name: str, *, required: bool, chars_max: int = ...) -> str | None: ...
    def text(
        self, name: str, *, required: bool = True, chars_max: int = limits.form_text_chars_max
    ) -> str | None:
        """Text, without white space at its ends; "" when it is wrong."""
        return self._short(name, self._text(name, required=required), chars_max)

    @overload
    def password(self, name: str, *, required: Required = True) -> str: ...
    @overload
    def password(self, name: str, *, required: bool) -> str | None: ...
    def password(self, name: str, *, required: bool = True) -> str | None:
        """A password as it was typed, since logging in takes nothing off; "" when it is wrong."""
        found = self._text(name, required=required)
        typed = _shown(self._given[name]) if found else found
        return self._short(name, typed, limits.password_chars_max)

    @overload
    def choice(self, name: str, choices: Sequence[str], *, required: Required = True) -> str: ...
    @overload
    def choice(self, name: str, choices: Sequence[str], *, required: bool) -> str | None: ...
    def choice(self, name: str, choices: Sequence[str], *, required: bool = True) -> str | None:
        """One of some words; the first of them when it is wrong."""
        found = self._text(name, required=required)
        if found and found not in choices:
            self.fail(name, MISSING_CHOICE)
        return found if found is None or found in choices else choices[0]

    @overload
    def switch(self, name: str, *, required: Required = True) -> bool: ...
    @overload
    def switch(self, name: str, *, required: bool) -> bool | None: ...
    def switch(self, name: str, *, required: bool = True) -> bool | None:
        """Yes or no: 1, 0, true, false, on, off, as text or not; False when it is wrong."""
        found = self._text(name, required=required)
        if found is None:
            return None
        value = _SWITCHES.get(found.lower())
        if value is None and found:
            self.fail(name, WRONG)
        return bool(value)

    @overload
    def whole(
        self, name: str, *, required: Required = True, low: int = ..., high: int = ...
    ) -> int: ...
    @overload
    def whole(
        self, name: str, *, required: bool, low: int = ..., high: int = ...
    ) -> int | None: ...
    def whole(
        self,
        name: str,
        *,
        required: bool = True,
        low: int = 0,
        high: int = limits.integer_abs_max,
    ) -> int | None:
        """A whole number between two bounds, both included; `low` when it is wrong.

        `2.0000` is whole: so shops send quantities.
        """
        found = self._text(name, required=required)
        if found is None:
            return None
        matched = _WHOLE.fullmatch(found)
        if not matched:
            return self._wrong(name, found, low)
        return self._within(name, int(matched[1]), low, high, str(low), str(high))

    @overload
    def points(
        self, name: str, *, required: Required = True, low: int = ..., high: int = ...
    ) -> int: ...
    @overload
    def points(
        self, name: str, *, required: bool, low: int = ..., high: int = ...
    ) -> int | None: ...
    def points(
        self,
        name: str,
        *,
        required: bool = True,
        low: int = 0,
        high: int = limits.points_hundredths_max,
    ) -> int | None:
        """Points as hundredths, between two bounds in hundredths; `low` when it is wrong.

        A finer amount is wrong: rounded, it would be another than the one that was asked for.
        """
        value = self._decimal(name, _HUNDREDTHS, required=required, low=low, high=high)
        if value is None or not self.is_right(name) or _is_hundredths(self._given[name]):
            return value
        self.fail(name, WRONG)
        return low

    @overload
    def money(
        self, name: str, *, required: Required = True, low: int = ..., high: int = ...
    ) -> int: ...
    @overload
    def money(
        self, name: str, *, required: bool, low: int = ..., high: int = ...
    ) -> int | None: ...
    def money(
        self,
        name: str,
        *,
        required: bool = True,
        low: int = 0,
        high: int = limits.integer_abs_max,
    ) -> int | None:
        """Money as 1/10,000, between two bounds in 1/10,000; `low` when it is wrong."""
        return self._decimal(name, _TEN_THOUSANDTHS, required=required, low=low, high=high)

    def percent(self, name: str, *, high: int = limits.integer_abs_max) -> int:
        """A share in 1/10,000, sent as a percentage: `15` is 0.15. high: of what is sent, too."""
        return (self.money(name, high=high) + _PERCENT // 2) // _PERCENT

    @overload
    def date(self, name: str, *, required: Required = True) -> str: ...
    @overload
    def date(self, name: str, *, required: bool) -> str | None: ...
    def date(self, name: str, *, required: bool = True) -> str | None:
        """A day as `YYYY-MM-DD`; what follows the day is ignored. "" when it is wrong."""
        found = self._text(name, required=required)
        if not found:
            return found
        matched = MOMENT.fullmatch(found)
        try:
            return date.fromisoformat(matched.group(1) if matched else "").isoformat()
        except ValueError:
            self.fail(name, WRONG)
            return ""

    @overload
    def moment(self, name: str, *, required: Required = True) -> int: ...
    @overload
    def moment(self, name: str, *, required: bool) -> int | None: ...
    def moment(self, name: str, *, required: bool = True) -> int | None:
        """A day, with or without an hour and an offset, as microseconds UTC; 0 when it is wrong."""
        found = self._text(name, required=required)
        if found is None:
            return None
        moment = read_moment(found, self._timezone)
        if moment is None:
            return self._wrong(name, found, 0)
        return moment

    @overload
    def end(self, name: str, *, required: Required = True) -> int: ...
    @overload
    def end(self, name: str, *, required: bool) -> int | None: ...
    def end(self, name: str, *, required: bool = True) -> int | None:
        """A moment at which something ends; a day without an hour is meant whole."""
        moment = self.moment(name, required=required)
        last = last_of_day(str(self.raw(name)).strip(), self._timezone)
        return moment if last is None else last

    def uuid(self, name: str, *, required: bool = True) -> str | None:
        """An id in its 36-character form, lower case; "" when it is wrong."""
        found = self._text(name, required=required)
        if not found:
            return found
        if is_uuid(found.lower()):
            return found.lower()
        self.fail(name, WRONG)
        return ""

    def ids(self, name: str, *, required: bool = False) -> list[str]:
        """Several ids, wrong ones left out; none when it is missing."""
        found = [text.lower() for text in self.texts(name, required=required)]
        if not all(map(is_uuid, found)):
            self.fail(name, WRONG)
        return [text for text in found if is_uuid(text)]

    def texts(
        self,
        name: str,
        *,
        required: bool = False,
        chars_max: int = limits.form_text_chars_max,
    ) -> list[str]:
        """Several texts, without blank ones; none when it is missing."""
        self._errors.setdefault(name, [])
        given = self._given.get(name)
        if isinstance(given, Mapping):
            given = list(given.values())
        if given is None or given == "":
            given = []
        if not isinstance(given, list):
            given = [given]
        found = [_shown(each) for each in given]
        if any(each is None or len(each) > chars_max for each in found):
            self.fail(name, WRONG)
        kept = [text for each in found if each and (text := each.strip())]
        if required and not kept:
            self.fail(name, BLANK)
        return kept

    # --- parts --------------------------------------------------------------------------------

    def child(self, name: str) -> Form:
        """A part with fields of its own, empty when it was not sent."""
        known = self.parts.get(name)
        if known is None:
            known = self.parts[name] = self._part(self._given.get(name), name)
            known.is_emptied = self.is_emptied or (self.has(name) and not known.names())
        return known

    def texts_of(self, locale: str, known: Mapping[str, Sequence[str]]) -> Form:
        """The part with a language's texts; this form itself if they stand beside `translations`.

        Clients of releases that had no translations send them so; what is sent of a language where
        the documents have it counts before what stands beside it.

        known: by the name of each text, what only repeats an answer, whatever language it spoke.
        """
        spoken = self.child("translations")
        said = (self._given.get(name) not in (None, *texts) for name, texts in known.items())
        is_beside = not spoken.has(locale) and any(said)
        return self if is_beside else spoken.child(locale)

    def children(self, name: str) -> list[Form]:
        """Parts of one kind, in the order they came; none when it was not sent."""
        given = self._given.get(name)
        if isinstance(given, Mapping):
            pairs = list(given.items())
        elif isinstance(given, list):
            pairs = [(str(index), each) for index, each in enumerate(given)]
        else:
            pairs = []
            self._errors.setdefault(name, [])
            if given not in (None, ""):
                self.fail(name, WRONG)
        whole = self.parts.setdefault(name, Form({}, self._timezone)) if pairs else None
        parts = []
        for key, each in pairs:
            part = self._part(each, name, str(key))
            parts.append(part)
            if whole is not None:
                whole.parts[str(key)] = part
        return parts

    # --- what is wrong ------------------------------------------------------------------------

    def fail(self, name: str, message: str) -> None:
        """Something is wrong with a field; an empty name means the form as a whole."""
        if not name:
            self.messages.append(message)
        elif name in self.parts:
            self.parts[name].messages.append(message)
        else:
            self._errors.setdefault(name, []).append(message)

    @property
    def is_valid(self) -> bool:
        """Whether nothing was wrong so far."""
        return (
            not self.messages
            and not any(self._errors.values())
            and all(child.is_valid for child in self.parts.values())
        )

    def is_right(self, name: str) -> bool:
        """Whether nothing was wrong with one field, or part, so far."""
        part = self.parts.get(name)
        return not self._errors.get(name) and (part is None or part.is_valid)

    def check(self) -> None:
        """Refuse the form if anything was wrong. Errors: InvalidForm."""
        if not self.is_valid:
            raise InvalidForm(self.tree(), self.messages)

    def tree(self) -> dict[str, Any]:
        """Every field that was asked for, with what is wrong with it."""
        tree: dict[str, Any] = {
            name: {"errors": messages} if messages else {}
            for name, messages in self._errors.items()
        }
        for name, child in self.parts.items():
            entry: dict[str, Any] = {"errors": child.messages} if child.messages else {}
            tree[name] = {**entry, "children": child.tree()}
        return tree

    # --- reading ------------------------------------------------------------------------------

    def _part(self, given: object, *names: str) -> Form:
        head, *rest = (self._root, *names) if self._root else names
        root = head + "".join(f"[{name}]" for name in rest)
        part = Form(given, self._timezone, self._files, root)
        if given not in (None, "") and not isinstance(given, Mapping | list):
            part.messages.append(WRONG)
        return part

    def _text(self, name: str, *, required: bool) -> str | None:
        self._errors.setdefault(name, [])
        given = self._given.get(name)
        shown = "" if given is None else _shown(given)
        if shown is None:
            self.fail(name, WRONG)
            return ""
        text = shown.strip()
        if text:
            return text
        if not required:
            return None
        self.fail(name, BLANK)
        return ""

    def _short(self, name: str, text: str | None, chars_max: int) -> str | None:
        if text is None or len(text) <= chars_max:
            return text
        self.fail(name, f"This value is too long. It should have {chars_max} characters or less.")
        return ""

    def _decimal(
        self, name: str, unit: Decimal, *, required: bool, low: int, high: int
    ) -> int | None:
        found = self._text(name, required=required)
        if found is None:
            return None
        if not _NUMBER.fullmatch(found):
            return self._wrong(name, found, low)
        exact = Decimal(found).quantize(unit, ROUND_HALF_UP) / unit
        bounds = (f"{Decimal(low) * unit:f}", f"{Decimal(high) * unit:f}")
        return self._within(name, int(exact), low, high, *bounds)

    def _within(
        self, name: str, value: int, low: int, high: int, low_shown: str, high_shown: str
    ) -> int:
        if value < low:
            self.fail(name, f"This value should be {_plain(low_shown)} or more.")
            return low
        if value > high:
            self.fail(name, f"This value should be {_plain(high_shown)} or less.")
            return high
        return value

    def _wrong(self, name: str, found: str, value: int) -> int:
        """The value of a field that is no number; a blank one has its message already."""
        if found:
            self.fail(name, WRONG)
        return value


def is_uuid(text: str) -> bool:
    """Whether a text is a uuid in its 36-character form, lower case."""
    return _UUID.fullmatch(text) is not None and UUID(text).int >= 0


def _is_hundredths(given: object) -> bool:
    """Whether a number, which is within bounds, has at most two decimals, and is no switch."""
    return not isinstance(given, bool) and Decimal(str(given).strip()) % _HUNDREDTHS == 0


def _by_name(given: object) -> Mapping[str, Any]:
    if isinstance(given, Mapping):
        return given
    if isinstance(given, list):
        return {str(index): each for index, each in enumerate(given)}
    return {}


def _shown(value: object) -> str | None:
    """A scalar as text; None when it is none."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, int | float):
        return repr(value)
    return value if isinstance(value, str) else None


def _plain(number: str) -> str:
    """A number as text without a superfluous digit."""
    return number.rstrip("0").rstrip(".") if "." in number else number
