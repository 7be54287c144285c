"""What a thread wishes for is for itself alone, and what is not granted is no trouble."""

from __future__ import annotations

import os
import platform
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from guerdon import scheduling
from turns import can_be_told, turn_nanoseconds

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="these wishes are Linux's")


def in_a_thread(task: Callable[[], Any]) -> Any:
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(task()))
    thread.start()
    thread.join()
    return answers[0]


def standing() -> tuple[int, int]:
    """The calling thread's nice value and policy."""
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id()), os.sched_getscheduler(0)


def test_who_gives_way_does_so_alone():
    before = standing()

    def task() -> tuple[int, int]:
        scheduling.give_way()
        return standing()

    assert in_a_thread(task) == (19, os.SCHED_BATCH)
    assert standing() == before


@pytest.mark.skipif(not can_be_told, reason="the system tells nobody")
def test_short_turns_are_the_threads_own_and_all_else_stays():
    before = turn_nanoseconds()

    def task() -> tuple[tuple[int, int], tuple[int, int], int]:
        stood = standing()
        scheduling.take_short_turns()
        return stood, standing(), turn_nanoseconds()

    stood, stands, turn = in_a_thread(task)
    assert stands == stood
    assert turn == (100_000 if before else 0)  # Linux before 6.12 tells none
    assert turn_nanoseconds() == before


def test_who_goes_by_another_policy_keeps_it():
    def task() -> tuple[int, int]:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
        scheduling.take_short_turns()
        return standing()

    assert in_a_thread(task)[1] == os.SCHED_BATCH


def test_what_is_forbidden_is_left_as_it_is(monkeypatch):
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refuse)
    assert in_a_thread(scheduling.give_way) is None


@pytest.mark.parametrize("machine", ["pdp11", "x86_64"])
def test_what_the_system_does_not_know_is_left_as_it_is(monkeypatch, machine):
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(scheduling, "_SCHED_SETATTR", {"x86_64": -1})
    before = standing()
    assert in_a_thread(scheduling.take_short_turns) is None
    assert standing() == before
