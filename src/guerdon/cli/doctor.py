"""`guerdon doctor`: the settings, the storage, the versions, and what is wrong with them."""

from __future__ import annotations

import platform
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec
import typer

from guerdon import __version__, bootstrap, limits
from guerdon.cli.call import Call, command, group
from guerdon.cli.tenants import moment
from guerdon.clock import SECOND, Clock, SystemClock
from guerdon.config import Config
from guerdon.engine import sockets
from guerdon.errors import GuerdonError, Misconfigured
from guerdon.store.port import Rows, Store

_PARTS = ("apsw", "psycopg", "uvicorn", "httptools", "uvloop", "msgspec", "cryptography")


class Report(msgspec.Struct, frozen=True):
    """What was found; `problems` is empty when all is well."""

    facts: dict[str, Any]
    problems: list[str]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    command(app, "doctor")(_doctor)
    config = group(app, "config", "The installation's settings.")
    command(config, "show")(_show)


def examine(config: Config, clock: Clock) -> Report:
    """Look at everything; nothing is changed, and a failing part is a problem, not an error."""
    problems: list[str] = []
    facts: dict[str, Any] = {
        "versions": _versions(),
        "now": moment(clock.now()),
        "socket": {
            "path": str(config.socket_path),
            "served": sockets.is_served(config.socket_path),
        },
        "disk": _disk(config, problems),
    }
    store = bootstrap.open_store(config, clock, problems.append)
    try:
        facts["database"] = _database(store, config, clock, problems)
        bootstrap.require_key(store, config, clock)
        if config.engine == "sqlite":
            sockets.require_folder_safe(config.data_dir)
    except GuerdonError as error:
        problems.append(error.message)
    return Report(facts, problems)


def _doctor(call: Call) -> None:
    """Settings, storage, versions, and what is wrong with them."""
    config = call.settings_alone()
    report = examine(config, SystemClock())
    settings = _settings(config)
    facts = {"settings": settings, **report.facts, "problems": report.problems}
    call.tell(facts, [*_setting_lines(config), *_lines(report.facts), *report.problems])
    if report.problems:
        raise Misconfigured("; ".join(report.problems))


def _show(call: Call) -> None:
    """Every setting, its value and where it came from; secrets are hidden."""
    config = call.settings_alone()
    call.tell({"settings": _settings(config)}, _setting_lines(config))


def _settings(config: Config) -> list[dict[str, str]]:
    return [
        {"name": each.name, "value": each.shown, "source": each.source}
        for each in config.settings()
    ]


def _setting_lines(config: Config) -> list[str]:
    return [f"{each.name} = {each.shown}  # {each.source}" for each in config.settings()]


def _versions() -> dict[str, str]:
    parts = {name: metadata.version(name) for name in _PARTS}
    return {"guerdon": __version__, "python": platform.python_version(), **parts}


def _disk(config: Config, problems: list[str]) -> dict[str, Any]:
    folder = config.sqlite_path.parent if config.engine == "sqlite" else config.data_dir
    if not folder.is_dir():
        return {"folder": str(folder), "exists": False}
    usage = shutil.disk_usage(folder)
    if usage.free < limits.disk_free_bytes_min:
        problems.append(f"only {usage.free} bytes are free in {folder}")
    return {"folder": str(folder), "freeBytes": usage.free, "totalBytes": usage.total}


def _database(store: Store, config: Config, clock: Clock, problems: list[str]) -> dict[str, Any]:
    if config.engine == "sqlite" and not Path(config.sqlite_path).exists():
        return {"engine": config.engine, "exists": False}
    risks = store.risks()
    pending = store.pending_migrations()
    problems += risks
    problems += [f"migration {name} is missing: run `guerdon migrate`" for name in pending]
    found = {"engine": config.engine, "risks": risks, "pendingMigrations": pending}
    if pending:
        return found
    reader = store.reader()
    try:
        newest = reader.ask(_newest)
    finally:
        reader.close()
    if newest > clock.now() + limits.clock_skew_seconds_max * SECOND:
        problems.append(
            f"the clock stands before {moment(newest)}, when something was recorded already"
        )
    return {**found, "lastRecordedAt": moment(newest) if newest else None}


def _newest(rows: Rows) -> int:
    heads = (rows.one("head", tenant_id=row[0]) for row in rows.all("tenants"))
    return max((head[3] for head in heads if head), default=0)


def _lines(facts: dict[str, Any]) -> list[str]:
    return [f"{name}: {msgspec.json.encode(value).decode()}" for name, value in facts.items()]
