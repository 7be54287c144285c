"""Mail: the address grammar, the message, SMTP against a real server, and files (E11)."""

import asyncio
import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guerdon import config, limits
from guerdon.errors import Refused
from guerdon.outbound import mail, wire
from unit.outbound.certificates import certificate
from unit.outbound.mailbox import Mailbox
from unit.outbound.network import START, StandingClock, delivery


def settings(folder, smtp_url=None, mail_from="points@shop.example"):
    flags = {"data_dir": folder, "secret_key": "0" * 64, "mail_from": mail_from}
    return config.load({**flags, "smtp_url": smtp_url}, {}, folder)


def letter(**changes):
    plain = {
        "message_id": "msg_1",
        "to": "ana@shop.example",
        "subject": "Deleted",
        "text": "Done: 12 events.\n",
        "moment": START,
    }
    return mail.Mail(**{**plain, **changes})


def mailed(box, folder, letter_=None, *, userinfo="", scheme="smtp", seconds_max=5.0, tls=None):
    async def post():
        async with box.open(tls=tls) as port:
            url = f"{scheme}://{userinfo}localhost:{port}"
            where = settings(folder, url)
            return await mail.send(letter_ or letter(), where, seconds_max=seconds_max)

    return asyncio.run(post())


def text_of(message):
    return message.get_content().replace("\r\n", "\n")


# --- Addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "a@b.co",
        "ana.maria+points@shop.example",
        "o'neil_{x}@mail.shop.example",
        "1@2.example",
        "a@xn--bcher-kva.example",
        "a" * 64 + "@b.example",
    ],
)
def test_a_plain_address_is_one(text):
    assert mail.is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ana",
        "@b.example",
        "a@",
        "a@b",
        "a@@b.example",
        "a@b.example\r\nBcc: c@d.example",
        "a@b.example\n",
        "a@b.example\r",
        "\na@b.example",
        "a@b.example,c@d.example",
        "a@b.example;c@d.example",
        "a@b.example c@d.example",
        " a@b.example",
        "a b@c.example",
        "Ana <a@b.example>",
        "<a@b.example>",
        '"a b"@c.example',
        "a(comment)@b.example",
        "a@[127.0.0.1]",
        "a@-b.example",
        "a@b-.example",
        "a@b..example",
        ".a@b.example",
        "a.@b.example",
        "a..b@c.example",
        "a@b.example.",
        "a@b_c.example",
        "josé@b.example",
        "a@bücher.example",
        "a\x00@b.example",
        "a\t@b.example",
        "a%0d%0aBcc:c@d.example\x0b",
        "a" * 65 + "@b.example",
        "a@" + "b" * 64 + ".example",
        "a@" + "b." * 125 + "example",
    ],
)
def test_anything_else_is_not_an_address(text):
    assert not mail.is_address(text)


@given(st.text(alphabet=st.sampled_from("ab.@\r\n\t ,;<>:\"'é\x00-"), max_size=20))
def test_no_address_ever_holds_what_could_end_a_header_or_name_a_second_recipient(text):
    if mail.is_address(text):
        assert text.isascii()
        assert text.isprintable()
        assert not set(text) & set(' ,;<>:"()[]\\')
        assert text.count("@") == 1


# --- The message ---------------------------------------------------------------------------------


def test_a_message_says_what_it_is_and_carries_the_id_of_its_delivery():
    message = mail.message_of(letter(), "points@shop.example")
    assert dict(message.items()) == {
        "From": "points@shop.example",
        "To": "ana@shop.example",
        "Subject": "Deleted",
        "Date": "Thu, 31 Jul 2025 22:13:20 +0000",
        "Message-ID": "<msg_1@shop.example>",
        "Auto-Submitted": "auto-generated",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "7bit",
        "MIME-Version": "1.0",
    }


def test_text_and_subject_of_any_language_arrive_whole_in_seven_bits():
    subject, text = "Puntos de José €" + "x" * 150, "Añadidos: 5 €\n" + "y" * 2_000 + "\n"
    raw = mail.message_of(letter(subject=subject, text=text), "a@b.example").as_bytes()
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    read = email.message_from_bytes(raw, policy=email.policy.default)
    assert read["Subject"] == subject
    assert text_of(read) == text


@pytest.mark.parametrize(
    "changes",
    [
        {"to": "a@b.example\r\nBcc: c@d.example"},
        {"to": "a@b.example, c@d.example"},
        {"subject": "Hello\r\nBcc: c@d.example"},
        {"subject": "Hello\nBcc: c@d.example"},
        {"subject": "Hello\x85"},
        {"subject": "x" * 256},
        {"message_id": "x\r\nBcc: c@d.example"},
        {"message_id": "../../etc/passwd"},
        {"message_id": ""},
    ],
)
def test_nothing_can_add_a_header_a_recipient_or_a_path(tmp_path, changes):
    with pytest.raises(Refused) as caught:
        mail.message_of(letter(**changes), "a@b.example")
    assert caught.value.code == "mail_invalid"
    result = asyncio.run(mail.send(letter(**changes), settings(tmp_path)))
    assert (result.error, result.give_up) == ("mail_invalid", True)
    assert not (tmp_path / "mail").exists()


def test_a_body_that_looks_like_headers_or_like_the_end_of_the_message_stays_a_body(tmp_path):
    text = "Bcc: c@d.example\n\n.\nMAIL FROM:<x@y.example>\n.\n"
    box = Mailbox()
    assert mailed(box, tmp_path, letter(text=text)).error is None
    assert [text_of(each) for each in box.messages] == [text]
    assert box.messages[0]["Bcc"] is None


# --- By SMTP -------------------------------------------------------------------------------------


def test_a_message_reaches_the_server_with_one_sender_and_one_recipient(tmp_path):
    box = Mailbox()
    result = mailed(box, tmp_path)
    assert (result.status, result.error, result.detail) == (250, None, "queued as 1")
    assert box.messages[0]["Message-ID"] == "<msg_1@shop.example>"
    assert text_of(box.messages[0]) == "Done: 12 events.\n"
    sender, recipient = box.envelopes[0]
    assert sender.startswith("MAIL FROM:<points@shop.example>")
    assert recipient == "RCPT TO:<ana@shop.example>"
    assert box.commands[0] == "EHLO shop.example"
    assert not (tmp_path / "mail").exists()


def test_tls_is_used_where_the_server_offers_it_and_the_password_goes_inside(tmp_path, monkeypatch):
    context, path = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    wire.tls.cache_clear()
    box = Mailbox(offer=("STARTTLS",), tls=context)
    result = mailed(box, tmp_path, userinfo="me:p%40ss@")
    wire.tls.cache_clear()
    assert result.error is None
    assert box.encrypted
    assert any(each.startswith("AUTH") for each in box.commands)
    assert len(box.messages) == 1


def test_a_password_is_not_said_in_the_clear_to_another_machine(tmp_path, monkeypatch):
    box = Mailbox(offer=("AUTH PLAIN",))
    assert mailed(box, tmp_path, userinfo="me:canary@").error is None
    monkeypatch.setattr(mail, "_HERE", frozenset())  # any machine is another one
    result = mailed(box, tmp_path, userinfo="me:canary@")
    assert (result.error, result.give_up) == ("smtp_failed", False)
    assert len([each for each in box.commands if each.startswith("AUTH")]) == 1
    assert mailed(box, tmp_path).error is None


def test_a_server_that_cannot_prove_its_name_gets_no_mail(tmp_path):
    context, _ = certificate(tmp_path, "localhost")
    box = Mailbox(offer=("STARTTLS",), tls=context)
    assert mailed(box, tmp_path).error in {"connection_failed", "smtp_failed"}
    assert box.messages == []


def test_smtps_speaks_tls_from_the_first_byte(tmp_path, monkeypatch):
    context, path = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    wire.tls.cache_clear()
    box = Mailbox()
    result = mailed(box, tmp_path, scheme="smtps", tls=context)
    wire.tls.cache_clear()
    assert result.error is None
    assert len(box.messages) == 1


@pytest.mark.parametrize(
    ("refuse", "status", "give_up"),
    [
        ({"RCPT": "550 5.1.1 no such user"}, 550, True),
        ({"RCPT": "450 4.2.0 greylisted"}, 450, False),
        ({"RCPT": "530 5.7.0 authentication required"}, 530, False),
        ({".": "554 5.7.1 spam"}, 554, True),
        ({".": "451 4.3.0 later"}, 451, False),
        ({"MAIL": "553 5.1.8 not your address"}, 553, False),
        ({"": "554 no service"}, 554, False),
    ],
)
def test_a_refusal_of_the_recipient_or_message_is_final_and_any_other_is_tried_again(
    tmp_path, refuse, status, give_up
):
    result = mailed(Mailbox(refuse=refuse), tmp_path)
    assert (result.status, result.error, result.give_up) == (status, f"smtp_{status}", give_up)


@pytest.mark.parametrize(
    ("refuse", "only_it"),
    [
        ({"RCPT": "450 4.2.0 greylisted"}, True),
        ({"RCPT": "452 4.2.2 mailbox full"}, True),
        ({"RCPT": "421 4.3.2 shutting down"}, False),
        ({"RCPT": "530 5.7.0 authentication required"}, False),
        ({".": "451 4.3.0 later"}, False),
        ({"MAIL": "451 4.3.0 later"}, False),
    ],
)
def test_a_recipient_who_is_to_wait_says_nothing_about_the_others(tmp_path, refuse, only_it):
    result = mailed(Mailbox(refuse=refuse), tmp_path)
    assert result.error is not None
    assert (result.give_up, result.only_it) == (False, only_it)


def test_a_wrong_password_is_the_operators_to_mend_and_is_not_shown(tmp_path):
    box = Mailbox(refuse={"AUTH": "535 5.7.8 no"}, offer=("AUTH PLAIN",))
    result = mailed(box, tmp_path, userinfo="me:canary@")
    assert (result.error, result.give_up) == ("smtp_535", False)
    assert "canary" not in result.detail


def test_a_server_that_is_not_there_or_never_answers_is_tried_again(tmp_path):
    nobody = asyncio.run(mail.send(letter(), settings(tmp_path, "smtp://127.0.0.1:1")))
    assert (nobody.error, nobody.give_up) == ("connection_failed", False)

    class Silent(Mailbox):
        async def _talk(self, reader, writer):
            await reader.read()

    silent = mailed(Silent(), tmp_path, seconds_max=0.05)
    assert (silent.error, silent.give_up) == ("timeout", False)


class _Abrupt(Mailbox):
    """Says `last` to QUIT and hangs up; with None it says nothing and stays."""

    def __init__(self, last):
        super().__init__()
        self.last = last

    async def _say(self, writer, *lines):
        if not lines[0].startswith("221"):
            await super()._say(writer, *lines)
        elif self.last is None:
            await asyncio.Event().wait()
        else:
            writer.write(self.last)
            writer.close()


@pytest.mark.parametrize("last", [None, b"", b"500 what?\r\n", b"garbage\r\n"])
def test_a_message_the_server_has_taken_is_delivered_however_it_ends_the_conversation(
    tmp_path, monkeypatch, last
):
    monkeypatch.setattr(limits, "mail_farewell_seconds_max", 0.05)
    # The whole time is for the message: a farewell that is never answered is no part of it.
    box = _Abrupt(last)
    result = mailed(box, tmp_path, seconds_max=limits.mail_seconds_max)
    assert (result.status, result.error, result.detail) == (250, None, "queued as 1")
    assert len(box.messages) == 1


# --- Into files ----------------------------------------------------------------------------------


def test_without_a_server_a_message_becomes_a_file_only_its_owner_can_read(tmp_path):
    result = asyncio.run(mail.send(letter(), settings(tmp_path)))
    assert result.error is None
    path = tmp_path / "mail" / "msg_1.eml"
    assert path.stat().st_mode & 0o777 == 0o600
    read = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert (read["To"], text_of(read)) == ("ana@shop.example", "Done: 12 events.\n")


def test_a_message_sent_again_replaces_its_own_file(tmp_path):
    for _ in range(2):
        assert asyncio.run(mail.send(letter(), settings(tmp_path))).error is None
    assert [each.name for each in (tmp_path / "mail").iterdir()] == ["msg_1.eml"]


def test_a_file_that_cannot_be_written_is_tried_again_and_leaves_nothing_half_done(tmp_path):
    (tmp_path / "mail").write_text("in the way")
    result = asyncio.run(mail.send(letter(), settings(tmp_path)))
    assert (result.error, result.give_up) == ("file_failed", False)

    (tmp_path / "mail").unlink()
    (tmp_path / "mail" / "msg_1.eml" / "in the way").mkdir(parents=True)
    result = asyncio.run(mail.send(letter(), settings(tmp_path)))
    assert result.error == "file_failed"
    assert [each.name for each in (tmp_path / "mail").iterdir()] == ["msg_1.eml"]


def test_a_delivery_becomes_a_mail_of_the_same_id(tmp_path):
    send = mail.sender(StandingClock(), settings(tmp_path))
    owed = delivery(kind="mail", target="ana@shop.example", subject="Deleted", body="Done.\n")
    assert asyncio.run(send(owed)).error is None
    raw = (tmp_path / "mail" / "msg_1.eml").read_bytes()
    assert b"Message-ID: <msg_1@shop.example>" in raw
