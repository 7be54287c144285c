"""What the documents say exists, exists; what an operator can set or call is in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from guerdon import config
from guerdon.cli.main import app
from guerdon.engine import settings
from tidy import source

OPERATING = (source.ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
README = (source.ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted(source.ROOT.glob("*.md")) + sorted((source.ROOT / "docs").rglob("*.md"))


def broken_links(path: Path, text: str) -> Iterator[str]:
    """Relative links whose file, or whose heading in it, is not there."""
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, heading = target.partition("#")
        linked = (path.parent / name).resolve() if name else path
        if not linked.exists():
            yield f"{path.name}: {target}"
        elif heading and heading not in headings(linked.read_text(encoding="utf-8")):
            yield f"{path.name}: no heading {target}"


def headings(text: str) -> set[str]:
    """The anchors of a document's headings, as the usual renderers make them."""
    found = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in found}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    assert not list(broken_links(path, path.read_text(encoding="utf-8")))


def test_a_broken_link_is_caught() -> None:
    here = source.ROOT / "README.md"
    assert list(broken_links(here, "[x](docs/nowhere.md)"))
    assert list(broken_links(here, "[x](docs/operating.md#nowhere)"))
    assert not list(broken_links(here, "[x](docs/operating.md#settings) [y](https://example.com)"))


def test_every_installation_setting_is_documented() -> None:
    missing = [name for name in config.NAMES if f"`GUERDON_{name.upper()}`" not in OPERATING]
    assert not missing


def test_every_command_is_documented() -> None:
    missing = [
        words for words in _commands(get_command(app()), "guerdon") if words not in OPERATING
    ]
    assert not missing


def _commands(command: Any, words: str) -> Iterator[str]:
    below = getattr(command, "commands", {})
    if not below:
        yield words
    for name, each in below.items():
        yield from _commands(each, f"{words} {name}")


def test_no_documented_variable_is_unknown() -> None:
    known = {f"GUERDON_{name.upper()}" for name in config.NAMES}
    known |= {f"GUERDON_{name.upper()}_FILE" for name in config.SECRETS} | {"GUERDON_CONFIG"}
    everything = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    assert set(re.findall(r"\bGUERDON_[A-Z_]*[A-Z]\b", everything)) <= known


def test_every_tenant_setting_is_documented_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `([a-z_.]+)` \| ([^|]+) \|", OPERATING, re.MULTILINE))
    assert set(rows) == set(settings.SETTINGS)
    (shown_below,) = re.findall(r"^```json\n(.*?)^```$", OPERATING, re.MULTILINE | re.DOTALL)
    for name, setting in settings.SETTINGS.items():
        if rows[name].strip() == "below":
            assert json.loads(shown_below) == setting.default
        elif setting.default != "":
            shown = rows[name].strip().strip("`")
            assert shown == _as_written(setting.default), name


def test_every_tenant_setting_is_asked_for_somewhere() -> None:
    texts = [
        path.read_text(encoding="utf-8")
        for path in (source.ROOT / "src").rglob("*.py")
        if path.name != "settings.py"
    ]
    idle = [name for name in settings.SETTINGS if not any(f'"{name}"' in text for text in texts)]
    # This one is only shown to clients.
    assert idle == [settings.SHOWN]


def _as_written(default: object) -> str:
    return default if isinstance(default, str) else json.dumps(default)


def test_the_readme_names_only_folders_that_exist() -> None:
    promises = re.findall(r"^\| \d+ \|.*\| ([^|]+) \|$", README, re.MULTILINE)
    folders = {name for cell in promises for name in re.findall(r"`(\w+)`", cell)}
    tests = source.ROOT / "tests"
    empty = [name for name in folders if not any((tests / name).rglob("test_*.py"))]
    assert len(promises) == 13
    assert not empty


def test_the_readme_names_the_kinds_of_key_that_open_a_room() -> None:
    (kinds,) = re.findall(r"--dialect ([a-z|]+)", README)
    rooms = {path.parent.name for path in (source.ROOT / "src").rglob("dialects/*/__init__.py")}
    assert set(kinds.split("|")) == rooms
