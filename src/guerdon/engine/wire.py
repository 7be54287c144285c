"""How commands and answers cross the committer's socket: length-prefixed MessagePack frames.

A request frame is (id, command), an answer frame (id, answer or None, error or None). Lengths are
four bytes, big-endian. An error travels as its class's name and its fields.
"""

from __future__ import annotations

from typing import Any, Union

import msgspec

from guerdon import errors, limits
from guerdon.engine.commands import Command
from guerdon.engine.handlers import HANDLERS

_LENGTH_BYTES = 4
_encode = msgspec.msgpack.Encoder().encode
_commands: Any = Union[tuple(HANDLERS)]  # noqa: UP007 - known at run time only
_request = msgspec.msgpack.Decoder(tuple[int, _commands]).decode
_answer = msgspec.msgpack.Decoder(tuple[int, msgspec.Raw, tuple[str, dict[str, Any]] | None]).decode
_decoders: dict[Any, msgspec.msgpack.Decoder[Any]] = {}
_ERRORS = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.GuerdonError)
}


def request_frame(request_id: int, command: Command) -> bytes:
    """A command on its way to the committer."""
    return _frame(_encode((request_id, command)))


def answer_frame(request_id: int, outcome: Any) -> bytes:
    """An outcome on its way back."""
    if isinstance(outcome, errors.GuerdonError):
        fields = {name: value for name, value in outcome.__dict__.items() if name != "args"}
        return _frame(_encode((request_id, None, (type(outcome).__name__, fields))))
    return _frame(_encode((request_id, outcome, None)))


def read_request(frame: bytes) -> tuple[int, Command]:
    """A request frame's content."""
    return _request(frame)


def read_answer(frame: bytes) -> tuple[int, msgspec.Raw, errors.GuerdonError | None]:
    """An answer frame's content; the answer itself is read by `decode`."""
    request_id, raw, error = _answer(frame)
    return request_id, raw, None if error is None else _error(*error)


def decode(kind: Any, raw: msgspec.Raw) -> Any:
    """An answer of the type its command names."""
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.msgpack.Decoder(kind)
    return decoder.decode(raw)


class Frames:
    """Cuts a stream of bytes into frames.

    Errors: StoreError when a frame is longer than `limits.frame_bytes_max`.
    """

    def __init__(self) -> None:
        self._left = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that are whole now."""
        if self._left:
            data = self._left + data
        whole: list[bytes] = []
        start, size = 0, len(data)
        while size - start >= _LENGTH_BYTES:
            begin = start + _LENGTH_BYTES
            end = begin + int.from_bytes(data[start:begin], "big")
            if end - begin > limits.frame_bytes_max:
                raise errors.StoreError("a frame is too long")
            if end > size:
                break
            whole.append(data[begin:end])
            start = end
        self._left = data[start:]
        return whole


def _frame(content: bytes) -> bytes:
    return len(content).to_bytes(_LENGTH_BYTES, "big") + content


def _error(name: str, fields: dict[str, Any]) -> errors.GuerdonError:
    kind = _ERRORS.get(name, errors.StoreError)
    error = kind.__new__(kind)
    Exception.__init__(error, fields.get("message"))
    error.__dict__.update(fields)
    return error
