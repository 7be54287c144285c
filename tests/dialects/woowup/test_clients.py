"""The vendor's PHP clients as they were seen on the wire: every call, in one story."""

from __future__ import annotations

from typing import Any

import pytest

from dialects.woowup import samples
from dialects.woowup.partner import Partner

UID = "d4d4fb210bfb@example.com"
ENCODED = "ZDRkNGZiMjEwYmZiQGV4YW1wbGUuY29t"
SLASH = "c2xhc2g%2FZDRkNGZiMjEwYmZiP0BleGFtcGxlLmNvbQ%3D%3D"
IDENTITY = "document=&email=d4d4fb210bfb%40example.com&service_uid=&telephone="


class Client:
    """Sends what the vendor's client sends and looks at what it looks at."""

    def __init__(self, partner: Partner) -> None:
        self.partner = partner

    def send(self, method: str, path: str, body: bytes = b"", status: int = 200) -> Any:
        headers = samples.php(self.partner.secret, has_body=bool(body))
        reply = self.partner.call(method, path, body, headers=headers)
        assert reply.status == status, (method, path, reply.body)
        return reply.json()


@pytest.fixture
def client(partner: Partner) -> Client:
    return Client(partner)


def test_the_first_client_works_unchanged(client: Client) -> None:
    send = client.send
    send("POST", "/events", b'{"name":"drv-d4d4fb210bfb"}')
    send("POST", "/events", b'{"name":"test-event-c3b727c7f9a9f0500228c15eda1f628a"}')
    body = (
        b'{"service_uid":"d4d4fb210bfb@example.com","email":"d4d4fb210bfb@example.com",'
        b'"first_name":"Jos\\u00e9","street":"a\\/b","tags":"a,b"}'
    )
    created = send("POST", "/users", body, 201)["payload"]
    assert (created["first_name"], created["street"]) == ("José", "a/b")
    event = (
        b'{"event":"drv-d4d4fb210bfb","service_uid":"d4d4fb210bfb@example.com",'
        b'"datetime":"2024-02-12T15:19:21-05:00",'
        b'"metadata":{"campo 1":"valor 1","campo 2":"valor 2"}}'
    )
    assert send("POST", "/user-events", event)["payload"]["datetime"] == "2024-02-12 20:19:21"
    assert send("GET", f"/users/{ENCODED}/exist")["payload"]["exist"] is True
    assert send("GET", f"/users/{SLASH}/exist")["payload"]["exist"] is False
    assert send("GET", f"/users/{SLASH}", status=404)["code"] == "user_not_found"
    assert send("PUT", f"/users/{ENCODED}", b'{"first_name":"Juan"}')
    number = created["userapp_id"]
    changed = send("PUT", f"/users/{number}", b'{"remove_tags":"a"}')["payload"]
    assert (changed["first_name"], changed["tags"]) == ("Juan", ["b"])
    query = "page=0&limit=5&search=&include=%5B%5D&exclude=%5B%5D&segment_id="
    assert [one["user_id"] for one in send("GET", f"/users/?{query}")["payload"]] == [number]
    points = b'{"concept":"gift","points":30,"description":"test"}'
    send("POST", f"/users/{ENCODED}/points", points)
    [moved] = send("GET", f"/users/{ENCODED}/transactions/?concept=")["payload"]
    assert moved["points"] == 30


def test_a_service_uid_that_encodes_with_a_slash_is_found(client: Client) -> None:
    body = b'{"service_uid":"slash?d4d4fb210bfb?@example.com"}'
    client.send("POST", "/users", body, 201)
    assert "%2F" in SLASH
    assert client.send("GET", f"/users/{SLASH}/exist")["payload"]["exist"] is True
    found = client.send("GET", f"/users/{SLASH}")["payload"]
    assert found["service_uid"] == "slash?d4d4fb210bfb?@example.com"


def test_the_multiusers_client_works_unchanged(client: Client) -> None:
    send = client.send
    send("POST", "/users", b'{"service_uid":"x","email":"d4d4fb210bfb@example.com"}', 201)
    assert send("GET", f"/multiusers/exist?{IDENTITY}")["payload"]["exist"] is True
    send("PUT", "/multiusers", b'{"email":"d4d4fb210bfb@example.com","last_name":"X"}')
    assert send("GET", f"/multiusers/find?{IDENTITY}")["payload"]["last_name"] == "X"
    points = (
        b'{"document":"","email":"d4d4fb210bfb@example.com","service_uid":"","telephone":"",'
        b'"concept":"purchase","points":5,"description":"d"}'
    )
    send("POST", "/multiusers/points", points)
    path = f"/multiusers/transactions?{IDENTITY}&concept=&from=&to="
    assert [one["points"] for one in send("GET", path)["payload"]] == [5]
    send("POST", "/integration-stats", b'{"customers":{"total_created":1}}')


def test_the_second_client_works_unchanged(client: Client) -> None:
    send = client.send
    send("POST", "/events", b'{"name":"v2-event"}')
    send("POST", "/users", b'{"service_uid":"d4d4fb210bfb@example.com"}', 201)
    event = (
        b'{"event":"v2-event","service_uid":"d4d4fb210bfb@example.com",'
        b'"datetime":"2024-02-12T15:19:21+00:00","metadata":{"k":"v"},"cleanser":{"email":{},'
        b'"names":{},"telephone":{},"street":{},"gender":{},"birthdate":{},"customAttributes":{}}}'
    )
    assert send("POST", "/user-events", event)["payload"]["metadata"] == {"k": "v"}
    query = "page=0&limit=25&search=&include=%7B%7D&exclude=%7B%7D&segment_id="
    [listed] = send("GET", f"/users/?{query}")["payload"]
    assert listed["service_uid"] == UID
    assert send("GET", "/account/custom-attributes")["payload"] == []


def test_a_connector_finds_its_words_for_an_existing_user(client: Client) -> None:
    body = b'{"service_uid":"x"}'
    client.send("POST", "/users", body, 201)
    again = client.send("POST", "/users", body, 400)
    assert (again["code"], again["message"]) == ("internal_error", "usuario existente")


def test_a_host_with_a_slash_at_the_end_of_each_path_works(client: Client) -> None:
    client.send("POST", "/events/", b'{"name":"e"}')
    assert client.send("GET", "/events/?limit=1")[0]["name"] == "e"
    client.send("POST", "/users/", b'{"service_uid":"x"}', 201)
    client.send("GET", "/users/1/exist/")
    client.send("DELETE", "/events/1/")
