from __future__ import annotations

import asyncio
from ipaddress import ip_network

import pytest

from guerdon import errors
from guerdon.engine.commands import RevokeKey
from guerdon.web import credentials
from guerdon.web.admission import Door
from guerdon.web.request import Request


def request(secret: str | None, client: object = ("192.0.2.7", 1), **more: object) -> Request:
    headers = [] if secret is None else [(b"x-api-key", secret.encode())]
    return Request({"headers": headers, "client": client, **more}, asyncio.Queue().get, {})


def admit(house, door: Door, asking: Request):
    return house.run(door.admit(asking, credentials.conscent_key(asking)))


def refusal(house, door: Door, asking: Request) -> str:
    with pytest.raises(errors.Refused) as caught:
        admit(house, door, asking)
    return caught.value.code


@pytest.fixture
def door(house) -> Door:
    return Door(house.engine, "conscent", ())


def test_who_was_let_in_is_let_in_again_without_waiting(house, door) -> None:
    secret = house.key("conscent", allow_ip=("192.0.2.0/24",))
    asking = request(secret)
    assert door.quick(asking, secret.encode()) is None
    key = admit(house, door, asking)
    assert door.quick(asking, secret.encode()) is key
    assert key.tenant_id == house.tenant_id


def test_the_quick_way_asks_for_the_address_each_time(house, door) -> None:
    secret = house.key("conscent", allow_ip=("192.0.2.0/24",))
    admit(house, door, request(secret))
    for client in (("198.51.100.1", 1), None):
        stranger = request(secret, client)
        assert door.quick(stranger, secret.encode()) is None
        assert refusal(house, door, stranger) == "address_not_allowed"
    neighbour = request(secret, ("192.0.2.8", 1))
    assert door.quick(neighbour, secret.encode()) is None
    assert admit(house, door, neighbour)


def test_behind_a_proxy_the_quick_way_is_closed_to_keys_with_an_allowlist(house) -> None:
    door = Door(house.engine, "conscent", (ip_network("192.0.2.0/24"),))
    secret = house.key("conscent", allow_ip=("192.0.2.0/24",))
    admit(house, door, request(secret))
    assert door.quick(request(secret), secret.encode()) is None


def test_a_revoked_key_is_let_go_of(house, door) -> None:
    secret = house.key("conscent")
    key = admit(house, door, request(secret))
    house.execute(RevokeKey(0, 0, key.key_id))
    house.engine.directory.forget()
    assert door.quick(request(secret), secret.encode()) is None
    assert refusal(house, door, request(secret)) == "unknown_credential"


def test_a_key_opens_the_door_of_its_own_dialect_only(house, door) -> None:
    secret = house.key("woowup")
    other = Door(house.engine, "woowup", ())
    admit(house, other, request(secret))
    assert door.quick(request(secret), secret.encode()) is None
    assert refusal(house, door, request(secret)) == "unknown_credential"


def test_each_wrong_credential_has_a_name(house, door) -> None:
    assert refusal(house, door, request(None)) == "missing_credential"
    assert refusal(house, door, request("")) == "malformed_credential"
    assert refusal(house, door, request("a b")) == "malformed_credential"
    assert refusal(house, door, request("nobody")) == "unknown_credential"


def test_a_kept_body_comes_in_with_the_key_it_came_with(house, door) -> None:
    secret = house.key("conscent", allow_ip=("192.0.2.0/24",))
    key = admit(house, door, request(secret))
    again = request(None, None, **{"guerdon.key": key})
    assert admit(house, door, again) is key
    other = Door(house.engine, "meditopia", ())
    assert refusal(house, other, again) == "missing_credential"


def test_a_key_with_a_rate_is_counted_each_time(house, door) -> None:
    house.setting("rate_limit.per_minute", 1_000)
    secret = house.key("conscent")
    assert admit(house, door, request(secret))
    assert door.quick(request(secret), secret.encode()) is None
