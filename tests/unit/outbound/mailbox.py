"""A small SMTP server that keeps what it is sent, or refuses at a chosen step."""

import email
import email.policy
from contextlib import asynccontextmanager

from unit.outbound.network import listening


class Mailbox:
    """`refuse` maps a verb to the line it is answered with; `offer` are EHLO's extensions."""

    def __init__(self, refuse=None, offer=(), tls=None):
        self.refuse = refuse or {}
        self.offer = offer
        self.tls = tls
        self.messages = []
        self.envelopes = []
        self.commands = []
        self.encrypted = False

    @asynccontextmanager
    async def open(self, **how):
        """Listen; gives the port."""
        async with listening(self._talk, **how) as port:
            yield port

    async def _talk(self, reader, writer):
        await self._say(writer, self.refuse.get("", "220 mailbox.example"))
        while line := (await reader.readline()).decode().strip():
            self.commands.append(line)
            verb = line.partition(" ")[0].upper()
            if verb in self.refuse:
                await self._say(writer, self.refuse[verb])
            elif verb == "EHLO":
                offered = (f"250-{each}" for each in ("mailbox.example", *self.offer))
                await self._say(writer, *offered, "250 HELP")
            elif verb == "STARTTLS":
                await self._say(writer, "220 go ahead")
                await writer.start_tls(self.tls)
                self.encrypted, self.offer = True, ("AUTH PLAIN",)
            elif verb == "DATA":
                await self._receive(reader, writer)
            elif verb == "QUIT":
                await self._say(writer, "221 bye")
                return
            else:
                await self._say(writer, "235 in" if verb == "AUTH" else "250 ok")

    async def _receive(self, reader, writer):
        await self._say(writer, "354 go ahead")
        raw = (await reader.readuntil(b"\r\n.\r\n"))[:-3]
        if "." in self.refuse:
            await self._say(writer, self.refuse["."])
            return
        self.envelopes.append([each for each in self.commands if each[:4] in ("MAIL", "RCPT")])
        raw = raw.replace(b"\r\n..", b"\r\n.")
        self.messages.append(email.message_from_bytes(raw, policy=email.policy.default))
        await self._say(writer, "250 queued as 1")

    async def _say(self, writer, *lines):
        writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await writer.drain()
