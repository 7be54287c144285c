"""Trouble between and inside groups: each sender is told what is true of its own command."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import apsw
import pytest

from crash import child, oracle, powercut, small
from crash.powercut import Failing, Operation
from crash.workload import DOOMED, Partner, Workload, deletion
from guerdon import errors
from guerdon.clock import SystemClock
from guerdon.engine import link
from guerdon.engine.commands import Append, Ingested
from guerdon.engine.committer import Committer
from guerdon.engine.inline import InlineCommitter
from guerdon.engine.link import Background, CommitterClient, CommitterServer
from guerdon.store.sqlite.store import SqliteStore


@pytest.fixture(autouse=True)
def _small_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    small.shrink(monkeypatch.setattr, checkpoint_pages=1)


@pytest.fixture
def disk() -> Iterator[powercut.Disk]:
    with powercut.recording() as recorded:
        yield recorded


@pytest.fixture
def workload(tmp_path: Path, disk: powercut.Disk) -> Iterator[Workload]:
    store = SqliteStore(tmp_path / "guerdon.db", SystemClock(), vfs=disk.vfs)
    store.migrate()
    made = Workload(store, 1, disk=disk)
    made.make_tenants(1)
    yield made
    disk.hook = None
    made.committer.close()


class AlwaysFails:
    """A hook: every operation of a kind on a file fails; `struck` counts them."""

    def __init__(self, file: str, kind: str, failing: Failing) -> None:
        self.struck = 0
        self._failing = failing
        self._where = file, kind

    def __call__(self, operation: Operation) -> None:
        if (operation.file, operation.kind) == self._where:
            self.struck += 1
            raise self._failing


@asynccontextmanager
async def linked(
    workload: Workload,
    folder: Path,
    on_broken: Callable[[], None],
    background: Background | None = None,
) -> AsyncIterator[CommitterClient]:
    """The committer behind its socket, with its background work, and a client."""
    loop = asyncio.get_running_loop()
    served = CommitterServer(workload.committer, background or workload.upkeep, on_broken)
    path = str(folder / "socket")
    server = await loop.create_unix_server(served.connection, path)
    _, client = await loop.create_unix_connection(lambda: CommitterClient(pytest.fail), path)
    yield client
    await client.close()
    server.close()
    await server.wait_closed()
    served.close()


def test_background_work_sees_that_a_command_has_come_or_a_client_gone(tmp_path, workload):
    (tenant_id,) = workload.tenants
    committer = workload.committer
    seen: list[bool] = []

    async def work() -> None:
        async with linked(workload, tmp_path, pytest.fail) as client:
            await client.submit(workload.batch(tenant_id, 1))
            seen.append(committer.is_awaited())
            answer = client.submit(workload.batch(tenant_id, 1))
            client._flush()
            seen.append(committer.is_awaited())
            await answer
            seen.append(committer.is_awaited())
        seen.append(committer.is_awaited())

    asyncio.run(work())
    assert seen == [False, True, False, False]


class Slices:
    """Background work of so many slices; `over` is set with the last."""

    def __init__(self, left: int) -> None:
        self.left = left
        self.over = asyncio.Event()

    def slice(self, _committer: Committer, *, busy: bool) -> bool:
        self.left -= 1
        if self.left == 0:
            self.over.set()
        return self.left > 0

    def settle(self, _committer: Committer) -> None:
        raise AssertionError


def test_background_work_that_a_command_interrupts_does_not_wait_for_the_next(
    tmp_path, workload, monkeypatch
):
    (tenant_id,) = workload.tenants
    monkeypatch.setattr(link, "_IDLE_SECONDS", 3_600)

    async def work() -> None:
        slices = Slices(9)
        async with linked(workload, tmp_path, pytest.fail, slices) as client:
            await client.submit(workload.batch(tenant_id, 1))
            await asyncio.wait_for(slices.over.wait(), 60)
            assert slices.left == 0

    asyncio.run(work())


def test_upkeep_that_finds_no_room_keeps_nobody_from_being_answered(tmp_path, workload, disk):
    (tenant_id,) = workload.tenants
    batches = [workload.batch(tenant_id, size) for size in (1, 70, 3, 70)]
    # Only a checkpoint writes to the database itself.
    hook = AlwaysFails("guerdon.db", "write", Failing(apsw.SQLITE_FULL, errno.ENOSPC))

    async def work() -> None:
        async with linked(workload, tmp_path, pytest.fail) as client:
            disk.hook = hook
            for batch in batches:
                answer = await client.submit(batch)
                assert answer.count == len(batch.items)

    asyncio.run(work())
    assert hook.struck >= len(batches) - 1


def test_a_failed_sync_is_told_and_ends_the_process_that_holds_the_store(tmp_path, workload, disk):
    (tenant_id,) = workload.tenants
    broken: list[bool] = []

    async def work() -> None:
        async with linked(workload, tmp_path, lambda: broken.append(True)) as client:
            lost = Failing(apsw.SQLITE_IOERR_FSYNC, errno.EIO)
            disk.hook = AlwaysFails("guerdon.db-wal", "sync", lost)
            with pytest.raises(errors.OutcomeUnknown):
                await client.submit(workload.batch(tenant_id, 3))
            disk.hook = None
            with pytest.raises(errors.StoreUnavailable):
                await client.submit(workload.batch(tenant_id, 3))

    asyncio.run(work())
    assert broken


def test_a_deletion_counts_what_others_of_the_same_commit_have_stored(workload):
    (tenant_id,) = workload.tenants
    sent = workload.send(
        [
            workload.batch(tenant_id, 5, type=DOOMED),
            deletion(tenant_id),
            workload.batch(tenant_id, 2),
        ]
    )
    assert sent[1].answer.deleted == 5
    workload.settle()
    oracle.examine(workload.store, [sent[2]])


def test_a_value_that_the_driver_cannot_take_fails_its_own_command_alone(workload):
    (tenant_id,) = workload.tenants
    good = [workload.batch(tenant_id, size) for size in (2, 3)]
    (learnt,) = workload.committer.run([good[0]])
    assert isinstance(learnt, Ingested)
    version, numbers, type_ids = (
        learnt.names.version,
        learnt.names.numbers,
        learnt.names.type_ids,
    )
    bad = Append(tenant_id, 1, version, ((type_ids[0], numbers[0], 2**70, None),))
    answers = workload.committer.run([bad, good[1], bad])
    assert [type(each) for each in answers] == [errors.Defect, Ingested, errors.Defect]
    assert answers[1].first_position == 3


class Defective:
    """Background work with a defect."""

    def slice(self, committer: Committer, *, busy: bool) -> bool:
        raise ZeroDivisionError

    def refresh(self) -> None:
        raise ZeroDivisionError


def test_a_defect_of_the_background_work_keeps_nobody_on_the_socket_waiting(tmp_path, workload):
    (tenant_id,) = workload.tenants

    async def work() -> None:
        async with linked(workload, tmp_path, pytest.fail, Defective()) as client:
            for size in (1, 2, 3):
                assert (await client.submit(workload.batch(tenant_id, size))).count == size

    asyncio.run(work())


def test_a_defect_of_the_background_work_does_not_end_the_committers_thread(tmp_path):
    path = tmp_path / "guerdon.db"
    child.prepare(path)
    partner = Partner(1)

    async def work() -> None:
        submitter = InlineCommitter(child.committer(path), Defective())
        for size in (1, 2, 3):
            assert (await submitter.submit(partner.batch(child.TENANT, size))).count == size
        await submitter.close()

    asyncio.run(work())
