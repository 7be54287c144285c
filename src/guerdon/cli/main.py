"""The command `guerdon`."""

from __future__ import annotations

import os

import typer

from guerdon.cli import activities, doctor, maintenance, members, outcomes, serving, tenants
from guerdon.web import logs


def app() -> typer.Typer:
    """All commands."""
    commands = typer.Typer(
        name="guerdon",
        help="Run and operate Guerdon.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    # A callback keeps `serve` a command of its own, however many there are.
    commands.callback()(_nothing)
    for group in (serving, tenants, members, activities, outcomes, maintenance, doctor):
        group.add_to(commands)
    return commands


def main() -> None:
    """Run the command line."""
    # What the commands write holds personal data: for its owner alone.
    os.umask(0o077)
    logs.install()
    app()()


def _nothing() -> None:
    """Run and operate Guerdon."""
