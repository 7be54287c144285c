"""Sheets: lists as CSV, safe to open in a spreadsheet.

Quoting is RFC 4180's; a cell with white space is quoted too, as Open Loyalty's own export does. A
text that a spreadsheet would take for a formula gets an apostrophe in front; a number stays one. So
does what stands behind a semicolon: where a comma is the decimal sign, spreadsheets part cells by
it, and our quotes, in the middle of such a cell, hold nothing together.

Source: Open Loyalty 4.3, "Utilities"; OWASP, "CSV Injection".
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MEDIA_TYPE = "text/csv; charset=utf-8"
_SPECIAL = re.compile(r"[\s\",\\]")
_FULL_WIDTH = r"\uff1d\uff0b\uff0d\uff20"  # = + - @, which Excel reads alike in Japanese
_FORMULA = re.compile(rf"[=+\-@\t\r\n{_FULL_WIDTH}]")
_FORMULA_INSIDE = re.compile(rf"(?<=;)(?=[=+\-@{_FULL_WIDTH}])")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_UNSHOWN = str.maketrans("", "", "\0")


def line(cells: Iterable[str]) -> bytes:
    """One row."""
    return (",".join(map(_cell, cells)) + "\n").encode()


def _cell(text: str) -> str:
    shown = _FORMULA_INSIDE.sub("'", text.translate(_UNSHOWN))
    if _FORMULA.match(shown) and not _NUMBER.fullmatch(shown):
        shown = "'" + shown
    if _SPECIAL.search(shown):
        return '"' + shown.replace('"', '""') + '"'
    return shown
