"""What a worker tells the operator's tools: readiness, metrics, version.

Counts of answers are all workers' together; what stands in the store is read from it when asked.
Labels are room, status, dialect, outcome and the tenant's code: never a member, a key or a name.

Source: prometheus.io, "Metric and label naming": base units, `_total` for counters.
"""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from guerdon import __version__, bootstrap
from guerdon.cli.tallies import Counts
from guerdon.config import Config
from guerdon.engine.engine import Engine
from guerdon.engine.rules import asked_until
from guerdon.errors import GuerdonError, StoreError
from guerdon.followers.rules import has_rules
from guerdon.store import activities
from guerdon.store.port import Rows, Store
from guerdon.web.app import Probes

_OUTCOME = "outcome:"
_DELIVERY = "delivery:"


class TenantFigures(msgspec.Struct, frozen=True):
    """What is counted of one tenant.

    tail_rows, rules_tail_rows: how far the index and the rules are behind the journal.
    outcomes:   (dialect, kind, total).
    deliveries: (outcome, total) of those that have ended.
    """

    code: str
    accepted: int
    deleted: int
    decisions: int
    tail_rows: int
    rules_tail_rows: int
    outcomes: tuple[tuple[str, str, int], ...]
    deliveries: tuple[tuple[str, int], ...]


class Figures(msgspec.Struct, frozen=True):
    """What stands in the store, at one moment."""

    tenants: tuple[TenantFigures, ...]
    deliveries_waiting: int


def probes(
    front: Engine,
    store: Store,
    config: Config,
    *,
    risks: list[str],
    answered: Callable[[], Counts],
    unready: Callable[[], str | None],
) -> Probes:
    """The probes of one worker.

    risks:    what the operator has accepted about the storage.
    answered: all workers' answers.
    unready:  why this worker cannot serve, other than the store; None when it can.
    """

    async def ready() -> tuple[bool, dict[str, Any]]:
        reasons = [unready(), await _trouble(front, store)]
        told = [reason for reason in reasons if reason]
        body: dict[str, Any] = {"engine": config.engine}
        if told:
            body["reasons"] = told
        if risks:
            body["unsafeStorage"] = risks
        return not told, body

    async def metrics() -> bytes:
        found = await front.read(figures)
        registry = CollectorRegistry()
        registry.register(_Collected([*_answers(answered()), *_of_store(found), *_of_us(config)]))
        return generate_latest(registry)

    def version() -> dict[str, Any]:
        return {"name": "guerdon", "version": __version__}

    return Probes(ready, metrics, version)


def figures(rows: Rows) -> Figures:
    """Read everything that is counted."""
    waiting = rows.one("deliveries_waiting")
    return Figures(
        tuple(_tenant(rows, row[0], row[1]) for row in rows.all("tenants")),
        waiting[0] if waiting else 0,
    )


def _tenant(rows: Rows, tenant_id: int, code: str) -> TenantFigures:
    head = rows.one("head", tenant_id=tenant_id)
    accepted, decisions = (head[0], head[1]) if head else (0, 0)
    counters: dict[str, int] = dict(rows.all("counters", tenant_id=tenant_id))
    outcomes = tuple(
        _outcome(name, total) for name, total in counters.items() if name.startswith(_OUTCOME)
    )
    return TenantFigures(
        code,
        accepted,
        counters.get("activity:deleted", 0),
        decisions,
        accepted - activities.indexed(rows, tenant_id),
        accepted - asked_until(rows, tenant_id) if has_rules(rows, tenant_id) else 0,
        outcomes,
        tuple(
            (name.removeprefix(_DELIVERY), total)
            for name, total in counters.items()
            if name.startswith(_DELIVERY)
        ),
    )


def _outcome(counter: str, total: int) -> tuple[str, str, int]:
    dialect, _, kind = counter.removeprefix(_OUTCOME).rpartition(":")
    return dialect, kind, total


async def _trouble(front: Engine, store: Store) -> str | None:
    """Why the store cannot be used; None when it can."""
    try:
        await front.read(lambda rows: rows.one("next_tenant_id"))
        await asyncio.to_thread(bootstrap.require_migrated, store)
    except StoreError as error:
        # Its text may hold an address; the code says enough to everybody who may ask.
        return f"the store cannot be read ({error.code})"
    except GuerdonError as error:
        return error.message
    return None


class _Collected:
    """Metrics already read, in the shape the registry wants."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _answers(counts: Counts) -> Iterator[Metric]:
    family = CounterMetricFamily(
        "guerdon_http_answers", "HTTP requests answered.", labels=["room", "status"]
    )
    for (room, status), total in sorted(counts.items()):
        family.add_metric([room, str(status)], total)
    yield family


def _of_store(found: Figures) -> Iterator[Metric]:
    outcomes = CounterMetricFamily(
        "guerdon_outcomes",
        "Requests that did not reach the journal.",
        labels=["tenant", "dialect", "outcome"],
    )
    for tenant in found.tenants:
        for dialect, kind, total in tenant.outcomes:
            outcomes.add_metric([tenant.code, dialect, kind], total)
    yield outcomes
    for name, about, counted in (
        ("guerdon_events_accepted", "Activities stored in the journal.", "accepted"),
        ("guerdon_events_deleted", "Activities taken out of the journal again.", "deleted"),
        ("guerdon_decisions", "Decisions recorded.", "decisions"),
    ):
        counter = CounterMetricFamily(name, about, labels=["tenant"])
        for tenant in found.tenants:
            counter.add_metric([tenant.code], getattr(tenant, counted))
        yield counter
    for name, about, counted in (
        ("guerdon_index_tail_rows", "Activities the index has not sorted yet.", "tail_rows"),
        ("guerdon_rules_tail_rows", "Activities behind the rules' checkpoint.", "rules_tail_rows"),
    ):
        gauge = GaugeMetricFamily(name, about, labels=["tenant"])
        for tenant in found.tenants:
            gauge.add_metric([tenant.code], getattr(tenant, counted))
        yield gauge
    yield GaugeMetricFamily(
        "guerdon_deliveries_waiting", "Deliveries owed.", value=found.deliveries_waiting
    )
    ended = CounterMetricFamily(
        "guerdon_deliveries", "Deliveries that ended.", labels=["tenant", "outcome"]
    )
    for tenant in found.tenants:
        for outcome, total in tenant.deliveries:
            ended.add_metric([tenant.code, outcome], total)
    yield ended


def _of_us(config: Config) -> Iterator[Metric]:
    build = GaugeMetricFamily(
        "guerdon_build_info", "What runs.", labels=["version", "engine", "python"]
    )
    build.add_metric([__version__, config.engine, platform.python_version()], 1)
    yield build
