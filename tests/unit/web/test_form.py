"""Query strings and form bodies are read strictly, brackets included."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon import errors, limits
from guerdon.web import form


def code_of(read, raw: bytes) -> str:
    with pytest.raises(errors.Refused) as refused:
        read(raw)
    return refused.value.code


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@given(st.dictionaries(TEXT, TEXT, max_size=5))
def test_what_another_encoder_writes_is_read_back(parameters):
    raw = urlencode(parameters).encode()
    assert form.flat(raw) == parameters


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"", {}),
        (b"&&", {}),
        (b"a=1&b=", {"a": "1", "b": ""}),
        (b"a", {"a": ""}),
        (b"a=b=c", {"a": "b=c"}),
        (b"a=x+y%2Bz", {"a": "x y+z"}),
        (b"a=caf%C3%A9", {"a": "café"}),
        ("a=café".encode(), {"a": "café"}),
        (b"include=%5B%5D&page=0", {"include": "[]", "page": "0"}),
        (b"a[b]=1", {"a[b]": "1"}),
    ],
)
def test_flat_parameters(raw, value):
    assert form.flat(raw) == value


@pytest.mark.parametrize("raw", [b"limit=1&limit=100", b"a=1&%61=2", b"a&a"])
def test_a_parameter_twice_is_refused(raw):
    assert code_of(form.flat, raw) == "duplicate_parameter"
    assert code_of(form.nested, raw) == "duplicate_parameter"


@pytest.mark.parametrize(
    "raw", [b"a=%", b"a=%4", b"a=%zz", b"a=%ff", b"%ff=a", b"a=\xff", b"a=%00", b"a=%c0%80"]
)
def test_bytes_that_are_no_text_are_refused(raw):
    assert code_of(form.flat, raw) == "invalid_parameter"
    assert code_of(form.nested, raw) == "invalid_parameter"


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"name=x", {"name": "x"}),
        (b"customer[address][city]=x", {"customer": {"address": {"city": "x"}}}),
        (b"customer%5Baddress%5D=x", {"customer": {"address": "x"}}),
        (b"a[]=1", {"a": ["1"]}),
        (b"a[]=1&a[]=2", {"a": ["1", "2"]}),
        (
            b"parts[0][sku]=x&parts[0][n]=1&parts[1][sku]=y",
            {"parts": [{"sku": "x", "n": "1"}, {"sku": "y"}]},
        ),
        (b"parts[1]=b&parts[0]=a", {"parts": ["a", "b"]}),
        (b"a[1]=x", {"a": {"1": "x"}}),
        (b"a[0]=x&a[2]=y", {"a": {"0": "x", "2": "y"}}),
        (b"a[00]=x", {"a": {"00": "x"}}),
        (b"a[b c]=1", {"a": {"b c": "1"}}),
        (b"a[x][]=1&a[x][]=2&a[y]=3", {"a": {"x": ["1", "2"], "y": "3"}}),
        (b"a[0]=b&a[0][key]=1", {"a": [{"key": "1"}]}),
        (b"a[b] = 1&a[c] =2&a[d]= 3", {"a": {"b": "1", "c": "2", "d": " 3"}}),
    ],
)
def test_brackets_nest(raw, value):
    assert form.nested(raw) == value


def test_rows_that_share_a_number_are_told_apart_by_what_they_say_again():
    given = b"of[0][a]=1&of[0][b]=2&x=3&of[0][a]=4&of[7][b]=5&of[0][c]=6&of[x][a]=7"
    found = form.rows_apart(form.pairs(given), "of")
    assert [f"{name}={value}" for name, value in found] == [
        "of[0][a]=1",
        "of[0][b]=2",
        "x=3",
        "of[1][a]=4",
        "of[2][b]=5",
        "of[1][c]=6",
        "of[x][a]=7",
    ]


@pytest.mark.parametrize("raw", [b"a=1&a[b]=2", b"a[b]=1&a=2", b"a[b]=1&a[b]=2", b"a[0]=1&a[]=2"])
def test_one_name_holds_one_thing(raw):
    assert code_of(form.nested, raw) == "duplicate_parameter"


@pytest.mark.parametrize("raw", [b"=1", b"[a]=1", b"a[=1", b"a]=1", b"a[b]c=1", b"a[[b]]=1"])
def test_brackets_that_do_not_match_are_refused(raw):
    assert code_of(form.nested, raw) == "invalid_parameter"


def test_prototype_names_are_only_names():
    assert form.nested(b"__proto__[x]=1&constructor=2") == {
        "__proto__": {"x": "1"},
        "constructor": "2",
    }


@pytest.mark.parametrize(
    "raw",
    [
        b"&".join(b"a%d=1" % number for number in range(limits.form_fields_max + 1)),
        b"a=" + b"x" * (limits.string_chars_max + 1),
        b"a=" + quote("é" * (limits.string_chars_max + 1)).encode(),
        b"a" + b"[b]" * limits.form_depth_max + b"=1",
    ],
)
def test_too_much_is_refused(raw):
    assert code_of(form.nested, raw) == "too_large"


def test_as_much_as_allowed_is_read():
    raw = b"&".join(b"a[]=%d" % number for number in range(limits.form_fields_max))
    assert len(form.nested(raw)["a"]) == limits.form_fields_max


def test_a_query_is_read_from_the_scope():
    scope = {"query_string": b"a[b]=1&c=2"}
    assert form.query(scope) == {"a[b]": "1", "c": "2"}
    assert form.query_nested(scope) == {"a": {"b": "1"}, "c": "2"}
    assert form.query({"query_string": b""}) == {} == form.query_nested({"query_string": b""})
