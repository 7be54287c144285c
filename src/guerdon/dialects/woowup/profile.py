"""WoowUp's user fields and a member's details, in both directions.

Details have Open Loyalty's names where it has them: `first_name` is `firstName`, `birthdate` (or
`birthday`) is `birthDate`, `gender` F and M are `female` and `male`, and `street`, `city`, `state`,
`postcode`, `country` are an `address` of `street`, `city`, `province`, `postal`, `country`. What
Open Loyalty has no name for keeps WoowUp's. The identity fields are kept as identities; email and
telephone stand in the details as well, as Open Loyalty's events show them.

Reading: an absent field and an empty text leave a detail as it is, null removes it. Fields nobody
documents are ignored. `tags` are added to those there are, since `remove_tags` takes them away;
`custom_attributes` and the address are merged by name.
Showing: exactly the keys that the vendor's second client takes without a warning.

Errors: Refused `invalid_field` with the field; `invalid_email`; `too_large`.
Source: WoowUp's users pages; the vendor's PHP clients.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from guerdon.dialects.woowup import amounts
from guerdon.domain import identities, moments
from guerdon.errors import Refused
from guerdon.store.members import Member
from guerdon.store.points import Account
from guerdon.web import intake

Details = dict[str, Any]

_TEXTS = {
    "first_name": "firstName",
    "last_name": "lastName",
    "document_type": "document_type",
    "marital_status": "marital_status",
    "department": "department",
    "club_inscription_date": "club_inscription_date",
    # Clients write either spelling; the documented one, read last, counts.
    "mailing_enabled_reason": "mailing_disabled_reason",
    "mailing_disabled_reason": "mailing_disabled_reason",
    "sms_enabled_reason": "sms_disabled_reason",
    "sms_disabled_reason": "sms_disabled_reason",
    "whatsapp_enabled_reason": "whatsapp_disabled_reason",
    "whatsapp_disabled_reason": "whatsapp_disabled_reason",
}
_ADDRESS = {
    "street": "street",
    "city": "city",
    "state": "province",
    "postcode": "postal",
    "country": "country",
}
_SWITCHES = ("mailing_enabled", "sms_enabled", "whatsapp_enabled")
_SWITCH_WORDS = {"enabled": True, "disabled": False}
_GENDERS = {"F": "female", "M": "male"}
_LETTERS = {name: letter for letter, name in _GENDERS.items()}


def changes(fields: Mapping[str, Any]) -> Details:
    """What a body changes in a member's details, as the engine merges it: null removes a name."""
    found: Details = {}
    for field, name in _TEXTS.items():
        _take(found, name, fields, field, _text)
    # Null, false and blanks remove neither of these, as they do not remove the identity either.
    for field, name, read in (("email", "email", _email), ("telephone", "phone", _phone)):
        value = fields.get(field)
        is_given = value is not None and value is not False
        if is_given and (not isinstance(value, str) or value.strip()):
            found[name] = read(field, value)
    _take(found, "gender", fields, "gender", _gender)
    for field in ("birthday", "birthdate"):
        _take(found, "birthDate", fields, field, _day)
    for field in _SWITCHES:
        _take(found, field, fields, field, _switch)
    address: Details = {}
    for field, name in _ADDRESS.items():
        _take(address, name, fields, field, _text)
    for name, part in (
        ("address", address),
        ("tags", _tag_changes(fields)),
        ("custom_attributes", _attributes(fields)),
    ):
        if part:
            found[name] = part
    intake.activity_data(found, "user")
    return found


def shape(
    member: Member, names: Sequence[tuple[str, str]], tenant_id: int, account: Account | None
) -> Details:
    """A member as every answer shows them."""
    details = member.profile
    address = details.get("address") or {}
    named = dict(reversed(names))
    attributes = details.get("custom_attributes") or {}
    return {
        "userapp_id": member.number,
        "user_id": member.number,
        "app_id": tenant_id,
        "service_uid": named.get(identities.EXTERNAL),
        "email": named.get(identities.EMAIL),
        "document": named.get(identities.DOCUMENT),
        "telephone": named.get(identities.PHONE),
        "first_name": details.get("firstName"),
        "last_name": details.get("lastName"),
        "birthday": details.get("birthDate"),
        "birthdate": details.get("birthDate"),
        "gender": _LETTERS.get(details.get("gender", "")),
        **{field: address.get(name) for field, name in _ADDRESS.items()},
        "department": details.get("department"),
        "document_type": details.get("document_type"),
        "marital_status": details.get("marital_status"),
        "tags": list(details.get("tags") or ()) or None,
        "points": amounts.whole(account.available if account else 0),
        "mailing_enabled": details.get("mailing_enabled", True),
        "mailing_enabled_reason": details.get("mailing_disabled_reason"),
        "sms_enabled": details.get("sms_enabled", True),
        "sms_enabled_reason": details.get("sms_disabled_reason"),
        "whatsapp_enabled": details.get("whatsapp_enabled", True),
        "custom_attributes": attributes,
        "customform": attributes,
        "club_inscription_date": details.get("club_inscription_date"),
        "blocked": False,
        "notes": None,
        "family": [],
        "createtime": moments.render(member.registered_at),
        "updatetime": moments.render(member.updated_at),
    }


def of_somebody_new(fields: Mapping[str, Any]) -> Details:
    """The details a body gives of somebody of whom there is nothing to remove."""
    found = _without_nulls(changes(fields))
    return {
        name: _without_nulls(value) if isinstance(value, dict) else value
        for name, value in found.items()
    }


def matches(member: Member, text: str) -> bool:
    """Whether a member's name, e-mail or phone holds a text that is already lower-case."""
    details = member.profile
    searched = ("firstName", "lastName", "email", "phone")
    return any(text in str(details.get(name) or "").lower() for name in searched)


def _without_nulls(found: Details) -> Details:
    return {name: value for name, value in found.items() if value is not None}


def _take(
    found: Details,
    name: str,
    fields: Mapping[str, Any],
    field: str,
    read: Callable[[str, Any], Any],
) -> None:
    """Put a field into `found` under `name`, if the body says anything about it."""
    if field not in fields or fields[field] == "":
        return
    value = fields[field]
    found[name] = None if value is None else read(field, value)


def _tag_changes(fields: Mapping[str, Any]) -> dict[str, Literal[True] | None]:
    """Tags by name, so that two requests at once may each add or remove their own."""
    changed: dict[str, Literal[True] | None] = {}
    for tag in _tags("tags", fields.get("tags")):
        changed[tag] = True
    for tag in _tags("remove_tags", fields.get("remove_tags")):
        changed[tag] = None
    return changed


def _attributes(fields: Mapping[str, Any]) -> Details:
    given = fields.get("custom_attributes")
    if given in (None, "", []):
        return {}
    if not isinstance(given, dict):
        raise _invalid("custom_attributes", "must be an object")
    return given


def _text(field: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise _invalid(field, "must be a text")


def _phone(field: str, value: Any) -> str:
    """As the identity is kept: without white space around it."""
    return _text(field, value).strip()


def _email(field: str, value: Any) -> str:
    text = _text(field, value).strip()
    if not identities.is_roughly_email(text):
        raise Refused("Invalid email", code="invalid_email", field=field)
    return text


def _gender(field: str, value: Any) -> str:
    name = _GENDERS.get(value) if isinstance(value, str) else None
    if name is None:
        raise _invalid(field, "must be F or M")
    return name


def _day(field: str, value: Any) -> str:
    try:
        return moments.render(moments.parse_day(value))[: len("YYYY-MM-DD")]
    except Refused as refusal:
        raise _invalid(field, "must be yyyy-mm-dd") from refusal


def _switch(field: str, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or value not in _SWITCH_WORDS:
        raise _invalid(field, "must be enabled or disabled")
    return _SWITCH_WORDS[value]


def _tags(field: str, value: Any) -> list[str]:
    """Tags as a comma-separated text, or as the list that answers show."""
    if value is None:
        return []
    texts = value.split(",") if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise _invalid(field, "must be tags separated by commas")
    return [text.strip() for text in texts if text.strip()]


def _invalid(field: str, what: str) -> Refused:
    return Refused(f"{field} {what}.", code="invalid_field", field=field)
