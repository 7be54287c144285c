"""How a server ends: asked to, interrupted, killed, or one of its processes killed.

Whatever the end, what was acknowledged is there afterwards.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
from pathlib import Path

from acceptance.installation import Installation, Server
from acceptance.load import loading

ENOUGH = 200


def _positions(installation: Installation) -> set[int]:
    return {row[0] for row in installation.rows("SELECT position FROM activity")}


def _report(server: Server, key: str) -> int:
    reply = server.call(
        "POST",
        "/reward/demo/api/user_event",
        headers={"X-API-KEY": key, "content-type": "application/json"},
        body='{"eventType": "ORDER_PLACED", "userId": "42bede01c83fa3947"}',
    )
    return reply.status


def test_sigterm_under_load_loses_nothing_that_was_acknowledged(
    installation: Installation,
) -> None:
    installation.tenant()
    key = installation.key("conscent")
    with installation.serving("--workers", "2") as server, loading(server, key) as load:
        load.wait_for(ENOUGH)
        assert server.stop(signal.SIGTERM) == 0
    assert load.statuses <= {200, 503}
    assert set(load.promised) <= _positions(installation)
    assert len(set(load.promised)) == len(load.promised)


def test_ctrl_c_reaches_the_whole_group_and_is_a_stop_like_any_other(sqlite: Installation) -> None:
    sqlite.tenant()
    key = sqlite.key("conscent")
    with sqlite.serving() as server, loading(server, key) as load:
        load.wait_for(ENOUGH)
        os.killpg(server.process.pid, signal.SIGINT)
        assert server.ended() == 0
    assert set(load.promised) <= _positions(sqlite)


def test_a_closed_terminal_is_a_stop_however_often_it_is_told(sqlite: Installation) -> None:
    sqlite.tenant()
    key = sqlite.key("conscent")
    with sqlite.serving() as server, loading(server, key) as load:
        load.wait_for(ENOUGH)
        for _ in range(3):
            os.killpg(server.process.pid, signal.SIGHUP)
        assert server.ended() == 0
    assert load.statuses <= {200, 503}
    assert set(load.promised) <= _positions(sqlite)


def test_a_stop_leaves_one_complete_file_and_no_socket(sqlite: Installation) -> None:
    sqlite.tenant()
    key = sqlite.key("conscent")
    with sqlite.serving() as server:
        assert _report(server, key) == 200
    left = {path.name for path in sqlite.data.iterdir()}
    assert left == {"guerdon.db", "guerdon.db.lock", "secret.key"}


def test_a_killed_parent_takes_its_workers_along_and_a_new_one_has_everything(
    installation: Installation,
) -> None:
    installation.tenant()
    key = installation.key("conscent")
    with installation.serving("--workers", "2") as server, loading(server, key) as load:
        load.wait_for(ENOUGH)
        workers = server.workers()
        assert len(workers) == 2
        ends = [os.pidfd_open(worker) for worker in workers]
        server.process.kill()
        for end in ends:
            _wait(end)
        assert server.ended() == -signal.SIGKILL
    with socket.create_server(("127.0.0.1", server.port)):
        """The port is free."""
    with installation.serving() as again:
        assert _report(again, key) == 200
        assert set(load.promised) <= _positions(installation)


def _wait(pidfd: int) -> None:
    """Until that process has ended."""
    ready, _, _ = select.select([pidfd], [], [], 30)
    os.close(pidfd)
    assert ready


def test_a_worker_that_dies_is_replaced(installation: Installation) -> None:
    installation.tenant()
    key = installation.key("conscent")
    with installation.serving("--workers", "1") as server:
        (worker,) = server.workers()
        os.kill(worker, signal.SIGKILL)
        # The port stays open meanwhile: the next connection waits for the next worker.
        assert _report(server, key) == 200
        assert server.workers() != [worker]
    assert "worker_died" in server.log.read_text()


def test_workers_share_the_port_and_their_counts(installation: Installation) -> None:
    installation.tenant()
    key = installation.key("conscent")
    with installation.serving("--workers", "2") as server:
        assert len(server.workers()) == 2
        for _ in range(20):
            assert _report(server, key) == 200
        counted = 'guerdon_http_answers_total{room="conscent",status="200"} 20.0'
        # Another worker's counts may be a second old.
        while counted not in server.call("GET", "/metrics").body.decode():
            pass
    assert _positions(installation) == set(range(1, 21))


def test_a_second_server_on_the_same_file_is_refused_by_name_and_pid(sqlite: Installation) -> None:
    with sqlite.serving() as server:
        second = sqlite.run("serve", "--port", "0")
        assert second.code == 1
        assert "guerdon.db" in second.err
        assert str(server.process.pid) in second.err
        assert server.call("GET", "/readyz").status == 200


def test_a_second_server_on_the_same_port_is_refused(sqlite: Installation, tmp_path: Path) -> None:
    other = Installation(tmp_path / "other")
    other.folder.mkdir()
    with sqlite.serving() as server:
        second = other.run("serve", "--port", str(server.port))
        assert second.code == 1
        assert f"127.0.0.1:{server.port}" in second.err.splitlines()[-1]


def test_a_data_folder_may_have_a_path_longer_than_a_sockets(tmp_path: Path) -> None:
    deep = Installation(tmp_path)
    deep.data = tmp_path.joinpath(*["a-rather-long-name-for-a-folder"] * 5)
    deep.environ["GUERDON_DATA_DIR"] = str(deep.data)
    deep.tenant()
    with deep.serving() as server:
        key = deep.key("conscent")
        assert _report(server, key) == 200


def test_a_worker_that_dies_again_and_again_ends_the_server_with_an_error(
    sqlite: Installation,
) -> None:
    with sqlite.serving() as server:
        while server.process.poll() is None:
            for worker in server.workers():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)
        assert server.ended() == 1
    assert "kept alive" in server.log.read_text().splitlines()[-1]
