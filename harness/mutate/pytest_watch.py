"""A pytest plugin: notes which test runs which lines, or runs the tests that a mutant needs, the quick first.

It goes by environment variables, which reach the workers of pytest-xdist too.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from coverage import Coverage

LINES_FOLDER = "MUTATE_LINES_FOLDER"
"""Folder for a file a process: the lines that each test runs, and how long each file of tests takes."""
SELECTION = "MUTATE_SELECTION"
"""File with the ids of the tests to run, in order."""


class LineRecorder:
    """Records the lines that run, by test; those of a wide fixture count for the whole file of tests."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        self._folder = folder
        self._coverage = Coverage(data_file=None, source=[str(root)], omit=["tests/*", "harness/*"])
        self._durations: defaultdict[str, float] = defaultdict(float)
        self._failing: set[str] = set()
        self._coverage.start()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Count what runs from here on for this test."""
        self._coverage.switch_context(item.nodeid)
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any], request: pytest.FixtureRequest
    ) -> Generator[None, Any, Any]:
        """Count a fixture that several tests share for all of them."""
        if fixturedef.scope == "function":
            return (yield)
        item = getattr(request, "_pyfuncitem", None) or request.node
        test = os.environ.get("PYTEST_CURRENT_TEST", item.nodeid).rsplit(" (", 1)[0]
        self._coverage.switch_context(test.split("::")[0])
        try:
            return (yield)
        finally:
            self._coverage.switch_context(test)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up the durations of a file of tests, and note a test that fails."""
        if report.failed:
            self._failing.add(report.nodeid)
        self._durations[report.nodeid.split("::")[0]] += report.duration

    def pytest_sessionfinish(self) -> None:
        """Write what this process has recorded."""
        self._coverage.stop()
        data = self._coverage.get_data()
        lines: dict[str, dict[str, list[int]]] = {}
        for file in data.measured_files():
            path = Path(file).relative_to(self._root).as_posix()
            for line, tests in data.contexts_by_lineno(file).items():
                for test in filter(None, tests):
                    lines.setdefault(test, {}).setdefault(path, []).append(line)
        record = {"lines": lines, "durations": self._durations, "failing": sorted(self._failing)}
        (self._folder / f"{os.getpid()}.json").write_text(json.dumps(record))


class Selection:
    """Leaves out every test that is not selected, and puts the others in order."""

    def __init__(self, ids: list[str]) -> None:
        self._order = {test: number for number, test in enumerate(ids)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep the selected tests, in the order of the selection."""
        chosen = [item for item in items if item.nodeid in self._order]
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in self._order])
        items[:] = sorted(chosen, key=lambda item: self._order[item.nodeid])


def pytest_configure(config: pytest.Config) -> None:
    """Do what the environment names."""
    spreads = config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput")
    if (folder := os.environ.get(LINES_FOLDER)) and not spreads:  # its workers run the tests
        config.pluginmanager.register(LineRecorder(config.rootpath, Path(folder)))
    if selection := os.environ.get(SELECTION):
        config.pluginmanager.register(Selection(json.loads(Path(selection).read_text())))
