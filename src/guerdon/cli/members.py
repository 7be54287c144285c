"""`guerdon member`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from guerdon import limits
from guerdon.cli import session
from guerdon.cli.call import Call, command, group
from guerdon.cli.tenants import Tenant
from guerdon.domain import identities, moments, status_message
from guerdon.engine.commands import (
    ChangeSubscription,
    Identity,
    IssueMemberToken,
    Registered,
    RegisterMember,
)
from guerdon.engine.commands.erasure import AnonymizeMember, DeleteMember
from guerdon.engine.engine import Engine
from guerdon.errors import Duplicate, NotFound, Refused
from guerdon.store import members
from guerdon.store.port import Rows

_MOMENT = "YYYY-MM-DD HH:MM:SS, UTC unless an offset follows."


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    member = group(app, "member", "People in a programme.")
    command(member, "create")(_create)
    command(member, "status")(_status)
    command(member, "forget")(_forget)


def _create(
    call: Call,
    tenant: Tenant,
    external: Annotated[
        str | None, typer.Option(help="The partner's own id of the person.")
    ] = None,
    email: Annotated[str | None, typer.Option(help="The person's e-mail address.")] = None,
    phone: Annotated[str | None, typer.Option(help="The person's phone number.")] = None,
    *,
    meditopia_token: Annotated[
        bool,
        typer.Option("--meditopia-token", help="Issue a token, to a member who exists as well."),
    ] = False,
) -> None:
    """Register a member, or give one a Meditopia token."""
    if email and not identities.is_roughly_email(email.strip()):
        raise Refused(f"{email} is no e-mail address", code="invalid_email", field="email")
    names = _names(external=external, email=email, phone=phone)

    async def work(front: Engine) -> tuple[Registered, str | None]:
        tenant_id = await front.read(lambda rows: session.tenant_id(rows, tenant))
        try:
            member = await front.execute(RegisterMember(tenant_id, 0, names))
        except Duplicate:
            if not meditopia_token:
                raise
            member = await front.read(lambda rows: _only_one(rows, tenant_id, names))
        if not meditopia_token:
            return member, None
        issued = await front.execute(IssueMemberToken(tenant_id, 0, member.number))
        return member, issued.token

    member, token = session.run(call.settings(), work)
    facts: dict[str, Any] = {"memberId": member.member_id, "number": member.number}
    lines = [f"member {member.number}: {member.member_id}"]
    if token is not None:
        facts["token"] = token
        lines.append(f"token: {token}")
    call.tell(facts, lines)


def _status(  # noqa: PLR0913, PLR0917 - one flag for each part
    call: Call,
    tenant: Tenant,
    action: Annotated[str, typer.Option(help=f"One of {', '.join(status_message.ACTIONS)}.")],
    token: Annotated[str | None, typer.Option(help="Who, by Meditopia token.")] = None,
    external: Annotated[str | None, typer.Option(help="Who, by the partner's id.")] = None,
    number: Annotated[
        int | None, typer.Option(max=limits.integer_abs_max, help="Who, by number.")
    ] = None,
    plan_type: Annotated[str | None, typer.Option(help="As it is told; kept if left out.")] = None,
    country: Annotated[str | None, typer.Option(help="As it is told; kept if left out.")] = None,
    starts: Annotated[str | None, typer.Option(help=_MOMENT)] = None,
    ends: Annotated[str | None, typer.Option(help=_MOMENT)] = None,
) -> None:
    """Change a member's subscription; the partner is sent a status message."""
    names = _names(token=token, external=external)
    if len(names) + (number is not None) != 1:
        raise Refused("name the member by one of --token, --external and --number")

    async def work(front: Engine) -> int:
        tenant_id = await front.read(lambda rows: session.tenant_id(rows, tenant))
        found = number
        if found is None:
            found = (await front.read(lambda rows: _only_one(rows, tenant_id, names))).number
        await front.execute(
            ChangeSubscription(
                tenant_id,
                0,
                found,
                action,
                country=country,
                plan_type=plan_type,
                starts_at=None if starts is None else moments.parse(starts),
                ends_at=None if ends is None else moments.parse(ends),
            )
        )
        return found

    found = session.run(call.settings(), work)
    call.tell({"number": found, "action": action}, [f"member {found}: {action}"])


def _forget(
    call: Call,
    tenant: Tenant,
    number: Annotated[
        int | None, typer.Option(max=limits.integer_abs_max, help="Who, by number.")
    ] = None,
    external: Annotated[str | None, typer.Option(help="Who, by the partner's id.")] = None,
    email: Annotated[str | None, typer.Option(help="Who, by e-mail address.")] = None,
    phone: Annotated[str | None, typer.Option(help="Who, by phone number.")] = None,
    *,
    delete: Annotated[
        bool, typer.Option("--delete", help="And leave them out of every list.")
    ] = False,
) -> None:
    """Forget everything personal about a member, for good; their points and history still count."""
    names = _names(external=external, email=email, phone=phone)
    if len(names) + (number is not None) != 1:
        raise Refused("name the member by one of --number, --external, --email and --phone")

    async def work(front: Engine) -> Registered:
        tenant_id = await front.read(lambda rows: session.tenant_id(rows, tenant))
        member = await front.read(lambda rows: _named(rows, tenant_id, number, names))
        wanted = DeleteMember if delete else AnonymizeMember
        await front.execute(wanted(tenant_id, 0, member.number))
        return member

    member = session.run(call.settings(), work)
    facts = {"memberId": member.member_id, "number": member.number, "deleted": delete}
    call.tell(facts, [f"member {member.number}: {member.member_id} is forgotten"])


def _named(
    rows: Rows, tenant_id: int, number: int | None, names: tuple[Identity, ...]
) -> Registered:
    """The member with a number, or else with names. Errors: those of `_only_one`."""
    if number is None:
        return _only_one(rows, tenant_id, names)
    member = members.by_number(rows, tenant_id, number)
    if member is None:
        raise NotFound("there is no such member", code="unknown_member")
    return Registered(member.number, member.member_id, member.account_id)


def _names(**given: str | None) -> tuple[Identity, ...]:
    return tuple(
        (kind, identities.normalise(kind, value))
        for kind, value in given.items()
        if value is not None
    )


def _only_one(rows: Rows, tenant_id: int, names: tuple[Identity, ...]) -> Registered:
    """The member all known names agree on. Errors: NotFound; Refused when they disagree."""
    numbers = {members.find(rows, tenant_id, kind, value) for kind, value in names} - {None}
    if len(numbers) > 1:
        raise Refused("these names belong to different members", code="ambiguous_member")
    number = next(iter(numbers), None)
    member = None if number is None else members.by_number(rows, tenant_id, number)
    if member is None:
        raise NotFound("there is no such member", code="unknown_member")
    return Registered(member.number, member.member_id, member.account_id)
