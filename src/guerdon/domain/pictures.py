"""Pictures: what kind a file is, by its first bytes, and where a programme shows it.

What a file is called proves nothing.

Source: the signatures of PNG (RFC 2083), JPEG (ITU-T T.81), GIF89a and WebP (RFC 9649). A vector
        format is not among them: it may carry a script.
"""

from __future__ import annotations

import msgspec

from guerdon.domain.decisions import Decision

WAS_PUT = "Guerdon.Picture.Event.PictureWasPut"
WAS_REMOVED = "Guerdon.Picture.Event.PictureWasRemoved"
KINDS = ("Level", "Reward", "Rule")
"""Kinds of definitions that have pictures."""
PROGRAMME = "Programme"
"""The programme itself, which has pictures too."""

_WEBP_AT = 8


class Picture(msgspec.Struct, frozen=True):
    """A kind of picture: its media type and the ending of its name."""

    mime: str
    ending: str


class Place(msgspec.Struct, frozen=True):
    """What a picture shows, and what for; the programme has no id."""

    kind: str
    owner_id: str
    name: str


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


def put(
    picture_id: str, place: Place, picture: Picture, original_name: str, digest: str
) -> Decision:
    """A picture is shown from now on; `digest` is the SHA-256 of its content, in hex."""
    return Decision(
        type=WAS_PUT,
        aggregate=picture_id,
        payload={
            **_named(place),
            "path": f"{place.kind.lower()}/{picture_id}.{picture.ending}",
            "originalName": original_name,
            "mime": picture.mime,
            "sha256": digest,
        },
    )


def removed(picture_id: str, place: Place) -> Decision:
    """A picture is shown no longer."""
    return Decision(type=WAS_REMOVED, aggregate=picture_id, payload=_named(place))


def _named(place: Place) -> dict[str, str]:
    return {"kind": place.kind, "ownerId": place.owner_id, "place": place.name}
