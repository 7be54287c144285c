"""The habits of the house, read from the code itself.

Each habit is a function from a module to its complaints; `HABITS` says where it holds. A habit that
cannot bite proves nothing, so each comes with a sample that must be caught.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Callable, Iterator

import pytest

from tidy import source
from tidy.source import Module, dotted

FUNCTION_LINES_MAX = 70
MODULE_LINES_MAX = 500
CLOCK = "src/guerdon/clock.py"
LIMITS = "src/guerdon/limits.py"

Habit = Callable[[Module], Iterator[str]]


def functions_stay_short(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield module.at(node.lineno, f"{node.name} has {lines} lines")


def modules_stay_short(module: Module) -> Iterator[str]:
    lines = module.text.count("\n")
    if lines > MODULE_LINES_MAX:
        yield module.at(1, f"the module has {lines} lines; is it still one noun?")


def modules_say_what_they_are(module: Module) -> Iterator[str]:
    if module.text.strip() and not ast.get_docstring(module.tree):
        yield module.at(1, "no module docstring")


TIME_AND_CHANCE = {
    "date.today",
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "os.urandom",
    "time.gmtime",
    "time.localtime",
    "time.monotonic",
    "time.monotonic_ns",
    "time.perf_counter",
    "time.time",
    "time.time_ns",
    "uuid.uuid1",
    "uuid.uuid4",
    "uuid.uuid7",
}
CHANCE_MODULES = {"random", "secrets"}


def time_and_chance_come_from_the_clock(module: Module) -> Iterator[str]:
    if module.name == CLOCK:
        return
    for node in ast.walk(module.tree):
        for name in _names_used(node):
            if name in TIME_AND_CHANCE or name.split(".")[0] in CHANCE_MODULES:
                yield module.at(getattr(node, "lineno", 1), f"{name} instead of the clock")


def _names_used(node: ast.AST) -> list[str]:
    """`module.name` for each thing a node takes from a module; the module alone when imported."""
    if isinstance(node, ast.Attribute):
        return [".".join(dotted(node).split(".")[-2:])]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return []


def only_the_command_line_prints(module: Module) -> Iterator[str]:
    if module.within("src/guerdon/cli"):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and dotted(node.func) == "print":
            yield module.at(node.lineno, "print outside the command line")


def no_check_can_be_optimised_away(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Assert):
            yield module.at(node.lineno, "`assert` vanishes under -O")


def the_domain_counts_in_integers(module: Module) -> Iterator[str]:
    if not module.within("src/guerdon/domain"):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Name) and node.id == "float":
            yield module.at(node.lineno, "float in the domain")
        elif isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield module.at(node.lineno, f"the float {node.value} in the domain")
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Div):
            yield module.at(node.lineno, "`/` makes a float in the domain")


def broad_excepts_say_why(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = [dotted(part) for part in _caught(node)]
        is_broad = bool({"Exception", "BaseException"} & set(caught))
        if not caught:
            yield module.at(node.lineno, "a bare except")
        elif is_broad and not _hands_on(node) and not _reason(module, node):
            yield module.at(node.lineno, "a broad except without its reason in a comment")
        elif _only_passes(node) and not _reason(module, node):
            yield module.at(node.lineno, "an exception swallowed without a reason")


def _caught(handler: ast.ExceptHandler) -> list[ast.expr]:
    if handler.type is None:
        return []
    return handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]


def _hands_on(handler: ast.ExceptHandler) -> bool:
    """Whether it tidies up and raises what it caught: nothing is decided, nothing is lost."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _only_passes(handler: ast.ExceptHandler) -> bool:
    return all(isinstance(statement, ast.Pass) for statement in handler.body)


# What a linter is told without telling the reader why.
BARE_WAIVER = re.compile(r"^(?:noqa|type: ?ignore)[\w:, \[\]-]*?(?: - |$)")


def _reason(module: Module, handler: ast.ExceptHandler) -> bool:
    """Whether a comment stands above the handler, on it, or before its first statement ends."""
    last = handler.body[0].end_lineno or handler.body[0].lineno
    nearby = (module.comments.get(line, "") for line in range(handler.lineno - 1, last + 1))
    return any(BARE_WAIVER.sub("", comment) for comment in nearby)


def errors_come_from_the_tree(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Raise) or node.exc is None:
            continue
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        kind = getattr(builtins, dotted(raised), None)
        if isinstance(kind, type) and issubclass(kind, Exception):
            yield module.at(node.lineno, f"raises {dotted(raised)} instead of one of our errors")


def nothing_is_left_for_later(module: Module) -> Iterator[str]:
    for line, comment in module.comments.items():
        if re.search("TO" + r"DO\b|FIX" + r"ME\b|X" + r"XX\b", comment):
            yield module.at(line, "left for later")


HABITS: dict[Habit, tuple[str, ...]] = {
    functions_stay_short: ("src", "tests"),
    modules_stay_short: ("src", "tests"),
    nothing_is_left_for_later: ("src", "tests"),
    broad_excepts_say_why: ("src", "tests"),
    modules_say_what_they_are: ("src",),
    time_and_chance_come_from_the_clock: ("src",),
    only_the_command_line_prints: ("src",),
    no_check_can_be_optimised_away: ("src",),
    the_domain_counts_in_integers: ("src",),
    errors_come_from_the_tree: ("src",),
}

SAMPLES: list[tuple[Habit, str]] = [
    (functions_stay_short, "def long():\n" + "    x = 1\n" * FUNCTION_LINES_MAX),
    (functions_stay_short, "async def long():\n" + "    x = 1\n" * FUNCTION_LINES_MAX),
    (modules_stay_short, "x = 1\n" * (MODULE_LINES_MAX + 1)),
    (modules_say_what_they_are, "x = 1\n"),
    (time_and_chance_come_from_the_clock, "import time\nx = time.time()\n"),
    (time_and_chance_come_from_the_clock, "import datetime\nx = datetime.datetime.now(None)\n"),
    (time_and_chance_come_from_the_clock, "from uuid import uuid4\n"),
    (time_and_chance_come_from_the_clock, "import uuid\nfield(default_factory=uuid.uuid4)\n"),
    (time_and_chance_come_from_the_clock, "import random\n"),
    (time_and_chance_come_from_the_clock, "from secrets import token_bytes\n"),
    (only_the_command_line_prints, "print('x')\n"),
    (no_check_can_be_optimised_away, "assert x\n"),
    (the_domain_counts_in_integers, "def f(x: float): ...\n"),
    (the_domain_counts_in_integers, "x = 0.5\n"),
    (the_domain_counts_in_integers, "x = a / b\n"),
    (broad_excepts_say_why, "try:\n    f()\nexcept:\n    g()  # because\n"),
    (broad_excepts_say_why, "try:\n    f()\nexcept Exception:\n    g()\n"),
    (broad_excepts_say_why, "try:\n    f()\nexcept (OSError, Exception):  # noqa: X\n    g()\n"),
    (broad_excepts_say_why, "try:\n    f()\nexcept OSError:\n    pass\n"),
    (errors_come_from_the_tree, "raise ValueError('x')\n"),
    (errors_come_from_the_tree, "raise NotImplementedError\n"),
    (nothing_is_left_for_later, "x = 1  # TO" + "DO: later\n"),
]


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.__name__)
def test_every_module_keeps_the_habit(habit: Habit) -> None:
    complaints = [text for module in source.modules(*HABITS[habit]) for text in habit(module)]
    assert not complaints, "\n".join(complaints)


@pytest.mark.parametrize(("habit", "text"), SAMPLES)
def test_the_habit_would_be_missed(habit: Habit, text: str) -> None:
    assert list(habit(Module("src/guerdon/domain/sample.py", text)))


def test_every_habit_has_a_sample_that_breaks_it() -> None:
    assert {habit for habit, _ in SAMPLES} == set(HABITS)


def test_tidying_up_and_raising_again_needs_no_reason() -> None:
    text = "try:\n    f()\nexcept BaseException:\n    g()\n    raise\n"
    assert not list(broad_excepts_say_why(Module("src/guerdon/web/sample.py", text)))


@pytest.mark.parametrize(
    "comment", ["the last resort: answer 500", "noqa: BLE001 - the last resort"]
)
def test_a_reason_satisfies_the_broad_except(comment: str) -> None:
    text = f"try:\n    f()\nexcept Exception:  # {comment}\n    g()\n"
    assert not list(broad_excepts_say_why(Module("src/guerdon/web/sample.py", text)))


def unused_limits(limits: Module, others: list[Module]) -> set[str]:
    """The bounds that nothing applies."""
    defined = {
        target.id
        for node in limits.tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    used = {
        node.id
        for node in ast.walk(limits.tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    for module in others:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Attribute) and dotted(node.value).endswith("limits"):
                used.add(node.attr)
            elif isinstance(node, ast.ImportFrom) and node.module == "guerdon.limits":
                used.update(alias.name for alias in node.names)
    return defined - used


def test_every_limit_is_applied_somewhere() -> None:
    everything = {module.name: module for module in source.modules("src")}
    limits = everything.pop(LIMITS)
    assert not unused_limits(limits, list(everything.values()))


def test_a_limit_nobody_applies_is_found() -> None:
    limits = Module(LIMITS, "a_max = 1\nb_max = 2\nc_max = a_max\nd_max = 3\n")
    user = Module("src/guerdon/web/sample.py", "from guerdon import limits\nx = limits.b_max\n")
    assert unused_limits(limits, [user]) == {"c_max", "d_max"}


MACHINE = re.compile(
    r"(?<![\w./-])/(?:"
    + "|".join(("home", "ro" + "ot", "wo" + "rk", "o" + "pt", "Users"))
    + r")/\w"
)
INDEX = re.compile("|".join((r"pypi\." + "org", "python" + "hosted", r"registry\." + "npmjs")))


@pytest.mark.parametrize("pattern", [MACHINE, INDEX], ids=["machine", "index"])
def test_no_file_names_a_machine_or_a_package_index(pattern: re.Pattern[str]) -> None:
    found = [
        f"{path}: {match.group()}"
        for path, text in source.texts()
        for match in pattern.finditer(text)
    ]
    assert not found, "\n".join(found)


def test_paths_of_a_machine_are_recognised() -> None:
    assert MACHINE.search("see /ho" + "me/me/data")
    assert not MACHINE.search("https://example.com/home/page and a/work/b")
    assert INDEX.search("https://pypi." + "org/simple")


VAGUE = re.compile(r"(?:^|_)(?:utils?|helpers?|common|misc|stuff|manager)(?:_|\.|$)")


def test_nothing_is_named_vaguely() -> None:
    found = [
        name
        for name, _ in source.texts()
        if any(VAGUE.search(part) for part in name.split("/")) and name.startswith(("src", "tests"))
    ]
    assert not found
    assert VAGUE.search("string_utils.py")
    assert not VAGUE.search("commonly.py")
