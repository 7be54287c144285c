"""JSON means one thing to every reader, or it is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon import errors, limits
from guerdon.web.strictjson import canonical, decode

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-limits.integer_abs_max, limits.integer_abs_max)
    | st.floats(-1e15, 1e15)
    | TEXT
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)
SEPARATORS = st.sampled_from(
    [(",", ":"), (", ", ": "), (" ,", " : "), (",\n", "\t:"), (",", "\r\n:")]
)


def code_of(body: bytes) -> str:
    with pytest.raises(errors.Refused) as refused:
        decode(body)
    return refused.value.code


@given(value=VALUES, separators=SEPARATORS, is_ascii=st.booleans())
def test_what_another_encoder_writes_is_read_back(value, separators, is_ascii):
    body = json.dumps(value, separators=separators, ensure_ascii=is_ascii).encode()
    assert decode(body) == value


@given(value=VALUES)
def test_canonical_text_is_read_back_and_written_the_same(value):
    text = canonical(value)
    again = decode(text.encode())
    assert again == value
    assert canonical(again) == text


def test_canonical_text_keeps_the_order_and_is_compact():
    assert canonical({"b": 1, "a": ["é", 1.5, None]}) == '{"b":1,"a":["é",1.5,null]}'


KEYS = st.sampled_from(["a", "b", ":", '":', "a:b", "é", "x\\", "\\u0061", ""])


@given(
    keys=st.lists(KEYS, max_size=5),
    values=st.lists(st.sampled_from(['"', ":", '":', 'x":y', " :", "a"]), min_size=5, max_size=5),
    separators=SEPARATORS,
    depth=st.integers(0, 3),
)
def test_a_key_twice_is_refused_and_distinct_keys_never_are(keys, values, separators, depth):
    comma, colon = separators
    pairs = [
        json.dumps(key) + colon + json.dumps(value)
        for key, value in zip(keys, values, strict=False)
    ]
    body = "{" + comma.join(pairs) + "}"
    for _ in range(depth):
        body = '{"in"' + colon + "[" + body + "]}"
    if len(set(keys)) == len(keys):
        decode(body.encode())
    else:
        assert code_of(body.encode()) == "duplicate_key"


@pytest.mark.parametrize(
    "body",
    [
        b'{"eventType":"A","eventType":"B"}',
        b'{"a":1,"\\u0061":2}',
        b'{"a":1,"a" :2}',
        b'{"a" :1,"b":"x","a":2}',
        b'{"a":1,"a"\n:2,"b":":"}',
        b'[{"x":{"a":1,"a":1}}]',
        b'{"a":":","a":"::"}',
        b'{"b":"\\":","a":1,"a":2}',
    ],
)
def test_the_last_of_two_keys_does_not_win(body):
    assert code_of(body) == "duplicate_key"


def test_a_duplicate_is_named():
    with pytest.raises(errors.Refused) as refused:
        decode(b'{"eventType":"A","eventType":"B"}')
    assert refused.value.field == "eventType"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"NaN",
        b"[NaN]",
        b"Infinity",
        b"-Infinity",
        b"1e400",
        b"-1e400",
        b"9" * 5_000,
        b"01",
        b"+1",
        b".5",
        b"1.",
        b"'a'",
        b"{} {}",
        b"{}x",
        b"[1,]",
        b"// a\n{}",
        b'"a\nb"',
        b'"\\x"',
        b'"\\ud800"',
        b'"\\udc00"',
        b'"\\ud800\\ud800"',
        b'"\\ud800 and more text"',
        b'"\xff"',
        b'"\xc0\x80"',
        b'"\xed\xa0\x80"',
        b'{"\xff":1}',
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-16-le"),
        b"\x00",
        b'"\x00"',
    ],
)
def test_what_is_not_json_is_refused(body):
    assert code_of(body) == "invalid_json"


@pytest.mark.parametrize(
    "body",
    [
        b"9007199254740992",
        b"-9007199254740992",
        b"[9007199254740993]",
        b'{"a":9223372036854775808}',
        b'{"a":18446744073709551616}',
        b"9" * 30,
        b"1e300",
        b"9007199254740993.0",
    ],
)
def test_a_number_javascript_would_round_is_refused(body):
    assert code_of(body) == "invalid_number"


def test_the_largest_exact_integers_pass():
    assert decode(b"[9007199254740991,-9007199254740991]") == [2**53 - 1, 1 - 2**53]


@pytest.mark.parametrize("body", [b'"\\u0000"', b'{"a\\u0000":1}', b'[{"a":["x\\u0000y"]}]'])
def test_nul_is_refused(body):
    assert code_of(body) == "invalid_string"


def test_an_escaped_backslash_before_u0000_is_only_text():
    assert decode(b'"\\\\u0000"') == "\\u0000"


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def test_depth_is_bounded():
    decode(nested(limits.json_depth_max))
    decode(b'{"a":' * limits.json_depth_max + b"1" + b"}" * limits.json_depth_max)


@pytest.mark.parametrize("depth", [limits.json_depth_max + 1, 1_500, 100_000])
def test_deeper_is_refused_and_the_process_lives(depth):
    assert code_of(nested(depth)) == "too_deep"
    assert code_of(b'{"a":' * depth + b"1" + b"}" * depth) == "too_deep"


LONG = b"x" * (limits.string_chars_max + 1)


@pytest.mark.parametrize(
    "body",
    [
        b'"' + LONG + b'"',
        b'{"a":[{"b":"' + LONG + b'"}]}',
        b'{"' + LONG + b'":1}',
        b'["' + b'\\"' * (limits.string_chars_max + 1) + b'"]',
        b'["' + b'"," '[:3] * 9_000 + LONG + b'"]',
        b'{"a":"' + "é".encode() * (limits.string_chars_max + 1) + b'"}',
        b'{"a":"' + b"\\u00e9" * (limits.string_chars_max + 1) + b'"}',
        b"[" + b",".join(b"1" for _ in range(limits.json_keys_max + 1)) + b"]",
        b"{" + b",".join(b'"%d":1' % n for n in range(limits.json_keys_max + 1)) + b"}",
        b"{" + b",".join(b'"%d":1' % n for n in range(100_000)) + b"}",
    ],
)
def test_too_much_is_refused(body):
    assert code_of(body) == "too_large"


def test_the_longest_allowed_text_passes_in_any_place():
    text = LONG[1:]
    for offset in range(0, 9_000, 997):
        body = b'["' + b"y" * (offset % 8_000) + b'","' + text + b'"]'
        assert decode(body)[1] == text.decode()


@given(offset=st.integers(0, 8_192), excess=st.integers(1, 40))
def test_a_longer_text_is_found_in_any_place(offset, excess):
    body = b'["' + b"y" * offset + b'","' + b"z" * (limits.string_chars_max + excess) + b'"]'
    assert code_of(body) == "too_large"


@pytest.mark.parametrize(
    ("body", "value"), [(b"[]", []), (b'"x"', "x"), (b"null", None), (b" 1 ", 1), (b"{}", {})]
)
def test_any_json_value_is_json(body, value):
    assert decode(body) == value


def test_a_caller_may_bound_the_keys_otherwise():
    with pytest.raises(errors.Refused):
        decode(b"[1,2,3]", keys_max=2)
    decode(b"[1,2,3]", keys_max=3)


@given(body=st.binary(max_size=60))
def test_bytes_give_a_value_or_a_refusal(body):
    try:
        decode(body)
    except errors.Refused:
        return
    json.loads(body)
