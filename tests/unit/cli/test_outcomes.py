"""Looking for outcomes reaches as far back as is asked for."""

from __future__ import annotations

import pytest

from guerdon.cli import outcomes
from guerdon.cli.outcomes import Filter

PATH = "/reward/demo/api/user_event"


def test_what_is_looked_for_is_found_behind_any_number_of_others(
    house, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "_PAGE_ROWS", 2)
    headers = {"X-API-KEY": house.key("conscent"), "content-type": "application/json"}
    bodies = ["{", *['{"eventType": "A"}'] * 4, "{"]
    for body in bodies:
        assert house.call("POST", PATH, headers=headers, body=body).status == 400

    def found(limit: int, wanted: Filter) -> list[int]:
        answer = house.read(lambda rows: outcomes.find(rows, house.tenant_id, wanted, limit))
        return [each.outcome_id for each in answer]

    everything = found(100, Filter())
    assert len(everything) == len(bodies)
    assert everything == sorted(everything, reverse=True)
    assert found(3, Filter()) == everything[:3]
    broken = house.read(lambda rows: outcomes.get(rows, house.tenant_id, everything[-1])).code
    assert found(100, Filter(code=broken)) == [everything[0], everything[-1]]
    assert found(1, Filter(code=broken)) == [everything[0]]
