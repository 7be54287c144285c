"""The committer's socket: for its owner alone, at any depth, and never another's."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from guerdon import limits
from guerdon.engine import sockets
from guerdon.errors import Locked, Misconfigured


def _talk(path: Path, listener: socket.socket) -> bytes:
    with sockets.connect(path) as client:
        listener.setblocking(True)
        server, _ = listener.accept()
        with server:
            server.sendall(b"hello")
            client.setblocking(True)
            return client.recv(5)


@pytest.mark.parametrize("depth", [0, 6])
def test_a_socket_is_reached_at_any_depth(tmp_path: Path, depth: int) -> None:
    path = tmp_path.joinpath(*["a-folder-with-a-long-name"] * depth, "guerdon.sock")
    with sockets.bind(path) as listener:
        assert (len(str(path)) > limits.socket_path_bytes_max) == (depth > 0)
        assert stat.S_IMODE(path.stat().st_mode) == stat.S_IRUSR | stat.S_IWUSR
        assert _talk(path, listener) == b"hello"


def test_what_a_killed_process_left_behind_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "guerdon.sock"
    sockets.bind(path).close()
    assert path.exists()
    assert not sockets.is_served(path)
    with sockets.bind(path) as listener:
        assert _talk(path, listener) == b"hello"


def test_whether_somebody_listens_can_be_asked(tmp_path: Path) -> None:
    path = tmp_path / "guerdon.sock"
    with sockets.bind(path):
        assert sockets.is_served(path)
    assert not sockets.is_served(path)


def test_a_socket_that_is_served_is_not_taken_away(tmp_path: Path) -> None:
    path = tmp_path / "guerdon.sock"
    with sockets.bind(path) as listener:
        with pytest.raises(Locked):
            sockets.bind(path)
        listener.setblocking(True)
        listener.accept()[0].close()
        assert _talk(path, listener) == b"hello"


def test_nobody_listens_where_there_is_no_file(tmp_path: Path) -> None:
    assert not sockets.is_served(tmp_path / "guerdon.sock")
    with pytest.raises(FileNotFoundError):
        sockets.connect(tmp_path / "guerdon.sock")


def test_a_folder_that_everybody_can_write_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(Misconfigured):
        sockets.bind(tmp_path / "guerdon.sock")
    tmp_path.chmod(0o1777)
    sockets.bind(tmp_path / "guerdon.sock").close()
