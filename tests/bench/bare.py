"""What the database alone can do with the product's own rows, in one process, nothing in front.

The table is the product's: its definition and its rows are read from a database the product has
written (`source`), so both sides store the same bytes under the same keys with the same durability.
Only the database calls are timed; rows are ready in memory.

Run as `python -m bench.bare OPTIONS`:
{"mode": "single" | "many" | "copy" | "read", "source": path or address, "folder": scratch folder,
 "table": "activity", "seconds": 1.0, "group": 100}.
Prints {"per_second": rows, "rows": written or read, "p99_ms": of one transaction}.
"""

from __future__ import annotations

import itertools
import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import psycopg
from psycopg import sql

Row = tuple[Any, ...]
rows_read_max = 100_000
position = 1  # (tenant_id, position, ...) begins every journal


def run(options: dict[str, Any]) -> dict[str, Any]:
    """Measure one mode."""
    mode: Callable[[dict[str, Any]], dict[str, Any]] = {
        "single": single,
        "many": many,
        "copy": copy,
        "read": read,
    }[options["mode"]]
    return mode(options)


def single(options: dict[str, Any]) -> dict[str, Any]:
    """SQLite, one transaction per event."""
    target, insert, rows = sqlite_table(options)
    cursor = target.cursor()

    def write(group: Sequence[Row]) -> None:
        for row in group:
            cursor.execute(insert, row)

    return timed(write, rows, options, group=20)


def many(options: dict[str, Any]) -> dict[str, Any]:
    """SQLite, `executemany` of one group per transaction."""
    target, insert, rows = sqlite_table(options)
    cursor = target.cursor()

    def write(group: Sequence[Row]) -> None:
        with target:
            cursor.executemany(insert, group)

    return timed(write, rows, options, group=options["group"])


def copy(options: dict[str, Any]) -> dict[str, Any]:
    """PostgreSQL, binary COPY of one group per transaction, one connection."""
    table = options["table"]
    with psycopg.connect(options["source"]) as target:
        stored = target.execute(
            sql.SQL("SELECT * FROM {} ORDER BY tenant_id, position LIMIT %s").format(
                sql.Identifier(table)
            ),
            (rows_read_max,),
        )
        types = [column.type_code for column in stored.description or ()]
        rows = endless(stored.fetchall())
        target.execute("DROP TABLE IF EXISTS bare")
        target.execute(
            sql.SQL("CREATE TABLE bare (LIKE {} INCLUDING ALL)").format(sql.Identifier(table))
        )
        target.commit()

        def write(group: Sequence[Row]) -> None:
            with target.cursor().copy("COPY bare FROM STDIN (FORMAT BINARY)") as stream:
                stream.set_types(types)
                for row in group:
                    stream.write_row(row)
            target.commit()

        told = timed(write, rows, options, group=options["group"])
        target.execute("DROP TABLE bare")
        return told


def read(options: dict[str, Any]) -> dict[str, Any]:
    """SQLite, pages of `group` whole rows as tuples, from random positions."""
    source = apsw.Connection(options["source"], flags=apsw.SQLITE_OPEN_READONLY)
    source.pragma("mmap_size", 2**30)
    table = options["table"]
    tenant, last = next(
        source.execute(
            f"SELECT tenant_id, max(position) FROM {table} GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
        )
    )
    page = f"SELECT * FROM {table} WHERE tenant_id = ? AND position >= ? ORDER BY position LIMIT ?"
    dice = random.Random(1)
    rows, durations, began = 0, [], time.perf_counter()
    while time.perf_counter() - began < options["seconds"]:
        start = dice.randint(1, max(1, last - options["group"]))
        before = time.perf_counter()
        rows += len(source.execute(page, (tenant, start, options["group"])).fetchall())
        durations.append(time.perf_counter() - before)
    return summary(rows, durations)


def sqlite_table(options: dict[str, Any]) -> tuple[apsw.Connection, str, Iterator[Row]]:
    """A fresh file with the product's table, its INSERT, and endless ready rows."""
    source = apsw.Connection(options["source"], flags=apsw.SQLITE_OPEN_READONLY)
    table = options["table"]
    definitions = source.execute(
        "SELECT sql FROM sqlite_schema WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type DESC",
        (table,),
    ).fetchall()
    stored = source.execute(
        f"SELECT * FROM {table} ORDER BY tenant_id, position LIMIT {rows_read_max}"
    ).fetchall()
    page_bytes = source.pragma("page_size")
    source.close()
    target = apsw.Connection(str(fresh_file(Path(options["folder"]))))
    target.pragma("page_size", page_bytes)
    if target.pragma("journal_mode", "wal") != "wal":
        raise RuntimeError("no write-ahead log here")
    target.pragma("synchronous", "full")
    for (definition,) in definitions:
        target.execute(str(definition))
    places = ",".join("?" * len(stored[0]))
    return target, f"INSERT INTO {table} VALUES ({places})", endless(stored)


def fresh_file(folder: Path) -> Path:
    """A database file that does not exist yet."""
    for suffix in ("", "-wal", "-shm"):
        (folder / f"bare.db{suffix}").unlink(missing_ok=True)
    return folder / "bare.db"


def endless(stored: Sequence[Row]) -> Iterator[Row]:
    """The rows over and over, their positions going on from 1 without gaps."""
    tenant = stored[0][0]
    for place, row in zip(itertools.count(1), itertools.cycle(stored), strict=False):
        yield (tenant, place, *row[position + 1 :])


def timed(
    write: Callable[[Sequence[Row]], None],
    rows: Iterator[Row],
    options: dict[str, Any],
    *,
    group: int,
) -> dict[str, Any]:
    """Write groups until the time is up; making the rows ready is not counted."""
    durations: list[float] = []
    spent = 0.0
    while spent < options["seconds"]:
        ready = list(itertools.islice(rows, group))
        before = time.perf_counter()
        write(ready)
        durations.append(time.perf_counter() - before)
        spent += durations[-1]
    return summary(len(durations) * group, durations)


def summary(rows: int, durations: list[float]) -> dict[str, Any]:
    """Rows a second over the time spent, and the p99 of one step in milliseconds."""
    ordered = sorted(durations)
    return {
        "per_second": rows / sum(durations),
        "rows": rows,
        "p99_ms": ordered[int(len(ordered) * 0.99)] * 1e3,
    }


if __name__ == "__main__":
    print(json.dumps(run(json.loads(sys.argv[1]))))
