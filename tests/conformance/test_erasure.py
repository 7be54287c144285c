"""Forgetting a person is final: no trace of them is left, and everything still adds up."""

from __future__ import annotations

import pytest

from conformance.person import CANARIES, Person, places, traces


@pytest.mark.parametrize("how", ["anonymize", "delete", "both"])
def test_no_trace_of_a_forgotten_person_is_left_anywhere(house, how):
    person = Person(house)
    found = traces(places(house))
    assert {line.split(" in ")[0] for line in found} >= set(CANARIES) - {"gimpel.png"}
    (house.config.data_dir / "backup.db").unlink(missing_ok=True)
    person.forget(how)
    assert traces(places(house)) == []
