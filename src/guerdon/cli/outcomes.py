"""`guerdon outcomes`: requests that are not in the journal, and sending them again."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from guerdon import limits
from guerdon.cli import session
from guerdon.cli.call import Call, command, group
from guerdon.cli.replay import Outcome, Replayed, replay
from guerdon.cli.tenants import Tenant, moment
from guerdon.domain import moments
from guerdon.engine.engine import Engine
from guerdon.engine.tenants import DIALECTS
from guerdon.errors import NotFound, Refused
from guerdon.store.port import Row, Rows

_PAGE_ROWS = 500
_FOREVER = 2**62
_KINDS = ("refused", "duplicate", "held")
Code = Annotated[str | None, typer.Option(help="Only those refused with this code.")]
Dialect = Annotated[str | None, typer.Option(help="Only those of this wire format.")]
Kind = Annotated[str | None, typer.Option(help="refused, duplicate or held.")]
Since = Annotated[str | None, typer.Option(help="YYYY-MM-DD HH:MM:SS, UTC.")]
Limit = Annotated[int, typer.Option(min=1, help="At most so many.")]


class Filter(msgspec.Struct, frozen=True):
    """Which outcomes are meant; what is None does not matter."""

    kind: str | None = None
    code: str | None = None
    dialect: str | None = None
    since: int = 0
    only_open: bool = False

    def takes(self, outcome: Outcome) -> bool:
        """Whether this is one of them."""
        return (
            self.kind in (None, outcome.kind)
            and self.code in (None, outcome.code)
            and self.dialect in (None, outcome.dialect)
            and not (self.only_open and outcome.replayed_at is not None)
        )


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    outcomes = group(app, "outcomes", "Requests that are not in the journal.", _alone)
    command(outcomes, "list")(_list)
    command(outcomes, "show")(_show)
    command(outcomes, "replay")(_replay)


def find(rows: Rows, tenant_id: int, wanted: Filter, limit: int) -> list[Outcome]:
    """Up to `limit` outcomes, newest first."""
    found: list[Outcome] = []
    before = _FOREVER
    while len(found) < limit:
        page = [
            _outcome(row)
            for row in rows.all(
                "outcomes",
                tenant_id=tenant_id,
                before=before,
                since=wanted.since,
                limit=_PAGE_ROWS,
            )
        ]
        found += filter(wanted.takes, page)
        if len(page) < _PAGE_ROWS:
            break
        before = page[-1].outcome_id
    return found[:limit]


def get(rows: Rows, tenant_id: int, outcome_id: int) -> Outcome:
    """One outcome. Errors: NotFound."""
    row = rows.one("outcome", tenant_id=tenant_id, outcome_id=outcome_id)
    if row is None:
        raise NotFound(f"there is no outcome {outcome_id}", code="unknown_outcome")
    return _outcome(row)


def _require_known(kind: str | None, dialect: str | None) -> None:
    """Refuse a word nothing is kept under: that there is nothing would look like good news.

    Errors: Refused.
    """
    for name, word, known in (("kind", kind, _KINDS), ("dialect", dialect, DIALECTS)):
        if word is not None and word not in known:
            raise Refused(f"there is no {name} {word}, but {', '.join(known)}", field=name)


def _outcome(row: Row) -> Outcome:
    values = (*row[:9], bytes(row[9]), *row[10:])
    return Outcome(*values)


def _alone(  # noqa: PLR0913, PLR0917 - those of `list`
    call: Call,
    ctx: typer.Context,
    tenant: Annotated[str | None, typer.Option(help="The tenant's code.")] = None,
    kind: Kind = None,
    code: Code = None,
    dialect: Dialect = None,
    since: Since = None,
    limit: Limit = 100,
) -> None:
    """Requests that are not in the journal; alone it lists them."""
    if ctx.invoked_subcommand is not None:
        return
    if tenant is None:
        raise typer.BadParameter("name the tenant", ctx=ctx, param_hint="--tenant")
    _list(call, tenant, kind, code, dialect, since, limit)


def _list(  # noqa: PLR0917 - one flag for each thing to look for
    call: Call,
    tenant: Tenant,
    kind: Kind = None,
    code: Code = None,
    dialect: Dialect = None,
    since: Since = None,
    limit: Limit = 100,
) -> None:
    """Refused, duplicate and held requests, newest first."""
    _require_known(kind, dialect)
    wanted = Filter(kind, code, dialect, 0 if since is None else moments.parse(since))

    def question(rows: Rows) -> list[Outcome]:
        return find(rows, session.tenant_id(rows, tenant), wanted, limit)

    found = session.run(call.settings(), lambda front: front.read(question))
    lines = [
        f"{each.outcome_id}  {moment(each.recorded_at)}  {each.dialect}  {each.kind}  {each.code}"
        f"  {each.reason}{'  (sent again)' if each.replayed_at else ''}"
        for each in found
    ]
    call.tell({"tenant": tenant, "outcomes": [each.facts() for each in found]}, lines)


def _show(
    call: Call,
    outcome_id: Annotated[int, typer.Argument(max=limits.integer_abs_max, metavar="ID")],
    tenant: Tenant,
) -> None:
    """One outcome with the body that was sent."""

    def question(rows: Rows) -> Outcome:
        return get(rows, session.tenant_id(rows, tenant), outcome_id)

    found = session.run(call.settings(), lambda front: front.read(question))
    body = found.body.decode("utf-8", "backslashreplace")
    facts = {**found.facts(), "body": body}
    lines = [f"{name}: {value}" for name, value in facts.items() if name != "body"]
    call.tell(facts, [*lines, "", body])


def _replay(  # noqa: PLR0913 - which ones, and as whom
    call: Call,
    tenant: Tenant,
    ids: Annotated[
        list[int] | None, typer.Argument(max=limits.integer_abs_max, metavar="ID...")
    ] = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="All that are kept and not stored yet.")
    ] = False,
    kind: Kind = None,
    code: Code = None,
    dialect: Dialect = None,
    as_operator: Annotated[
        bool, typer.Option("--as-operator", help="Also with a key that was revoked.")
    ] = False,
) -> None:
    """Send kept bodies again, oldest first, with the keys they came with."""
    if bool(ids) == everything:
        raise Refused("name the outcomes, or all of them with --all")
    _require_known(kind, dialect)
    wanted = Filter(kind or "refused", code, dialect, only_open=True)
    config = call.settings()

    def question(rows: Rows) -> tuple[int, list[Outcome]]:
        tenant_id = session.tenant_id(rows, tenant)
        if ids:
            return tenant_id, [get(rows, tenant_id, outcome_id) for outcome_id in ids]
        return tenant_id, find(rows, tenant_id, wanted, _FOREVER)[::-1]

    async def work(front: Engine) -> list[Replayed]:
        tenant_id, chosen = await front.read(question)
        return await replay(front, config, tenant_id, chosen, as_operator=as_operator)

    done = session.run(config, work)
    call.tell(
        {"tenant": tenant, "replayed": [each.facts() for each in done]},
        [f"{each.outcome_id}  {each.status or 'not sent'}  {each.answer}" for each in done],
    )
    failed = sum(not each.is_stored for each in done)
    if failed:
        raise Refused(f"{failed} of {len(done)} were refused again")
