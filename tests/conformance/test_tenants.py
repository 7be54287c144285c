"""Two tenants with the same names, keys and numbers never meet."""

from __future__ import annotations

from conformance.stores import START, Bench, ingest
from guerdon.clock import SECOND
from guerdon.engine import commands
from guerdon.engine.commands.points import AddPoints
from guerdon.store import activities, catalogue, decisions, members, points


def test_tenants_share_no_name_no_number_and_no_key(bench: Bench) -> None:
    first, second = bench.tenant_id, bench.tenant("b")
    replay = commands.ReplayKey(b"key", b"f" * 32, 60)
    for tenant_id, times in ((first, 2), (second, 3)):
        for turn in range(times):
            stored = bench.do(
                ingest(tenant_id, ["same"] * (turn + 1), replay=replay if turn == 0 else None)
            )
            assert not stored.replayed
        assert bench.do(ingest(tenant_id, ["same"], replay=replay)).replayed
    bench.do(AddPoints(first, 0, 1, 5_00))
    for tenant_id, count, balance in ((first, 3, 5_00), (second, 6, 0)):
        found = bench.ask(
            lambda rows, tenant_id=tenant_id: (
                activities.count(rows, tenant_id),
                len(activities.page(rows, tenant_id, offset=0, limit=99, number=1)),
                members.find(rows, tenant_id, "external", "same"),
                points.account(rows, tenant_id, 1, bench.clock.now()).available,
                [each.name for each in catalogue.visible(rows, tenant_id, 0, 9)],
                decisions.verify(rows, tenant_id).bad_position,
            )
        )
        assert found == (count, count, 1, balance, ["seen"], None)


def test_the_same_event_id_is_another_event_at_another_tenant(bench: Bench) -> None:
    second = bench.tenant("b")
    items = (commands.Item("seen", (("external", "m"),), event_id="e1"),)
    for tenant_id in (bench.tenant_id, second):
        command = commands.Ingest(
            tenant_id, 0, "x", items, unknown_member="create", unknown_type="add"
        )
        assert not bench.do(command).replayed
        assert bench.do(command).replayed


def test_deleting_at_one_tenant_leaves_the_other(bench: Bench) -> None:
    second = bench.tenant("b")
    for tenant_id in (bench.tenant_id, second):
        bench.do(ingest(tenant_id, ["m"] * 5))
    bench.do(
        commands.DeleteActivities(bench.tenant_id, 0, "seen", START - SECOND, START + SECOND, None)
    )
    bench.settle()
    counts = bench.ask(
        lambda rows: [activities.count(rows, each) for each in (bench.tenant_id, second)]
    )
    assert counts == [0, 5]
