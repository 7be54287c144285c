"""`guerdon migrate`, `verify`, `rebuild`, `backup` and `token rotate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from guerdon import bootstrap
from guerdon.cli import session
from guerdon.cli.call import Call, command, group
from guerdon.cli.patience import patiently
from guerdon.clock import SystemClock
from guerdon.dialects.openloyalty import tokens
from guerdon.engine.commands import RebuildState
from guerdon.engine.engine import Engine
from guerdon.errors import Locked, StoreError
from guerdon.store import books, decisions
from guerdon.store.decisions import Verdict
from guerdon.store.port import Rows

OneTenant = Annotated[str | None, typer.Option(help="Only this one; all of them, if left out.")]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    command(app, "migrate")(_migrate)
    command(app, "verify")(_verify)
    command(app, "rebuild")(_rebuild)
    command(app, "backup")(_backup)
    token = group(app, "token", "The keys that sign administrators' tokens.")
    command(token, "rotate")(_rotate)


def _migrate(
    call: Call,
    *,
    pre: Annotated[
        bool, typer.Option("--pre", help="Only what the previous release can live with.")
    ] = False,
) -> None:
    """Bring the schema up to date."""
    config, clock = call.settings(), SystemClock()
    store = bootstrap.open_store(config, clock, lambda reason: typer.echo(reason, err=True))
    bootstrap.require_key(store, config, clock)
    applied: list[str] = []
    if store.pending_migrations():
        part = "pre" if pre else "post"
        applied = patiently(
            lambda: store.migrate(part=part), clock, lambda error: isinstance(error, Locked)
        )
    pending = store.pending_migrations()
    lines = [f"applied {name}" for name in applied] or ["nothing to apply"]
    call.tell(
        {"applied": applied, "pending": pending},
        [*lines, *(f"pending {name}" for name in pending)],
    )


def _verify(call: Call) -> None:
    """Recompute each tenant's chain of decisions, add its points up, check the database's files."""

    def question(rows: Rows) -> tuple[dict[str, Verdict], dict[str, list[str]], list[str]]:
        tenants = [(row[0], row[1]) for row in rows.all("tenants")]
        verdicts = {code: decisions.verify(rows, tenant_id) for tenant_id, code in tenants}
        faults = {code: books.faults(rows, tenant_id) for tenant_id, code in tenants}
        found = [str(row[0]) for row in rows.all("storage_check")]
        return verdicts, faults, [each for each in found if each != "ok"]

    verdicts, faults, damage = session.run(call.settings(), lambda front: front.read(question))
    facts = {
        "tenants": {
            code: {
                "verified": verdict.verified,
                "badPosition": verdict.bad_position,
                "reason": verdict.reason,
                "books": faults[code] or "ok",
            }
            for code, verdict in verdicts.items()
        },
        "storage": damage or "ok",
    }
    bad = [
        f"{code}: position {verdict.bad_position}: {verdict.reason}"
        for code, verdict in verdicts.items()
        if verdict.bad_position is not None
    ]
    bad += [f"{code}: {fault}" for code, found in faults.items() for fault in found]
    good = [
        f"{code}: {verdict.verified} decisions hold, points add up"
        for code, verdict in verdicts.items()
        if verdict.bad_position is None and not faults[code]
    ]
    call.tell(facts, [*good, *bad, f"storage: {'; '.join(damage) or 'ok'}"])
    if bad or damage:
        raise StoreError("; ".join([*bad, *damage[:1]]))


def _rebuild(
    call: Call,
    tenant: OneTenant = None,
    *,
    index: Annotated[
        bool, typer.Option("--index", help="The sorted tables of the activity journal as well.")
    ] = False,
) -> None:
    """Make the state tables again from the decision journals."""

    def chosen(rows: Rows) -> list[tuple[int, str]]:
        if tenant is not None:
            return [(session.tenant_id(rows, tenant), tenant)]
        return [(row[0], row[1]) for row in rows.all("tenants")]

    async def work(front: Engine) -> dict[str, int]:
        folded = {}
        for tenant_id, code in await front.read(chosen):
            folded[code] = (await front.execute(RebuildState(tenant_id, 0, index))).decisions
        return folded

    folded = session.run(call.settings(), work)
    facts: dict[str, Any] = {"decisions": folded, "index": index}
    call.tell(facts, [f"{code}: {count} decisions folded" for code, count in folded.items()])


def _backup(
    call: Call, file: Annotated[Path, typer.Argument(help="A file that does not exist yet.")]
) -> None:
    """Write a complete copy of a SQLite store, while the server works."""
    store = bootstrap.open_store(
        call.settings_alone(), SystemClock(), lambda reason: typer.echo(reason, err=True)
    )
    bootstrap.require_migrated(store)
    path = file.absolute()
    store.backup(str(path))
    facts = {"file": str(path), "bytes": path.stat().st_size}
    call.tell(facts, [f"{path}: {facts['bytes']} bytes; keep the secret key apart from it"])


def _rotate(call: Call) -> None:
    """Sign tokens with a new key; those signed before stay valid until they expire."""

    async def work(front: Engine) -> str:
        made = tokens.new_signing_key(front.clock, front.vault)
        await front.execute(made)
        return made.kid

    kid = session.run(call.settings(), work)
    call.tell({"kid": kid}, [f"tokens are signed with {kid} from now on"])
