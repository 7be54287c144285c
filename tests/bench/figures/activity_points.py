"""From an activity to committed points, with five active rules of which one matches."""

from __future__ import annotations

import json
import threading
import time
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any

from bench import process
from bench.figure import Figure, Goal, figure_without_goal, measured, short, summary
from bench.load import Requests
from bench.pace import Paced
from bench.product import TENANT, Product
from bench.session import Session

CAUGHT_UP = Goal(at_least=20_000)
VISIBLE = Goal(at_most=500)
members = 10_000
activities, activities_quick = 200_000, 20_000
types_all, types_some = 5, 25  # one rule for each of the first five
per_second, clients = 1_000, 64
probers = 4
seconds_sent, seconds_sent_quick = 20, 6
settling_seconds = 3
patience_seconds = 10.0


def run(session: Session) -> list[Figure]:
    """Catching up in the committer; then what a sender sees while others send."""
    return [*catching_up(session), visible(session)]


def catching_up(session: Session) -> list[Figure]:
    """The rate at which stored activities become points, by the server's own loop."""
    figures = []
    for types in (types_all, types_some):
        with session.scratch() as folder:
            told = process.run_module(
                "programme",
                {
                    "workload": "rules",
                    "folder": str(folder),
                    "activities": activities_quick if session.quick else activities,
                    "members": members,
                    "types": types,
                },
            )
        share = told["transfers"] / told["activities"]
        rate = told["activities"] / told["seconds"]
        spent = told["cpu_seconds"] / told["activities"] * 1e6
        note = (
            f"5 active rules, each about a type of its own, {types} types:"
            f" {share:.0%} of {told['activities']:,} activities match exactly one and earn an"
            f" explained transfer; {1e6 / rate:.1f} us each, {spent:.1f} of the processor; one"
            " process, with the followers of the index"
        )
        if types == types_all:
            figures.append(measured("activities to points, catching up, /s", rate, CAUGHT_UP, note))
        else:
            name = "activities to points, a fifth matches, /s"
            figures.append(figure_without_goal(name, rate, note))
    return figures


def visible(session: Session) -> Figure:
    """The time from sending an activity until the member's balance shows what it earned."""
    seconds = seconds_sent_quick if session.quick else seconds_sent
    with session.scratch() as folder, Product(folder) as product:
        known = product.make_members()
        define_rules(product)
        requests = paced(product, folder, known[: len(known) // 2])
        with Paced(product.port, requests, per_second=per_second, clients=clients) as load:
            time.sleep(settling_seconds)
            began = time.time()
            found = probe(product, [each.external for each in known[len(known) // 2 :]], seconds)
            ended = time.time()
        sent = load.between(began, ended)
    latencies = summary([each for each in found if each is not None])
    failed = sum(each is None for each in found) + sum(each.status != 200 for each in sent)
    return measured(
        f"POST to visible balance at {per_second:,}/s, p99 ms",
        latencies["p99"],
        VISIBLE,
        f"p50 {latencies['p50']:.0f} max {latencies['max']:.0f} ms of {len(found)} members, asked"
        f" for every few ms after the POST; {short(len(sent) / (ended - began))}/s sent meanwhile,"
        f" each matching one of 5 rules; {failed} failed",
        sound=failed == 0,
    )


def define_rules(product: Product) -> None:
    """Five active rules, made by an administrator over HTTP."""
    headers = {
        "Authorization": f"Bearer {product.administrator_token()}",
        "content-type": "application/json",
    }
    for each in range(types_all):
        rule = {
            "name": f"Rule {each}",
            "description": "",
            "type": "custom_event",
            "eventName": f"type-{each}",
            "pointsAmount": 10,
            "active": True,
            "allTimeActive": True,
            "target": "level",
            "levels": [],
        }
        body = json.dumps({"earningRule": rule}).encode()
        status, answer = process.request(product.port, "POST", "/api/earningRule", body, headers)
        if status != 200:
            raise process.Broken(f"defining a rule: {status} {answer[:500]!r}")


def paced(product: Product, folder: Path, known: list[Any]) -> Requests:
    """Conscent requests, each of a type that a rule is about."""
    lines = (
        ("POST", path(), body(f"type-{at % types_all}", each.external))
        for at, each in enumerate(known)
    )
    return Requests.write(folder / "earning.txt", lines, headers=headers_of(product), status=200)


def path() -> str:
    """Where Conscent's senders post."""
    return f"/reward/{TENANT}/api/user_event"


def body(kind: str, external: str) -> str:
    """One activity."""
    return json.dumps({"eventType": kind, "userId": external, "amount": 12.5})


def headers_of(product: Product) -> dict[str, str]:
    """What a sender of Conscent's shows."""
    return {
        "X-API-KEY": product.key("conscent"),
        "content-type": "application/json",
        "accept": "text/plain",
    }


def probe(product: Product, externals: list[str], seconds: int) -> list[float | None]:
    """Milliseconds until the balance showed it, member by member; None: it never did."""
    found: list[float | None] = []
    until = time.time() + seconds
    turn = count()

    def work() -> None:
        connection = HTTPConnection(process.LOCAL, product.port, timeout=30)
        while time.time() < until:
            found.append(until_visible(product, connection, externals[next(turn)]))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(probers)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return found


def until_visible(product: Product, connection: HTTPConnection, external: str) -> float | None:
    """Send an activity of a member who has nothing, and ask until there are points."""
    began = time.perf_counter()
    connection.request("POST", path(), body("type-0", external), headers_of(product))
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        return None
    shown = {"Authorization": f"Basic {product.key('woowup')}", "accept": "application/json"}
    while time.perf_counter() - began < patience_seconds:
        connection.request("GET", f"/apiv3/multiusers/find?service_uid={external}", headers=shown)
        answer = connection.getresponse()
        told = json.loads(answer.read())
        if answer.status != 200:
            return None
        if told["payload"]["points"]:
            return (time.perf_counter() - began) * 1_000
        time.sleep(0.005)
    return None
