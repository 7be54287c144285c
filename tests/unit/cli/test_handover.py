"""A worker has its parent's settings, all of them and nothing else."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from guerdon import config
from guerdon.cli import handover
from guerdon.cli.handover import Order

GIVEN = {
    "access_log": True,
    "allow_unsafe_storage": True,
    "allowed_hosts": "api.example.com,*.example.org",
    "data_dir": "/tmp/some where",
    "database_url": "postgresql://user:pass,word@host/name",
    "host": "::1",
    "mail_from": "loyalty@example.com",
    "port": "0",
    "secret_key": "ab" * 32,
    "smtp_url": "smtps://u:p@mail.example.com:465",
    "trusted_proxies": "10.0.0.0/8,2001:db8::/32",
    "webhooks_allow_private": True,
    "workers": 3,
}


def _handed_over(settings: config.Config) -> config.Config:
    order = Order(
        index=1,
        workers=3,
        listener_fd=5,
        tally_fd=6,
        risks=["a risk"],
        settings=handover.as_texts(settings),
    )
    return msgspec.json.decode(msgspec.json.encode(order), type=Order).config()


@pytest.mark.parametrize("given", [GIVEN, {"data_dir": "/tmp/x", "secret_key": "ab" * 32}])
def test_every_setting_arrives_as_it_was(given: dict[str, object]) -> None:
    settings = config.load(given, {}, Path("/tmp"))
    arrived = _handed_over(settings)
    for name in config.NAMES:
        assert getattr(arrived, name) == getattr(settings, name), name


def test_neither_the_environment_nor_a_file_has_a_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config.load({**GIVEN, "smtp_url": ""}, {}, tmp_path)
    (tmp_path / "guerdon.toml").write_text('smtp_url_file = "nowhere"\nunknown = 1\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GUERDON_WORKERS", "9")
    assert _handed_over(settings).smtp_url is None
    assert _handed_over(settings).workers == 3
