"""What was bought, by whom, and what came back."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from guerdon.domain.purchases import Item, Label
from guerdon.engine.commands import Command


class PurchaseRegistered(msgspec.Struct, frozen=True, array_like=True):
    """A purchase's uuid, and the number of the member it belongs to (0: nobody yet)."""

    purchase_id: str
    number: int


class RegisterPurchase(Command, frozen=True):
    """Put a purchase or a return on record; whoever is recognised as the buyer has it at once.

    document_number: names the purchase; each is on record once.
    purchased_at:    microseconds UTC; fractions of a second are cut off.
    customer:        JSON text of an object with what the document says of the buyer: name, email,
                     nip, phone, loyaltyCardNumber, address.
    pos_id:          the POS's uuid, or "".
    revised_document: of a return: the document it takes back; one that nobody registered takes
            its money off what was bought, and no points back.
    number:          the member it belongs to, where that is known already; 0: look at `customer`.

    Errors: Duplicate `document_exists`; NotFound `unknown_pos`, `unknown_member`; Refused
            `returns_disabled`, `not_returnable` (that document is a return itself),
            `other_customer`, `invalid_total`.
            Each names its field: documentNumber, pos, revisedDocument, documentType, items.
    """

    Answer: ClassVar[Any] = PurchaseRegistered
    document_number: str
    purchased_at: int
    items: tuple[Item, ...]
    customer: str = "{}"
    is_return: bool = False
    revised_document: str = ""
    place: str = ""
    pos_id: str = ""
    labels: tuple[Label, ...] = ()
    number: int = 0
    actor: str = ""


class AssignPurchase(Command, frozen=True):
    """Give a purchase that belongs to nobody to a member.

    Errors: NotFound `unknown_purchase`, `unknown_member`; Refused `already_assigned`,
            `other_customer` (a return of what somebody else bought).
    """

    Answer: ClassVar[Any] = PurchaseRegistered
    document_number: str
    number: int
    actor: str = ""


class LabelPurchase(Command, frozen=True):
    """Change a purchase's labels. The answer is its uuid.

    is_added: to those it has; else in their place.
    number:   only if it belongs to this member; 0: whoever has it.

    Errors: NotFound `unknown_purchase`; Refused `too_many_labels`.
    """

    Answer: ClassVar[Any] = str
    labels: tuple[Label, ...]
    purchase_id: str = ""
    document_number: str = ""
    is_added: bool = False
    number: int = 0
    actor: str = ""


class SimulatePurchase(Command, frozen=True):
    """What a purchase would earn, in hundredths of a point; nothing is recorded.

    A buyer nobody recognises counts as a member without level and segments.
    """

    Answer: ClassVar[Any] = int
    items: tuple[Item, ...]
    purchased_at: int
    customer: str = "{}"
    pos_id: str = ""
