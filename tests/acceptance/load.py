"""Partners that report events without pause, each remembering what it was promised."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from collections.abc import Iterator

from acceptance.installation import PATIENCE_SECONDS, Server


class Load:
    """Several senders on keep-alive connections.

    `promised` holds the ids of acknowledged events, `statuses` every status that came. A sender
    ends when its connection is refused or cut.
    """

    def __init__(self, server: Server, key: str, senders: int) -> None:
        self.promised: list[int] = []
        self.statuses: set[int] = set()
        self._port = server.port
        self._key = key
        self._changed = threading.Condition()
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._send, args=(number,)) for number in range(senders)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait_for(self, promises: int) -> None:
        """Until so many events have been acknowledged."""
        with self._changed:
            done = self._changed.wait_for(
                lambda: len(self.promised) >= promises, timeout=PATIENCE_SECONDS
            )
        assert done, f"only {len(self.promised)} were acknowledged"

    def stop(self) -> None:
        self._stopping = True
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)

    def _send(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_SECONDS)
        headers = {"X-API-KEY": self._key, "content-type": "application/json"}
        body = json.dumps({"eventType": "ORDER_PLACED", "userId": f"user-{number}"})
        with (
            contextlib.closing(connection),
            contextlib.suppress(OSError, http.client.HTTPException),
        ):
            while not self._stopping:
                connection.request("POST", "/reward/demo/api/user_event", body, headers)
                answer = connection.getresponse()
                text = answer.read()
                with self._changed:
                    self.statuses.add(answer.status)
                    if answer.status == 200:
                        self.promised.append(int(json.loads(text)["eventId"]))
                    self._changed.notify_all()


@contextlib.contextmanager
def loading(server: Server, key: str, *, senders: int = 8) -> Iterator[Load]:
    """Load on the server meanwhile."""
    load = Load(server, key, senders)
    load.start()
    try:
        yield load
    finally:
        load.stop()
