"""`guerdon tenant`, `guerdon key`, `guerdon admin` and `guerdon setting`."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import msgspec
import typer

from guerdon import limits
from guerdon.cli import outgoing, session
from guerdon.cli.call import Call, command, group
from guerdon.clock import to_datetime
from guerdon.engine import secret_settings, settings
from guerdon.engine.commands import (
    ChangeSetting,
    CreateAdministrator,
    CreateKey,
    CreateTenant,
    RevokeKey,
)
from guerdon.engine.engine import Engine
from guerdon.errors import Refused
from guerdon.outbound import guard, sign
from guerdon.store.port import Rows
from guerdon.store.vault import Vault
from guerdon.web.passwords import password_hash

Tenant = Annotated[str, typer.Option(help="The tenant's code.", show_default=False)]
_HIDDEN = "(hidden)"
_URLS = frozenset({"meditopia.status_url", "members.sms_url"})
_STATUS_SECRET = "meditopia.status_secret"  # noqa: S105 - the name of a setting


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    tenant = group(app, "tenant", "Partners' programmes.")
    command(tenant, "create")(_create_tenant)
    command(tenant, "list")(_list_tenants)
    key = group(app, "key", "API keys.")
    command(key, "create")(_create_key)
    command(key, "list")(_list_keys)
    command(key, "revoke")(_revoke_key)
    admin = group(app, "admin", "Administrators of Open Loyalty's API.")
    command(admin, "create")(_create_admin)
    setting = group(app, "setting", "What differs from tenant to tenant.")
    command(setting, "set")(_set_setting)
    command(setting, "list")(_list_settings)


def _create_tenant(
    call: Call,
    code: Annotated[str, typer.Argument(help="1 to 64 of letters, digits, _ and -.")],
    name: Annotated[str | None, typer.Option(help="The code, if left out.")] = None,
) -> None:
    """Make a tenant."""
    shown = code if name is None else name

    async def work(front: Engine) -> int:
        return int(await front.execute(CreateTenant(0, 0, code, shown)))

    tenant_id = session.run(call.settings(), work)
    call.tell({"id": tenant_id, "code": code, "name": shown}, [f"tenant {code} created"])


def _list_tenants(call: Call) -> None:
    """All tenants."""

    def question(rows: Rows) -> list[dict[str, Any]]:
        return [
            {"id": row[0], "code": row[1], "name": row[2], "createdAt": moment(row[3])}
            for row in rows.all("tenants")
        ]

    found = session.run(call.settings(), lambda front: front.read(question))
    call.tell({"tenants": found}, [f"{each['code']}  {each['name']}" for each in found])


def _create_key(
    call: Call,
    tenant: Tenant,
    dialect: Annotated[
        str, typer.Option(help="conscent, meditopia, woowup, openloyalty or native.")
    ],
    allow_ip: Annotated[
        list[str] | None, typer.Option(help="A network the key may be used from; repeatable.")
    ] = None,
    scope: Annotated[list[str] | None, typer.Option(help="Repeatable.")] = None,
) -> None:
    """Make an API key and show it, this once."""
    networks, scopes = tuple(allow_ip or ()), tuple(scope or ())

    async def work(front: Engine) -> Any:
        tenant_id = await front.read(lambda rows: session.tenant_id(rows, tenant))
        return await front.execute(CreateKey(tenant_id, 0, dialect, networks, scopes))

    created = session.run(call.settings(), work)
    if dialect == "meditopia" and not networks:
        typer.echo(
            "guerdon: warning: without --allow-ip this key is accepted from any address;"
            " Meditopia's partners are known by theirs",
            err=True,
        )
    facts = {
        "id": created.key_id,
        "key": created.secret,
        "tenant": tenant,
        "dialect": dialect,
        "allowIp": list(networks),
        "scopes": list(scopes),
    }
    call.tell(facts, [f"key {created.key_id}: {created.secret}", "It is not shown again."])


def _list_keys(call: Call, tenant: Tenant) -> None:
    """A tenant's keys, without their secrets."""

    def question(rows: Rows) -> list[dict[str, Any]]:
        tenant_id = session.tenant_id(rows, tenant)
        return [_key(row) for row in rows.all("keys", tenant_id=tenant_id)]

    found = session.run(call.settings(), lambda front: front.read(question))
    lines = [
        f"{each['id']}  {each['dialect']}  ...{each['hint']}"
        f"  {', '.join(each['allowIp']) or 'any address'}"
        f"{'  revoked ' + each['revokedAt'] if each['revokedAt'] else ''}"
        for each in found
    ]
    call.tell({"keys": found}, lines)


def _key(row: tuple[Any, ...]) -> dict[str, Any]:
    key_id, _, dialect, hint, allow_ip, scopes, created_at, revoked_at = row
    return {
        "id": key_id,
        "dialect": dialect,
        "hint": hint,
        "allowIp": msgspec.json.decode(allow_ip),
        "scopes": msgspec.json.decode(scopes),
        "createdAt": moment(created_at),
        "revokedAt": None if revoked_at is None else moment(revoked_at),
    }


def _revoke_key(
    call: Call,
    key_id: Annotated[
        int, typer.Argument(max=limits.integer_abs_max, metavar="ID", help="The key's id.")
    ],
) -> None:
    """Take a key out of use; it stops working within a second."""

    async def work(front: Engine) -> None:
        await front.execute(RevokeKey(0, 0, key_id))

    session.run(call.settings(), work)
    call.tell({"id": key_id, "revoked": True}, [f"key {key_id} revoked"])


def _create_admin(
    call: Call,
    tenant: Tenant,
    username: Annotated[str, typer.Option(help="Unique in the installation.")],
    *,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Make an administrator."""
    if not password_stdin:
        raise Refused("give the password on standard input, with --password-stdin")
    try:
        hashed = password_hash(sys.stdin.readline().rstrip("\r\n"))
    except UnicodeError as wrong:
        raise Refused("the password is not UTF-8") from wrong

    async def work(front: Engine) -> str:
        tenant_id = await front.read(lambda rows: session.tenant_id(rows, tenant))
        return str(await front.execute(CreateAdministrator(tenant_id, 0, username, hashed)))

    admin_id = session.run(call.settings(), work)
    facts = {"id": admin_id, "username": username, "tenant": tenant}
    call.tell(facts, [f"administrator {username} created"])


def _require_sendable(name: str, value: object) -> None:
    """Refuse where nothing could be sent to, and what nothing could be signed with.

    Whether private addresses may be reached is the server's setting, and looked at by the server.
    Errors: Refused.
    """
    if name in _URLS and value:
        guard.parse(str(value), allow_private=True)
    if name == _STATUS_SECRET and value:
        sign.key_of(str(value))


def _set_setting(
    call: Call,
    tenant: Tenant,
    name: Annotated[str, typer.Argument(help="As `setting list` shows it.")],
    value: Annotated[str, typer.Argument(help="JSON, or a bare word.")],
) -> None:
    """Change a setting; it takes effect within a second."""

    async def work(front: Engine) -> None:
        tenant_id = await front.read(lambda rows: session.tenant_id(rows, tenant))
        await front.execute(ChangeSetting(tenant_id, 0, name, value))

    parsed = settings.parse(name, value)
    _require_sendable(name, parsed)
    session.run(call.settings(), work)
    shown = _HIDDEN if secret_settings.is_secret(name) else parsed
    call.tell({"tenant": tenant, "name": name, "value": shown}, [f"{name} = {_written(shown)}"])


def _list_settings(
    call: Call,
    tenant: Tenant,
    *,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show secrets, those made by Guerdon too.")
    ] = False,
) -> None:
    """A tenant's settings; secrets are hidden."""
    config = call.settings()

    def question(rows: Rows, vault: Vault) -> list[dict[str, Any]]:
        tenant_id = session.tenant_id(rows, tenant)
        stored = dict(_stored(rows, tenant_id))
        revealed = None
        if reveal:
            revealed = {_STATUS_SECRET: outgoing.made_secret(config.secret_key, tenant_id)}
            for name in filter(secret_settings.is_secret, stored):
                given = secret_settings.reveal(rows, vault, tenant_id, stored[name])
                revealed[name] = given or revealed.get(name, "")
        return [_setting(name, stored, revealed) for name in settings.SETTINGS]

    found = session.run(config, lambda front: front.read(lambda rows: question(rows, front.vault)))
    lines = [
        f"{each['name']} = {_written(each['value'])}{'' if each['isSet'] else '  (default)'}"
        f"  # {each['about']}"
        for each in found
    ]
    call.tell({"tenant": tenant, "settings": found}, lines)


def _stored(rows: Rows, tenant_id: int) -> list[tuple[str, Any]]:
    found = rows.all("settings", tenant_id=tenant_id)
    return [(row[0], msgspec.json.decode(row[1])) for row in found]


def _setting(name: str, stored: dict[str, Any], revealed: dict[str, str] | None) -> dict[str, Any]:
    """One setting; `revealed` holds the secrets, or is None to hide all."""
    setting = settings.SETTINGS[name]
    value = stored.get(name, setting.default)
    if secret_settings.is_secret(name):
        value = _HIDDEN if revealed is None else revealed.get(name, "")
    return {
        "name": name,
        "value": value,
        "isSet": name in stored,
        "about": setting.about,
    }


def _written(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def moment(microseconds: int) -> str:
    """A time as the commands show it: ISO 8601, UTC."""
    return to_datetime(microseconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")
