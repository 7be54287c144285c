"""The customer's form: what somebody says of themselves, or is said of them.

An edit is partial: a field that was not sent stays as it is, and an empty one is taken away.
Sellers and levels, the point of sale and the day of registration are not a customer's to set; in
their own forms these are known, and not applied.

Errors: InvalidForm, from `checked`.
Source: Open Loyalty 4.3, "Customers": the documented fields, and its framework's messages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

import msgspec

from guerdon import limits
from guerdon.dialects.openloyalty.forms import BLANK, USED, WRONG, Form
from guerdon.domain import identities
from guerdon.domain import members as decide
from guerdon.domain.registration import local
from guerdon.errors import Refused
from guerdon.outbound.mail import is_address
from guerdon.store import definitions, members
from guerdon.store.port import Rows

ROOT = "customer"
GENDERS = ("male", "female", "not_disclosed")
AGREEMENTS = ("agreement1", "agreement2", "agreement3")
_KINDS = {
    "email": identities.EMAIL,
    "phone": identities.PHONE,
    "loyaltyCardNumber": identities.CARD,
}
_FIELDS = {kind: field for field, kind in _KINDS.items()}
_ASSIGNED = {"levelId": "Level", "posId": "Pos", "sellerId": "Seller"}
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]*")
_DIGITS_MIN, _DIGITS_MAX = 3, 15  # ITU-T E.164; short ones are numbers inside a company
_NOBODYS = "0000000"

Details = dict[str, Any]


class Said(msgspec.Struct):
    """What a form says: details under their names, and what it assigns."""

    details: Details
    level_id: str = ""
    pos_id: str = ""
    seller_id: str = ""
    referrer_email: str = ""
    invitation_token: str = ""
    password: str = ""


def read(form: Form, timezone: tzinfo, *, is_new: bool, needs: str, is_own: bool) -> Said:
    """The whole form, with every documented field asked for.

    needs:  `email` or `phone`: without which nobody can be told of their activation.
    is_own: a customer fills it in.
    """
    reader = _Reader(form, is_new=is_new)
    reader.text("firstName", is_needed=True)
    reader.text("lastName", is_needed=True)
    reader.choice("gender", GENDERS)
    reader.email(is_needed=needs == "email")
    reader.phone(is_needed=needs == "phone")
    reader.date("birthDate")
    created_at = form.moment("createdAt", required=False)
    if created_at and not is_own:
        reader.details["createdAt"] = local(created_at, timezone)
    reader.part("address", decide.ADDRESS)
    reader.part("company", decide.COMPANY)
    reader.text("loyaltyCardNumber", is_needed=False)
    reader.labels()
    for name in AGREEMENTS:
        reader.switch(name)
    assigned = {name: form.uuid(name, required=False) or "" for name in _ASSIGNED}
    referrer = form.text("referral_customer_email", required=False) or ""
    if is_own:
        assigned = dict.fromkeys(_ASSIGNED, "")
    return Said(
        reader.details,
        assigned["levelId"],
        assigned["posId"],
        assigned["sellerId"],
        referrer_email=referrer,
    )


def read_password(form: Form) -> str:
    """The password somebody chooses for themselves."""
    password = form.password("plainPassword")
    if password and len(password) < limits.password_chars_min:
        form.fail(
            "plainPassword",
            f"This value is too short. It should have {limits.password_chars_min} characters"
            " or more.",
        )
    return password


def check(rows: Rows, tenant_id: int, form: Form, said: Said, number: int = 0) -> None:
    """Add what only the store knows to what is wrong: names that are taken, ids of nothing."""
    for field, kind in _KINDS.items():
        value = said.details.get(field)
        if value:
            owner = members.find(rows, tenant_id, kind, identities.normalise(kind, value))
            if owner not in (None, number):
                form.fail(field, USED)
    given = {"levelId": said.level_id, "posId": said.pos_id, "sellerId": said.seller_id}
    for field, kind in _ASSIGNED.items():
        if given[field] and definitions.get(rows, tenant_id, kind, given[field]) is None:
            form.fail(field, WRONG)


def refused(form: Form, refusal: Refused) -> None:
    """Show what the engine refused beside its field. Errors: InvalidForm; or the refusal itself."""
    field = _FIELDS.get(refusal.field or "", refusal.field or "")
    if refusal.code == "member_exists":
        form.fail(field, USED)
    elif refusal.code == "unknown_definition":
        form.fail(field, WRONG)
    elif refusal.code in ("no_first_level", "inactive_level"):
        form.fail("levelId", refusal.message)
    elif refusal.code == "no_address":
        form.fail(field or "email", BLANK)
    form.check()
    raise refusal


def is_phone(text: str) -> bool:
    """Whether a text can be a phone number; with a plus it is an international one."""
    if not _PHONE.fullmatch(text):
        return False
    digits = re.sub(r"[^0-9]", "", text)
    if not text.startswith("+"):
        return _DIGITS_MIN <= len(digits) <= _DIGITS_MAX
    is_long_enough = len(_NOBODYS) < len(digits) <= _DIGITS_MAX
    return is_long_enough and digits[0] != "0" and not digits.endswith(_NOBODYS)


class _Reader:
    """Reads fields into details, each in the way of a new form or of an edit."""

    def __init__(self, form: Form, *, is_new: bool) -> None:
        self._form = form
        self._is_new = is_new
        self.details: Details = {}

    def text(self, name: str, *, is_needed: bool) -> None:
        self._keep(name, self._form.text(name, required=self._requires(name, is_needed=is_needed)))

    def choice(self, name: str, choices: tuple[str, ...]) -> None:
        self._keep(name, self._form.choice(name, choices, required=False))

    def date(self, name: str) -> None:
        self._keep(name, self._form.date(name, required=False))

    def switch(self, name: str) -> None:
        """An agreement; the first is what makes somebody a member."""
        value = self._form.switch(name, required=False)
        if self._is_new and name == AGREEMENTS[0] and not value:
            self._form.fail(name, "This value should be true.")
        if value is not None or self._is_new:
            self.details[name] = bool(value)

    def email(self, *, is_needed: bool) -> None:
        form = self._form
        email = form.text("email", required=self._requires("email", is_needed=is_needed))
        email = email.lower() if email else email
        if email and not is_address(email):
            form.fail("email", "This value is not a valid email address.")
        self._keep("email", email)

    def phone(self, *, is_needed: bool) -> None:
        form = self._form
        phone = form.text("phone", required=self._requires("phone", is_needed=is_needed))
        if phone and not is_phone(phone):
            form.fail("phone", "This value is not a valid phone number.")
        self._keep("phone", phone)

    def part(self, name: str, fields: tuple[str, ...]) -> None:
        """The address or the company; sent empty, all of it is to go."""
        child = self._form.child(name)
        read = {field: child.text(field, required=False) for field in fields}
        if self._is_new:
            given = {field: value for field, value in read.items() if value}
            if given:
                self.details[name] = given
        elif child.is_emptied:
            self.details[name] = read
        elif said := [field for field in fields if child.has(field)]:
            self.details[name] = {field: read[field] for field in said}

    def labels(self) -> None:
        """`key:value;key:value`, or a list of objects with a key and a value."""
        given = self._form.raw("labels")
        found = _labels(given)
        if found is None:
            self._form.fail("labels", WRONG)
        elif found or (self._form.has("labels") and not self._is_new):
            self.details["labels"] = found

    def _requires(self, name: str, *, is_needed: bool) -> bool:
        return is_needed and (self._is_new or self._form.has(name))

    def _keep(self, name: str, value: Any) -> None:
        if value:
            self.details[name] = value
        elif not self._is_new and self._form.has(name):
            self.details[name] = None


def _labels(given: Any) -> list[dict[str, str]] | None:
    """Labels as they are kept; None when they cannot be read."""
    if given in (None, "", []):
        return []
    pairs: list[tuple[Any, Any]]
    if isinstance(given, str):
        # No pattern: one that skips blanks around a key takes minutes over a text of blanks.
        parts = [part.partition(":") for part in given.strip("; ").split(";")]
        pairs = [(key.strip(), value.strip()) for key, colon, value in parts if colon]
        is_whole = len(pairs) == len(parts)
    else:
        rows = list(given.values()) if isinstance(given, Mapping) else given
        if not isinstance(rows, list):
            return None
        pairs = [(row.get("key"), row.get("value")) for row in rows if isinstance(row, Mapping)]
        is_whole = len(pairs) == len(rows)
    if not is_whole or len(pairs) > limits.member_labels_max or not all(map(_is_label, pairs)):
        return None
    return [{"key": key, "value": value} for key, value in pairs]


def _is_label(pair: tuple[Any, Any]) -> bool:
    key, value = pair
    return (
        isinstance(key, str)
        and isinstance(value, str)
        and 0 < len(key) <= limits.form_text_chars_max
        and len(value) <= limits.form_text_chars_max
    )
