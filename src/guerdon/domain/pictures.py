"""Pictures: what kind a file is, by its first bytes; what it is called proves nothing.

Source: the signatures of PNG (RFC 2083), JPEG (ITU-T T.81), GIF89a and WebP (RFC 9649). A vector
        format is not among them: it may carry a script.
"""

from __future__ import annotations

import msgspec

_WEBP_AT = 8


class Picture(msgspec.Struct, frozen=True):
    """A kind of picture: its media type and the ending of its name."""

    mime: str
    ending: str


_SIGNATURES = {
    b"\x89PNG\r\n\x1a\n": Picture("image/png", "png"),
    b"\xff\xd8\xff": Picture("image/jpeg", "jpg"),
    b"GIF87a": Picture("image/gif", "gif"),
    b"GIF89a": Picture("image/gif", "gif"),
}
_WEBP = Picture("image/webp", "webp")


def recognised(content: bytes) -> Picture | None:
    """What kind of picture this is; None when it is none."""
    for signature, picture in _SIGNATURES.items():
        if content.startswith(signature):
            return picture
    is_webp = content.startswith(b"RIFF") and content[_WEBP_AT:].startswith(b"WEBP")
    return _WEBP if is_webp else None
