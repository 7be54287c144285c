"""The quick way of a route: a defect met on it has an answer, as everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from guerdon.web import answers
from guerdon.web.answers import Answer
from guerdon.web.app import Application, Probes
from guerdon.web.request import Request
from guerdon.web.routing import Room, Route

SCOPE = {
    "type": "http",
    "method": "POST",
    "path": "/echo/me",
    "raw_path": b"/echo/me",
    "query_string": b"",
    "headers": [],
    "client": ("203.0.113.9", 1),
}


async def _slow(_request: Request) -> Answer:
    return answers.json_answer(200, {})


def _tell(_command: Any, done: Callable[[Any], None]) -> None:
    done("stored")


def _broken(*_: Any) -> Any:
    raise ArithmeticError


def _asked(quick: Any) -> tuple[bool, list[Answer | None]]:
    """Whether the quick way was taken, and what came of it."""

    async def ready() -> tuple[bool, dict[str, Any]]:
        return True, {}

    async def metrics() -> bytes:
        return b""

    room = Room("echo", "/echo", (Route("POST", "/{who}", _slow, quick),))
    app = Application((room,), Probes(ready, metrics, dict))
    match = app.quick_match("POST", b"/echo/me")
    assert match is not None
    told: list[Answer | None] = []
    taken = app.answer_quickly(match, SCOPE, b"{}", told.append)
    assert app.inflight == 0
    return taken, told


def test_a_defect_before_anything_is_stored_is_met_again_on_the_ordinary_way() -> None:
    assert _asked(_broken) == (False, [])


def test_a_defect_after_it_was_stored_is_answered(capsys: pytest.CaptureFixture[str]) -> None:
    taken, told = _asked(lambda _request, _body: (_tell, None, _broken))
    assert taken
    assert [answer.status for answer in told if answer] == [500]
    assert "ArithmeticError" in capsys.readouterr().out
