"""The machine's clock: believed, unless it jumps while the process runs."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest

from guerdon import clock, limits
from guerdon.clock import DAY, EARLIEST, LATEST, SECOND, SystemClock

EAST, WEST = ZoneInfo("Europe/Warsaw"), ZoneInfo("America/New_York")
JUMP = limits.clock_jump_seconds_max * SECOND


class Machine:
    """A wall clock and a steady one, moved by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall, self.steady = 1_700_000_000 * SECOND, 50 * SECOND
        monkeypatch.setattr(clock, "_wall", lambda: self.wall)
        monkeypatch.setattr(clock, "_steady", lambda: self.steady)

    def passes(self, microseconds: int) -> None:
        self.wall += microseconds
        self.steady += microseconds


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(monkeypatch)


def test_the_wall_clock_is_followed_however_long_nobody_looks(machine: Machine) -> None:
    told = SystemClock()
    for microseconds in (0, 1, SECOND, 400 * DAY):
        machine.passes(microseconds)
        assert told.now() == machine.wall


@pytest.mark.parametrize("step", [SECOND, -SECOND, JUMP, -JUMP])
def test_a_step_that_sets_the_clock_right_is_believed(machine: Machine, step: int) -> None:
    said: list[str] = []
    told = SystemClock(said.append)
    for _ in range(3):
        machine.wall += step
        assert told.now() == machine.wall
    assert said == []


@pytest.mark.parametrize("jump", [JUMP + 1, -JUMP - 1, 3_650 * DAY])
def test_time_goes_on_as_it_was_until_the_clock_is_back(machine: Machine, jump: int) -> None:
    said: list[str] = []
    told = SystemClock(said.append)
    right = machine.wall
    machine.wall += jump
    for _ in range(3):
        machine.passes(DAY)
        right += DAY
        assert told.now() == right
    assert [str(jump // SECOND) in each for each in said] == [True]
    machine.wall -= jump
    assert told.now() == machine.wall == right
    assert "right again" in said[1]
    machine.passes(DAY)
    assert (told.now(), len(said)) == (machine.wall, 2)


def test_a_process_that_starts_believes_the_clock_it_finds(machine: Machine) -> None:
    machine.wall += 3_650 * DAY
    assert SystemClock().now() == machine.wall


def test_uuids_are_of_version_7_and_lie_in_the_order_of_time(machine: Machine) -> None:
    made = []
    for _ in range(300):
        machine.passes(SECOND // 1_000)
        made.append(uuid.UUID(SystemClock().uuid()))
    assert {(each.version, each.variant) for each in made} == {(7, uuid.RFC_4122)}
    assert made == sorted(made)
    assert made[-1].int >> 80 == machine.wall // 1_000
    assert len({each.int & (2**62 - 1) for each in made}) == len(made)


def test_secrets_have_their_size_and_no_two_share_a_part() -> None:
    clock = SystemClock()
    secrets = [clock.secret(size) for size in (1, 12, 16, 32, 116) for _ in range(100)]
    assert [len(each) for each in secrets] == [
        size for size in (1, 12, 16, 32, 116) for _ in range(100)
    ]
    parts = [each[at : at + 12] for each in secrets for at in range(0, len(each) - 11, 16)]
    assert len(parts) == 100 * (1 + 1 + 2 + 7)
    assert len(set(parts)) == len(parts)


def test_a_child_process_draws_its_own_random_bytes() -> None:
    clock = SystemClock()
    clock.secret(1)  # from now on there are some in store
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, clock.secret(32))
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 32) != clock.secret(32)
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize("zone", [WEST, EAST, UTC])
@pytest.mark.parametrize("moment", [EARLIEST, EARLIEST + 1, LATEST - 1, LATEST])
@pytest.mark.parametrize("days", [0, 1, -1, 36_500])
def test_the_ends_of_the_calendar_have_a_local_date(zone: tzinfo, moment: int, days: int) -> None:
    local = clock.to_local(moment, zone, days)
    assert local.tzinfo is zone
    assert clock.to_datetime(clock.from_datetime(local)) is not None


def test_a_local_date_is_the_one_that_clocks_there_show() -> None:
    noon = clock.from_datetime(datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert clock.to_local(noon, EAST) == datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert clock.to_local(noon, WEST).isoformat() == "2026-03-28T08:00:00-04:00"
    assert clock.to_local(noon, EAST, days=1).isoformat() == "2026-03-29T13:00:00+02:00"
    assert clock.to_local(EARLIEST, WEST).date() == clock.to_datetime(EARLIEST).date()
    assert clock.to_local(LATEST, EAST).date() == clock.to_datetime(LATEST).date()


def test_what_is_beyond_the_calendar_is_its_end() -> None:
    assert clock.from_datetime(datetime.min.replace(tzinfo=EAST)) == EARLIEST
    assert clock.from_datetime(datetime.max.replace(tzinfo=WEST)) == LATEST
