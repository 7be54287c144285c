"""Markdown as HTML: the part of it that descriptions use, and nothing a sender could abuse.

Known are paragraphs, headings, lists, line breaks, `**strong**`, `*emphasis*` (or with `_`), `code`
and links to web pages. Everything else is text, so HTML in a description is shown as it was typed.
Source: Open Loyalty 4.3, the parameter `format=html`.
"""

from __future__ import annotations

import re
from html import escape

_BLOCKS = re.compile(r"\n[ \t]*\n+")
_HEADING = re.compile(r"(#{1,6})[ \t]+(.+)")
_ITEM = re.compile(r"(?:[-*+]|([0-9]{1,3})[.)])[ \t]+(.+)")
_LINK = re.compile(r"\[([^\[\]\n]{1,255})\]\((https?://[^\s()<>\"]{1,1024})\)")
_SPANS = (
    (re.compile(r"`([^`\n]{1,255})`"), r"<code>\1</code>"),
    (re.compile(r"\*\*([^*\n]{1,255})\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"(?<![\w*])\*([^*\n]{1,255})\*(?![\w*])"), r"<em>\1</em>"),
    (re.compile(r"(?<![\w_])_([^_\n]{1,255})_(?![\w_])"), r"<em>\1</em>"),
)


def html(text: str) -> str:
    """A description as HTML, one element for each block."""
    blocks = _BLOCKS.split(text.replace("\r\n", "\n").strip())
    return "\n".join(_block(block.strip()) for block in blocks if block.strip())


def _block(block: str) -> str:
    lines = [line.strip() for line in block.split("\n")]
    heading = _HEADING.fullmatch(lines[0]) if len(lines) == 1 else None
    if heading:
        level = len(heading[1])
        return f"<h{level}>{_inline(heading[2])}</h{level}>"
    items = [_ITEM.fullmatch(line) for line in lines]
    if all(items):
        tag = "ol" if items[0] and items[0][1] else "ul"
        shown = "".join(f"<li>{_inline(item[2])}</li>" for item in items if item)
        return f"<{tag}>{shown}</{tag}>"
    return f"<p>{'<br>'.join(map(_inline, lines))}</p>"


def _inline(text: str) -> str:
    """Links stand apart, so that what is emphasis elsewhere is part of an address there."""
    parts, at = [], 0
    for link in _LINK.finditer(text):
        address = escape(link[2])
        parts += [_spans(text[at : link.start()]), f'<a href="{address}">{_spans(link[1])}</a>']
        at = link.end()
    return "".join(parts) + _spans(text[at:])


def _spans(text: str) -> str:
    shown = escape(text)
    for pattern, replacement in _SPANS:
        shown = pattern.sub(replacement, shown)
    return shown
