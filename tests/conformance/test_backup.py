"""A copy made while others write is a whole beginning of the journal."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from conformance.stores import Bench, ingest, only_on_postgres, only_on_sqlite
from guerdon.cli.outgoing import delivery_of
from guerdon.clock import SECOND
from guerdon.config import Config
from guerdon.engine import commands
from guerdon.errors import Misconfigured
from guerdon.store import activities, decisions


@only_on_sqlite
def test_a_copy_made_under_load_is_whole(bench: Bench, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    started, done = threading.Event(), threading.Event()

    def back_up() -> None:
        started.wait()
        bench.store.backup(str(copy))
        done.set()

    thread = threading.Thread(target=back_up)
    thread.start()
    sent = 0
    while not done.is_set() or sent < 20:
        bench.do(ingest(bench.tenant_id, [f"m{sent % 50}"] * 10))
        sent += 1
        started.set()
    thread.join()
    config = Config(
        data_dir=tmp_path, database_url=f"sqlite:///{copy}", secret_key=bench.config.secret_key
    )
    restored = Bench(config, tenant_id=bench.tenant_id)
    try:
        assert_is_a_beginning(restored, bench)
        before = restored.ask(lambda rows: activities.count(rows, bench.tenant_id))
        assert 10 <= before <= sent * 10
        assert before % 10 == 0
        stored = restored.do(ingest(bench.tenant_id, ["m0"]))
        assert stored.first_position == before + 1
    finally:
        restored.close()


@only_on_sqlite
def test_what_was_lost_with_a_restore_is_sent_again_and_stored_once(
    bench: Bench, tmp_path: Path
) -> None:
    """Senders repeat what they have no answer for, and more; no message gets another's id."""

    def sent(at: int) -> list[commands.Ingest]:
        item = commands.Item("seen", (("external", "m"),), event_id=f"e{at}")
        named = commands.Ingest(
            1, 0, "native", (item,), unknown_member="create", unknown_type="add"
        )
        key = commands.ReplayKey(b"key %d" % at, b"content", 3_600)
        return [named, ingest(1, ["m"], replay=key)]

    def owes(at: Bench) -> tuple[int, str]:
        """Owe a mail; its number, and what its receiver sees."""
        moment = at.clock.moment
        at.do(commands.DeleteActivities(1, 0, "seen", 0, 1, f"{moment}@example.com"))
        at.settle()
        leased = at.do(commands.LeaseDeliveries(0, 0, 10))[-1]
        return leased.delivery_id, delivery_of(leased, at.config.secret_key).message_id

    copy = tmp_path / "copy.db"
    for at in range(4):
        bench.together(*sent(at))
    bench.store.backup(str(copy))
    for at in range(4, 8):
        bench.together(*sent(at))
    lost = owes(bench)
    config = Config(
        data_dir=tmp_path, database_url=f"sqlite:///{copy}", secret_key=bench.config.secret_key
    )
    restored = Bench(config, tenant_id=1)
    restored.clock.moment += SECOND
    try:
        for at in (7, 2, 0, 5, 4, 6, 5, 1, 3):
            restored.together(*sent(at))
        assert restored.ask(lambda rows: activities.count(rows, 1)) == 2 * 8
        again = owes(restored)
        assert again[0] == lost[0]
        assert again[1] != lost[1]
    finally:
        restored.close()


def assert_is_a_beginning(restored: Bench, whole: Bench) -> None:
    def journals(bench: Bench) -> tuple[list[object], list[object]]:
        return bench.ask(
            lambda rows: (
                activities.after(rows, whole.tenant_id, position=0, limit=1_000_000),
                rows.all("decision_rows", tenant_id=whole.tenant_id, after=0, limit=1_000_000),
            )
        )

    for part, all_of_it in zip(journals(restored), journals(whole), strict=True):
        assert part == all_of_it[: len(part)]
    verdict = restored.ask(lambda rows: decisions.verify(rows, whole.tenant_id))
    assert verdict.bad_position is None


def test_a_copy_is_never_written_over_a_file(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(Misconfigured):
        bench.store.backup(str(tmp_path / "copy.db"))
    assert (tmp_path / "copy.db").read_text() == "mine"


@only_on_postgres
def test_postgresql_names_the_tools_that_copy_it(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="pg_basebackup or pg_dump"):
        bench.store.backup(str(tmp_path / "copy"))
