"""Whoever is forgotten is on the list beside the database before anybody is told."""

from __future__ import annotations

import asyncio
import time

import pytest

from conformance.person import Person
from guerdon import limits
from guerdon.engine import forgotten
from guerdon.engine.commands.erasure import AnonymizeMember, DeleteMember
from guerdon.errors import NotFound, OutcomeUnknown, StoreUnavailable
from guerdon.store.forgotten import Forgotten, Register
from guerdon.store.members import identities


def test_whoever_is_told_that_somebody_is_forgotten_finds_them_on_the_list(house):
    person = Person(house)
    person.forget("both")
    path = house.config.data_dir / "forgotten.jsonl"
    assert [(each.tenant, each.member_id, each.deleted) for each in Register(path).all()] == [
        ("demo", person.member_id, False),
        ("demo", person.member_id, True),
    ]
    assert path.stat().st_mode & 0o777 == 0o600


def listed(house):
    """Who is on the list. A line that is owed twice may be written twice."""
    lines = Register(house.config.data_dir / "forgotten.jsonl").all()
    return list(dict.fromkeys((each.member_id, each.deleted) for each in lines))


def until_listed(house, expected):
    deadline = time.monotonic() + 30
    while listed(house) != expected and time.monotonic() < deadline:
        house.run(asyncio.sleep(0.01))
    assert listed(house) == expected


def unlisted(_register, _lines):
    raise StoreUnavailable


def test_whom_the_list_could_not_take_gets_on_it_soon_and_nobody_is_told_before(house, monkeypatch):
    monkeypatch.setattr(limits, "forgotten_retry_seconds", 0.01)
    person = Person(house)
    one = f"/customer/{person.member_id}"
    with monkeypatch.context() as disk:
        disk.setattr(Register, "add", unlisted)
        for _ in range(2):
            reply = person.api("POST", f"/admin{one}/anonymize")
            assert (reply.status, b"not yet in the list" in reply.body) == (503, True)
    until_listed(house, [(person.member_id, False)])
    assert person.api("POST", f"/admin{one}/anonymize").status == 204
    with monkeypatch.context() as disk:
        disk.setattr(Register, "add", unlisted)
        assert person.api("DELETE", one).status == 503
        assert person.api("DELETE", one).status == 404
    until_listed(house, [(person.member_id, False), (person.member_id, True)])


def test_asking_again_puts_whom_the_list_could_not_take_on_it(house, monkeypatch):
    anonymised = house.member(("external", "u-1"))
    gone = house.member(("external", "u-2"))
    orders = [
        AnonymizeMember(house.tenant_id, 0, anonymised.number),
        DeleteMember(house.tenant_id, 0, gone.number),
    ]
    with monkeypatch.context() as disk:
        disk.setattr(Register, "add", unlisted)
        for order in orders:
            with pytest.raises(OutcomeUnknown):
                house.execute(order)
    assert listed(house) == []
    house.execute(orders[0])
    with pytest.raises(NotFound):
        house.execute(orders[1])
    assert listed(house) == [(anonymised.member_id, False), (gone.member_id, True)]


def test_whoever_stops_writes_what_the_list_is_owed(house, monkeypatch):
    gone = house.member(("external", "u-1"))
    submit = house.committer.submit

    async def lost(command):
        await submit(command)
        raise OutcomeUnknown

    monkeypatch.setattr(house.engine, "_submit", lost)
    with pytest.raises(OutcomeUnknown):
        house.execute(DeleteMember(house.tenant_id, 0, gone.number))
    assert listed(house) == []
    house.run(house.engine._listing.close())
    assert listed(house) == [(gone.member_id, True)]


def test_the_list_beside_the_database_is_mended_from_it(bench, tmp_path):
    register = Register(tmp_path / "new" / "forgotten.jsonl")
    kept, gone = bench.member(("external", "kept")), bench.member(("external", "gone"))
    bench.do(DeleteMember(bench.tenant_id, 0, gone))
    assert forgotten.agree(bench.committer, register) == 0
    (noted,) = register.all()
    # A line cut short, and members whom this database does not have.
    (tmp_path / "new" / "forgotten.jsonl").write_bytes(b'{"tenant":"demo","memb')
    strangers = [
        Forgotten("a", "00000000-0000-4000-8000-000000000000", 1, deleted=True),
        Forgotten("gone", noted.member_id, 1, deleted=False),
    ]
    register.add(strangers)
    assert forgotten.agree(bench.committer, register) == 0
    assert register.all() == [*strangers, noted]
    assert bench.ask(lambda rows: identities(rows, bench.tenant_id, kept))
