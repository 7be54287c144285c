"""SMS without a gateway: each becomes a file under `sms/` in the data folder.

A gateway of the operator's is told by a webhook (setting `members.sms_url`), which is a delivery of
the other kind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from guerdon.config import Config
from guerdon.outbound import files
from guerdon.outbound.delivery import Attempt, Delivery


def sender(config: Config) -> Callable[[Delivery], Awaitable[Attempt]]:
    """How a `Deliverer` keeps its SMS: the number on the first line, then the text."""

    async def send_sms(delivery: Delivery) -> Attempt:
        folder, name = config.data_dir / "sms", f"{delivery.message_id}.txt"
        if not delivery.target:
            return await asyncio.to_thread(files.removed, folder, name)
        content = f"To: {delivery.target}\n\n{delivery.body}\n".encode()
        return await asyncio.to_thread(files.written, folder, name, content)

    return send_sms
