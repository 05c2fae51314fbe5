"""A page changes when it will: what a test requires of one is waited for, never looked at once."""

from __future__ import annotations

import re
from pathlib import Path

BROWSER = Path(__file__).parents[2] / "browser"
AT_ONCE = re.compile(r"assert (not )?await .*\.(count|is_\w+|inner_text|text|get_attribute|input_value)\(")


def test_no_browser_test_looks_but_once() -> None:
    """An element's state is required by `expect`, or by `Seen.says`."""
    once = [
        f"{path.name}:{number}: {line.strip()}"
        for path in sorted(BROWSER.glob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if AT_ONCE.search(line)
    ]
    assert not once, "\n".join(once)
