"""The ten-million-row journal that several figures share, kept between runs.

It is made anew only when the schema has changed. Two data folders of a product stand under
build/bench/journal-ROWS: `small` as it was after a hundred thousand activities, `big` with all of
them; the same members, keys and types in both. Both were filled by the committer with its
background work between the groups. A figure that writes takes a copy.

Run as `python -m bench.journal OPTIONS`: {"folder", "small_copy", "small", "rows", "members"}
fills the data folder `folder`, which has tenant and keys, and keeps a copy of its small state.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

import msgspec

from bench import bodies, process
from bench.bodies import Member
from bench.driver import Driver, Source
from bench.product import Product
from bench.session import Session
from guerdon.store import migrations, postings

members_count = 200_000
small_rows = 100_000
group_batches, batch_events = 20, 100  # what a busy server puts into one commit
builder_version = 1


class Facts(msgspec.Struct):
    """What is in the journal's folders."""

    fingerprint: str
    tenant_id: int
    version: int
    types: list[int]
    members: int
    small: int
    rows: int
    keys: dict[str, dict[str, Any]]


class Journal:
    """The kept journal: `small` and `big` are data folders nobody may write to."""

    def __init__(self, folder: Path, facts: Facts) -> None:
        self.folder = folder
        self.facts = facts
        self.small = folder / "small"
        self.big = folder / "big"

    def source(self, position: int) -> Source:
        """Activities that go on from a position."""
        facts = self.facts
        return Source(facts.tenant_id, facts.version, facts.types, facts.members, position)

    def product(self, folder: Path) -> Product:
        """The product over a copy of the big journal, not yet started."""
        shutil.copytree(self.big, folder / "product", ignore=shutil.ignore_patterns("*.sock"))
        return Product(folder, keys=self.facts.keys)

    def copy(self, source: Path, target: Path) -> Path:
        """A copy to write to, on disk: else its own writing would be measured too."""
        copy = shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.sock"))
        os.sync()
        return Path(copy)


def open_journal(session: Session) -> Journal:
    """The journal of the session's size, made now if there is none that fits the schema."""
    folder = session.folder / f"journal-{session.rows}"
    file = folder / "facts.json"
    if file.exists():
        facts = msgspec.json.decode(file.read_bytes(), type=Facts)
        if facts.fingerprint == fingerprint():
            return Journal(folder, facts)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return build(folder, session.rows)


def fingerprint() -> str:
    """Changes with the schema, the packs' format and the builder."""
    texts = [each.text for each in migrations.known("sqlite")]
    texts += [Path(postings.__file__).read_text(), str(builder_version)]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def build(folder: Path, rows: int) -> Journal:
    """Make the tenant and its keys as an operator does, then fill the journal in a child."""
    product = Product(folder)
    product.set_up()
    (folder / "product").rename(folder / "big")
    options = {
        "folder": str(folder / "big"),
        "small_copy": str(folder / "small"),
        "small": min(small_rows, rows),
        "rows": rows,
        "members": members_count,
    }
    told = process.run_module("journal", options)
    print(f"journal of {rows:,} made: {told['describe']}", file=sys.stderr)
    facts = Facts(
        fingerprint(),
        told["tenant_id"],
        told["version"],
        told["types"],
        members_count,
        options["small"],
        rows,
        product.keys,
    )
    (folder / "facts.json").write_bytes(msgspec.json.encode(facts))
    return Journal(folder, facts)


def fill(options: dict[str, Any]) -> dict[str, Any]:
    """Register the members, append the activities; the small state is copied on the way."""
    folder = Path(options["folder"])
    driver = Driver(folder)
    tenant_id = int(driver.committer.writer.all("tenants")[0][0])
    members: list[Member] = list(bodies.new_members(options["members"]))
    began = time.perf_counter()
    driver.prepare(tenant_id, members)
    registered = time.perf_counter()
    version, types = driver.type_ids(tenant_id, members[0])
    append(driver, Source(tenant_id, version, types, len(members), len(types)), options["small"])
    driver.close()
    shutil.copytree(folder, options["small_copy"], ignore=shutil.ignore_patterns("*.sock"))
    driver = Driver(folder)
    start = driver.last(tenant_id)
    append(driver, Source(tenant_id, version, types, len(members), start), options["rows"])
    ended = time.perf_counter()
    driver.close()
    size = (folder / "guerdon.db").stat().st_size
    return {
        "tenant_id": tenant_id,
        "version": version,
        "types": types,
        "describe": (
            f"{len(members):,} members in {registered - began:.0f} s, activities in"
            f" {ended - registered:.0f} s, {size / 2**20:,.0f} MiB"
        ),
    }


def append(driver: Driver, source: Source, until: int) -> None:
    """Append up to a position and let the background work finish."""
    while source.position < until:
        left = until - source.position
        driver.commit(
            source.group(group_batches, batch_events)
            if left >= group_batches * batch_events
            else [source.batch(left)]
        )
        driver.between(busy=True)
    driver.catch_up()


if __name__ == "__main__":
    print(json.dumps(fill(json.loads(sys.argv[1]))))
