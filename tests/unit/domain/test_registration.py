import json
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from guerdon.domain import registration

WARSAW = ZoneInfo("Europe/Warsaw")
MOMENT = 1_602_756_398_987_654  # 2020-10-15T10:06:38.987654Z


def registered(customer_data=None):
    return registration.decisions(
        member_id="C",
        account_id="A",
        store_id="S",
        store_code="DEFAULT",
        number=7,
        customer_data={"email": "a@b.c"} if customer_data is None else customer_data,
        moment=MOMENT,
        timezone=WARSAW,
    )


def shown(decision):
    """The payload as readers see it, personal part in place."""
    text, (start, length), fragment = decision.render()
    if fragment is not None:
        text = text[:start] + fragment + text[start + length :]
    return text


def test_a_registration_decides_five_things_in_the_documented_order():
    assert [decision.type for decision in registered()] == [
        "OpenLoyalty.Domain.User.Event.CustomerWasRegistered",
        "OpenLoyalty.Domain.Account.Event.AccountWasCreated",
        "OpenLoyalty.Domain.User.Event.AssignedAccountToCustomer",
        "OpenLoyalty.Domain.User.Event.CustomerWasAssignedToStore",
        "OpenLoyalty.Domain.Account.Event.AccountWasAssignedToStore",
    ]


def test_payloads_have_the_documented_names_in_order():
    assert [shown(decision) for decision in registered()] == [
        (
            '{"customerId":{"customerId":"C"},"customerData":{"email":"a@b.c"},'
            '"updateAt":"2020-10-15T12:06:38+02:00"}'
        ),
        '{"accountId":{"accountId":"A"},"customerId":{"customerId":"C"}}',
        '{"customerId":{"customerId":"C"},"accountId":{"accountId":"A"}}',
        (
            '{"customerId":{"customerId":"C"},"storeId":{"storeId":"S"},"storeCode":"DEFAULT",'
            '"updateAt":"2020-10-15T12:06:38+02:00"}'
        ),
        '{"accountId":{"accountId":"A"},"storeId":{"storeId":"S"},"storeCode":"DEFAULT"}',
    ]


def test_the_aggregate_is_the_account_for_account_events_and_the_member_for_user_events():
    for decision in registered():
        assert decision.aggregate == ("A" if ".Account." in decision.type else "C")
        assert decision.number == 7


def test_only_the_details_are_personal():
    personal = [decision.personal for decision in registered()]
    assert personal == ["customerData", None, None, None, None]
    text, _, fragment = registered()[0].render()
    assert json.loads(text)["customerData"] == {}
    assert fragment == '{"email":"a@b.c"}'


def test_an_update_shows_only_what_was_submitted_and_seals_it():
    decision = registration.details_updated(
        member_id="C", number=7, customer_data={"phone": "+1"}, moment=MOMENT, timezone=WARSAW
    )
    assert decision.type == "OpenLoyalty.Domain.User.Event.CustomerDetailsWereUpdated"
    assert decision.personal == "customerData"
    assert json.loads(shown(decision))["customerData"] == {"phone": "+1"}


@pytest.mark.parametrize(
    ("hundredths", "text"),
    [
        (100, "1"),
        (690, "6.9"),
        (691, "6.91"),
        (5, "0.05"),
        (10, "0.1"),
        (0, "0"),
        (-5, "-0.05"),
        (-100, "-1"),
        (-690, "-6.9"),
        (10**17 + 1, "1000000000000000.01"),
    ],
)
def test_points_are_exact_numbers(hundredths, text):
    number = registration.points_number(hundredths)
    shown_number = str(number) if isinstance(number, int) else bytes(number).decode()
    assert shown_number == text
    assert Decimal(shown_number) * 100 == hundredths


def test_times_change_their_offset_with_the_season():
    winter = 1_605_348_000_000_000
    assert registration.local(winter, WARSAW) == "2020-11-14T11:00:00+01:00"
    assert registration.local(winter, ZoneInfo("UTC")) == "2020-11-14T10:00:00+00:00"
