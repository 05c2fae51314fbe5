"""The order in which a run takes up the files of tests: first what takes longest.

By itself xdist begins with the files of the most tests. The fleet's evening, four tests of three minutes, is
then among the last, and at the end two of three workers have nothing left beside it.
"""

from __future__ import annotations

import pytest

_NAMES = (
    *(
        "fleet",
        "rights",
        "api",
        "commands_of_docs",
        "weather",
        "lifecycle",
        "conformance",
        "aws",
        "strangers",
    ),
    *("main_job", "bad_input", "two_stages", "pytest_plugin", "wheel"),
)
FIRST = tuple(f"tests/e2e/test_{name}.py" for name in _NAMES)
"""Files of more than 50 s, the longest first."""


def rank(nodeid: str) -> int:
    """The place of a test's file in `FIRST`; the rest come after, in the order in which they are named."""
    file = nodeid.split("::", 1)[0]
    return FIRST.index(file) if file in FIRST else len(FIRST)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take up first what takes longest."""
    items.sort(key=lambda item: rank(item.nodeid))
