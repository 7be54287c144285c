"""A disk that fails once, at every place there is: nothing acknowledged is lost, nobody is misled.

Each test runs the same small workload again and again; in run number n the n-th write, sync or
truncation fails, until a run meets no failure any more.
"""

from __future__ import annotations

import errno
import itertools
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from crash import oracle, powercut, small
from crash.powercut import Failing, Operation
from crash.workload import Sent, TickingClock, Workload
from guerdon import errors, limits
from guerdon.store.sqlite.store import SqliteStore

SEED = 7
GROUPS = 4
BATCH_MAX = 30

FAILED_WRITE = Failing(apsw.SQLITE_IOERR_WRITE, errno.EIO)
OVER_QUOTA = Failing(apsw.SQLITE_IOERR_WRITE, errno.EDQUOT)
DISK_FULL = Failing(apsw.SQLITE_FULL, errno.ENOSPC)
CUT_SHORT = Failing(apsw.SQLITE_FULL, errno.ENOSPC, done_bytes=20)
FAILED_SYNC = Failing(apsw.SQLITE_IOERR_FSYNC, errno.EIO)
FAILED_TRUNCATION = Failing(apsw.SQLITE_IOERR_TRUNCATE, errno.EIO)


class Nth:
    """Has the n-th operation of a kind fail; `struck` is how many of them it has seen fail."""

    def __init__(self, kind: str, n: int, failing: Failing) -> None:
        self.struck = 0
        self._failing = failing
        self._kind = kind
        self._left = n

    def __call__(self, operation: Operation) -> None:
        if operation.kind == self._kind:
            self._left -= 1
            if self._left == 0:
                self.struck += 1
                raise self._failing


@pytest.fixture(autouse=True)
def _small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    small.shrink(monkeypatch.setattr, checkpoint_pages=40)


@pytest.fixture(params=[1_000, 5], ids=["by the writer", "beside commits"])
def _both_checkpoints(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    monkeypatch.setattr(limits, "wal_pages_at_once_max", request.param)
    monkeypatch.setattr(limits, "wal_pages_anew", 60)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int]]:
    """A folder with a database that has two tenants, closed in good order."""
    folder = tmp_path_factory.mktemp("prepared")
    store = SqliteStore(folder / "guerdon.db", TickingClock(0))
    store.migrate()
    workload = Workload(store, 0)
    workload.make_tenants(2)
    workload.committer.close()
    (folder / "guerdon.db.lock").unlink()
    return folder, workload.tenants


class Run:
    """One run of the workload on a disk with a hook."""

    def __init__(
        self, prepared: tuple[Path, list[int]], folder: Path, disk: powercut.Disk, hook: Nth
    ) -> None:
        shutil.copytree(prepared[0], folder / "live")
        self.disk = disk
        self.folder = folder
        self.hook = hook
        self.path = folder / "live" / "guerdon.db"
        self.disk.adopt(folder / "live")
        self.store = SqliteStore(self.path, TickingClock(SEED), vfs=disk.vfs)
        self.workload = Workload(self.store, SEED, disk=disk)
        self.workload.partner.tenants = prepared[1]
        self.ledger = self.workload.ledger
        disk.hook = hook
        self.workload.run(GROUPS, batch_max=BATCH_MAX)
        disk.hook = None

    @property
    def failed(self) -> list[Sent]:
        """The commands whose senders were told of trouble with the store."""
        return [sent for sent in self.ledger if isinstance(sent.answer, errors.StoreError)]

    def found_by_the_next_process(self, name: str) -> Path:
        """The files after kill -9, in a folder of their own."""
        return powercut.copy_live(self.path.parent, self.folder / name) / "guerdon.db"


def runs(
    prepared: tuple[Path, list[int]], folder: Path, kind: str, failing: Failing, step: int
) -> Iterator[Run]:
    """Runs in which the n-th operation of a kind fails, n = 1, 1 + step, ... until none does."""
    for n in itertools.count(1, step):
        with powercut.recording() as disk:
            run = Run(prepared, folder / f"{kind}{n}", disk, Nth(kind, n, failing))
            yield run
            run.workload.committer.close()
            shutil.rmtree(run.folder)
            if not run.hook.struck:
                assert not run.failed
                assert not run.workload.troubles
                return


def nothing_is_lost(run: Run) -> None:
    """Now, after kill -9, and after a power cut: every promise holds."""
    oracle.examine(run.store, run.ledger)
    killed = run.found_by_the_next_process("killed")
    oracle.examine_reopened(killed, run.ledger, at=oracle.EVERYTHING)
    left = run.disk.left_at(len(run.disk), random.Random(str(run.folder)))
    cut = powercut.write(left, run.folder / "cut") / "guerdon.db"
    oracle.examine_reopened(cut, run.ledger, at=oracle.EVERYTHING)


def is_absent(run: Run, sent: Sent) -> bool:
    """Whether a store, asked now, holds nothing of a batch."""
    reader = run.store.reader()
    stored = reader.ask(lambda rows: oracle.stored_tags(rows, sent.command.tenant_id))
    reader.close()
    return stored[sent.tag] == 0


def steps(quick: int) -> list[pytest.ParameterSet]:
    return [
        pytest.param(quick, id="some"),
        pytest.param(1, id="every", marks=pytest.mark.slow),
    ]


@pytest.mark.usefixtures("_both_checkpoints")
@pytest.mark.parametrize("step", steps(29))
@pytest.mark.parametrize(
    ("failing", "told"),
    [
        (FAILED_WRITE, errors.OutcomeUnknown),
        (OVER_QUOTA, errors.StoreFull),
        (DISK_FULL, errors.StoreFull),
        (CUT_SHORT, errors.StoreFull),
    ],
    ids=["failed", "quota", "full", "cut short"],
)
def test_a_failed_write_fails_its_group_and_nothing_else(prepared, tmp_path, failing, told, step):
    struck = 0
    for run in runs(prepared, tmp_path, "write", failing, step):
        for sent in run.failed:
            struck += 1
            assert type(sent.answer) is told
            # The checkpoint does not ride on COMMIT, so a failed COMMIT has stored nothing.
            assert is_absent(run, sent)
        assert not run.workload.committer.is_broken
        nothing_is_lost(run)
        again(run)
    assert struck


def again(run: Run) -> None:
    """Each sender asks again with the same key on the same writer: one copy, however often."""
    for sent in [each for each in run.failed if each.ingest and each.ingest.replay]:
        first, second = (run.workload.committer.run([sent.command])[0] for _ in range(2))
        assert not first.replayed
        assert second.replayed
        assert second.first_position == first.first_position


@pytest.mark.parametrize("step", steps(1)[:1])
def test_after_a_failed_sync_no_more_is_written_until_the_store_is_opened_again(
    prepared, tmp_path, step
):
    told = set()
    for run in runs(prepared, tmp_path, "sync", FAILED_SYNC, step):
        told |= {type(sent.answer) for sent in run.failed}
        if run.hook.struck:
            assert run.workload.committer.is_broken
            batch = run.workload.batch(run.workload.tenants[0], 1)
            refused = run.workload.send([batch])[0]
            assert type(refused.answer) is errors.StoreUnavailable
            run.workload.work(slices=1)
            assert is_absent(run, refused)
        nothing_is_lost(run)
    assert told == {errors.OutcomeUnknown, errors.StoreUnavailable}


def test_what_a_failed_sync_left_in_memory_is_made_durable_before_more_is_acknowledged(
    prepared, tmp_path
):
    """The kernel keeps unsynced pages after a failed sync, and calls them clean.

    So the next process sees commits that no later sync brings to the disk.
    """
    for run in runs(prepared, tmp_path, "sync", FAILED_SYNC, 1):
        if not run.hook.struck:
            continue
        killed = run.found_by_the_next_process("killed")
        store = SqliteStore(killed, TickingClock(8), vfs=run.disk.vfs)
        later = Workload(store, 8, disk=run.disk, first_tag=1_000)
        later.partner.tenants = run.workload.tenants
        for size in (3, 1, 40):
            later.send([later.batch(later.tenants[0], size, has_key=True)])
        for cut in range(2):
            left = run.disk.left_at(len(run.disk), random.Random(cut))
            path = powercut.write(left, run.folder / f"cut{cut}") / "guerdon.db"
            oracle.examine_reopened(path, run.ledger + later.ledger, at=oracle.EVERYTHING)
        later.committer.close()


@pytest.mark.parametrize("step", steps(1)[:1])
def test_a_failed_truncation_loses_nothing(prepared, tmp_path, step):
    for run in runs(prepared, tmp_path, "truncate", FAILED_TRUNCATION, step):
        nothing_is_lost(run)
