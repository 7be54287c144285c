"""The shapes of ASGI 3, as far as Guerdon uses them.

Source: asgi.readthedocs.io, "HTTP & WebSocket ASGI Message Format" 2.3. Plain dictionaries,
because a hot path that copied them into objects would spend more than the work itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
