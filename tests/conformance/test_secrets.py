"""A secret is kept once, sealed, and found again by whoever may use it."""

from __future__ import annotations

import json

from conformance.stores import Bench
from guerdon.engine import commands, secret_settings
from guerdon.engine.directory import read_settings

NAME = "meditopia.status_secret"
SECRET = "whsec_" + "c2VjcmV0" * 4


def test_the_table_of_settings_only_says_where_a_secret_stands(bench: Bench) -> None:
    tenant_id = bench.tenant_id
    given = commands.ChangeSetting(tenant_id, 0, NAME, json.dumps(SECRET))
    url = commands.ChangeSetting(tenant_id, 0, "meditopia.status_url", '"https://example.com"')
    bench.do(url)
    number = bench.member(("external", "m"))
    bench.do(commands.IssueMemberToken(tenant_id, 0, number))
    # The secret is used in the very commit that gives it.
    _, leased = bench.together(given, commands.LeaseDeliveries(0, 0, 10))
    assert [each.secret for each in leased] == [SECRET]

    def kept() -> dict[str, str]:
        return dict(bench.ask(lambda rows: rows.all("settings", tenant_id=tenant_id)))

    before = kept()
    assert SECRET not in str(before)
    value = bench.ask(lambda rows: read_settings(rows, tenant_id))[NAME]
    assert (
        bench.ask(lambda rows: secret_settings.reveal(rows, bench.vault, tenant_id, value))
        == SECRET
    )
    bench.do(commands.RebuildState(tenant_id, 0))
    assert kept() == before
    bench.do(commands.ChangeSetting(tenant_id, 0, NAME, None))
    assert NAME not in kept()
    assert secret_settings.reveal(None, bench.vault, tenant_id, "") == ""
