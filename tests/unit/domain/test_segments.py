from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from guerdon.clock import DAY, from_datetime
from guerdon.domain import segments
from guerdon.domain.segments import Person, When

UNIT = 10_000
NOW = from_datetime(datetime(2026, 3, 10, 12, tzinfo=UTC))
WHEN = When(NOW, UTC)
LABELLED = msgspec.json.encode(("colour", "red")).decode()


def person(**given):
    facts = {
        "member_id": "m-1",
        "registered_at": from_datetime(datetime(2024, 3, 20, 9, tzinfo=UTC)),
        "birth_date": date(1990, 9, 11),
        "labels": frozenset({("tier", "vip"), ("city", "Poznań")}),
        "purchases": 4,
        "gross": 100 * UNIT,
        "last_at": NOW - 10 * DAY,
        "places": lambda: {"pos-1": 3, "pos-2": 1},
        "bought": {"sku": {"A"}, "maker": {"ACME"}, "label": {LABELLED}}.__getitem__,
        "bought_between": lambda first, last: first <= NOW - 10 * DAY <= last,
    }
    return Person(**(facts | given))


NOBODY = {
    "purchases": 0,
    "gross": 0,
    "last_at": 0,
    "places": dict,
    "bought": lambda _kind: set(),
    "bought_between": lambda _first, _last: False,
}


def one(type, **fields):
    return segments.segment("s", {"parts": [{"criteria": [{"type": type, **fields}]}]})


def label(key, value=None):
    return {"key": key, "value": value}


@pytest.mark.parametrize(
    ("type", "fields", "member", "newcomer"),
    [
        ("bought_in_pos", {"posIds": ["pos-9", "pos-2"]}, True, False),
        ("bought_in_pos", {"posIds": ["pos-9"]}, False, False),
        ("transaction_count", {"min": 4, "max": 4}, True, False),
        ("transaction_count", {"min": 5}, False, False),
        ("transaction_count", {"max": 3}, False, True),
        ("transaction_amount", {"fromAmount": 100, "toAmount": 100}, True, False),
        ("transaction_amount", {"fromAmount": 100.01}, False, False),
        ("transaction_amount", {"toAmount": 99.99}, False, True),
        ("average_transaction_amount", {"fromAmount": 25, "toAmount": 25}, True, False),
        ("average_transaction_amount", {"fromAmount": 26, "toAmount": 90}, False, False),
        ("last_purchase_n_days_before", {"days": 10}, True, False),
        ("last_purchase_n_days_before", {"days": 11}, False, False),
        ("purchase_period", {"fromDate": NOW - 11 * DAY, "toDate": NOW - 9 * DAY}, True, False),
        ("purchase_period", {"fromDate": NOW - 9 * DAY, "toDate": NOW}, False, False),
        ("transaction_percent_in_pos", {"posId": "pos-1", "percent": 0.75}, True, False),
        ("transaction_percent_in_pos", {"posId": "pos-1", "percent": 0.7501}, False, False),
        ("transaction_percent_in_pos", {"posId": "pos-9", "percent": 0.01}, False, False),
        ("bought_skus", {"skuIds": ["B", "A"]}, True, False),
        ("bought_skus", {"skuIds": ["a"]}, False, False),
        ("bought_makers", {"makers": ["ACME"]}, True, False),
        ("bought_makers", {"makers": ["Other"]}, False, False),
        ("bought_labels", {"labels": [label("colour", "red")]}, True, False),
        ("bought_labels", {"labels": [label("colour", "blue")]}, False, False),
        ("customer_has_labels", {"labels": [label("x"), label("tier")]}, True, True),
        ("customer_has_labels", {"labels": [label("x")]}, False, False),
        ("customer_has_labels_with_values", {"labels": [label("tier", "vip")]}, True, True),
        ("customer_has_labels_with_values", {"labels": [label("tier", "no")]}, False, False),
        ("customer_list", {"customers": ["m-2", "m-1"]}, True, True),
        ("customer_list", {"customers": ["m-2"]}, False, False),
        ("anniversary", {"anniversaryType": "registration", "days": 10}, True, True),
        ("anniversary", {"anniversaryType": "registration", "days": 9}, False, False),
        ("anniversary", {"anniversaryType": "birthday", "days": 185}, True, True),
        ("anniversary", {"anniversaryType": "birthday", "days": 184}, False, False),
    ],
)
def test_who_meets_a_criterion(type, fields, member, newcomer):
    assert segments.belongs(one(type, **fields), person(), WHEN) is member
    assert segments.belongs(one(type, **fields), person(**NOBODY), WHEN) is newcomer


def test_every_criterion_has_its_row_above():
    marks = test_who_meets_a_criterion.pytestmark[0].args[1]
    assert {row[0] for row in marks} == set(segments.TYPES)


def test_parts_must_all_be_met_and_of_a_part_one_criterion():
    yes = {"type": "transaction_count", "min": 4}
    no = {"type": "transaction_count", "min": 5}

    def belongs(*parts):
        body = {"parts": [{"criteria": list(part)} for part in parts]}
        return segments.belongs(segments.segment("s", body), person(), WHEN)

    assert belongs([yes])
    assert belongs([no, yes])
    assert belongs([yes], [no, yes])
    assert not belongs([yes], [no])
    assert not belongs([no, no])
    assert not belongs([])
    assert not belongs()


@pytest.mark.parametrize(
    ("type", "fields", "facts", "expected"),
    [
        # Near on 10 March (ten days before the 20th); until the day after it.
        ("anniversary", {"anniversaryType": "registration", "days": 10}, {}, (2026, 3, 21)),
        ("anniversary", {"anniversaryType": "registration", "days": 3}, {}, (2026, 3, 17)),
        ("anniversary", {"anniversaryType": "birthday", "days": 0}, {}, (2026, 9, 11)),
        (
            "anniversary",
            {"anniversaryType": "birthday", "days": 1},
            {"birth_date": date(2000, 3, 9)},
            (2027, 3, 8),
        ),
        ("anniversary", {"anniversaryType": "birthday", "days": 1}, {"birth_date": None}, None),
        ("transaction_count", {"min": 5}, {}, None),
        ("purchase_period", {"fromDate": NOW + DAY}, {}, None),
        ("last_purchase_n_days_before", {"days": 10}, {}, None),
        ("last_purchase_n_days_before", {"days": 1}, {"last_at": 0}, None),
    ],
)
def test_when_time_alone_may_change_it(type, fields, facts, expected):
    moment = None if expected is None else from_datetime(datetime(*expected, tzinfo=UTC))
    assert segments.changes_at(one(type, **fields), person(**facts), WHEN) == moment


def test_a_purchase_lies_far_enough_back_after_so_many_days():
    wanted = one("last_purchase_n_days_before", days=12)
    due = segments.changes_at(wanted, person(), WHEN)
    assert due == NOW + 2 * DAY
    assert not segments.belongs(wanted, person(), When(due - 1, UTC))
    assert segments.belongs(wanted, person(), When(due, UTC))


def test_the_earliest_of_several_moments_counts():
    body = {
        "parts": [
            {"criteria": [{"type": "last_purchase_n_days_before", "days": 12}]},
            {"criteria": [{"type": "anniversary", "anniversaryType": "birthday", "days": 0}]},
        ]
    }
    assert segments.changes_at(segments.segment("s", body), person(), WHEN) == NOW + 2 * DAY


def test_the_day_of_registration_is_no_anniversary():
    wanted = one("anniversary", anniversaryType="registration", days=0)
    assert not segments.belongs(wanted, person(registered_at=NOW), WHEN)
    a_year_later = When(NOW + 365 * DAY, UTC)
    assert segments.belongs(wanted, person(registered_at=NOW), a_year_later)


@pytest.mark.parametrize(
    ("today", "belongs"),
    [
        ((2025, 2, 28), True),
        ((2025, 3, 1), False),
        ((2028, 2, 28), False),
        ((2028, 2, 29), True),
        ((2100, 2, 28), True),
    ],
)
def test_the_29th_of_february_is_kept_on_the_28th_in_other_years(today, belongs):
    wanted = one("anniversary", anniversaryType="birthday", days=0)
    born = person(birth_date=date(2000, 2, 29))
    when = When(from_datetime(datetime(*today, 12, tzinfo=UTC)), UTC)
    assert segments.belongs(wanted, born, when) is belongs


def test_days_begin_where_the_programme_is_also_when_clocks_change():
    madrid = ZoneInfo("Europe/Madrid")
    wanted = one("anniversary", anniversaryType="birthday", days=0)
    born = person(birth_date=date(1980, 3, 29))  # the clocks go forward on 29 March 2026
    before = When(from_datetime(datetime(2026, 3, 28, 12, tzinfo=madrid)), madrid)
    begins = segments.changes_at(wanted, born, before)
    assert begins == from_datetime(datetime(2026, 3, 28, 23, tzinfo=UTC))
    ends = segments.changes_at(wanted, born, When(begins, madrid))
    assert ends == from_datetime(datetime(2026, 3, 29, 22, tzinfo=UTC))
    found = [
        segments.belongs(wanted, born, When(moment, madrid))
        for moment in (begins - 1, begins, ends - 1, ends)
    ]
    assert found == [False, True, True, False]


def test_a_date_of_birth_no_calendar_reaches_has_no_anniversary():
    wanted = one("anniversary", anniversaryType="birthday", days=400)
    born = person(birth_date=date(9999, 1, 1))
    assert not segments.belongs(wanted, born, WHEN)
    assert segments.changes_at(wanted, born, WHEN) is None


def test_decisions_name_the_member_the_segment_and_the_moment():
    when = When(0, UTC)
    decision = segments.membership_changed(segments.MEMBER_WAS_ADDED, "s", "c", 3, when)
    assert (decision.type, decision.aggregate, decision.number) == (
        "Guerdon.Segment.Event.MemberWasAddedToSegment",
        "c",
        3,
    )
    assert decision.render()[0] == (
        '{"customerId":{"customerId":"c"},"segmentId":{"segmentId":"s"}'
        ',"updateAt":"1970-01-01T00:00:00+00:00"}'
    )
