"""SQLite finds rows by an index that singles them out, and walks over a whole tenant nowhere."""

from __future__ import annotations

import re

import apsw
import pytest

from guerdon.clock import SystemClock
from guerdon.store.sqlite.connection import QUERIES
from guerdon.store.sqlite.store import SqliteStore

GROWING = {
    "account",
    "activity",
    "bought_coupon",
    "coupon",
    "decision",
    "decision_block",
    "delivery",
    "idempotency",
    "identity",
    "invitation",
    "member",
    "points_posting",
    "points_run",
    "points_transfer",
    "purchase",
    "purchase_item",
    "reward_buyer",
    "seal",
    "segment_member",
    "standing",
}
"""Tables with rows for members or for what they do."""
WALKS = {
    "deleted_numbers": "the index holds nobody else",
    "first_seal": "in the order of the table, one row",
    "points_postings": "asked by tests alone",
    "purchases_down": "in the order of the table, up to a limit",
    "purchases_up": "in the order of the table, up to a limit",
}
IN_ORDER = re.compile(r"PRIMARY KEY \(tenant_id=\? AND (?:position|number|delivery_id)[<>]")
RESIDUAL = re.compile(r"\b(?:type|kind|number|recipient|referrer|transaction_id) = [:'0-9]")


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The plan of every query but those that empty a table, in a database that is just made."""
    store = SqliteStore(tmp_path_factory.mktemp("plans") / "guerdon.db", SystemClock())
    store.migrate()
    connection = apsw.Connection(str(store.path))
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    found = {}
    for name, text in QUERIES.items():
        if not name.startswith("clear_"):
            names = set(re.findall(r"(?<![:\w]):([a-z][a-z0-9_]*)", text))
            plan = connection.execute(f"EXPLAIN QUERY PLAN {text}", dict.fromkeys(names, 1))
            found[name] = [row[3] for row in plan]
    connection.close()
    return found


def steps(plans: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Every step about a growing table, with the query it is part of."""
    found = []
    for name, plan in plans.items():
        text = QUERIES[name]
        aliases = dict(re.findall(r"\b(?:FROM|JOIN|UPDATE)\s+(\w+)\s+(?:AS\s+)?(\w+)", text))
        tables = {alias: table for table, alias in aliases.items()}
        for step in plan:
            subject = re.match(r"(?:SCAN|SEARCH) (\w+)", step)
            if subject and tables.get(subject[1], subject[1]) in GROWING:
                found.append((name, step))
    return found


def test_no_query_walks_over_a_tenant(plans: dict[str, list[str]]) -> None:
    looked_at = steps(plans)
    assert len(looked_at) > 150
    walking = {
        name for name, step in looked_at if "(tenant_id=?)" in step or step.startswith("SCAN")
    }
    assert walking - WALKS.keys() == {"deliveries_waiting"}


def test_no_query_passes_by_others_rows_on_its_way_through_a_table(
    plans: dict[str, list[str]],
) -> None:
    passing = {
        name
        for name, step in steps(plans)
        if IN_ORDER.search(step) and RESIDUAL.search(QUERIES[name].rpartition("FROM")[2])
    }
    # These look at the journal's tail, which is short.
    assert passing == {
        "tail_of_member",
        "tail_of_member_and_type",
        "decision_tail_up",
        "decision_tail_down",
        "decisions_in_tail",
    }
