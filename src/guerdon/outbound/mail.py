"""Mail: one plain-text message to one address, by SMTP or into a file.

Without a mail server each message becomes a file under `mail/` in the data folder, so that nothing
is lost before one is set up. A message is named after its delivery: sent again it has the same
Message-ID, and as a file it replaces itself.

Nothing a partner wrote can become a header: addresses follow a strict grammar, and the subject
must be one printable line.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import SplitResult, unquote, urlsplit

import aiosmtplib
import msgspec

from guerdon import limits
from guerdon.clock import Clock, to_datetime
from guerdon.config import Config
from guerdon.errors import Refused
from guerdon.outbound import files, wire
from guerdon.outbound.delivery import Attempt, Delivery

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)"
_ADDRESS = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@{_LABEL}(?:\.{_LABEL})+", re.ASCII)
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
# Without 8-bit bodies, which a server need not take.
_POLICY = SMTP.clone(cte_type="7bit")
_FOLDER = "mail"
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
_PERMANENT = 500
_AUTHENTICATION_REQUIRED = 530
_CLOSING = 421


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """One message. `message_id` is what makes a resend recognisable; `moment` in microseconds."""

    message_id: str
    to: str
    subject: str
    text: str
    moment: int


def is_address(text: str) -> bool:
    """Whether `text` is exactly one plain e-mail address, such as WoowUp's `notify_to`.

    Refused are spaces, line ends, commas, display names, quoted local parts, address literals,
    names without a dot and anything outside ASCII (write a domain's xn-- form).

    Source: the dot-atom form of RFC 5321 4.1.2, without its quoted and literal forms.
    """
    match = _ADDRESS.fullmatch(text)
    return (
        match is not None
        and len(text) <= limits.mail_address_chars_max
        and len(match["local"]) <= limits.mail_local_part_chars_max
    )


async def send(
    mail: Mail, config: Config, *, seconds_max: float = limits.mail_seconds_max
) -> Attempt:
    """Hand the message to the mail server, or write its file. No failure is raised.

    Errors, as `Attempt.error`: `mail_invalid` - it was not sent and never will be; `smtp_<status>`
    - the server refused; `smtp_failed`, `timeout`, `connection_failed`, `file_failed`.
    """
    try:
        message = message_of(mail, config.mail_from)
    except Refused as refusal:
        return Attempt(error=refusal.code, detail=refusal.message, give_up=True)
    if config.smtp_url is None:
        name = _file_name(mail.message_id)
        return await asyncio.to_thread(
            files.written, config.data_dir / _FOLDER, name, message.as_bytes()
        )
    try:
        return await _handed_over(message, mail.to, config, seconds_max)
    except (aiosmtplib.SMTPException, OSError) as error:
        return _failed(error)


def message_of(mail: Mail, mail_from: str) -> EmailMessage:
    """The message as it travels.

    Errors: Refused `mail_invalid` - a bad address, a subject of more than one line, a bad id.
    """
    if not is_address(mail.to):
        raise _invalid("not one e-mail address", "to")
    if not mail.subject.isprintable() or len(mail.subject) > limits.mail_subject_chars_max:
        raise _invalid("not one printable line", "subject")
    if not _MESSAGE_ID.fullmatch(mail.message_id):
        raise _invalid("not an id", "message_id")
    message = EmailMessage(policy=_POLICY)
    message["From"] = mail_from
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(to_datetime(mail.moment))
    message["Message-ID"] = f"<{mail.message_id}@{mail_from.rpartition('@')[2]}>"
    # RFC 3834: so that out-of-office replies do not answer it.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    return message


def sender(clock: Clock, config: Config) -> Callable[[Delivery], Awaitable[Attempt]]:
    """How a `Deliverer` sends its mail."""

    async def send_mail(delivery: Delivery) -> Attempt:
        if not delivery.target:
            name = _file_name(delivery.message_id)
            return await asyncio.to_thread(files.removed, config.data_dir / _FOLDER, name)
        mail = Mail(
            message_id=delivery.message_id,
            to=delivery.target,
            subject=delivery.subject,
            text=delivery.body,
            moment=clock.now(),
        )
        return await send(mail, config)

    return send_mail


def _file_name(message_id: str) -> str:
    return f"{message_id}.eml"


async def _handed_over(
    message: EmailMessage, to: str, config: Config, seconds_max: float
) -> Attempt:
    """One message in one conversation, which ends when the server has taken it.

    What comes after that decides nothing: whether the farewell is refused, cut off or never
    answered, the message is theirs, and sending it again would be a duplicate.
    """
    client = _client(config)
    try:
        async with asyncio.timeout(seconds_max):
            await client.connect()
            response = await client.send_message(message, sender=config.mail_from, recipients=[to])
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await client.quit(timeout=limits.mail_farewell_seconds_max)
    finally:
        client.close()
    return Attempt(status=int(aiosmtplib.SMTPStatus.completed), detail=files.brief(response[1]))


def _client(config: Config) -> aiosmtplib.SMTP:
    """TLS from the start with smtps://; with smtp:// by STARTTLS where it is offered.

    A password is only said inside TLS, or to this machine: whoever is in between could take the
    offer away. Source: RFC 8314 4.1.
    """
    server = urlsplit(config.smtp_url or "")
    return aiosmtplib.SMTP(
        hostname=server.hostname,
        port=server.port,
        username=unquote(server.username) if server.username else None,
        password=unquote(server.password) if server.password else None,
        use_tls=server.scheme == "smtps",
        start_tls=True if _must_be_secret(server) else None,
        tls_context=wire.tls(),
        # The default asks the machine's resolver for its own name, and waits.
        local_hostname=config.mail_from.rpartition("@")[2],
        timeout=limits.mail_seconds_max,
    )


def _must_be_secret(server: SplitResult) -> bool:
    return server.scheme == "smtp" and bool(server.password) and server.hostname not in _HERE


def _failed(error: aiosmtplib.SMTPException | OSError) -> Attempt:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        error = error.recipients[0]
    detail = files.brief(str(error))
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return Attempt(
            status=error.code,
            error=f"smtp_{error.code}",
            detail=detail,
            give_up=_final(error),
            only_it=_is_recipients(error),
        )
    if isinstance(error, TimeoutError):
        return Attempt(error="timeout", detail=detail)
    code = "connection_failed" if isinstance(error, OSError) else "smtp_failed"
    return Attempt(error=code, detail=detail)


def _final(error: aiosmtplib.SMTPResponseException) -> bool:
    """Whether the refusal is about this message or recipient.

    One about us (greeting, credentials, sender) is the operator's to mend, and the mail is still
    wanted.
    """
    about_it = isinstance(error, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError)
    return about_it and error.code >= _PERMANENT and error.code != _AUTHENTICATION_REQUIRED


def _is_recipients(error: aiosmtplib.SMTPResponseException) -> bool:
    """Whether only this recipient is refused: a full mailbox, or a server that lets us wait.

    Others' mail goes meanwhile.
    """
    about_us = error.code in {_CLOSING, _AUTHENTICATION_REQUIRED}
    return isinstance(error, aiosmtplib.SMTPRecipientRefused) and not about_us


def _invalid(reason: str, field: str) -> Refused:
    return Refused(f"the mail's {field} is {reason}", code="mail_invalid", field=field)
