"""Definitions' use cases, and what a transaction remembers of them."""

from __future__ import annotations

import msgspec

from guerdon.domain import definitions as decide
from guerdon.engine.commands import Handlers
from guerdon.engine.commands.definitions import Define, Defined, Undefine
from guerdon.engine.record import record
from guerdon.errors import NotFound
from guerdon.store import definitions
from guerdon.store.definitions import Definition
from guerdon.store.transaction import Transaction


def known(tx: Transaction, tenant_id: int, kind: str) -> dict[str, Definition]:
    """Everything of a kind by its id, in the order of creation; remembered between commits."""
    memory = tx.memory(tenant_id)
    found: dict[str, Definition] | None = memory.definitions.get(kind)
    if found is None:
        listed = definitions.of_kind(tx.rows, tenant_id, kind)
        found = memory.definitions[kind] = {each.definition_id: each for each in listed}
    return found


def required(tx: Transaction, tenant_id: int, kind: str, definition_id: str) -> Definition:
    """One definition. Errors: NotFound `unknown_definition`."""
    found = known(tx, tenant_id, kind).get(definition_id)
    if found is None:
        raise NotFound(code="unknown_definition")
    return found


_BY_MOMENT = ("Rule",)
"""Kinds that hold for the activities recorded from their own moment on."""


def define(tx: Transaction, command: Define) -> Defined:
    """See `Define`."""
    tenant_id = command.tenant_id
    if command.definition_id:
        required(tx, tenant_id, command.kind, command.definition_id)
    definition_id = command.definition_id or tx.uuid()
    body = msgspec.json.decode(command.body)
    decision = decide.defined(
        command.kind, definition_id, body, active=command.active, is_secret=command.is_secret
    )
    _begin(tx, command)
    record(tx, tenant_id, decision)
    return Defined(definition_id)


def undefine(tx: Transaction, command: Undefine) -> None:
    """See `Undefine`."""
    required(tx, command.tenant_id, command.kind, command.definition_id)
    _begin(tx, command)
    record(tx, command.tenant_id, decide.removed(command.kind, command.definition_id))


def _begin(tx: Transaction, command: Define | Undefine) -> None:
    if command.kind in _BY_MOMENT:
        tx.tell_apart(command.tenant_id)


HANDLERS: Handlers = {Define: define, Undefine: undefine}
