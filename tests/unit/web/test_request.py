"""A request shows what was sent, and nothing that was not."""

from __future__ import annotations

import asyncio

import pytest

from guerdon import errors
from guerdon.web.request import Request

SCOPE = {
    "method": "POST",
    "raw_path": b"/a%2Fb",
    "query_string": b"limit=5",
    "client": ("192.0.2.1", 4000),
    "headers": [
        (b"host", b"example.com"),
        (b"x-forwarded-for", b"203.0.113.9"),
        (b"x-forwarded-for", b"198.51.100.7"),
        (b"x-http-method-override", b"DELETE"),
    ],
}


async def receive():
    return {"type": "http.request", "body": b"hello"}


@pytest.fixture
def request_():
    return Request(SCOPE, receive, {"id": "a/b"})


def test_the_request_line_is_taken_as_it_is(request_):
    assert request_.method == "POST"
    assert request_.raw_path == b"/a%2Fb"
    assert request_.query_string == b"limit=5"
    assert request_.client == ("192.0.2.1", 4000)


def test_headers_of_one_name_are_joined_in_order(request_):
    assert request_.headers[b"x-forwarded-for"] == b"203.0.113.9, 198.51.100.7"
    assert request_.headers[b"host"] == b"example.com"
    assert request_.headers is request_.headers


def test_headers_of_one_name_can_be_had_one_by_one(request_):
    assert request_.values(b"x-forwarded-for") == [b"203.0.113.9", b"198.51.100.7"]
    assert request_.values(b"authorization") == []


def test_body_and_query_are_read(request_):
    assert asyncio.run(request_.body()) == b"hello"
    assert request_.query() == {"limit": "5"}


def test_a_handler_may_bound_the_body(request_):
    with pytest.raises(errors.TooLarge):
        asyncio.run(request_.body(4))
