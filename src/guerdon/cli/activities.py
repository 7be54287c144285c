"""`guerdon activity`."""

from __future__ import annotations

from typing import Annotated

import typer

from guerdon import limits
from guerdon.cli import session
from guerdon.cli.call import Call, command, group
from guerdon.cli.tenants import Tenant
from guerdon.engine.commands.rules import SkipActivity
from guerdon.engine.engine import Engine


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    activity = group(app, "activity", "What members did.")
    command(activity, "skip")(_skip)


def _skip(
    call: Call,
    tenant: Tenant,
    position: Annotated[
        int, typer.Argument(max=limits.integer_abs_max, help="As the log names it: `activity 42`.")
    ],
) -> None:
    """Let the rules pass an activity by that stops them; it earns nothing, and history says so."""

    async def work(front: Engine) -> None:
        tenant_id = await front.read(lambda rows: session.tenant_id(rows, tenant))
        await front.execute(SkipActivity(tenant_id, 0, position))

    session.run(call.settings(), work)
    facts = {"tenant": tenant, "position": position, "skipped": True}
    call.tell(facts, [f"activity {position} is skipped"])
