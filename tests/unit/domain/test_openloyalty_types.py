from collections import Counter

from guerdon.domain import registration
from guerdon.domain.openloyalty_types import (
    ACCOUNT,
    CAMPAIGN,
    OPEN_LOYALTY_TYPES,
    TRANSACTION,
    USER,
)


def test_there_are_exactly_42_types_under_four_prefixes():
    assert len(OPEN_LOYALTY_TYPES) == len(set(OPEN_LOYALTY_TYPES)) == 42
    prefixes = Counter(name.rpartition(".")[0] + "." for name in OPEN_LOYALTY_TYPES)
    assert prefixes == {USER: 26, ACCOUNT: 11, CAMPAIGN: 3, TRANSACTION: 2}


def test_one_short_name_stands_for_two_types():
    short = Counter(name.rpartition(".")[2] for name in OPEN_LOYALTY_TYPES)
    assert [name for name, times in short.items() if times > 1] == ["CampaignUsageWasChanged"]


def test_what_a_registration_decides_is_among_them():
    ours = {
        value for name, value in vars(registration).items() if "_WAS_" in name or "_WERE_" in name
    }
    assert len(ours) == 5
    assert {*ours, registration.ASSIGNED_ACCOUNT_TO_CUSTOMER} <= set(OPEN_LOYALTY_TYPES)
