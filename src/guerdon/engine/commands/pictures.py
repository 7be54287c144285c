"""Pictures of what a programme shows: put into a place, and taken away."""

from __future__ import annotations

from typing import Any, ClassVar

from guerdon.engine.commands import Command


class SetPicture(Command, frozen=True):
    """Show a picture of something, in place of an older one; the answer is its id.

    kind:     "Level", "Reward", "Rule", or "Programme" for the programme itself.
    owner_id: what it shows; "" for the programme.
    place:    what it is for; "" adds one more photo beside those there are.

    Errors: NotFound `unknown_definition`; TooLarge `too_large` above `limits.picture_bytes_max`,
            `too_many_pictures` above `limits.pictures_max`; Refused `invalid_image` when the
            content does not begin as a PNG, JPEG, GIF or WebP does.
    """

    Answer: ClassVar[Any] = str
    kind: str
    owner_id: str
    place: str
    content: bytes
    original_name: str
    actor: str = ""


class RemovePicture(Command, frozen=True):
    """Show a picture no longer. Errors: NotFound `no_picture`."""

    kind: str
    owner_id: str
    place: str
    actor: str = ""
