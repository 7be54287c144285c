"""The composition root: which parts make a running Guerdon.

Only this module knows the engines of the store and finds the rooms. A room is a package in
`dialects` with a function `room(engine, config)`; taking one away takes its wire format away and
nothing else.
"""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
from collections.abc import Callable, Sequence
from contextlib import closing

import guerdon.dialects
from guerdon import secret_key
from guerdon.clock import Clock, SystemClock
from guerdon.config import Config
from guerdon.engine import sockets
from guerdon.engine.committer import Committer
from guerdon.engine.engine import Asker, Engine, Submitter
from guerdon.engine.inline import InlineAsker, InlineCommitter, ThreadedAsker
from guerdon.engine.link import CommitterClient
from guerdon.errors import Misconfigured, Unsafe
from guerdon.followers.background import Upkeep
from guerdon.store import fitting, forgotten, migrations
from guerdon.store.forgotten import Register
from guerdon.store.port import Store
from guerdon.store.vault import Vault
from guerdon.web.app import Application, Callback, Probes
from guerdon.web.routing import Room


def open_store(config: Config, clock: Clock, alarm: Callable[[str], None]) -> Store:
    """The store the settings name; nothing is opened or changed yet."""
    if config.engine == "sqlite":
        from guerdon.store.sqlite.store import SqliteStore  # noqa: PLC0415 - one engine is loaded

        return SqliteStore(config.sqlite_path, clock, alarm=alarm)
    from guerdon.store.postgres.store import PostgresStore  # noqa: PLC0415 - one engine is loaded

    return PostgresStore(config.database_url, clock, alarm=alarm)


def require_safe(store: Store, config: Config) -> list[str]:
    """What is unsafe about the storage. Errors: Unsafe, unless the operator has accepted it."""
    risks = store.risks()
    if risks and not config.allow_unsafe_storage:
        raise Unsafe("; ".join(risks) + " (--allow-unsafe-storage takes the risk)")
    return risks


def require_migrated(store: Store) -> None:
    """Refuse a database that this release cannot work on.

    What is still there for the previous release (`post` parts) harms nobody.

    Errors: Misconfigured - it lacks something; Unsafe - a newer release made it.
    """
    needed = [name for name in store.pending_migrations() if "_pre_" in name]
    if needed:
        raise Misconfigured(f"run `guerdon migrate` first: {', '.join(needed)} is missing")


def is_new(store: Store, config: Config) -> bool:
    """Whether the database has no migration yet."""
    return len(store.pending_migrations()) == len(migrations.known(config.engine))


def is_unfinished(store: Store, config: Config) -> bool:
    """Whether the database lacks migrations and holds nothing yet.

    It is new, or somebody is making it at this moment, or did not come to the end of that: whoever
    comes may.
    """
    pending = store.pending_migrations()
    if not pending or len(pending) == len(migrations.known(config.engine)):
        return bool(pending)
    with closing(store.reader()) as reader:
        return not reader.ask(lambda rows: rows.all("tenants"))


def migrate_for_serving(store: Store, config: Config) -> list[str]:
    """Apply what this release needs before it can serve; the names.

    A SQLite store has one process, so everything is applied. On PostgreSQL processes of the
    previous release may still be serving: only the parts that are safe for them are applied, and
    the rest waits for `guerdon migrate`.

    Errors: Unsafe - a newer release made the database; Misconfigured - a part that this release
            needs stands behind one that is not safe yet; Locked.
    """
    if not store.pending_migrations():
        return []
    if config.engine == "sqlite" or is_unfinished(store, config):
        return store.migrate()
    applied = store.migrate(part="pre")
    require_migrated(store)
    return applied


def require_key(store: Store, config: Config, clock: Clock) -> None:
    """Refuse a secret key that is not the one under which the database was sealed.

    Errors: Misconfigured - it is another, there is none, or it cannot be read.
    """
    if config.key_trouble:
        raise Misconfigured(config.key_trouble)
    if is_new(store, config):
        return
    with closing(store.reader()) as reader:
        if config.secret_key:
            reader.ask(lambda rows: fitting.require(rows, vault(config, clock)))
        elif reader.ask(fitting.is_sealed):
            raise Misconfigured(secret_key.missing(config.secret_key_path))


def fresh_key(config: Config) -> bytes | None:
    """A secret key for a database that belongs to none yet; None when it does.

    Errors: StoreError - it cannot be read.
    """
    store = open_store(config, SystemClock(), _unheard)
    if not is_new(store, config):
        with closing(store.reader()) as reader:
            if reader.ask(fitting.is_sealed):
                return None
    return secret_key.fresh()


def vault(config: Config, clock: Clock) -> Vault:
    """The vault under the installation's secret key."""
    return Vault(config.secret_key, clock)


def committer(config: Config, store: Store, clock: Clock) -> Committer:
    """The committer itself; from now on the database belongs to the secret key.

    Errors: Locked when another process holds the store; Misconfigured when the secret key is not
            the one under which the database was sealed; StoreError.
    """
    made = Committer(store, clock, vault(config, clock))
    try:
        fitting.settle(made.writer, made.vault)
    except BaseException:
        made.close()
        raise
    return made


def inline_committer(
    config: Config, store: Store, clock: Clock, *, background: bool = True
) -> InlineCommitter:
    """A committer on a thread of this process. Errors: Locked when another one holds the store."""
    return InlineCommitter(committer(config, store, clock), Upkeep() if background else None)


async def linked(config: Config, on_lost: Callable[[], None]) -> CommitterClient:
    """The way to the committer of the process that holds the store.

    Errors: OSError when nobody listens.
    """
    loop = asyncio.get_running_loop()
    _, client = await loop.create_unix_connection(
        lambda: CommitterClient(on_lost), sock=sockets.connect(config.socket_path)
    )
    return client


async def submitter(
    config: Config,
    store: Store,
    clock: Clock,
    *,
    on_lost: Callable[[], None],
    background: bool,
) -> Submitter:
    """A worker's way to a committer: SQLite has one for all, PostgreSQL one in each worker.

    background: whether this worker's committer does what is to be done between commits.
    """
    if config.engine == "sqlite":
        return await linked(config, on_lost)
    return inline_committer(config, store, clock, background=background)


def asker(config: Config, store: Store) -> Asker:
    """The way to the store for questions."""
    return InlineAsker(store) if config.engine == "sqlite" else ThreadedAsker(store)


def engine(config: Config, store: Store, submitter: Submitter, clock: Clock) -> Engine:
    """The use cases' front door."""
    return Engine(submitter, asker(config, store), clock, vault(config, clock), register(config))


def register(config: Config) -> Register:
    """The list of forgotten members, which a backup of the database does not hold."""
    return Register(config.data_dir / forgotten.FILE)


def rooms(front: Engine, config: Config) -> list[Room]:
    """Every dialect there is."""
    found = []
    for module in pkgutil.iter_modules(guerdon.dialects.__path__):
        dialect = importlib.import_module(f"guerdon.dialects.{module.name}")
        found.append(dialect.room(front, config))
    return found


def application(
    front: Engine,
    config: Config,
    probes: Probes,
    clock: Clock | None = None,
    *,
    on_shutdown: Sequence[Callback] = (),
) -> Application:
    """All rooms behind one ASGI callable; `on_shutdown` runs when the last request has ended."""
    return Application(
        rooms(front, config), probes, clock=clock or SystemClock(), on_shutdown=on_shutdown
    )


def _unheard(_: str) -> None:
    """Whoever only looks is done before an alarm about the log's size means anything."""
