"""Tests wait for the thing, however busy the machine: none looks but once, none gives up early."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
AT_ONCE = re.compile(r"assert (not )?await .*\.(count|is_\w+|inner_text|text|get_attribute|input_value)\(")
WAITS = {"wait", "wait_for", "result", "join", "timeout"}
"""Methods whose last argument may be a limit in seconds."""
WAITS_OF_TESTS = {"until", "until_so", "closed"}
"""The same of the tests' own, methods or functions."""
LIMITS = {"timeout", "timeout_s", "within_s", "give_up_s", "deadline_s"}
OF_CLOCKS = {"test_clock.py"}
"""Files whose waits are of a clock that the test moves."""


def test_no_browser_test_looks_but_once() -> None:
    """An element's state is required by `expect`, or by `Seen.says`: a page changes when it will."""
    once = [
        f"{path.name}:{number}: {line.strip()}"
        for path in sorted((TESTS / "browser").glob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if AT_ONCE.search(line)
    ]
    assert not once, "\n".join(once)


def test_no_test_gives_up_sooner_than_another() -> None:
    """A wait for a process, a socket or a task ends by `GIVE_UP_S`; a moment is waited on purpose."""
    early = [
        f"{path.relative_to(TESTS)}:{line}: {what}"
        for path in sorted(TESTS.rglob("*.py"))
        if path.name not in OF_CLOCKS
        for line, what in early_ends(path.read_text())
    ]
    assert not early, "\n".join(early)


@pytest.mark.parametrize(
    "code",
    [
        "process.wait(20)",
        "await asyncio.wait_for(task, 4)",
        "with asyncio.timeout(5.0): pass",
        "urlopen(request, timeout=10)",
        "DEADLINE_S = 8.0",
        "def closed(self, within_s: float = 10): pass",
        "until(lambda: rows(), 'a row', 5)",
        "await shadow.until(lambda: shadow.reported, 10)",
        "await client.closed(2.5)",
    ],
)
def test_an_early_end_is_seen(code: str) -> None:
    """As a number of seconds in a call, a constant or a default."""
    assert list(early_ends(code))


@pytest.mark.parametrize(
    "code",
    [
        "process.wait(GIVE_UP_S)",
        "wait(timeout=0.2)",
        "until(lambda: rows(), 'a row', GIVE_UP_S)",
        "await until_so(lambda: rows(), 'a row')",
        "session(puback_timeout_s=3)",
        "READ_TIMEOUT = 'x'",
    ],
)
def test_a_wait_to_its_end_is_none(code: str) -> None:
    """Nor a moment, or a setting of what is tested."""
    assert not list(early_ends(code))


def early_ends(code: str) -> Iterator[tuple[int, str]]:
    """Line and text of each limit of a second or more that is a number in *code*."""
    for node in ast.walk(ast.parse(code)):
        for value in _limits(node):
            if isinstance(value, ast.Constant) and isinstance(value.value, int | float) and value.value >= 1:
                yield value.lineno, ast.unparse(node).partition("\n")[0]


def _limits(node: ast.AST) -> list[ast.expr]:
    """The values by which *node* says how long is waited."""
    if isinstance(node, ast.Call):
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        name = node.func.id if isinstance(node.func, ast.Name) else method
        last = node.args[-1:] if method in WAITS or name in WAITS_OF_TESTS else []
        return [*last, *(word.value for word in node.keywords if word.arg in LIMITS)]
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        return [node.value] if re.search(r"(DEADLINE|WITHIN|PATIENCE)_S$", node.targets[0].id) else []
    if isinstance(node, ast.arguments):
        named = [*node.posonlyargs, *node.args][-len(node.defaults) :] if node.defaults else []
        pairs = [
            *zip(named, node.defaults, strict=True),
            *zip(node.kwonlyargs, node.kw_defaults, strict=True),
        ]
        return [value for name, value in pairs if value is not None and name.arg in LIMITS]
    return []
