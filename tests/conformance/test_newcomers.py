"""Members who come together in one commit: each as if they had come alone."""

from __future__ import annotations

import json
from typing import Any

from conformance.history import exported, journal_heads, make_again
from conformance.stores import Bench
from guerdon.engine import commands
from guerdon.engine.commands.definitions import Define
from guerdon.engine.commands.imports import ImportRow, RowDone, StartImport
from guerdon.engine.commands.members import EnrolMember
from guerdon.engine.commands.points import AddPoints
from guerdon.errors import GuerdonError

ADDRESS = {"street": "Main", "city": "Town", "country": "PL"}


class File:
    """An import of customers into a programme that has a level for everybody."""

    def __init__(self, bench: Bench) -> None:
        self.tenant_id = bench.tenant_id
        body = {"conditionValue": 0, "reward": {"value": 0}}
        bench.do(Define(self.tenant_id, 0, "Level", json.dumps(body)))
        start = StartImport(self.tenant_id, 0, kind="customers", digest=bytes(32), rows_total=9)
        self.import_id = bench.do(start).import_id

    def row(self, place: int, email: str, **more: Any) -> ImportRow:
        profile = {"firstName": "Ann", "email": email, "address": ADDRESS, **more}
        enrol = EnrolMember(self.tenant_id, 0, by="admin", profile=json.dumps(profile))
        return ImportRow(self.tenant_id, 0, import_id=self.import_id, place=place, command=enrol)


def test_rows_of_a_file_that_share_a_commit_are_each_done_once(bench: Bench) -> None:
    file = File(bench)
    known = bench.do(file.row(0, "ann@example.com", loyaltyCardNumber="7"))
    done = bench.together(
        file.row(0, "ann@example.com", loyaltyCardNumber="7"),
        file.row(1, "bob@example.com", loyaltyCardNumber="8"),
        file.row(2, "bob@example.com"),
        file.row(3, "cid@example.com", loyaltyCardNumber="7"),
        file.row(1, "bob@example.com", loyaltyCardNumber="8"),
        file.row(4, "dan@example.com", agreement2=True),
    )
    again, bob, same_name, same_card, bob_again, dan = done
    assert (again, bob_again) == (known, bob)
    assert all(isinstance(each, RowDone) for each in done)
    assert [each.message for each in (same_name, same_card)] == [
        "Processing exception: that member exists already"
    ] * 2
    assert all(each.made and not each.message for each in (known, bob, dan))
    rows = bench.ask(lambda rows: rows.all("members_after", tenant_id=1, after=0, limit=9))
    assert [row[1] for row in rows] == [known.made, bob.made, dan.made]


def test_who_comes_and_is_asked_for_in_one_commit_is_the_same_after_a_rebuild(bench: Bench) -> None:
    file = File(bench)
    tenant_id = bench.tenant_id
    newcomer = (("external", "x"),)
    answers = bench.together(
        file.row(0, "ann@example.com", phone="+48123", birthDate="1990-01-02"),
        commands.RegisterMember(tenant_id, 0, newcomer, '{"address": {"city": "Old"}}', points=5),
        commands.UpdateMember(tenant_id, 0, 2, '{"address": {"city": "New"}, "tags": "a"}'),
        AddPoints(tenant_id, 0, number=1, points=700),
        commands.UpdateMember(tenant_id, 0, 1, '{"firstName": "Anna"}', (("email", "a@x.com"),)),
    )
    assert not any(isinstance(each, GuerdonError) for each in answers)
    bench.settle()
    before = exported(bench)
    member = bench.ask(lambda rows: rows.one("member", tenant_id=tenant_id, number=2))
    profile = json.loads(member[6])
    assert (profile["address"], profile["tags"]) == ({"city": "New"}, "a")
    make_again(bench)
    after = exported(bench)
    assert journal_heads(after) == journal_heads(before)
    assert {**after, "head": None} == {**before, "head": None}
