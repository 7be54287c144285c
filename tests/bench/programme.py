"""What a programme does by itself, measured in this process: rules, lots, levels and segments.

Run as `python -m bench.programme OPTIONS`, with the options as JSON: {"workload", "folder", ...}
and what the workload's function takes. The committer and its background work run as in the server:
a slice, the store's upkeep, the next slice.
"""

from __future__ import annotations

import gc
import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench.driver import Driver, look_seconds
from guerdon import limits
from guerdon.clock import DAY, SECOND, SystemClock
from guerdon.domain.points import POINTS_WERE_ADDED
from guerdon.domain.purchases import Item as Bought
from guerdon.engine.commands import (
    AddActivityType,
    Append,
    ChangeSetting,
    Command,
    CreateTenant,
    Ingest,
    Item,
    RegisterMember,
)
from guerdon.engine.commands.definitions import Define
from guerdon.engine.commands.points import AddPoints
from guerdon.engine.commands.purchases import RegisterPurchase
from guerdon.store.decisions import total

rules_count = 5
group_units = 200
append_rows = 2_000
seed = 7
points = 1_000  # hundredths: what a rule gives, what a lot holds
lots_clock_back = 3 * DAY
gold_points = 100
price = 100_000  # ten-thousandths


class Earlier(SystemClock):
    """The machine's clock some days ago."""

    def now(self) -> int:
        return super().now() - lots_clock_back


def new_tenant(driver: Driver) -> int:
    """A tenant of the driver's own."""
    return int(driver.commit([CreateTenant(0, 0, "bench", "bench")])[0])


def in_groups(driver: Driver, commands: Iterator[Command], size: int = group_units) -> None:
    """Commit commands, some together."""
    group: list[Command] = []
    for command in commands:
        group.append(command)
        if len(group) == size:
            driver.commit(group)
            driver.committer.maintain()
            group = []
    if group:
        driver.commit(group)


def register(driver: Driver, tenant_id: int, members: int) -> None:
    """Members with an identity each; their numbers begin at 1."""
    in_groups(
        driver,
        (RegisterMember(tenant_id, 0, (("external", f"u{at}"),)) for at in range(members)),
    )


def define(driver: Driver, tenant_id: int, kind: str, **body: Any) -> None:
    """One definition."""
    driver.commit([Define(tenant_id, 0, kind=kind, body=json.dumps(body))])


def define_rules(driver: Driver, tenant_id: int) -> None:
    """Five active rules, each about an activity type of its own."""
    for each in range(rules_count):
        define(
            driver,
            tenant_id,
            "Rule",
            type="custom_event",
            name=f"Rule {each}",
            eventName=f"type-{each}",
            pointsAmount=points,
            allTimeActive=True,
        )


def rules(folder: str, activities: int, members: int, types: int) -> dict[str, Any]:
    """Activities of random members and of `types` types, of which five have a rule each."""
    driver = Driver(Path(folder))
    tenant_id = new_tenant(driver)
    driver.commit([AddActivityType(tenant_id, 0, f"type-{each}") for each in range(types)])
    define_rules(driver, tenant_id)
    register(driver, tenant_id, members)
    now = driver.committer.clock.now()
    items = tuple(Item(f"type-{each}", (("external", "u0"),), now, None) for each in range(types))
    names = driver.commit([Ingest(tenant_id, 0, "conscent", items)])[0].names
    driver.catch_up()
    dice = random.Random(seed)
    earned = transfers(driver, tenant_id)
    for _ in range(activities // append_rows):
        rows = tuple(
            (dice.choice(names.type_ids), dice.randrange(members) + 1, now, '{"amount":12.5}')
            for _ in range(append_rows)
        )
        driver.commit([Append(tenant_id, 0, names.version, rows)])
    time.sleep(look_seconds)
    told = timed(driver, driver.work_off)
    driver.catch_up()
    told["activities"] = activities // append_rows * append_rows
    told["transfers"] = transfers(driver, tenant_id) - earned
    driver.close()
    return told


def transfers(driver: Driver, tenant_id: int) -> int:
    """How many transfers gave points."""
    return total(driver.committer.writer, tenant_id, type=POINTS_WERE_ADDED)


def timed(driver: Driver, act: Callable[[], None]) -> dict[str, Any]:
    """The wall and processor seconds of an act."""
    driver.committer.maintain()
    began, spent = time.perf_counter(), time.process_time()
    act()
    return {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": time.process_time() - spent,
    }


def lots(folder: str, lots: int, members: int) -> dict[str, Any]:
    """Fill a product's new folder with lots that are due when it starts: they lasted for a day."""
    driver = Driver(Path(folder), Earlier())
    tenant_id = new_tenant(driver)
    register(driver, tenant_id, members)
    in_groups(
        driver,
        (
            AddPoints(tenant_id, 0, number=at % members + 1, points=points, validity_days=1)
            for at in range(lots)
        ),
        500,
    )
    driver.close()
    return {"tenant_id": tenant_id}


def upkeep(folder: str, members: int, changes: int, repeats: int) -> dict[str, Any]:
    """The same changes of levels and segments, among many members or few.

    levels:   members are given the points for the next level, one after another.
    segments: members buy for the second time, which a segment asks for.
    """
    driver = Driver(Path(folder))
    tenant_id = new_tenant(driver)
    driver.commit([ChangeSetting(tenant_id, 0, "levels.tier_assign_type", json.dumps("points"))])
    for name, condition in (("Bronze", 0), ("Gold", gold_points)):
        define(driver, tenant_id, "Level", name=name, conditionValue=condition, reward={"value": 0})
    criteria = [{"type": "transaction_count", "min": 2}]
    define(driver, tenant_id, "Segment", name="Again", parts=[{"criteria": criteria}])
    driver.catch_up()
    register(driver, tenant_id, members)
    driver.catch_up()
    dice = random.Random(seed)
    numbers = dice.sample(range(1, members + 1), changes * repeats)
    told: dict[str, Any] = {"levels": [], "segments": []}
    for turn in range(repeats):
        these = numbers[turn * changes : (turn + 1) * changes]
        told["levels"].append(timed(driver, partial(rise, driver, tenant_id, these)))
        in_groups(driver, (bought(driver, tenant_id, each, "first") for each in these))
        told["segments"].append(timed(driver, partial(buy_again, driver, tenant_id, these)))
    told["gold"] = driver.committer.writer.all("level_totals", tenant_id=tenant_id)
    told["again"] = driver.committer.writer.all("segment_totals", tenant_id=tenant_id)
    driver.close()
    return told


def rise(driver: Driver, tenant_id: int, numbers: Sequence[int]) -> None:
    """Each member reaches the next level."""
    in_groups(
        driver, (AddPoints(tenant_id, 0, number=n, points=gold_points * 100) for n in numbers)
    )
    driver.catch_up()


def buy_again(driver: Driver, tenant_id: int, numbers: Sequence[int]) -> None:
    """Each member comes to belong to the segment."""
    in_groups(driver, (bought(driver, tenant_id, each, "second") for each in numbers))
    driver.catch_up()


def bought(driver: Driver, tenant_id: int, number: int, which: str) -> RegisterPurchase:
    """A member's purchase of one thing."""
    item = Bought("sku", "Thing", 1, price, "all")
    return RegisterPurchase(
        tenant_id,
        0,
        document_number=f"{number}-{which}",
        purchased_at=driver.committer.clock.now() // SECOND * SECOND,
        items=(item,),
        number=number,
    )


WORKLOADS: dict[str, Callable[..., dict[str, Any]]] = {
    "rules": rules,
    "lots": lots,
    "upkeep": upkeep,
}


if __name__ == "__main__":
    gc.set_threshold(limits.collector_allocations)  # as the server does
    options = json.loads(sys.argv[1])
    print(json.dumps(WORKLOADS[options.pop("workload")](**options)))
