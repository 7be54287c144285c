from __future__ import annotations

from ipaddress import ip_network

import msgspec
import pytest

from dialects.meditopia import samples
from dialects.meditopia.samples import EVENTS, batch, camel
from guerdon.config import Config


@pytest.fixture
def config(config: Config) -> Config:
    """Behind the proxies of 10.0.0.0/8."""
    return msgspec.structs.replace(config, trusted_proxies=(ip_network("10.0.0.0/8"),))


def test_behind_a_trusted_proxy_the_address_it_names_is_judged(house) -> None:
    samples.members(house)
    headers = samples.headers(house.key("meditopia", allow_ip=("203.0.113.7/32",)))
    cases = [
        ("10.0.0.1", "203.0.113.7", 204),
        ("10.0.0.1", "203.0.113.8", 401),
        ("10.0.0.1", "203.0.113.7", 204),
        ("10.0.0.1", "203.0.113.7, 198.51.100.1", 401),
        ("10.0.0.1", "198.51.100.1, 203.0.113.7", 204),
        ("10.0.0.1", "203.0.113.7, 10.0.0.2", 204),
        ("10.0.0.1", "::ffff:203.0.113.7", 204),
        ("10.0.0.1", "garbage", 401),
        ("10.0.0.1", ", ".join(["203.0.113.7"] * 1_000), 401),
        ("198.51.100.1", "203.0.113.7", 401),
        ("203.0.113.7", "198.51.100.1", 204),
    ]
    for at, (peer, forwarded, status) in enumerate(cases):
        sent = {**headers, "X-Forwarded-For": forwarded}
        body = batch(camel(eventValue=at))
        reply = house.call("POST", EVENTS, headers=sent, body=body, peer=peer)
        assert reply.status == status, (peer, forwarded)
    none = house.call("POST", EVENTS, headers=headers, body=batch(camel()), peer="10.0.0.1")
    assert (none.status, none.json()["errors"][0]["code"]) == (401, "A_1004")
