"""Nothing a partner writes becomes a header or a second recipient (E11)."""

import asyncio

import pytest

from guerdon import config
from guerdon.outbound import mail
from unit.outbound.mailbox import Mailbox
from unit.outbound.network import StandingClock, delivery

HOSTILE = [
    "a@b.example\r\nBcc: c@d.example",
    "a@b.example\nBcc: c@d.example",
    "a@b.example\rBcc: c@d.example",
    "a@b.example%0d%0aBcc: c@d.example",
    "a@b.example,c@d.example",
    "a@b.example c@d.example",
    "a@b.example>\r\nRCPT TO:<c@d.example",
    "<a@b.example> SIZE=1",
    "a@b.example\x00",
    "a@b.example\u2028Bcc: c@d.example",
]


def mailed(folder, **changes):
    """(the attempt, the server) for one delivery by SMTP."""

    async def post():
        box = Mailbox()
        async with box.open() as port:
            given = {"data_dir": folder, "secret_key": "0" * 64}
            smtp = {"smtp_url": f"smtp://localhost:{port}", "mail_from": "points@shop.example"}
            send = mail.sender(StandingClock(), config.load({**given, **smtp}, {}, folder))
            return await send(delivery(kind="mail", **changes)), box

    return asyncio.run(post())


@pytest.mark.parametrize("address", HOSTILE)
def test_a_hostile_address_is_none_and_no_mail_leaves(tmp_path, address):
    assert not mail.is_address(address)
    attempt, box = mailed(tmp_path, target=address, subject="Deleted", body="Done.")
    assert (attempt.error, attempt.give_up) == ("mail_invalid", True)
    assert box.commands == []
    assert box.messages == []


@pytest.mark.parametrize("subject", ["Done\r\nBcc: c@d.example", "Done\n\nbody", "Done\x0bBcc: x"])
def test_a_hostile_subject_sends_nothing(tmp_path, subject):
    attempt, box = mailed(tmp_path, target="a@b.example", subject=subject, body="Done.")
    assert attempt.error == "mail_invalid"
    assert box.commands == []


def test_a_hostile_text_stays_text(tmp_path):
    text = "\r\nBcc: c@d.example\r\n.\r\nRCPT TO:<c@d.example>\r\nDATA\r\n"
    attempt, box = mailed(tmp_path, target="a@b.example", subject="Deleted", body=text)
    assert attempt.error is None
    assert [each for each in box.commands if each.startswith("RCPT")] == ["RCPT TO:<a@b.example>"]
    assert len(box.messages) == 1
    assert box.messages[0]["Bcc"] is None
