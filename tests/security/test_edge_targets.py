"""Host, path and method decide alone where a request goes, and only in one spelling each."""

from __future__ import annotations

import json

import pytest

from security import edge
from security.edge import request


@pytest.fixture(scope="module")
def server():
    with edge.serving() as running:
        yield running


@pytest.fixture(scope="module")
def named():
    with edge.serving(hosts=["loyalty.example", "[2001:db8::1]"]) as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(server):
    server.seen.clear()


def get(path: str, *headers: bytes, host: str = "a", method: str = "GET") -> bytes:
    return request(path, b"", *headers, method=method, host=host)


GOOD_HOSTS = ["a", "loyalty.example:8181", "127.0.0.1", "[::1]:80", "xn--bcher-kva.example", "a_b"]
BAD_HOSTS = [
    "",
    " ",
    "a b",
    "a,b",
    "a/b",
    "a@b",
    "a:b",
    "a:123456",
    "[::1",
    "::1",
    "a\x01",
    "é",
    "a?b",
]


@pytest.mark.parametrize("host", GOOD_HOSTS)
def test_a_well_formed_host_is_served(server, host):
    assert [answer.status for answer in server.send(get("/x/ignore", host=host))] == [200]


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_a_malformed_host_is_refused_and_closed(server, host):
    [answer] = server.send(get("/x/ignore", host=host), then_close=False)
    assert answer.status == 400
    assert server.seen == []


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("loyalty.example", 200),
        ("LOYALTY.example:8181", 200),
        ("[2001:DB8::1]:80", 200),
        ("other.example", 400),
        ("loyalty.example.evil", 400),
        ("[2001:db8::2]", 400),
    ],
)
def test_a_server_with_names_answers_to_no_other(named, host, status):
    [answer] = (
        named.send(get("/x/ignore", host=host), then_close=False)
        if status == 400
        else (named.send(get("/x/ignore", host=host)))
    )
    assert answer.status == status


def test_a_full_url_of_the_same_host_is_its_path(server):
    [answer] = server.send(get("http://a/x/v1/name"))
    assert answer.status == 200
    assert server.seen == [("/x/v1/name", b"")]


@pytest.mark.parametrize(
    "target",
    [
        "http://b/x/ignore",
        "http://u@a/x/ignore",
        "http://a",
        "a:80",
        "ftp://a/x",
        "//a/x/ignore",
        "x/ignore",
    ],
)
def test_any_other_target_is_refused(server, target):
    answers = server.send(get(target))
    assert [answer.status for answer in answers] == [400]
    assert server.seen == []


HOSTILE_PATHS = [
    "//x/ignore",
    "/x//ignore",
    "/x/ignore//",
    "/x/../x/ignore",
    "/x/v1/../ignore",
    "/x/v1/%2e%2e",
    "/x/v1/%2E%2e/ignore",
    "/x/v1/.",
    "/x/v1/%00",
    "/x/v1/a%00b",
    "/x/v1/%ff",
    "/x/v1/%c0%ae%c0%ae",
    "/x/v1/%",
    "/x/v1/%g0",
    "/x/v1/a;b=c",
    "/x/v1/a\\b",
    "/x/v1/é",
    "/x/ignore#x",
]


@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_a_path_of_two_readings_is_refused(server, path):
    data = get("/PATH").replace(b"/PATH", path.encode())
    assert [answer.status for answer in server.send(data)] == [400]
    assert server.seen == []


def test_an_encoded_slash_does_not_make_two_segments(server):
    assert [answer.status for answer in server.send(get("/x/v1/a%2fb"))] == [200]
    assert [answer.status for answer in server.send(get("/x%2fignore"))] == [404]


@pytest.mark.parametrize(
    "method", ["TRACE", "PUT", "PATCH", "OPTIONS", "PURGE", "PROPFIND", "QUERY"]
)
def test_a_method_the_path_does_not_have_is_405_with_allow(server, method):
    [answer] = server.send(get("/x/echo", method=method))
    assert answer.status == 405
    assert answer.headers["allow"] == "DELETE, GET, HEAD, POST"
    assert server.seen == []


@pytest.mark.parametrize("data", [get("a:443", method="CONNECT"), get("/x/echo", method="BREW")])
def test_connect_and_unknown_methods_are_405_and_closed(server, data):
    [answer] = server.send(data, then_close=False)
    assert answer.status == 405
    assert "GET" in answer.headers["allow"]
    assert server.seen == []


def test_options_for_the_whole_server_names_no_path(server):
    assert [answer.status for answer in server.send(get("*", method="OPTIONS"))] == [400]


@pytest.mark.parametrize(
    "header", [b"X-HTTP-Method-Override: DELETE", b"X-Method-Override: PUT", b"X-HTTP-Method: PUT"]
)
def test_a_method_override_changes_nothing(server, header):
    server.send(request("/x/echo?_method=DELETE", b"hello", header))
    assert server.seen == [("/x/echo", b"hello")]


@pytest.mark.parametrize("header", [b"X-Original-URL: /x/smug", b"X-Rewrite-URL: /x/smug"])
def test_a_path_override_changes_nothing(server, header):
    server.send(get("/x/ignore", header))
    assert server.seen == [("/x/ignore", b"")]


def test_head_has_the_headers_of_get_and_no_body(server):
    with server.connect() as connection:
        connection.sendall(get("/x/ignore", b"Connection: close", method="HEAD"))
        received = edge.rest(connection)
    head, _, body = received.partition(b"\r\n\r\n")
    assert b"content-length: 7" in head
    assert body == b""


def test_a_body_is_read_for_delete_and_refused_for_get(server):
    assert server.send(request("/x/echo", b"hello", method="DELETE"))[0].body == b"hello"
    [answer] = server.send(request("/x/echo", b"hello", method="GET"))
    assert answer.status == 400
    assert json.loads(answer.body)["code"] == "unexpected_body"


def test_the_server_does_not_name_itself(server):
    [answer] = server.send(get("/x/ignore"))
    assert "server" not in answer.headers
    assert "date" in answer.headers


def test_no_answer_is_kept_by_a_cache(server):
    asked = (get("/x/ignore"), get("/livez"), get("/nothing"), get("//"), b"GET / HTTP/9.9\r\n\r\n")
    for each in asked:
        [answer] = server.send(each)
        assert answer.headers["cache-control"] == "no-store", each
