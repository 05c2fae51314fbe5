"""A loop of the twin that waits for news ends when it is told to, also when news comes in that moment."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_no_loop_waits_for_its_own_event_in_a_way_that_loses_its_end() -> None:
    """`wait_for` of Python 3.11 swallows a cancellation that comes with the event; `timeout` does not."""
    losing = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in (ROOT / "ven_twin").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "asyncio.wait_for"
        and ast.unparse(node.args[0]).startswith("self._")
        and ast.unparse(node.args[0]).endswith(".wait()")
    ]
    assert losing == []
