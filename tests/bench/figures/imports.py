"""A hundred thousand members registered from one XML file."""

from __future__ import annotations

import http.client
import json
import threading
import time

from bench import process
from bench.figure import Figure, Goal, measured, short
from bench.product import Product
from bench.session import Session

RATE = Goal(at_least=5_000)
FLAT = Goal(at_least=0.8)
members, members_quick = 100_000, 10_000
seconds_max = 900
boundary = "a-boundary-that-is-in-no-file"
watch_seconds = 0.05
NUMBERS = "SELECT coalesce(sum(member_number), 0) FROM head"
CUSTOMER = (
    "<customer><firstName>First{n}</firstName><lastName>Last{n}</lastName>"
    "<gender>female</gender><birthDate>1990-05-{day:02d}</birthDate>"
    "<email>member{n}@example.com</email><phone>+48{n:09d}</phone>"
    "<loyaltyCardNumber>card-{n:09d}</loyaltyCardNumber>"
    "<address><street>Street</street><address1>{n}</address1><city>City</city>"
    "<postal>00-000</postal><province>Province</province><country>PL</country></address>"
    "<agreement1>true</agreement1><agreement2>false</agreement2><agreement3>false</agreement3>"
    "</customer>\n"
)


def run(session: Session) -> list[Figure]:
    """Over HTTP: the file is sent, and answered with what became of each row."""
    count = members_quick if session.quick else members
    with session.scratch() as folder, Product(folder) as product:
        token = product.administrator_token()
        define_level(product, token)
        content = file(count)
        watch = Watch(product)
        began = time.perf_counter()
        with watch:
            answer = send(product, token, content)
        seconds = time.perf_counter() - began
    good = json.loads(answer)["totalSuccess"]
    rates = watch.rates(count)
    note = (
        f"{count:,} members with names, birth date, e-mail, telephone, card and address, a level"
        f" each, {len(content) / 2**20:.0f} MiB, in {seconds:.1f} s from the request to its answer"
        f" ({seconds / count * 1e6:.0f} us a member); {count - good} failed"
    )
    flat = f"members {short(rates[0])}/s in the first quarter, {short(rates[1])}/s in the last"
    return [
        measured("members imported, /s", good / seconds, RATE, note, sound=good == count),
        measured("import, last quarter / first", rates[1] / rates[0], FLAT, flat),
    ]


def file(count: int) -> bytes:
    """The documented file of customers."""
    rows = "".join(CUSTOMER.format(n=n, day=n % 28 + 1) for n in range(count))
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<customers>{rows}</customers>'.encode()


def define_level(product: Product, token: str) -> None:
    """The level everybody begins at."""
    level = {
        "name": "Bronze",
        "conditionValue": 0,
        "active": True,
        "reward": {"name": "none", "value": 0, "code": "none"},
        "translations": {"en": {"name": "Bronze", "description": "Bronze"}},
    }
    body = json.dumps({"level": level}).encode()
    headers = {"Authorization": f"Bearer {token}", "content-type": "application/json"}
    status, answer = process.request(product.port, "POST", "/api/level/create", body, headers)
    if status != 200:
        raise process.Broken(f"defining a level: {status} {answer[:500]!r}")


def send(product: Product, token: str, content: bytes) -> bytes:
    """Send the file and wait for its answer; reading what it says is not the product's work."""
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file[file]";'
        ' filename="customers.xml"\r\nContent-Type: text/xml\r\n\r\n'
    )
    body = head.encode() + content + f"\r\n--{boundary}--\r\n".encode()
    headers = {
        "Authorization": f"Bearer {token}",
        "content-type": f"multipart/form-data; boundary={boundary}",
    }
    connection = http.client.HTTPConnection(process.LOCAL, product.port, timeout=seconds_max)
    connection.request("POST", "/api/admin/customer/import", body, headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status != 200:
        raise process.Broken(f"the import was answered {answer.status}: {text[:500]!r}")
    return text


class Watch:
    """How many members there are, several times a second."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.seen: list[tuple[float, int]] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.look)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()

    def look(self) -> None:
        """Note the time and the number."""
        while not self.over.wait(watch_seconds):
            self.seen.append((time.perf_counter(), self.product.number(NUMBERS)))

    def rates(self, count: int) -> tuple[float, float]:
        """Members a second in the first quarter and in the last."""
        return self.rate(0, count // 4), self.rate(count * 3 // 4, count)

    def rate(self, low: int, high: int) -> float:
        """Members a second between two numbers of members."""
        inside = [each for each in self.seen if low < each[1] < high]
        (start, first), (end, last) = inside[0], inside[-1]
        return (last - first) / (end - start)
