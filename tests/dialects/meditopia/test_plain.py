"""A batch read in one step is the batch read step by step, or is not read in one step at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon.dialects.meditopia import events, plain
from guerdon.web import strictjson

NOW = 1_800_000_000_000_000
EVENT = {
    "token": "t",
    "partnerUserID": "u",
    "event": "video",
    "eventValue": "v",
    "receivedAt": "2025-02-01 09:30:00",
}
OLDER = dict(
    zip(
        ("token", "partner_user_id", "event", "event_value", "received_at"),
        EVENT.values(),
        strict=True,
    )
)


def compact(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


texts = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"\\'), min_size=1
)
records = st.fixed_dictionaries(
    {
        "token": texts,
        "partnerUserID": texts.filter(lambda text: len(text) <= 255),
        "event": st.sampled_from(sorted(events.TYPES)),
        "eventValue": st.none() | texts | st.just(""),
        "receivedAt": st.datetimes().map(lambda moment: moment.isoformat(" ", "seconds")),
    }
)


@given(st.lists(records, min_size=1, max_size=5))
def test_it_reads_what_the_long_way_reads(batch: list[dict[str, Any]]) -> None:
    body = compact({"events": batch})
    read = plain.items(body, NOW)
    if read is not None:
        value = strictjson.decode(body)
        assert read == events.items(value, NOW)
        assert strictjson.canonical(value).encode() == body


@pytest.mark.parametrize("event", [EVENT, OLDER, EVENT | {"eventValue": None}])
def test_both_spellings_are_plain(event: dict[str, Any]) -> None:
    body = compact({"events": [event] * 100})
    assert plain.items(body, NOW) == events.items(strictjson.decode(body), NOW)


def test_it_knows_the_same_events() -> None:
    for name in events.TYPES:
        assert plain.items(compact({"events": [EVENT | {"event": name}]}), NOW) is not None


PLAIN = compact({"events": [EVENT]})
UNUSUAL = {
    "white space": json.dumps({"events": [EVENT]}).encode(),
    "a field twice": PLAIN.replace(b'{"token"', b'{"token":"x","token"'),
    "an unknown field": PLAIN.replace(b"00:00", b"00").replace(b'"}]', b'","x":1}]'),
    "another order": compact({"events": [dict(reversed(EVENT.items()))]}),
    "an escape": PLAIN.replace(b'"v"', rb'"\u0000"'),
    "a number": PLAIN.replace(b'"v"', b"1"),
    "no value": compact({"events": [{k: v for k, v in EVENT.items() if k != "eventValue"}]}),
    "no events": compact({"events": []}),
    "too many events": compact({"events": [EVENT] * 101}),
    "an unknown event": compact({"events": [EVENT | {"event": "x"}]}),
    "an empty token": compact({"events": [EVENT | {"token": ""}]}),
    "a long user": compact({"events": [EVENT | {"partnerUserID": "x" * 256}]}),
    "a long value": compact({"events": [EVENT | {"eventValue": "x" * 8_193}]}),
    "no date": compact({"events": [EVENT | {"receivedAt": "soon"}]}),
    "a date to come": compact({"events": [EVENT | {"receivedAt": "2999-01-01 00:00:00"}]}),
    "a mark before it": b"\xef\xbb\xbf" + PLAIN,
    "broken text": PLAIN.replace(b'"v"', b'"\xff"'),
    "something after it": PLAIN + b"{}",
}


@pytest.mark.parametrize("body", UNUSUAL.values(), ids=UNUSUAL)
def test_what_is_unusual_is_left_to_the_long_way(body: bytes) -> None:
    assert plain.items(body, NOW) is None
