"""What may be asked of the event store, and how a page is written."""

import json

import pytest

from guerdon.dialects.openloyalty import events
from guerdon.dialects.openloyalty.events import PageQuery
from guerdon.errors import Refused
from guerdon.store.decisions import Recorded


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, PageQuery(None, 10, "id", False, None)),
        ({"fromId": "7"}, PageQuery(7, 10, "id", False, None)),
        ({"fromId": "0"}, PageQuery(0, 10, "id", False, None)),
        ({"perPage": "1"}, PageQuery(None, 1, "id", False, None)),
        ({"perPage": "100"}, PageQuery(None, 100, "id", False, None)),
        ({"perPage": "101"}, PageQuery(None, 100, "id", False, None)),
        ({"perPage": "9007199254740991"}, PageQuery(None, 100, "id", False, None)),
        ({"sort": "name", "direction": "desc"}, PageQuery(None, 10, "name", True, None)),
        (
            {"sort": "recorderOn", "direction": "Asc"},
            PageQuery(None, 10, "recorderOn", False, None),
        ),
        ({"type": "Open*"}, PageQuery(None, 10, "id", False, "Open*")),
        ({"type": ""}, PageQuery(None, 10, "id", False, None)),
        ({"page": "3", "superAdmin": "1", "tenant_id": "2"}, PageQuery()),
    ],
)
def test_a_query_says_which_page(query, expected):
    assert events.parsed(query) == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("perPage", value) for value in ("0", "-1", "1e2", "٣", "", " 5", "5.0", "+5", "9" * 17)],
        *[("fromId", value) for value in ("-1", "1e2", "٣", "", "x", "9" * 16, "9" * 5_000)],
        *[("sort", value) for value in ("", "ID", "payload", "name;drop table", "__class__")],
        *[("direction", value) for value in ("", "SIDEWAYS", "ASC;")],
        ("type", "x" * 129),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name(field, value):
    with pytest.raises(Refused) as refused:
        events.parsed({field: value})
    assert refused.value.field == field
    assert refused.value.message.startswith(field)


def test_a_page_is_the_documented_json_byte_for_byte():
    payload = '{"accountId":{"accountId":"e5"},"pointsTransfer":{"value":6.90,"comment":"\\u017c"}}'
    recorded = Recorded(
        1,
        "OpenLoyalty.Domain.Account.Event.PointsWereSpent",
        "e5",
        7,
        1_602_756_398_999_999,
        payload,
    )
    assert events.rendered([recorded], 1).decode() == (
        '{"events":[{"id":1,"uuid":"e5","payload":' + payload + ","
        '"type":"OpenLoyalty.Domain.Account.Event.PointsWereSpent",'
        '"recorderOn":"2020-10-15T10:06:38+00:00"}],"total":1}'
    )


def test_names_of_our_own_types_may_hold_anything():
    recorded = Recorded(1, 'Guerdon."\\\n', '"é\x7f', None, 0, "{}")
    event = json.loads(events.rendered([recorded], 1))["events"][0]
    assert event == {
        "id": 1,
        "uuid": '"é\x7f',
        "payload": {},
        "type": 'Guerdon."\\\n',
        "recorderOn": "1970-01-01T00:00:00+00:00",
    }


def test_an_empty_page_is_a_page():
    assert events.rendered([], 0) == b'{"events":[],"total":0}'


def test_seconds_are_remembered_in_a_bounded_number(monkeypatch):
    monkeypatch.setattr(events.limits, "seconds_shown_max", 2)
    seconds = events.Seconds()
    shown = [seconds.shown(second * 1_000_000 + 5) for second in (0, 1, 2, 0)]
    assert [text[17:19] for text in shown] == ["00", "01", "02", "00"]
    assert len(seconds._texts) == 2
