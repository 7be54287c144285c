"""A tenth of ten million activities deleted at once while partners go on sending."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import apsw

from bench import bodies, process
from bench.bodies import Member
from bench.driver import began_at, step
from bench.figure import Figure, Goal, figure_without_goal, measured, summary
from bench.figures.pages import depth_figures, reads
from bench.figures.single import warm_up
from bench.journal import Journal, open_journal
from bench.pace import Paced, Sample
from bench.product import Product
from bench.session import Session

GONE = Goal(at_most=0)
QUIET = Goal(at_most=2)
per_second, clients = 1_000, 64
quiet_seconds = 20
settling_seconds = 3  # of the generator's own start
members_sending = 10_000
seconds_max = 1_800.0
EVENT = bodies.TYPES[0]  # a fifth of all activities
members_asked = 20


@dataclass
class Course:
    """When things happened (epoch seconds), and what was still shown afterwards."""

    quiet_from: float = 0.0
    sent: float = 0.0
    answered: float = 0.0
    first_answer: float = 0.0
    removed: float = 0.0
    deleted: int = 0
    left_over: int = 0
    shown: int = 0


def run(session: Session) -> list[Figure]:
    """The range is the event's first half, so a tenth of all activities."""
    journal = open_journal(session)
    course = Course()
    with session.scratch() as folder:
        product = journal.product(folder)
        members = list(islice(bodies.new_members(journal.facts.members), members_sending))
        with product:
            requests = product.singles(folder, members)
            warm_up(product, requests)
            load = Paced(product.port, requests, per_second=per_second, clients=clients)
            with load:
                time.sleep(settling_seconds)
                course.quiet_from = time.time()
                time.sleep(quiet_seconds)
                delete(product, journal, members, course)
        course.left_over = left_over(product, journal)
        after = [reads(journal, product.folder)]
    return [*told(course, load), *depth_figures(after, " after a deletion")]


def last_moment(journal: Journal) -> datetime:
    """The end of the range, UTC as WoowUp writes it."""
    microseconds = began_at + journal.facts.rows // 2 * step
    return datetime.fromtimestamp(microseconds // 1_000_000, UTC).replace(tzinfo=None)


def delete(product: Product, journal: Journal, members: list[Member], course: Course) -> None:
    """Ask for the deletion over HTTP, look at once whether anything shows, wait for the removal."""
    until = last_moment(journal)
    body = {
        "event_name": EVENT,
        "from": "2025-01-01 00:00:00",
        "to": f"{until:%Y-%m-%d %H:%M:%S}",
        "notify_to": "ops@example.com",
    }
    course.sent = time.time()
    status, answer = process.request(
        product.port,
        "DELETE",
        "/apiv3/user-events/bulk",
        json.dumps(body).encode(),
        {**woowup_headers(product), "content-type": "application/json"},
    )
    course.answered = time.time()
    if status != 200:
        raise process.Broken(f"the deletion was answered {status}: {answer[:300]!r}")
    course.shown = shown(product, until, {"event": EVENT})
    course.first_answer = time.time()
    for member in members[:members_asked]:
        course.shown += shown(product, until, {"service_uid": member.external})
    while not course.removed:
        if time.time() - course.sent > seconds_max:
            raise process.Broken("the rows were not removed in time")
        time.sleep(0.2)
        deleted, finished_at = deletion(product)
        if finished_at is not None:
            course.removed, course.deleted = time.time(), deleted


def woowup_headers(product: Product) -> dict[str, str]:
    """What a sender of WoowUp's shows."""
    return {"Authorization": f"Basic {product.key('woowup')}", "accept": "application/json"}


def shown(product: Product, until: datetime, query: dict[str, str]) -> int:
    """How many deleted activities a list's first page still shows."""
    path = "/apiv3/user-events?" + urlencode({**query, "limit": "100", "page": "0"})
    status, answer = process.request(product.port, "GET", path, headers=woowup_headers(product))
    if status != 200:
        raise process.Broken(f"GET {path}: {status} {answer[:300]!r}")
    found: list[dict[str, Any]] = json.loads(answer)["payload"]
    if not found and "event" in query:
        raise process.Broken(f"GET {path} shows nothing at all")
    return sum(
        each["event"]["name"] == EVENT and datetime.fromisoformat(each["datetime"]) <= until
        for each in found
    )


def deletion(product: Product) -> tuple[int, int | None]:
    """How many activities the deletion takes, and when the last row was gone."""
    database = apsw.Connection(str(product.database), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        row = next(database.execute("SELECT deleted, finished_at FROM activity_deletion"))
        return int(row[0]), row[1]
    finally:
        database.close()


def left_over(product: Product, journal: Journal) -> int:
    """Rows of the range that are in the file after all."""
    database = apsw.Connection(str(product.database), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return int(
            database.execute(
                "SELECT count(*) FROM activity WHERE tenant_id = ? AND type_id = ?"
                " AND occurred_at <= ?",
                (
                    journal.facts.tenant_id,
                    journal.facts.types[0],
                    int(last_moment(journal).replace(tzinfo=UTC).timestamp() + 1) * 1_000_000 - 1,
                ),
            ).get
        )
    finally:
        database.close()


def told(course: Course, load: Paced) -> list[Figure]:
    """The figures of the course."""
    quiet = load.between(course.quiet_from, course.sent)
    during = load.between(course.sent, course.removed)
    removing = load.between(course.answered, course.removed)
    before, meanwhile = (latencies(each) for each in (quiet, during))
    failed = sum(each.status != 200 for each in (*quiet, *during))
    return [
        measured(
            "deleted activities shown after the 200",
            course.shown,
            GONE,
            f"{course.deleted:,} deleted; the 200 came after"
            f" {course.answered - course.sent:.2f} s, the next answer"
            f" {(course.first_answer - course.answered) * 1e3:.0f} ms later without them",
            sound=course.deleted > 0,
        ),
        measured(
            "ingest p99 during a bulk deletion / quiet",
            meanwhile["p99"] / before["p99"],
            QUIET,
            f"{per_second}/s singles: quiet {describe(before)}; from the request to the last row"
            f" {describe(meanwhile)}; after the 200 {describe(latencies(removing))};"
            f" {len(during):,} requests, {failed} failed",
            sound=failed == 0,
        ),
        figure_without_goal(
            "bulk deletion until the last row is gone, s",
            course.removed - course.sent,
            f"{course.deleted / (course.removed - course.sent):,.0f} rows/s under that load;"
            f" {course.left_over} rows left over",
        ),
    ]


def latencies(samples: list[Sample]) -> dict[str, float]:
    """Median, p99 and the highest, in milliseconds."""
    return summary([each.milliseconds for each in samples])


def describe(each: dict[str, float]) -> str:
    """In short."""
    return f"p50 {each['p50']:.1f} p99 {each['p99']:.1f} max {each['max']:.0f} ms"
