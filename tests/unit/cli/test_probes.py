"""What the operator's tools are told."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from conformance.programme import Programme
from guerdon.cli import probes
from guerdon.engine.commands import Ingest, Item, RecordOutcome
from guerdon.errors import StoreUnavailable
from guerdon.web.app import Probes

SECRETS = ("whsec_", "gk_")


def made(house: Any, *, risks: Any = (), unready: str | None = None) -> Probes:
    counted = Counter({("conscent", 200): 3})
    return probes.probes(
        house.engine,
        house.store,
        house.config,
        risks=list(risks),
        answered=lambda: counted,
        unready=lambda: unready,
    )


def test_metrics_count_what_stands_in_the_store(house: Any) -> None:
    house.key("conscent")
    item = Item("ORDER_PLACED", (("external", "somebody"),))
    ingest = Ingest(
        house.tenant_id, 0, "conscent", (item,), unknown_member="create", unknown_type="add"
    )
    house.execute(ingest)
    outcome = RecordOutcome(
        house.tenant_id, 0, "refused", "invalid", "why", "woowup", "POST", "/x", b"{}", 2
    )
    house.execute(outcome)
    text = house.run(made(house).metrics()).decode()
    assert 'guerdon_events_accepted_total{tenant="demo"} 1.0' in text
    assert 'guerdon_outcomes_total{dialect="woowup",outcome="refused",tenant="demo"} 1.0' in text
    assert 'guerdon_http_answers_total{room="conscent",status="200"} 3.0' in text
    assert "guerdon_deliveries_waiting 0.0" in text
    assert "somebody" not in text
    assert not any(each in text for each in SECRETS)


def test_metrics_say_how_far_the_rules_are_behind(house: Any) -> None:
    programme = Programme(house)
    house.tenant("other")
    programme.member("ann")

    def behind() -> set[str]:
        text = house.run(made(house).metrics()).decode()
        return {line for line in text.splitlines() if line.startswith("guerdon_rules_tail_rows{")}

    none = {f'guerdon_rules_tail_rows{{tenant="{code}"}} 0.0' for code in ("demo", "other")}
    programme.does("ann", "login")
    # Nothing follows where there is no rule.
    assert behind() == none
    programme.rule("custom_event", "one", eventName="login", points=1)
    programme.does("ann", "login", "login")
    assert behind() == none - {'guerdon_rules_tail_rows{tenant="demo"} 0.0'} | {
        'guerdon_rules_tail_rows{tenant="demo"} 3.0'
    }
    house.settle()
    assert behind() == none


def test_a_worker_is_ready_when_it_and_its_store_are(house: Any) -> None:
    assert house.run(made(house).ready()) == (True, {"engine": house.config.engine})


def test_an_accepted_risk_is_told_to_whoever_asks(house: Any) -> None:
    is_ready, body = house.run(made(house, risks=["fsync is off"]).ready())
    assert is_ready
    assert body["unsafeStorage"] == ["fsync is off"]


def test_a_worker_in_trouble_says_so(house: Any) -> None:
    is_ready, body = house.run(made(house, unready="store_full").ready())
    assert (is_ready, body["reasons"]) == (False, ["store_full"])


def test_a_store_that_cannot_be_read_is_named_by_its_code_alone(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_question: Any) -> Any:
        raise StoreUnavailable("postgresql://user:secret@host")

    monkeypatch.setattr(house.engine, "read", broken)
    is_ready, body = house.run(made(house).ready())
    assert not is_ready
    assert body["reasons"] == ["the store cannot be read (store_unavailable)"]


def test_the_version_is_told(house: Any) -> None:
    assert made(house).version()["name"] == "guerdon"
