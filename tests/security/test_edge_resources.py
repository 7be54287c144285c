"""When descriptors or memory run out, requests are refused and the server lives."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import subprocess
import sys
import textwrap

from security import edge
from security.edge import request

MIB = 1_048_576

CHILD = textwrap.dedent("""
    import resource
    import sys
    from guerdon.web import answers, logs
    from guerdon.web.app import Application, Probes
    from guerdon.web.routing import Room, Route
    from guerdon.web.server import build, listen, serve

    async def ready():
        return True, {}

    async def metrics():
        return b""

    async def echo(request):
        return answers.Answer(200, answers.TEXT, b"%d" % len(await request.body()))

    def bound(name, value):
        resource.setrlimit(getattr(resource, name), (value, value))

    logs.install()
    bound(sys.argv[1], int(sys.argv[2]))
    (listener,) = listen("127.0.0.1", 0)
    room = Room("x", "/x", [Route("POST", "/echo", echo)])
    started = lambda: print(listener.getsockname()[1], flush=True)
    app = Application([room], Probes(ready, metrics, dict))
    sys.exit(serve(build(app, on_started=started), [listener]))
""")


@contextlib.contextmanager
def serving_within(name: str, value: int):
    """A server in a process of its own that may have only so much; its port and its process."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, name, str(value)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    with process:
        try:
            yield int(process.stdout.readline()), process
        finally:
            process.terminate()
            assert process.wait(edge.PATIENCE_SECONDS) == 0


def connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), edge.PATIENCE_SECONDS)
    connection.settimeout(edge.PATIENCE_SECONDS)
    return connection


def asked(port: int, data: bytes) -> list[edge.Reply]:
    with connect(port) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return edge.replies(edge.rest(connection))
        except OSError as gone:
            # Turned away: a reset shows in the next call as one of these, whichever it is.
            if not isinstance(gone, ConnectionError) and gone.errno != errno.ENOTCONN:
                raise
    return []


def test_more_clients_than_descriptors_are_turned_away_until_the_others_leave():
    with serving_within("RLIMIT_NOFILE", 64) as (port, process):
        with contextlib.ExitStack() as crowd:
            for _ in range(200):
                with contextlib.suppress(ConnectionError):
                    crowd.enter_context(connect(port))
            late = asked(port, request("/x/echo", b"hello"))
            assert {answer.status for answer in late} <= {503}
            assert process.poll() is None
        # It may take the server a few rounds to see all of them leave.
        rounds = (asked(port, request("/x/echo", b"hello")) for _ in range(1_000))
        assert any([answer.status for answer in answers] == [200] for answers in rounds)


def test_fifty_bodies_of_a_mebibyte_fit_into_half_a_gibibyte():
    with serving_within("RLIMIT_AS", 512 * MIB) as (port, _), contextlib.ExitStack() as crowd:
        data = request("/x/echo", b"x" * MIB)
        connections = [crowd.enter_context(connect(port)) for _ in range(50)]
        for connection in connections:
            connection.sendall(data[:-1])
        for connection in connections:
            connection.sendall(data[-1:])
        statuses = {edge.one_reply(connection).status for connection in connections}
        assert statuses <= {200, 413, 503}
        [answer] = asked(port, request("/x/echo", b"hello"))
        assert answer.body == b"5"
