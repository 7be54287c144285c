"""Enrolling members as people do it, with a form, and editing what the form says."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from guerdon.engine.commands import Command, Registered

By = Literal["admin", "seller", "self"]


class EnrolMember(Command, frozen=True):
    """Register a member from a form.

    An administrator's member is active at once; a seller's too, unless activation goes by SMS.
    Whoever registers alone, and a seller's then, is sent a token or a code.

    profile:          JSON text of the accepted details under Open Loyalty's names: firstName,
                      lastName, gender, email, phone, birthDate (`YYYY-MM-DD`), createdAt
                      (ISO-8601), address, company, loyaltyCardNumber, labels, agreement1 to 3.
    password_hash:    argon2, or empty for somebody who cannot log in yet.
    level_id, pos_id, seller_id: what the form assigns; empty: nothing.
    invitation_token, referrer_email: how the member was invited; empty: not.
    is_quiet:         send nothing to somebody who is not active yet; an administrator lets them in.

    Errors: Duplicate `member_exists` with `field` email, phone or card; NotFound `unknown_store`;
            NotFound `unknown_definition` with `field` levelId, posId or sellerId;
            Refused `inactive_level` with `field` levelId;
            Refused `no_first_level` when there are levels but none that begins at 0;
            Refused `no_address` when there is nowhere to send the activation to.
    """

    Answer: ClassVar[Any] = Registered
    by: By
    profile: str
    store_code: str = "DEFAULT"
    password_hash: str = ""
    level_id: str = ""
    pos_id: str = ""
    seller_id: str = ""
    invitation_token: str = ""
    referrer_email: str = ""
    is_quiet: bool = False
    actor: str = ""


class EditMember(Command, frozen=True):
    """Change a member's details: names given are replaced, null removes, others are kept.

    A decision is made for each part that differs afterwards, and none when nothing does.

    profile: as in `EnrolMember`; address and company are merged by name.
    confirm: a new e-mail or phone is not in force until the member confirms it with the token that
             is sent there (`ConfirmChange`); the rest is in force at once.

    Errors: NotFound `unknown_member`; those of `EnrolMember`.
    """

    number: int
    profile: str
    level_id: str = ""
    pos_id: str = ""
    seller_id: str = ""
    confirm: bool = False
    actor: str = ""
