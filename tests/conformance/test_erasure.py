"""Forgetting a person is final: no trace of them is left, and everything still adds up."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime
from uuid import UUID

import psycopg
import pytest

from books import balance
from conformance.person import (
    CANARIES,
    EMAIL,
    FIRST,
    LAST,
    Person,
    copied,
    places,
    rows_by_table,
    tables,
    traces,
)
from conformance.stores import only_on_postgres
from conformance.test_decisions import administrator, unlock
from dialects.openloyalty.staff import staff
from dialects.openloyalty.till import customer
from guerdon import bootstrap, limits
from guerdon.engine import erasure, forgotten
from guerdon.engine.commands import (
    Ingest,
    IssueMemberToken,
    Item,
    LeaseDeliveries,
    RebuildState,
    RecordOutcome,
    RegisterMember,
    SettleDelivery,
    UpdateMember,
)
from guerdon.engine.commands.erasure import AnonymizeMember, DeleteMember
from guerdon.engine.commands.members import EditMember, EnrolMember
from guerdon.engine.commands.points import (
    AddPoints,
    BlockPoints,
    ReturnPoints,
    SpendPoints,
    TransferPoints,
)
from guerdon.engine.commands.purchases import AssignPurchase
from guerdon.errors import NotFound, StoreError
from guerdon.followers.background import Upkeep
from guerdon.store import books, decisions
from guerdon.store.activities import after
from guerdon.store.members import by_number, identities
from guerdon.store.purchases import total_of
from postgres import cluster

NOBODY = "00000000-0000-4000-8000-000000000000"


def readable(committer, tenant_id):
    """Whether the journal still names the person."""
    shown = decisions.page(committer.writer, committer.vault, tenant_id, limit=1_000)
    return [each.position for each in shown if any(word in each.payload for word in CANARIES)]


@pytest.mark.parametrize("how", ["anonymize", "both"])
def test_no_trace_of_a_forgotten_person_is_left_anywhere(house, how):
    person = Person(house)
    found = traces(places(house))
    assert {line.split(" in ")[0] for line in found} >= set(CANARIES) - {"gimpel.png"}
    (house.config.data_dir / "backup.db").unlink(missing_ok=True)
    person.forget(how)
    assert traces(places(house)) == []
    # What others may still read of themselves does not name the person either.
    logs = person.api("GET", "/audit/log?perPage=100").json()["logs"]
    shown = {"events": json.dumps(person.events()).encode(), "audit": json.dumps(logs).encode()}
    assert traces(shown) == []


@only_on_postgres
def test_postgresqls_files_name_nobody_once_they_are_written_anew(house):
    def run(*statements):
        with psycopg.connect(house.config.database_url, autocommit=True) as connection:
            for each in statements:
                connection.execute(each)
            return connection.execute(
                "SELECT oid FROM pg_database WHERE datname = current_database()"
            )

    def named():
        (oid,) = run("CHECKPOINT").fetchone()
        files = (cluster().folder / "data" / "base" / str(oid)).iterdir()
        return traces({path.name: path.read_bytes() for path in files})

    person = Person(house)
    # What the planner is told of a column holds values of it.
    run("ANALYZE")
    assert named()
    person.forget("delete")
    # The documents' words: a plain VACUUM leaves the bytes in the pages that it frees.
    run("ANALYZE", "VACUUM FULL")
    assert named() == []


def test_balances_history_and_the_chain_outlive_the_person(house):
    person = Person(house)
    tenant_id, number = house.tenant_id, person.number

    def numbers(rows):
        return (
            balance(rows, tenant_id),
            total_of(rows, tenant_id, number),
            decisions.total(rows, tenant_id),
        )

    held, bought, decided = house.read(numbers)
    assert held[number] == 100_00
    activities = len(house.activities())
    person.forget()
    assert house.read(lambda rows: decisions.verify(rows, tenant_id)).bad_position is None
    assert house.read(lambda rows: books.faults(rows, tenant_id)) == []
    after, still_bought, now_decided = house.read(numbers)
    assert (after, still_bought) == (held, bought)
    assert now_decided > decided
    assert len(house.activities()) == activities
    assert {each.data for each in house.activities() if each.number == number} == {None}
    events = person.events()
    told = {each["type"].rpartition(".")[2]: each["payload"] for each in events}
    who = {"customerId": {"customerId": person.member_id}}
    moment = told["CustomerWasAnonymized"].pop("anonymizedAt")
    assert datetime.fromisoformat(moment).tzinfo is not None
    assert told["CustomerWasAnonymized"] == who
    registered = next(each for each in events if each["uuid"] == person.member_id)
    assert registered["payload"].keys() == {"customerId", "customerData", "updateAt"}
    assert registered["payload"]["customerData"] == {}
    # State made again is the same, with nothing where the person was.
    before = rows_by_table(house.config)
    house.execute(RebuildState(tenant_id, 0))
    made_again = rows_by_table(house.config)
    assert {name for name in before if before[name] != made_again[name]} <= {"head"}


def test_an_anonymised_member_stays_a_number_and_a_deleted_one_is_not_found(house):
    person = Person(house)
    friend = person.friend.member_id
    person.forget()
    one = f"/customer/{person.member_id}"
    shown = person.api("GET", one).json()
    assert shown["active"] is True
    names = {"firstName", "lastName", "email", "phone", "loyaltyCardNumber", "address"}
    assert not [name for name in names if shown.get(name)]
    assert person.api("GET", f"{one}/status").json()["points"] == 100
    assert person.api("GET", f"{one}/avatar").status == 404
    listed = {each["customerId"] for each in person.api("GET", "/customer").json()["customers"]}
    assert listed > {friend, person.member_id}
    # The names are free for somebody else, and asking again is no error.
    assert person.api("POST", f"/admin{one}/anonymize").status == 204
    again = {"firstName": FIRST, "lastName": LAST, "email": EMAIL, "agreement1": True}
    made = person.api("POST", "/customer/register", {"customer": again})
    assert made.status == 200, made.body
    assert person.api("DELETE", one).status == 204
    for method, path in (
        ("GET", one),
        ("GET", f"{one}/status"),
        ("DELETE", one),
        ("POST", f"/admin{one}/anonymize"),
        ("POST", f"/admin{one}/activate"),
    ):
        assert person.api(method, path).status == 404, path
    now = {each["customerId"] for each in person.api("GET", "/customer").json()["customers"]}
    assert now == listed - {person.member_id} | {made.json()["customerId"]}
    # Nor by the number that they have in another format, nor as somebody's buyer.
    gift = {"points": 5, "concept": "gift", "description": ""}
    for method, path, body in (
        ("GET", f"/apiv3/users/{person.number}", {}),
        ("PUT", f"/apiv3/users/{person.number}", {"first_name": FIRST}),
        ("GET", f"/apiv3/users/{person.number}/transactions", {}),
        ("POST", f"/apiv3/users/{person.number}/points", gift),
    ):
        content = json.dumps(body) if body else ""
        reply = house.call(method, path, headers=person.woowup, body=content)
        assert (reply.status, reply.json()["code"]) == (404, "user_not_found"), path
    users = house.call("GET", "/apiv3/users?limit=100", headers=person.woowup).json()["payload"]
    assert person.number not in {each["user_id"] for each in users}
    # As an id that nobody ever had.
    refusals = [
        person.api("POST", "/admin/transaction/customer/assign", {"assign": assign})
        for customer_id in (person.member_id, str(UUID(int=1)))
        for assign in [{"transactionDocumentNumber": "early", "customerId": customer_id}]
    ]
    assert [reply.status for reply in refusals] == [400, 400]
    assert refusals[0].body == refusals[1].body
    for command in (
        AssignPurchase(house.tenant_id, 0, "early", person.number),
        UpdateMember(house.tenant_id, 0, person.number, "{}"),
        IssueMemberToken(house.tenant_id, 0, person.number),
        AddPoints(house.tenant_id, 0, person.number, 100),
        SpendPoints(house.tenant_id, 0, person.number, 100),
        BlockPoints(house.tenant_id, 0, person.number, 100),
        ReturnPoints(house.tenant_id, 0, person.number, 100),
        TransferPoints(house.tenant_id, 0, person.number, person.friend.number, 100),
        TransferPoints(house.tenant_id, 0, person.friend.number, person.number, 100),
    ):
        with pytest.raises(NotFound):
            house.execute(command)
    decided = person.events("type=*CustomerWasDeleted")
    assert [(each["uuid"], list(each["payload"])) for each in decided] == [
        (person.member_id, ["customerId", "deletedAt"])
    ]


def test_nobody_but_an_administrator_who_may_forgets_a_person(house):
    person = Person(house)
    reader, other = staff(house, "CUSTOMER:VIEW"), house.tenant("other")
    foreign = {"x-auth-token": house.key("openloyalty", tenant_id=other)}
    for headers, status in (
        ({}, 401),
        (reader, 403),
        (customer(house, person.member_id), 403),
        (foreign, 404),
    ):
        for method, path in (
            ("POST", f"/api/DEFAULT/admin/customer/{person.member_id}/anonymize"),
            ("DELETE", f"/api/customer/{person.member_id}"),
        ):
            assert house.call(method, path, headers=headers).status == status
    assert person.api("DELETE", f"/customer/{NOBODY}").status == 404
    assert person.api("GET", f"/customer/{person.member_id}").json()["email"] == EMAIL


def test_a_member_who_becomes_known_again_is_a_new_person(house):
    person = Person(house)
    person.forget()
    one = f"/customer/{person.member_id}"
    assert person.api("PUT", one, {"customer": {"firstName": "Neu"}}).status == 200
    events = person.events()
    assert [each["payload"]["customerData"] for each in events if "Neu" in str(each)] == [
        {"firstName": "Neu"}
    ]
    house.execute(RebuildState(house.tenant_id, 0))
    assert person.api("GET", one).json()["firstName"] == "Neu"
    person.forget()
    assert b"Neu" not in tables(house.config)
    assert not person.api("GET", one).json().get("firstName")


def test_nothing_that_waits_to_be_sent_goes_out_any_more(house):
    person = Person(house)
    leased = house.execute(LeaseDeliveries(0, 0, 1))[0]
    waiting = house.read(lambda rows: rows.all("due_deliveries", now=2**62, limit=100))
    assert traces({"waiting": repr(waiting).encode()})
    person.forget()
    found = house.read(lambda rows: rows.all("due_deliveries", now=2**62, limit=100))
    assert {row[1] for row in found} == {row[1] for row in waiting}
    forgotten_ones = [row for row in found if not row[3]]
    assert forgotten_ones
    assert all(row[3:6] == ("", "", "") for row in forgotten_ones)
    # Whoever was sending one cannot settle it; whoever takes the file away can.
    late = SettleDelivery(house.tenant_id, 0, leased.delivery_id, leased.fence, "delivered")
    assert leased.delivery_id in {row[1] for row in forgotten_ones}
    assert house.execute(late) is False
    for row in forgotten_ones:
        tenant_id, delivery_id, fence = row[0], row[1], row[7]
        taken = SettleDelivery(tenant_id, 0, delivery_id, fence, "delivered")
        assert house.execute(taken) is True
    left = house.read(lambda rows: rows.all("due_deliveries", now=2**62, limit=100))
    assert len(left) == len(found) - len(forgotten_ones)
    counters = dict(house.read(lambda rows: rows.all("counters", tenant_id=house.tenant_id)))
    counted = {name: total for name, total in counters.items() if name.startswith("delivery:")}
    assert counted == {"delivery:forgotten": len(forgotten_ones)}


def test_letters_that_had_ended_are_taken_back_once(house):
    person = Person(house)
    sent = house.execute(LeaseDeliveries(0, 0, 100))
    for number, each in enumerate(sent):
        outcome = "failed" if number == 0 else "delivered"
        ended = SettleDelivery(each.tenant_id, 0, each.delivery_id, each.fence, outcome)
        assert house.execute(ended) is True
    person.forget()
    back = house.execute(LeaseDeliveries(0, 0, 100))
    assert {each.delivery_id for each in back} <= {each.delivery_id for each in sent}
    assert len(back) > 1
    for each in back:
        assert each.target == ""
        taken = SettleDelivery(each.tenant_id, 0, each.delivery_id, each.fence, "delivered")
        assert house.execute(taken) is True
    assert house.read(lambda rows: rows.all("due_deliveries", now=2**62, limit=100)) == []
    # They ended once, as they did before anybody was forgotten.
    counters = dict(house.read(lambda rows: rows.all("counters", tenant_id=house.tenant_id)))
    counted = {name: total for name, total in counters.items() if name.startswith("delivery:")}
    assert counted == {"delivery:delivered": len(sent) - 1, "delivery:failed": 1}


@pytest.mark.parametrize("is_rebuilt", [False, True])
def test_refused_requests_are_emptied_of_former_names_in_any_encoding(bench, is_rebuilt):
    tenant_id, first = bench.tenant_id, {"firstName": FIRST, "lastName": LAST}
    bench.do(EnrolMember(tenant_id, 0, "admin", json.dumps({**first, "email": EMAIL})))
    for later in (
        {"lastName": "Amsel"},
        {"firstName": "Ida"},
        {"firstName": "Ida", "lastName": "Fink"},
    ):
        bench.do(EditMember(tenant_id, 0, 1, json.dumps(later)))
    refused = [
        json.dumps(first).encode(),
        f"{LAST}, {FIRST}".encode("utf-16"),
        f"{FIRST} Amsel".encode(),
        b"<name>Ida Amsel</name>",
        f'{{"e":"{EMAIL}"}}'.encode("utf-16-be"),
    ]
    others = [b"Ida Specht", f"{LAST}, Ann".encode("utf-16")]
    for body in (*refused, *others):
        order = RecordOutcome(tenant_id, 0, "refused", "x", "", "woowup", "PUT", "/", body, 9)
        bench.do(order)
    if is_rebuilt:
        bench.do(RebuildState(tenant_id, 0))
    bench.do(DeleteMember(tenant_id, 0, 1))
    bench.settle()
    kept = bench.ask(lambda rows: rows.all("outcomes_from", tenant_id=tenant_id, after=0, limit=99))
    assert [bytes(row[3]) for row in kept] == [b""] * len(refused) + others
    assert b"Amsel" not in tables(bench.config)


def failing(monkeypatch, point, times):
    """Let a point fail so often."""
    passes = iter(range(times))

    def fail(name):
        if name == point and next(passes, None) is not None:
            raise ZeroDivisionError

    monkeypatch.setattr(erasure, "fault", fail)


def test_a_request_that_fails_half_way_changes_nothing(house, monkeypatch):
    person = Person(house)
    failing(monkeypatch, "in_erasure", 2)
    house.settle()
    before = rows_by_table(house.config)
    for _ in range(2):
        assert person.api("DELETE", f"/customer/{person.member_id}").status == 500
    # Whose turn background work is goes on being noted.
    assert {**rows_by_table(house.config), "follower": before["follower"]} == before
    person.forget("delete")
    assert traces({"tables": tables(house.config)}) == []


def test_a_search_that_fails_goes_on_where_it_was(bench, monkeypatch):
    number = bench.member(("email", EMAIL), ("external", "u-1"))
    tenant_id = bench.tenant_id
    data = json.dumps({"mail": EMAIL})
    seen = tuple(Item("seen", (("external", "u-1"),), None, data) for _ in range(5))
    bench.do(Ingest(tenant_id, 0, "conscent", seen, unknown_type="add"))
    body = data.encode()
    bench.do(RecordOutcome(tenant_id, 0, "refused", "x", "", "woowup", "PUT", "/", body, 9))
    bench.do(DeleteMember(tenant_id, 0, number))
    monkeypatch.setattr(limits, "erasure_slice_rows", 2)
    failing(monkeypatch, "in_erasure_slice", 3)
    slices = failures = 0
    while True:
        try:
            if not bench.committer.work(lambda tx: erasure.erase_some(tx, tenant_id)):
                break
            slices += 1
        except ZeroDivisionError:
            failures += 1
        # Nothing of it is shown meanwhile.
        shown = bench.ask(lambda rows: after(rows, tenant_id, position=0, limit=99))
        assert [each.data for each in shown] == [None] * 5
    assert (failures, slices > 5) == (3, True)
    assert traces({"tables": tables(bench.config)}) == []


def test_who_comes_and_goes_in_one_commit_leaves_no_trace(bench):
    tenant_id, names = bench.tenant_id, (("email", EMAIL), ("external", "u-1"))
    seen = Item("seen", names[1:], None, json.dumps({"mail": EMAIL}))
    profile = json.dumps({"firstName": FIRST, "email": EMAIL})
    outcomes = bench.together(
        EnrolMember(tenant_id, 0, "admin", profile),
        RegisterMember(tenant_id, 0, names[1:], json.dumps({"mail": EMAIL})),
        Ingest(tenant_id, 0, "conscent", (seen,), unknown_type="add"),
        AnonymizeMember(tenant_id, 0, 1),
        DeleteMember(tenant_id, 0, 2),
        # What was remembered of somebody new is not what is changed now.
        EditMember(tenant_id, 0, 1, '{"lastName":"Neu"}'),
    )
    assert not [each for each in outcomes if isinstance(each, Exception)]
    bench.settle()
    assert traces({"tables": tables(bench.config)}) == []
    shown = bench.ask(lambda rows: after(rows, tenant_id, position=0, limit=9))
    assert [each.data for each in shown] == [None]
    both = bench.ask(lambda rows: [by_number(rows, tenant_id, number) for number in (1, 2)])
    assert [each.profile for each in both] == [{"lastName": "Neu"}, {}]
    assert bench.ask(lambda rows: [identities(rows, tenant_id, each) for each in (1, 2)]) == [
        [],
        [],
    ]
    assert bench.ask(lambda rows: decisions.verify(rows, tenant_id)).bad_position is None


def test_what_was_moved_to_another_event_is_left_out_and_told(bench, capsys):
    ann, bob = (
        bench.member(("email", "ann@example.com")),
        bench.member(("email", "bob@example.com")),
    )

    def page():
        return bench.ask(
            lambda rows: decisions.page(rows, bench.vault, bench.tenant_id, limit=1_000)
        )

    named = {
        each.number: each.position
        for each in page()
        if "ann@example.com" in each.payload or "bob@example.com" in each.payload
    }
    with administrator(bench) as execute:
        unlock(bench, execute)
        execute(
            f"UPDATE decision SET sealed = (SELECT sealed FROM decision WHERE"
            f" position = {named[ann]}) WHERE position = {named[bob]}"
        )
    found = {each.position: each.payload for each in page()}
    assert "ann@example.com" in found[named[ann]]
    assert "@example.com" not in found[named[bob]]
    assert json.loads(found[named[bob]])
    assert "decision_does_not_open" in capsys.readouterr().out
    assert bench.ask(lambda rows: decisions.verify(rows, bench.tenant_id)).bad_position
    # State is not made again from what somebody has tampered with.
    with pytest.raises(StoreError, match="does not open"):
        bench.do(RebuildState(bench.tenant_id, 0))


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
