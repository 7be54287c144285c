"""Two printed samples of a vendor are understood although they are broken; nothing else is."""

from __future__ import annotations

import pytest

from guerdon import errors, limits
from guerdon.web.lenientjson import MISSING_COMMA, TRAILING_COMMA, decode_repaired

# Source: WoowUp's events page, verbatim.
USER_EVENT = b"""{
  "event": "view-product",
  "service_uid": "example@email.com",
  "datetime": "2017-06-21 09:52:12",
  "metadata": {
    "campo 1": "valor 1",
    "campo 2": "valor 2",
  }
}
"""
BULK_DELETE = b"""{
    "event-name": "eventExample"
\t"from": "2019-07-01",
\t"to": "2019-07-31",
    "notify_to": "test@email.com"
}"""


def test_the_user_event_sample_loses_its_trailing_comma():
    value, repairs = decode_repaired(USER_EVENT)
    assert value == {
        "event": "view-product",
        "service_uid": "example@email.com",
        "datetime": "2017-06-21 09:52:12",
        "metadata": {"campo 1": "valor 1", "campo 2": "valor 2"},
    }
    assert repairs == (TRAILING_COMMA,)


def test_the_bulk_delete_sample_gets_its_missing_comma():
    value, repairs = decode_repaired(BULK_DELETE)
    assert value == {
        "event-name": "eventExample",
        "from": "2019-07-01",
        "to": "2019-07-31",
        "notify_to": "test@email.com",
    }
    assert repairs == (MISSING_COMMA,)


def test_good_json_is_not_touched():
    assert decode_repaired(b'{"a": [1, ",}"]}') == ({"a": [1, ",}"]}, ())


@pytest.mark.parametrize(
    ("body", "value", "repairs"),
    [
        (b'{"a":[1,],}', {"a": [1]}, (TRAILING_COMMA,)),
        (b'{"a":{"b":1},\n}', {"a": {"b": 1}}, (TRAILING_COMMA,)),
        (b'{"a":1\n"b":2}', {"a": 1, "b": 2}, (MISSING_COMMA,)),
        (b'{"a":{}\r\n\t"b":[]\n"c" : null}', {"a": {}, "b": [], "c": None}, (MISSING_COMMA,)),
        (b'{"a":"x"\n"b":2,}', {"a": "x", "b": 2}, (MISSING_COMMA, TRAILING_COMMA)),
        (b'{"a":",}\\",]",}', {"a": ',}",]'}, (TRAILING_COMMA,)),
        (b'{"a":"1\\n\\"b\\":2",}', {"a": '1\n"b":2'}, (TRAILING_COMMA,)),
    ],
)
def test_both_repairs_work_anywhere_outside_strings(body, value, repairs):
    assert decode_repaired(body) == (value, repairs)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a":1',
        b'{"a":1,',
        b"[,]",
        b"{,}",
        b"[1,,]",
        b'{"a":1,,}',
        b'{"a":,}',
        b'{"a":1 "b":2}',  # on one line nobody printed it
        b'["a"\n"b"]',
        b'{"a"\n"b":1}',
        b"{'a':1}",
        b"{a:1}",
        b'{"a":1}}',
        b'{"a":1},',
        b'{"a":"x\n"b":2}',
        b'{"a":"x',
        b'{"a":"x\\',
        b'{"a":NaN,}',
        b'{"a":1,} // done',
        b'{"a":01,}',
        b'{"a":tru,}',
        b'\xef\xbb\xbf{"a":1,}',
        b'{"a":"\xff",}',
        b'{"a":"\\ud800",}',
    ],
)
def test_any_other_broken_json_stays_refused(body):
    with pytest.raises(errors.Refused) as refused:
        decode_repaired(body)
    assert refused.value.code == "invalid_json"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"a":1,"a":2,}', "duplicate_key"),
        (b'{"a":1\n"a":2}', "duplicate_key"),
        (b'{"a":9007199254740993,}', "invalid_number"),
        (b'{"a":"\\u0000",}', "invalid_string"),
        (b'{"a":1,"a":2}', "duplicate_key"),
    ],
)
def test_a_repaired_text_must_pass_the_strict_decoder(body, code):
    with pytest.raises(errors.Refused) as refused:
        decode_repaired(body)
    assert refused.value.code == code


def test_all_the_strict_decoder_would_take_can_be_repaired():
    values = b" ,\n".join(b'"%d"\t: [\t]' % at for at in range(limits.json_keys_max))
    value, repairs = decode_repaired(b"\n{ " + values + b" , }\n")
    assert len(value) == limits.json_keys_max
    assert repairs == (TRAILING_COMMA,)


def test_a_text_of_more_pieces_than_that_is_not_looked_through():
    body = b"[" + b"1," * (10 * limits.json_keys_max) + b"]"
    with pytest.raises(errors.Refused) as refused:
        decode_repaired(body)
    assert refused.value.code == "invalid_json"
