"""What the system or the disk refuses an operator is told in one line, with exit code 1."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from acceptance.installation import GUERDON, Installation

COMMANDS = (("tenant", "list"), ("verify",), ("rebuild",), ("doctor",), ("serve", "--port", "0"))
# The command, under a limit on the size of the files it writes.
_PROGRAM = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
from guerdon.cli.main import main
main()
"""
# The command, killed when it has begun to write the copy.
_KILLED = """
import os, signal
from guerdon.cli.main import main
from guerdon.store.sqlite import store
store._copy = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
main()
"""


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5_000])


def _replaced(path: Path) -> None:
    path.write_bytes(b"no database" * 10_000)


@pytest.mark.parametrize(
    ("harm", "told"), [(_cut, "malformed"), (_replaced, "file is not a database")]
)
def test_a_file_that_is_no_database(
    sqlite: Installation, harm: Callable[[Path], None], told: str
) -> None:
    sqlite.tenant()
    harm(sqlite.database)
    for words in (*COMMANDS, ("backup", "copy.db")):
        assert told in _one_line(sqlite.refused(*words)), words


def test_a_backup_into_a_folder_that_is_not_there(sqlite: Installation) -> None:
    sqlite.tenant()
    reason = sqlite.refused("backup", "nowhere/copy.db")
    assert "nowhere/copy.db: No such file or directory" in _one_line(reason)


def test_a_backup_without_room_leaves_nothing_behind(sqlite: Installation) -> None:
    sqlite.tenant()
    before = set(sqlite.folder.iterdir())
    for _ in range(2):
        done = subprocess.run(
            (sys.executable, "-c", _PROGRAM, "backup", "copy.db"),
            env={**sqlite.environ},
            cwd=sqlite.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "copy.db: there is not enough room for the copy" in _one_line(done.stderr)
        assert set(sqlite.folder.iterdir()) == before
    sqlite.told("backup", "copy.db")
    assert "exists already" in sqlite.refused("backup", "copy.db")


def test_a_backup_that_is_killed_half_way_leaves_nothing_by_its_name(sqlite: Installation) -> None:
    sqlite.tenant()
    done = subprocess.run(
        (sys.executable, "-c", _KILLED, "backup", "copy.db"),
        env={**sqlite.environ},
        cwd=sqlite.folder,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    assert not (sqlite.folder / "copy.db").exists()
    sqlite.told("backup", "copy.db")


def test_a_lock_that_cannot_be_made(sqlite: Installation) -> None:
    sqlite.tenant()
    lock = sqlite.database.with_name("guerdon.db.lock")
    lock.unlink()
    # Root may write to every folder, but nobody opens a name that goes round in circles.
    lock.symlink_to(lock)
    assert str(lock) in _one_line(sqlite.refused("tenant", "create", "shop"))


def test_an_output_that_takes_nothing(sqlite: Installation) -> None:
    sqlite.tenant()
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            (GUERDON, "tenant", "list"),
            env=sqlite.environ,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "guerdon: No space left on device\n")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("tenant", "create", "shop", "--name", b"caf\xe9"), "name is not UTF-8"),
        (("member", "create", "--tenant", "demo", "--external", b"\xff"), "external is not UTF-8"),
        (
            ("admin", "create", "--tenant", "demo", "--username", "a", "--password-stdin"),
            "the password is not UTF-8",
        ),
    ],
)
def test_what_is_typed_on_a_terminal_of_another_encoding(
    sqlite: Installation, words: tuple[str | bytes, ...], told: str
) -> None:
    sqlite.tenant()
    done = subprocess.run(
        (GUERDON, *words),
        env={**sqlite.environ},
        cwd=sqlite.folder,
        input=b"p\xe4ssword\n",
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr.decode()) == (1, f"guerdon: {told}\n")


@pytest.mark.parametrize(
    "words",
    [
        ("key", "revoke"),
        ("outcomes", "show", "--tenant", "demo"),
        ("outcomes", "replay", "--tenant", "demo"),
        ("activity", "skip", "--tenant", "demo"),
        ("member", "forget", "--tenant", "demo", "--number"),
        ("member", "status", "--tenant", "demo", "--action", "initial", "--number"),
    ],
)
def test_a_number_that_nothing_is_counted_to(sqlite: Installation, words: tuple[str, ...]) -> None:
    sqlite.tenant()
    done = sqlite.run(*words, "9" * 20)
    assert done.code == 2
    assert "less than or equal to" in done.err


def _one_line(text: str) -> str:
    assert len(text.splitlines()) == 1, text
    return text
