"""An SMS without a gateway is a file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from guerdon.clock import SystemClock
from guerdon.config import Config
from guerdon.outbound import mail, sms
from guerdon.outbound.delivery import Delivery

OWED = Delivery(
    tenant_id=1,
    delivery_id=7,
    kind="sms",
    message_id="msg_7",
    target="+48234234000",
    body="Your activation code: 954604",
    attempt=1,
    fence=1,
)


def config(folder: Path) -> Config:
    return Config(data_dir=folder, database_url="sqlite:///x", secret_key=bytes(32))


def test_it_is_written_under_its_own_name_once_however_often_it_is_sent(tmp_path: Path) -> None:
    send = sms.sender(config(tmp_path))
    for _ in range(2):
        assert asyncio.run(send(OWED)).error is None
    (file,) = (tmp_path / "sms").iterdir()
    assert file.name == "msg_7.txt"
    assert file.read_text() == "To: +48234234000\n\nYour activation code: 954604\n"


def test_what_is_to_be_forgotten_is_taken_back(tmp_path: Path) -> None:
    """A message that was written, one that never was, and one that cannot be taken back yet."""
    forgotten = msgspec.structs.replace(OWED, target="", body="")
    for module, folder in ((sms, "sms"), (mail, "mail")):
        send = (
            sms.sender(config(tmp_path))
            if module is sms
            else mail.sender(SystemClock(), config(tmp_path))
        )
        sent = msgspec.structs.replace(OWED, target="a@example.com")
        assert asyncio.run(send(sent)).error is None
        assert len(list((tmp_path / folder).iterdir())) == 1
        for _ in range(2):
            assert asyncio.run(send(forgotten)).error is None
            assert list((tmp_path / folder).iterdir()) == []
        name = f"{OWED.message_id}.{'txt' if module is sms else 'eml'}"
        (tmp_path / folder / name).mkdir()
        assert asyncio.run(send(forgotten)).error == "file_failed"


def test_a_folder_that_cannot_be_made_is_a_failed_attempt(tmp_path: Path) -> None:
    (tmp_path / "sms").write_text("in the way")
    assert asyncio.run(sms.sender(config(tmp_path))(OWED)).error == "file_failed"


def test_all_sms_share_one_lane() -> None:
    assert OWED.lane == ("sms", "")
