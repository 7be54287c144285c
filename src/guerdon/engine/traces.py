"""Whether a stored request names somebody, in whichever way it was written.

A body may be JSON, with or without escapes, XML with its references, or a form; a path may be
percent-encoded, and WoowUp's has base64 in it. Upper and lower case are the same. A short word
counts only where it stands alone: a partner's id may be a number that is part of many others.

Text is UTF-8, UTF-16 or UTF-32, or in one of the encodings that Europe's systems had before; which
one a body is in is not believed but tried.
"""

from __future__ import annotations

import base64
import codecs
import html
import re
from collections.abc import Iterator
from urllib.parse import unquote_plus

from guerdon.domain.erasure import Words

_DISTINCT_CHARS = 8
_MARK_BYTES = 4
_BYTES_PER_ZERO = 100
_WIDE = ("utf-16-le", "utf-16-be")
_NARROW = ("cp1252", "cp1250", "iso8859-2")


def mentions(*contents: bytes, words: Words) -> bool:
    """Whether any of the words, each with all of its parts, is in the contents together."""
    plain = [text for content in contents for text in _readings(content)]
    texts = {
        text.casefold()
        for each in plain
        for text in (each, _without_escapes(each), unquote_plus(each), html.unescape(each))
    }
    return any(
        all(any(part.casefold() in text for text in texts) for part in parts)
        if len(parts) > 1
        else any(_has(text, parts[0].casefold()) for text in texts)
        or any(_has(each, _base64(*parts)) for each in plain)
        for parts in words
    )


def _readings(content: bytes) -> Iterator[str]:
    """What the content says in each encoding that it may be in."""
    yield content.decode("utf-8", "replace")
    if _may_be_wide(content):
        # What comes before it, such as the head of a form's part, may be of any length.
        for encoding in _WIDE:
            for start in (0, 1):
                yield content[start:].decode(encoding, "replace").replace("\x00", "")
    elif b"\x00" not in content and not _is_utf8(content):
        for encoding in _NARROW:
            yield content.decode(encoding, "replace")


def _may_be_wide(content: bytes) -> bool:
    """UTF-16 and UTF-32 have zeroes beside Latin letters and brackets; pictures have few."""
    start = content[:_MARK_BYTES]
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    zeroes = content.count(0)
    return start.startswith(marks) or b"\x00" in start or zeroes * _BYTES_PER_ZERO > len(content)


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _has(text: str, word: str) -> bool:
    if word not in text:
        return False
    alone = rf"(?<!\w){re.escape(word)}(?!\w)"
    return len(word) >= _DISTINCT_CHARS or re.search(alone, text) is not None


def _without_escapes(text: str) -> str:
    """JSON's escapes resolved, wherever they stand; what is none is left as it is."""
    if "\\" not in text:
        return text
    first, *pieces = text.replace("\\/", "/").split("\\u")
    joined = [first]
    for piece in pieces:
        try:
            joined.append(chr(int(piece[:4], 16)) + piece[4:])
        except ValueError:
            joined.append("\\u" + piece)
    # Two halves of a character beyond the first plane become one.
    return "".join(joined).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _base64(word: str) -> str:
    return base64.b64encode(word.encode()).decode().rstrip("=")
