"""`guerdon serve` and `guerdon demo`."""

from __future__ import annotations

import threading
from http.client import HTTPException
from typing import Annotated

import msgspec
import typer

from guerdon.cli import demo, samples, session
from guerdon.cli.call import Call, command
from guerdon.cli.demo import Demo
from guerdon.cli.serve import prepare, serve
from guerdon.engine.engine import Engine
from guerdon.errors import Defect

Host = Annotated[str | None, typer.Option(help="Where to listen.")]
Port = Annotated[int | None, typer.Option(help="0 takes a free port.")]
Workers = Annotated[int | None, typer.Option(help="HTTP worker processes.")]
Unsafe = Annotated[
    bool, typer.Option("--allow-unsafe-storage", help="Start although events may be lost.")
]


def add_to(app: typer.Typer) -> None:
    """Add these commands."""
    command(app, "serve")(_serve)
    command(app, "demo")(_demo)


def _serve(
    call: Call,
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
    *,
    allow_unsafe_storage: Unsafe = False,
) -> None:
    """Serve all wire formats until SIGTERM, SIGINT or, unless it is ignored, SIGHUP."""
    config = call.settings(
        host=host,
        port=port,
        workers=workers,
        allow_unsafe_storage=allow_unsafe_storage or None,
    )
    serve(config, lambda url: call.tell({"url": url}, [f"Guerdon serves on {url}"]))


def _demo(
    call: Call,
    host: Host = None,
    port: Port = None,
    workers: Workers = None,
    *,
    allow_unsafe_storage: Unsafe = False,
) -> None:
    """Make a tenant with sample data, print its credentials, and serve."""
    config = call.settings(
        host=host,
        port=port,
        workers=workers,
        allow_unsafe_storage=allow_unsafe_storage or None,
    )
    path = config.data_dir / "demo.json"

    async def work(front: Engine) -> tuple[Demo, bool]:
        kept = demo.read(path)
        made = await demo.prepared(front, kept, f"http://{config.host}:{config.port}")
        return made, await demo.is_untouched(front)

    prepare(config)
    prepared, is_untouched = session.run(config, work)
    demo.write(path, prepared)

    def announce(url: str) -> None:
        served = msgspec.structs.replace(prepared, url=url)
        demo.write(path, served)
        threading.Thread(
            target=_show, args=(call, served, str(path), is_untouched), daemon=True
        ).start()

    serve(config, announce)


def _show(call: Call, served: Demo, path: str, is_untouched: bool) -> None:  # noqa: FBT001
    """Send the samples if nobody has yet, and tell the operator what there is to try."""
    if is_untouched:
        try:
            count = samples.send(served)
        except (Defect, OSError, HTTPException) as error:
            typer.echo(f"guerdon: sample activity was not sent: {error}", err=True)
        else:
            typer.echo(f"guerdon: {count} sample requests sent", err=True)
    requests = (samples.conscent, samples.meditopia, samples.woowup, samples.openloyalty)
    shown = samples.curl(served, samples.member(served))
    facts = {**msgspec.to_builtins(served), "file": path}
    lines = [
        f"Guerdon serves on {served.url}",
        "",
        f"tenant           {served.tenant}",
        *(f"{f'{dialect} key':<17}{secret}" for dialect, secret in served.keys.items()),
        f"administrator    {served.admin.username} / {served.admin.password}",
        f"member           {served.meditopia.partner_user_id}, token {served.meditopia.token}",
        f"                 all of it is in {path}",
        "",
        "Try it:",
        *(f"  {samples.curl(served, make(served))}" for make in requests),
        "",
        "What the member has of it, points, level and rewards:",
        f"  {shown}",
        "",
        "Ctrl-C stops it.",
    ]
    call.tell(facts, lines)
