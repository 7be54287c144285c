"""What every command shares."""

from __future__ import annotations

from typing import Annotated

import typer
from typer.testing import CliRunner

from guerdon.cli.call import Call, command, one_line
from guerdon.errors import Locked, Refused


def ran(*words: str):
    app = typer.Typer()
    app.callback()(lambda: None)

    def _greet(
        call: Call,
        name: Annotated[str, typer.Argument()],
        times: Annotated[int, typer.Option(min=1)] = 1,
    ) -> None:
        """Greet somebody."""
        if name == "nobody":
            raise Refused("there is\nnobody", field="name")
        if name == "busy":
            raise Locked
        call.tell({"greeted": name, "times": times}, [f"hello {name}"] * times)

    command(app, "greet")(_greet)
    return CliRunner().invoke(app, ["greet", *words])


def test_facts_are_one_json_object_and_lines_are_lines() -> None:
    assert ran("Ada", "--times", "2").stdout == "hello Ada\nhello Ada\n"
    assert ran("Ada", "--json").stdout == '{"greeted": "Ada", "times": 1}\n'


def test_a_refusal_is_one_line_on_standard_error() -> None:
    done = ran("nobody")
    assert (done.exit_code, done.stdout, done.stderr) == (
        1,
        "",
        "guerdon: there is nobody (name)\n",
    )
    assert ran("busy").stderr == "guerdon: Another process holds this store.\n"


def test_wrong_usage_is_told_from_a_refusal() -> None:
    assert ran().exit_code == 2
    assert ran("Ada", "--times", "0").exit_code == 2
    assert ran("Ada", "--loud").exit_code == 2


def test_settings_are_flags_of_every_command(tmp_path) -> None:
    assert ran("Ada", "--data-dir", str(tmp_path), "--json").exit_code == 0


def test_a_line_has_no_line_ends_and_no_control_characters() -> None:
    assert one_line("a\r\nb\x1b[31mc\td") == "a b [31mc d"
