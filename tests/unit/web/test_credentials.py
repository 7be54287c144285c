"""A credential is missing, malformed, or bytes to look up."""

from __future__ import annotations

import base64

import pytest

from guerdon import errors, limits
from guerdon.web import credentials
from guerdon.web.credentials import MALFORMED, MISSING, Presented
from guerdon.web.request import Request


def request_with(*headers, query=b""):
    scope = {"headers": list(headers), "query_string": query}
    return Request(scope, None, {})


def authorization(*values):
    return request_with(*((b"authorization", value) for value in values))


def test_the_three_cases_are_told_apart():
    assert MISSING.is_missing
    assert not MISSING.is_malformed
    assert MALFORMED.is_malformed
    assert not MALFORMED.is_missing
    assert not Presented((b"k",)).is_malformed


BEARERS = [credentials.meditopia_token, credentials.openloyalty_token]


@pytest.mark.parametrize("reader", BEARERS)
def test_a_bearer_token_is_read(reader):
    assert reader(request_with()) is MISSING
    assert reader(authorization(b"Bearer a-b_c.d~e+f/g==")).secrets == (b"a-b_c.d~e+f/g==",)
    assert reader(authorization(b"bearer  abc")).secrets == (b"abc",)


@pytest.mark.parametrize("reader", BEARERS)
@pytest.mark.parametrize(
    "header",
    [
        b"",
        b" ",
        b"Bearer",
        b"Bearer ",
        b"Bearerabc",
        b"Basic abc",
        b"abc",
        b"Bearer a b",
        b"Bearer a,b",
        b"Bearer \xff",
        b"Bearer " + b"a" * limits.credential_bytes_max,
    ],
)
def test_what_is_no_bearer_token_is_malformed(reader, header):
    assert reader(authorization(header)) is MALFORMED


@pytest.mark.parametrize("reader", [*BEARERS, credentials.woowup_keys])
def test_two_authorization_headers_are_malformed(reader):
    assert reader(authorization(b"Bearer abc", b"Bearer abc")) is MALFORMED


SINGLES = [
    (credentials.conscent_key, b"x-api-key"),
    (credentials.openloyalty_permanent_token, b"x-auth-token"),
]


@pytest.mark.parametrize(("reader", "name"), SINGLES)
def test_a_key_header_is_read(reader, name):
    assert reader(request_with()) is MISSING
    assert reader(request_with((name, b"k3y:+/="))).secrets == (b"k3y:+/=",)
    assert reader(request_with((name, b"K3Y! \t"))).secrets == (b"K3Y!",)


@pytest.mark.parametrize(("reader", "name"), SINGLES)
@pytest.mark.parametrize(
    "value", [b"", b"a b", b"a\tb", b"\xff", b"k" * (limits.credential_bytes_max + 1)]
)
def test_what_is_no_key_is_malformed(reader, name, value):
    assert reader(request_with((name, value))) is MALFORMED


@pytest.mark.parametrize(("reader", "name"), SINGLES)
def test_two_key_headers_are_malformed(reader, name):
    assert reader(request_with((name, b"k"), (name, b"k"))) is MALFORMED


@pytest.mark.parametrize(
    "header", [b"Basic K3Y!", b"basic K3Y!", b"BEARER K3Y!", b"Bearer  K3Y!", b"K3Y!", b" K3Y! "]
)
def test_woowup_s_key_stands_raw_behind_any_scheme_or_none(header):
    assert credentials.woowup_keys(authorization(header)).secrets == (b"K3Y!",)


@pytest.mark.parametrize("pair", [b"K3Y:", b":K3Y"])
def test_woowup_s_key_in_base64_is_the_second_reading(pair):
    packed = base64.b64encode(pair)
    presented = credentials.woowup_keys(authorization(b"Basic " + packed))
    assert presented.secrets == (packed, b"K3Y")


@pytest.mark.parametrize("pair", [b"user:password", b":", b"K3Y", b"K\xff:", b"K Y:"])
def test_other_base64_has_no_second_reading(pair):
    packed = base64.b64encode(pair)
    assert credentials.woowup_keys(authorization(b"Basic " + packed)).secrets == (packed,)


@pytest.mark.parametrize(
    "header", [b"", b"Basic", b"bearer ", b"Token a", b"Basic a b", b"Basic \xff", b"k" * 5_000]
)
def test_what_is_no_woowup_key_is_malformed(header):
    assert credentials.woowup_keys(authorization(header)) is MALFORMED


def test_woowup_s_key_may_stand_in_the_query():
    read = credentials.woowup_keys
    assert read(request_with()) is MISSING
    assert read(request_with(query=b"limit=25")) is MISSING
    assert read(request_with(query=b"limit=25&apikey=K3%2BY")).secrets == (b"K3+Y",)
    assert read(request_with(query=b"apikey=")) is MALFORMED
    assert read(request_with(query=b"apikey=a%20b")) is MALFORMED
    assert read(request_with(query="apikey=é".encode())) is MALFORMED
    assert read(request_with(query=b"x=apikey")) is MISSING


def test_the_header_goes_before_the_query():
    presented = credentials.woowup_keys(
        request_with((b"authorization", b"Basic A"), query=b"apikey=B")
    )
    assert presented.secrets == (b"A",)


def test_two_keys_in_the_query_are_refused():
    with pytest.raises(errors.Refused) as refused:
        credentials.woowup_keys(request_with(query=b"apikey=A&apikey=B"))
    assert refused.value.code == "duplicate_parameter"
