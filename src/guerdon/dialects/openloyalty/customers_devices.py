"""What is kept for a customer besides details: a picture, and the devices they are reached on.

Errors: 404 for a picture that is not there; InvalidForm for a file that is no picture.
Source: Open Loyalty 4.3, "Customers"; its page shows no list of tokens: it is as in release 3.
"""

from __future__ import annotations

from guerdon import limits
from guerdon.dialects.openloyalty import customers
from guerdon.dialects.openloyalty.desk import Answer, Context, Endpoint, Visit
from guerdon.domain import pictures
from guerdon.engine.commands.standing import (
    AddPushToken,
    RemoveAvatar,
    RemovePushToken,
    SetAvatar,
)
from guerdon.store import standing
from guerdon.store.port import Rows
from guerdon.store.standing import Avatar


async def show_avatar(visit: Visit) -> Answer:
    """`GET /customer/{customer}/avatar`: the picture itself."""

    def read(rows: Rows) -> Avatar | None:
        member = customers.named(rows, visit)
        return standing.avatar(rows, visit.engine.vault, visit.tenant_id, member.number)

    avatar = await visit.read(read)
    return visit.sent(avatar.mime, avatar.content) if avatar else visit.missing()


async def set_avatar(visit: Visit) -> Answer:
    """`POST /customer/{customer}/avatar`."""
    member = await customers.found(visit)
    form = await visit.form("avatar")
    file = form.file("file")
    if file is not None:
        if len(file.content) > limits.avatar_bytes_max:
            form.fail(
                "file", f"The file is too large. Allowed are {limits.avatar_bytes_max} bytes."
            )
        elif pictures.recognised(file.content) is None:
            form.fail("file", "This file is not a valid image.")
    form.check()
    if file is not None:
        name = file.name[: limits.avatar_name_chars_max]
        await visit.execute(
            SetAvatar(
                visit.tenant_id,
                visit.key_id,
                member.number,
                file.content,
                name,
                actor=visit.actor,
            )
        )
    return visit.nothing()


async def remove_avatar(visit: Visit) -> Answer:
    """`DELETE /customer/{customer}/avatar`."""
    member = await customers.found(visit)
    await visit.execute(
        RemoveAvatar(visit.tenant_id, visit.key_id, member.number, actor=visit.actor)
    )
    return visit.nothing()


async def list_tokens(visit: Visit) -> Answer:
    """`GET /customer/{customer}/pushy-token`."""

    def read(rows: Rows) -> list[str]:
        member = customers.named(rows, visit)
        return standing.push_tokens(rows, visit.tenant_id, member.number)

    tokens = await visit.read(read)
    return visit.listed("tokens", tokens, len(tokens))


async def add_token(visit: Visit) -> Answer:
    """`POST /customer/{customer}/pushy-token`."""
    member = await customers.found(visit)
    form = await visit.form("customer")
    token = form.text("pushyToken", chars_max=limits.push_token_chars_max)
    known = await visit.read(
        lambda rows: standing.push_tokens(rows, visit.tenant_id, member.number)
    )
    if token not in known and len(known) >= limits.push_tokens_max:
        form.fail("pushyToken", f"There are {limits.push_tokens_max} devices already.")
    form.check()
    await visit.execute(
        AddPushToken(visit.tenant_id, visit.key_id, member.number, token, actor=visit.actor)
    )
    return visit.nothing()


async def remove_token(visit: Visit) -> Answer:
    """`DELETE /customer/{customer}/pushy-token/{tokenToRemove}`."""
    member = await customers.found(visit)
    token = visit.params["tokenToRemove"]
    await visit.execute(
        RemovePushToken(visit.tenant_id, visit.key_id, member.number, token, actor=visit.actor)
    )
    return visit.nothing()


def endpoints() -> list[Endpoint]:
    """Everything about customers' pictures and devices."""
    see, modify = "CUSTOMER:VIEW", "CUSTOMER:MODIFY"
    theirs: tuple[Context, ...] = ("admin", "customer")
    avatar = "/customer/{customer}/avatar"
    tokens = "/customer/{customer}/pushy-token"
    return [
        Endpoint("GET", avatar, show_avatar, ("admin", "seller", "customer"), see),
        Endpoint("POST", avatar, set_avatar, theirs, modify),
        Endpoint("DELETE", avatar, remove_avatar, theirs, modify),
        Endpoint("GET", tokens, list_tokens, theirs, see),
        Endpoint("POST", tokens, add_token, theirs, modify),
        Endpoint("DELETE", f"{tokens}/{{tokenToRemove}}", remove_token, theirs, modify),
    ]
