"""The quick way of adding and spending points: the same answers, without asking the store."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dialects.openloyalty.session import JSON
from dialects.openloyalty.till import permanent
from guerdon.engine.commands.definitions import Define
from guerdon.engine.commands.erasure import DeleteMember
from guerdon.store import points as ledger

NOBODY = {"customer": ["This customer does not exist."]}


class Till:
    """A member with 100 points whom the house remembers; `questions` the last move took."""

    def __init__(self, house: Any) -> None:
        self.house = house
        self.member = house.member(("email", "user@example.com"))
        self.headers = {**permanent(house), **JSON}
        self.questions = 0
        self._ask, house.engine.read = house.engine.read, self._counted
        assert self.move("add", points=100).status == 200

    def _counted(self, question: Any) -> Any:
        self.questions += 1
        return self._ask(question)

    def move(self, what: str, **fields: Any) -> Any:
        self.questions = 0
        body = json.dumps({"transfer": {"customer": self.member.member_id, **fields}})
        path = f"/api/DEFAULT/points/transfer/{what}"
        return self.house.call("POST", path, headers=self.headers, body=body)

    def wrong(self, what: str, **fields: Any) -> dict[str, list[str]]:
        reply = self.move(what, **fields)
        assert reply.status == 400, reply.body
        children = reply.json()["form"]["children"]
        return {name: child["errors"] for name, child in children.items() if child}

    def balance(self) -> int:
        tenant_id, number, now = self.house.tenant_id, self.member.number, self.house.clock.now()
        account = self.house.read(lambda rows: ledger.account(rows, tenant_id, number, now))
        return int(account.available)


@pytest.fixture
def till(house: Any) -> Till:
    return Till(house)


@pytest.mark.parametrize("points", ["1e50", "999999999999999e99", "-9E+10"])
def test_a_number_beyond_reckoning_is_wrong(till: Till, points: str) -> None:
    for what in ("add", "spend"):
        assert till.wrong(what, points=points) == {"points": ["This value is not valid."]}
    largest = till.wrong("add", points="999999999999999e9")["points"]
    assert largest[0].startswith("This value should be ")


def test_a_remembered_member_costs_no_question(till: Till) -> None:
    for what, fields in (
        ("add", {"points": 10.5, "comment": "thanks", "validityDuration": 30}),
        ("spend", {"points": "3"}),
    ):
        reply = till.move(what, **fields)
        assert (reply.status, list(reply.json())) == (200, ["pointsTransferId"])
        assert till.questions == 0
    assert till.balance() == 107_50


def test_what_is_wrong_is_said_as_ever(till: Till) -> None:
    assert till.wrong("spend", points=1_000) == {"points": ["Not enough points."]}
    assert till.wrong("spend") == {"points": ["This value should not be blank."]}
    assert till.wrong("add", points="many") == {"points": ["This value is not valid."]}
    assert list(till.wrong("add", points=0.001)) == ["points"]
    assert till.wrong("add", points=1, customer="somebody") == NOBODY
    assert till.balance() == 100_00


def test_who_was_deleted_since_is_given_nothing(till: Till) -> None:
    till.house.execute(DeleteMember(till.house.tenant_id, 0, till.member.number))
    assert till.wrong("add", points=10) == NOBODY
    assert till.balance() == 100_00


def test_whatever_changes_the_programme_is_looked_at_once(till: Till) -> None:
    body = '{"name":"Gold","conditionValue":0,"reward":{"name":"g","value":0,"code":"g"}}'
    till.house.execute(Define(till.house.tenant_id, 0, "Level", body))
    for questions in (True, False):
        assert till.move("add", points=10).status == 200
        assert (till.questions > 0) is questions
    assert till.balance() == 120_00
