"""What must hold of a store, whatever happened to it: the promises, asked one by one.

`examine` opens the store as a new process would and raises AssertionError at the first promise that
is broken. It compares with the ledger of what was sent, not with the code that stored it.
"""

from __future__ import annotations

import functools
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import apsw
import msgspec

import books
from crash.workload import DOOMED, SECRET_KEY, Sent, TickingClock, ingests
from guerdon import limits
from guerdon.engine.commands import DeleteActivities, Ingested
from guerdon.engine.committer import Committer
from guerdon.followers.background import Upkeep
from guerdon.store import activities, decisions
from guerdon.store.port import Rows, Store
from guerdon.store.sqlite.store import SqliteStore
from guerdon.store.vault import Vault

NOTHING = -1
"""For `at`: no answer had come yet."""

EVERYTHING = 1_000_000
_SLICES_MAX = 5_000


def examine(store: Store, ledger: list[Sent], *, at: int = EVERYTHING, pages: bool = True) -> None:
    """Every promise about what `ledger` sent, answered up to the disk's operation `at`.

    pages: compare all pages with the journal as well.
    """
    reader = store.reader()
    try:
        reader.ask(lambda rows: _look(rows, ledger, at, pages))
    finally:
        reader.close()


def examine_reopened(path: Path, ledger: list[Sent], *, at: int, vfs: str | None = None) -> None:
    """A SQLite file found after a crash: all promises before, and after work has gone on."""
    clock = TickingClock(99)
    store = SqliteStore(path, clock, vfs=vfs)
    store.migrate()
    assert integrity(path, vfs) == "ok"
    examine(store, ledger, at=at, pages=False)
    committer = Committer(store, clock, Vault(SECRET_KEY, clock))
    try:
        _send_again(committer, ledger, at)
        finish(committer)
    finally:
        committer.close()
    everything = [_as_sent_again(sent) for sent in ledger]
    examine(store, everything)
    assert integrity(path, vfs) == "ok"


def integrity(path: Path, vfs: str | None = None) -> str:
    """SQLite's own verdict on a file."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY, vfs=vfs)
    try:
        return str(connection.pragma("integrity_check"))
    finally:
        connection.close()


def finish(committer: Committer) -> None:
    """All background work there is."""
    upkeep = Upkeep()
    for _ in range(_SLICES_MAX):
        if not upkeep.slice(committer, busy=False):
            return
    raise AssertionError("the background work does not end")


def lost(path: Path, ledger: list[Sent], *, at: int) -> list[str]:
    """The acknowledged batches that a store does not hold, deletions left aside."""
    reader = SqliteStore(path, TickingClock(0)).reader()
    try:
        tenants = {sent.command.tenant_id for sent in ledger}
        stored = Counter[str]()
        for tenant_id in tenants:
            stored += reader.ask(functools.partial(stored_tags, tenant_id=tenant_id))
    finally:
        reader.close()
    return [
        sent.tag
        for sent, ingest in ingests(ledger)
        if _acknowledged(sent, at)
        and ingest.items[0].type != DOOMED
        and stored[sent.tag] != len(ingest.items)
    ]


def stored_tags(rows: Rows, tenant_id: int) -> Counter[str]:
    """How many activities of each command a tenant's readers can see."""
    seen = activities.after(rows, tenant_id, position=0, limit=EVERYTHING)
    return Counter(json.loads(each.data)["tag"] for each in seen if each.data)


# --- what is looked at ---------------------------------------------------------------------------


def _look(rows: Rows, ledger: list[Sent], at: int, pages: bool) -> None:
    tenants = [row[0] for row in rows.all("tenants")]
    told = [sent.answer for sent in ledger if _is_tenant(sent) and _acknowledged(sent, at)]
    assert set(told) <= set(tenants), "an acknowledged tenant is gone"
    for tenant_id in tenants:
        own = [sent for sent in ledger if sent.command.tenant_id == tenant_id]
        _batches_are_whole(rows, tenant_id, own, at)
        _positions_have_no_gaps(rows, tenant_id)
        _history_verifies(rows, tenant_id)
        _state_agrees_with_history(rows, tenant_id)
        if pages:
            _pages_agree_with_the_journal(rows, tenant_id)


def _is_tenant(sent: Sent) -> bool:
    return type(sent.command).__name__ == "CreateTenant"


def _acknowledged(sent: Sent, at: int) -> bool:
    return sent.is_acknowledged and sent.answered is not None and sent.answered <= at


def _batches_are_whole(rows: Rows, tenant_id: int, own: list[Sent], at: int) -> None:
    visible = activities.after(rows, tenant_id, position=0, limit=EVERYTHING)
    places: dict[str, list[int]] = defaultdict(list)
    for each in visible:
        content = json.loads(each.data or "{}")
        places[content["tag"]].append(each.position)
    deletions = [sent for sent in own if isinstance(sent.command, DeleteActivities)]
    for sent, ingest in ingests(own):
        found = places.pop(sent.tag, [])
        size = len(ingest.items)
        assert len(found) in (0, size), f"batch {sent.tag}: {len(found)} of {size}"
        assert not (found and sent.is_refused and _was_refused(sent)), f"{sent.tag} was refused"
        if ingest.items[0].type == DOOMED and _may_be_gone(sent, deletions, at):
            continue
        if _acknowledged(sent, at):
            assert found, f"batch {sent.tag} was acknowledged and is gone"
            assert found == _positions(sent.answer), f"batch {sent.tag} stands elsewhere"
    assert not places, f"nobody sent {sorted(places)}"
    for sent in deletions:
        if _acknowledged(sent, at):
            _is_hidden(sent, own, visible)


def _was_refused(sent: Sent) -> bool:
    """Refused outright, not failed half-way."""
    return getattr(sent.answer, "code", "") != "outcome_unknown"


def _may_be_gone(sent: Sent, deletions: list[Sent], at: int) -> bool:
    return any(each.began >= sent.began and each.began <= at for each in deletions)


def _is_hidden(deletion: Sent, own: list[Sent], visible: list[Any]) -> None:
    """What was stored before an acknowledged deletion is in no answer any more."""
    shown = {json.loads(each.data)["tag"] for each in visible}
    for sent, ingest in ingests(own):
        if ingest.items[0].type == DOOMED and (sent.answered or EVERYTHING) <= deletion.began:
            assert sent.tag not in shown, f"batch {sent.tag} was deleted and is shown"


def _positions(answer: Ingested) -> list[int]:
    if answer.positions:
        return sorted(answer.positions)
    return list(range(answer.first_position, answer.first_position + answer.count))


def _positions_have_no_gaps(rows: Rows, tenant_id: int) -> None:
    """Each position given out is in the journal, or a deletion accounts for it."""
    head = activities.last_position(rows, tenant_id)
    found = rows.all("rows_to_pack", tenant_id=tenant_id, after=0, until=EVERYTHING)
    positions = sorted(row[1] for row in found)
    assert len(set(positions)) == len(positions)
    assert not positions or positions[-1] <= head, "a row beyond the head"
    deleted = rows.one("counter_total", tenant_id=tenant_id, name=activities.DELETED)
    missing = head - len(positions)
    assert 0 <= missing <= (deleted[0] if deleted else 0), f"{missing} positions are missing"
    visible = activities.after(rows, tenant_id, position=0, limit=EVERYTHING)
    assert len(visible) == activities.count(rows, tenant_id)
    recorded = [each.recorded_at for each in visible]
    assert recorded == sorted(recorded), "recording time went back"


def _history_verifies(rows: Rows, tenant_id: int) -> None:
    verdict = decisions.verify(rows, tenant_id)
    assert verdict.bad_position is None, verdict
    head = rows.one("head", tenant_id=tenant_id)
    assert head is not None
    assert verdict.verified == head[1]


def _state_agrees_with_history(rows: Rows, tenant_id: int) -> None:
    """Members, balances and counters are what the decision journal says."""
    vault = Vault(SECRET_KEY, TickingClock(0))
    history = decisions.page(rows, vault, tenant_id, limit=EVERYTHING)
    kinds = Counter(each.type for each in history)
    counters = dict(rows.all("counters", tenant_id=tenant_id))
    counted = {
        name.removeprefix("decision:"): total
        for name, total in counters.items()
        if name.startswith("decision:")
    }
    assert counted == dict(kinds)
    members = rows.all("members_after", tenant_id=tenant_id, after=0, limit=EVERYTHING)
    registered = sum(total for kind, total in kinds.items() if kind.endswith("WasRegistered"))
    assert len(members) == registered
    books.balance(rows, tenant_id)
    for number, *_ in members:
        assert rows.all("identities", tenant_id=tenant_id, number=number), f"member {number}"


def _pages_agree_with_the_journal(rows: Rows, tenant_id: int) -> None:
    """By member, by type and by page number: the same activities as by position."""
    visible = activities.after(rows, tenant_id, position=0, limit=EVERYTHING)
    for number in {each.number for each in visible}:
        mine = [each for each in visible if each.number == number]
        assert (
            activities.after(rows, tenant_id, position=0, limit=EVERYTHING, number=number) == mine
        )
        newest = mine[-limits.latest_activities_looked_at :]
        latest = max(newest, key=lambda each: (each.occurred_at, each.position))
        assert activities.latest(rows, tenant_id, number) == latest
    for type_id in {each.type_id for each in visible}:
        those = [each for each in visible if each.type_id == type_id]
        assert (
            activities.after(rows, tenant_id, position=0, limit=EVERYTHING, type_id=type_id)
            == those
        )
        offset = len(those) // 2
        assert (
            activities.page(rows, tenant_id, offset=offset, limit=5, type_id=type_id)
            == those[offset : offset + 5]
        )
    offset = len(visible) // 3
    page = activities.page(rows, tenant_id, offset=offset, limit=10)
    assert page == visible[offset : offset + 10]


# --- going on ------------------------------------------------------------------------------------


def _send_again(committer: Committer, ledger: list[Sent], at: int) -> None:
    """Each sender that has a key or ids sends again: once stored, always the same answer."""
    for sent, ingest in ingests(ledger):
        if sent.began > at:
            continue
        if ingest.replay is None and ingest.items[0].event_id is None:
            continue
        answer = committer.run([ingest])[0]
        assert isinstance(answer, Ingested), answer
        if _acknowledged(sent, at):
            assert answer.replayed, f"batch {sent.tag} was stored twice"
            assert _positions(answer) == _positions(sent.answer)


def _as_sent_again(sent: Sent) -> Sent:
    """What is known of it now: nothing of what the power cut took, everything of the rest."""
    return msgspec.structs.replace(sent, answered=None, answer=None)
