"""Adding and spending points over HTTP, each answered when it is durable, one transfer a request.

A system with a permanent token asks, as a till or a shop does; members are funded and known before.
Of each run the sums are checked: every answered transfer is in the ledger, and what members hold is
what was added less what was spent.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import bodies
from bench.figure import Figure, Goal, measured, median, spread
from bench.figures.single import describe, warm_up
from bench.load import Load, Requests, drive
from bench.product import TENANT, Product
from bench.session import Session, members_count

COMMANDS = Goal(at_least=8_000)
COMMANDS_P99 = Goal(at_most=20)
HOT_MEMBER = Goal(at_least=2_000)
clients = 64
funds = 1_000_000  # points, more than a run spends
seed = 20_260_102
UNFUNDED = "SELECT count(*) FROM account WHERE number <= {} AND available = 0"
MADE = "SELECT count(*) FROM points_transfer"
HELD = "SELECT sum(available) FROM account"
BALANCE = (
    "SELECT sum(CASE kind WHEN 'adding' THEN value ELSE -value END) FROM points_transfer"
    " WHERE kind IN ('adding', 'spending')"
)


def run(session: Session) -> list[Figure]:
    """Different members: transfers a second, and their 99th percentile."""
    loads, note = load(session, members_count)
    sound = is_sound(loads)
    return [
        measured(
            "points commands, per second",
            median([each.per_second for each in loads]),
            COMMANDS,
            note,
            sound=sound,
        ),
        measured(
            "points commands, p99 in ms",
            median([each.p99_ms for each in loads]),
            COMMANDS_P99,
            f"{spread([each.p99_ms for each in loads])} ms, {clients} clients",
            sound=sound,
        ),
    ]


def run_hot_member(session: Session) -> list[Figure]:
    """All on one member, whose lots and account every transfer changes."""
    loads, note = load(session, 1)
    return [
        measured(
            "points commands on one member, per second",
            median([each.per_second for each in loads]),
            HOT_MEMBER,
            note,
            sound=is_sound(loads),
        )
    ]


def load(session: Session, members: int) -> tuple[list[Load], str]:
    """Adds and spends on this many members; each run, and what a note says of them all."""
    loads: list[Load] = []
    with session.scratch() as folder, Product(folder) as product:
        product.make_members()
        ids = product.texts(f"SELECT member_id FROM member WHERE number <= {members}")
        requests = requests_for(product, folder, "funding", funding(ids))
        while product.number(UNFUNDED.format(members)):
            warm_up(product, requests)
        requests = requests_for(product, folder, "transfers", transfers(ids))
        for _ in range(session.repeats):
            before = product.number(MADE)
            loads.append(drive(product.port, requests, clients=clients, seconds=session.seconds))
            product.settle()
            problem = wrong(product, loads[-1], product.number(MADE) - before)
            if problem:
                return loads, f"{describe(loads)}; LOST: {problem}"
    return loads, f"{describe(loads)}; SQLite, every sum checked"


def is_sound(loads: Sequence[Load]) -> bool:
    """Whether nothing was refused."""
    return bool(loads) and all(each.sound for each in loads)


def wrong(product: Product, told: Load, made: int) -> str:
    """What does not add up; empty when everything does.

    The load's probe and what was under way at its end are made without being counted.
    """
    accepted = told.requests - told.refused
    if not accepted <= made <= accepted + clients + 1:
        return f"{accepted} answered, {made} made"
    held, balance = product.number(HELD), product.number(BALANCE)
    return "" if held == balance else f"{held} held, {balance} added and not spent"


def requests_for(
    product: Product, folder: Path, name: str, lines: Iterator[tuple[str, str, str]]
) -> Requests:
    """A request file for a system with a permanent token."""
    if "openloyalty" not in product.keys:
        words = ["--tenant", TENANT, "--dialect", "openloyalty", "--allow-ip", "127.0.0.0/8"]
        product.keys["openloyalty"] = product.command("key", "create", *words)
    headers = {"X-AUTH-TOKEN": product.key("openloyalty"), "content-type": "application/json"}
    return Requests.write(folder / f"{name}.txt", lines, headers=headers, status=200)


def funding(ids: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Enough points for each member."""
    for member_id in ids:
        yield transfer("add", member_id, funds)


def transfers(ids: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Adds and spends in turn, of random members."""
    dice = random.Random(seed)
    for place in range(members_count):
        yield transfer(("add", "spend")[place % 2], dice.choice(ids), dice.randrange(1, 100))


def transfer(what: str, member_id: str, points: int) -> tuple[str, str, str]:
    """One documented request."""
    form = {"transfer": {"customer": member_id, "points": points, "comment": "bench"}}
    return "POST", f"/api/DEFAULT/points/transfer/{what}", bodies.compact(form)
