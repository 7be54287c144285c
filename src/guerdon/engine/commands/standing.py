"""Letting members take part or not, and what is assigned to them."""

from __future__ import annotations

from guerdon.engine.commands import Command


class ActivateMember(Command, frozen=True):
    """Let a member take part; one who does already stays as they are.

    Errors: NotFound `unknown_member` (also for one who was deleted).
    """

    number: int
    actor: str = ""


class DeactivateMember(Command, frozen=True):
    """Block a member; one who is blocked already stays as they are.

    Errors: NotFound `unknown_member` (also for one who was deleted).
    """

    number: int
    actor: str = ""


class AssignPos(Command, frozen=True):
    """Say which point of sale a member belongs to.

    Errors: NotFound `unknown_member`, `unknown_definition` with `field` posId.
    """

    number: int
    pos_id: str
    actor: str = ""


class AssignSeller(Command, frozen=True):
    """Say which seller looks after a member.

    Errors: NotFound `unknown_member`, `unknown_definition` with `field` sellerId.
    """

    number: int
    seller_id: str
    actor: str = ""


class SetAvatar(Command, frozen=True):
    """Give a member a picture, in place of an older one.

    Errors: NotFound `unknown_member`; TooLarge `too_large` above `limits.avatar_bytes_max`; Refused
            `invalid_image` when the content does not begin as a PNG, JPEG, GIF or WebP does.
    """

    number: int
    content: bytes
    original_name: str
    actor: str = ""


class RemoveAvatar(Command, frozen=True):
    """Take a member's picture away. Errors: NotFound `unknown_member`, `no_avatar`."""

    number: int
    actor: str = ""


class AddPushToken(Command, frozen=True):
    """Reach a member's device under a token; one that is known stays.

    Errors: NotFound `unknown_member`; TooLarge above `limits.push_tokens_max` of one member.
    """

    number: int
    token: str
    actor: str = ""


class RemovePushToken(Command, frozen=True):
    """Reach a device no longer. Errors: NotFound `unknown_member`, `unknown_token`."""

    number: int
    token: str
    actor: str = ""
