"""A stop closes the door at once, lets those inside finish, and is no failure."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import textwrap

import pytest

from guerdon import errors
from guerdon.web.server import connections_possible, listen, stop_signals
from security import edge
from security.edge import request


def test_a_request_in_flight_finishes_and_nobody_else_comes_in():
    with edge.serving(shutdown_seconds=20) as server, server.connect() as connection:
        connection.sendall(request("/x/slow", b"hello"))
        assert server.entered.wait(edge.PATIENCE_SECONDS)
        server.server.stop()
        _wait_until_refused(server.port)
        server.leave()
        answer = edge.one_reply(connection)
        assert (answer.status, answer.body) == (200, b"done")
        server.join()
        assert server.seen == [("/x/slow", b"hello")]


def test_a_request_that_does_not_finish_in_time_learns_that_its_outcome_is_unknown():
    with edge.serving(shutdown_seconds=0.05) as server, server.connect() as connection:
        connection.sendall(request("/x/slow", b"hello"))
        assert server.entered.wait(edge.PATIENCE_SECONDS)
        server.server.stop()
        answer = edge.one_reply(connection)
        assert answer.status == 503
        server.join()


def test_idle_connections_do_not_delay_a_stop():
    with edge.serving(shutdown_seconds=60) as server, server.connect() as connection:
        connection.sendall(request("/x/echo", b"hello"))
        edge.one_reply(connection)
        server.server.stop()
        assert edge.rest(connection) == b""
        server.join()


CHILD = textwrap.dedent("""
    import sys
    from guerdon.web import logs
    from guerdon.web.app import Application, Probes
    from guerdon.web.server import build, listen, serve

    async def ready():
        return True, {}

    async def metrics():
        return b""

    async def broken():
        raise OSError("no store")

    logs.install()
    (listener,) = listen("127.0.0.1", 0)
    on_startup = [broken] if "broken" in sys.argv else []
    app = Application([], Probes(ready, metrics, dict), on_startup=on_startup)
    started = lambda: print(listener.getsockname()[1], flush=True)
    sys.exit(serve(build(app, on_started=started), [listener]))
""")


def child(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_process_with_0(number):
    with child() as process:
        port = int(process.stdout.readline())
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(request("/livez", method="GET"))
            assert edge.one_reply(connection).status == 200
            process.send_signal(number)
            assert process.wait(edge.PATIENCE_SECONDS) == 0
        assert process.stderr.read() == ""


@pytest.mark.parametrize("handler", [signal.SIG_DFL, signal.SIG_IGN])
def test_a_closed_terminal_is_a_stop_unless_it_is_ignored(handler):
    """As nohup has it ignored: that is handed down to the process it starts."""
    before = signal.signal(signal.SIGHUP, handler)
    try:
        assert (signal.SIGHUP in stop_signals()) is (handler is signal.SIG_DFL)
        assert {signal.SIGTERM, signal.SIGINT} <= set(stop_signals())
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_application_that_cannot_start_ends_the_process_with_its_reason():
    with child("broken") as process:
        assert process.wait(edge.PATIENCE_SECONDS) not in (0, None)
        assert "no store" in process.stderr.read()


def test_an_address_in_use_is_named():
    (first,) = listen("127.0.0.1", 0)
    with first:
        port = first.getsockname()[1]
        for shares in (1, 2):
            with pytest.raises(errors.Misconfigured, match=str(port)):
                listen("127.0.0.1", port, shares)


@pytest.mark.parametrize("host", ["127..0.1", "a" * 64, "nobody.invalid"])
def test_a_host_that_is_none_is_named(host):
    with pytest.raises(errors.Misconfigured, match=host):
        listen(host, 0)


def test_listeners_share_a_port_and_its_connections_among_themselves_alone():
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(each) for each in listen("127.0.0.1", 0, 2)]
        (port,) = {each.getsockname()[1] for each in listeners}
        for _ in range(64):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        taken = [0, 0]
        for place, listener in enumerate(listeners):
            with contextlib.suppress(BlockingIOError):
                while True:
                    listener.accept()[0].close()
                    taken[place] += 1
        assert sum(taken) == 64
        assert all(taken)
        for shares in (1, 2):
            with pytest.raises(errors.Misconfigured, match=str(port)):
                listen("127.0.0.1", port, shares)


def test_the_file_descriptors_bound_the_connections(monkeypatch):
    monkeypatch.setattr("resource.getrlimit", lambda _: (128, 128))
    assert connections_possible() == 64
    monkeypatch.setattr("resource.getrlimit", lambda _: (16, 16))
    assert connections_possible() == 8
    monkeypatch.setattr("resource.getrlimit", lambda _: (1_000_000, 1_000_000))
    assert connections_possible() == 4_096


def _wait_until_refused(port: int) -> None:
    """Until nobody listens any more; every attempt before that is accepted and left again."""
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), edge.PATIENCE_SECONDS).close()
        except ConnectionError:
            return
