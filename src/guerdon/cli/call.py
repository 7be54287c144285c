"""What all commands share: settings as flags, `--json`, and how a refusal is told.

A command is a function whose first parameter is the `Call`; `command` adds the shared flags to its
own. Whatever it raises from Guerdon's own tree, or the system refuses, becomes one line on standard
error and exit code 1; wrong usage is exit code 2.
"""

from __future__ import annotations

import errno
import inspect
import json
import os
import sys
import typing
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import typer

from guerdon import bootstrap, config
from guerdon.config import Config
from guerdon.errors import GuerdonError, Refused

_FLAGS = {
    "data_dir": "Where the SQLite file, the secret key and the socket are.",
    "database_url": "sqlite:///path or postgresql://...",
    "secret_key_file": "A file that holds the secret key.",
    "config": "The TOML file with settings.",
}
_JSON = "as_json"
Function = Callable[..., None]


class Call:
    """One run of a command: its settings and how it answers."""

    def __init__(self, flags: dict[str, object], *, as_json: bool) -> None:
        self._flags = flags
        self.as_json = as_json

    def settings(self, **flags: object) -> Config:
        """The settings in force; `flags` are the command's own.

        Errors: Misconfigured; StoreError when there is no secret key, nor a database to be read.
        """
        return config.load(
            {**self._flags, **flags}, os.environ, Path.cwd(), fresh_key=bootstrap.fresh_key
        )

    def settings_alone(self) -> Config:
        """The same for what needs no secret key: none is made, and none has to be readable.

        Errors: Misconfigured.
        """
        return config.load(self._flags, os.environ, Path.cwd(), needs_key=False)

    def tell(self, facts: dict[str, Any], lines: Iterable[str]) -> None:
        """Answer on standard output: the facts as one JSON object, or the lines."""
        if self.as_json:
            typer.echo(json.dumps(facts, ensure_ascii=False))
            return
        for line in lines:
            typer.echo(line)


def command(group: typer.Typer, name: str) -> Callable[[Function], Function]:
    """Add a function to a group of commands; its docstring is the help."""

    def register(function: Function) -> Function:
        group.command(name)(_with_flags(function))
        return function

    return register


def group(app: typer.Typer, name: str, about: str, alone: Function | None = None) -> typer.Typer:
    """A group of commands; `alone` is what the group's name does by itself.

    `alone` takes a `typer.Context` after the call and must do nothing when it says that one of the
    group's commands follows.
    """
    made = typer.Typer(help=about, no_args_is_help=alone is None)
    if alone is not None:
        made.callback(invoke_without_command=True)(_with_flags(alone))
    app.add_typer(made, name=name)
    return made


def one_line(text: str) -> str:
    """A message without line ends or control characters."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def _with_flags(function: Function) -> Function:
    """`function` with the shared flags, in the shape from which typer reads a command."""

    def run(**values: Any) -> None:
        flags = {name: values.pop(name) for name in _FLAGS}
        call = Call(flags, as_json=values.pop(_JSON))
        try:
            _require_text(values)
            function(call, **values)
        except GuerdonError as error:
            typer.echo(f"guerdon: {_reason(error)}", err=True)
            raise typer.Exit(1) from error
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # whoever read has read enough
            typer.echo(f"guerdon: {one_line(_system_reason(error))}", err=True)
            _drop_output()
            raise typer.Exit(1) from error

    hints = typing.get_type_hints(function, include_extras=True)
    own = [
        each.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[each.name])
        for each in inspect.signature(function).parameters.values()
    ][1:]
    parameters = [*own, *_shared()]
    run.__name__ = function.__name__
    run.__doc__ = function.__doc__
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


def _require_text(values: dict[str, Any]) -> None:
    """Refuse bytes that are no UTF-8, which Python lets in as lone surrogates; paths may have them.

    Errors: Refused.
    """
    for name, value in values.items():
        for each in value if isinstance(value, list) else (value,):
            try:
                if isinstance(each, str):
                    each.encode()
            except UnicodeEncodeError as wrong:
                raise Refused(f"{name} is not UTF-8") from wrong


def _shared() -> list[inspect.Parameter]:
    given = [
        (name, str | None, typer.Option(f"--{name.replace('_', '-')}", help=about), None)
        for name, about in _FLAGS.items()
    ]
    as_json = (_JSON, bool, typer.Option("--json", help="Answer with one JSON object."), False)
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            annotation=typing.Annotated[kind, option],
            default=default,
        )
        for name, kind, option, default in (*given, as_json)
    ]


def _system_reason(error: OSError) -> str:
    reason = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason


def _drop_output() -> None:
    """Have what could not be written forgotten: at the exit it would be tried, and told, again."""
    try:
        sys.stdout.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _reason(error: GuerdonError) -> str:
    text = one_line(error.message)
    if isinstance(error, Refused) and error.field and error.field not in text:
        text += f" ({error.field})"
    return text
