"""The project's own files, read once, for the tests that look at habits."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "guerdon"
TEXT_SUFFIXES = {".py", ".sql", ".md", ".toml", ".txt", ".html", ".css", ".js", ".c", ".json", ""}


@dataclass(frozen=True)
class Module:
    """One Python file. `name` is its path from the root, with forward slashes."""

    name: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=self.name)

    @cached_property
    def comments(self) -> dict[int, str]:
        """Line number -> the comment on that line, without its `#`."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return {
            token.start[0]: token.string.lstrip("#").strip()
            for token in tokens
            if token.type == tokenize.COMMENT
        }

    def within(self, *folders: str) -> bool:
        """Whether the file stands in one of these, each a path from the root."""
        return any(self.name == folder or self.name.startswith(folder + "/") for folder in folders)

    def at(self, line: int, complaint: str) -> str:
        return f"{self.name}:{line}: {complaint}"


def modules(*folders: str) -> Iterator[Module]:
    """Every Python file in these folders, in order of path."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield Module(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))


def texts() -> Iterator[tuple[str, str]]:
    """(path, text) of every file the project is written in, prose included."""
    for path in sorted(_files()):
        if path.suffix in TEXT_SUFFIXES:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def _files() -> Iterator[Path]:
    for folder in ("src", "tests", "docs", ".ci", "requirements"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                yield path
    yield from (path for path in ROOT.glob("*") if path.is_file())


def dotted(node: ast.AST) -> str:
    """`a.b.c` for a chain of names and attributes; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr}" if left else ""
    return ""
