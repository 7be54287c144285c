"""Whether a stored request names somebody, in whichever way it was written.

A body may be JSON, with or without escapes, or a form; a path may be percent-encoded, and WoowUp's
has base64 in it. Upper and lower case are the same. A short word counts only where it stands alone:
a partner's id may be a number that is part of many others.
"""

from __future__ import annotations

import base64
import re
from urllib.parse import unquote_plus

from guerdon.domain.erasure import Words

_DISTINCT_CHARS = 8


def mentions(content: bytes, words: Words) -> bool:
    """Whether any of the words, each with all of its parts, is in the content."""
    plain = content.decode("utf-8", "replace")
    texts = {text.casefold() for text in (plain, _without_escapes(plain), unquote_plus(plain))}
    return any(
        all(any(part.casefold() in text for text in texts) for part in parts)
        if len(parts) > 1
        else any(_has(text, parts[0].casefold()) for text in texts) or _has(plain, _base64(*parts))
        for parts in words
    )


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
