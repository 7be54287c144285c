"""Forgetting a person is final: no trace of them is left, and everything still adds up."""

from __future__ import annotations

import contextlib

import pytest

from conformance.person import CANARIES, Person, copied, places, tables, traces
from guerdon import bootstrap
from guerdon.engine import forgotten
from guerdon.engine.commands.erasure import DeleteMember
from guerdon.followers.background import Upkeep
from guerdon.store import decisions
from guerdon.store.forgotten import Forgotten, Register
from guerdon.store.members import by_number, identities


def readable(committer, tenant_id):
    """Whether the journal still names the person."""
    shown = decisions.page(committer.writer, committer.vault, tenant_id, limit=1_000)
    return [each.position for each in shown if any(word in each.payload for word in CANARIES)]


@pytest.mark.parametrize("how", ["anonymize", "delete", "both"])
def test_no_trace_of_a_forgotten_person_is_left_anywhere(house, how):
    person = Person(house)
    found = traces(places(house))
    assert {line.split(" in ")[0] for line in found} >= set(CANARIES) - {"gimpel.png"}
    (house.config.data_dir / "backup.db").unlink(missing_ok=True)
    person.forget(how)
    assert traces(places(house)) == []


def test_a_backup_made_before_forgets_before_anybody_is_served(house, tmp_path):
    person = Person(house)
    with copied(house, tmp_path) as config:
        person.forget()
        store = bootstrap.open_store(config, house.clock, pytest.fail)
        with contextlib.closing(bootstrap.committer(config, store, house.clock)) as committer:
            assert readable(committer, house.tenant_id)
            assert forgotten.agree(committer, bootstrap.register(config)) == 1
            assert not readable(committer, house.tenant_id)
            member = by_number(committer.writer, house.tenant_id, person.number)
            assert member.profile == {}
            # Nothing is left to do, however often it is asked.
            assert forgotten.agree(committer, bootstrap.register(config)) == 0
            upkeep = Upkeep()
            while upkeep.slice(committer, busy=False) or committer.maintain():
                pass
        left = tables(config)
        assert traces({"tables": left}) == []


def test_whoever_is_told_that_somebody_is_forgotten_finds_them_on_the_list(house):
    person = Person(house)
    person.forget("both")
    path = house.config.data_dir / "forgotten.jsonl"
    assert [(each.tenant, each.member_id, each.deleted) for each in Register(path).all()] == [
        ("demo", person.member_id, False),
        ("demo", person.member_id, True),
    ]
    assert path.stat().st_mode & 0o777 == 0o600


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
