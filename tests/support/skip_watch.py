"""Fails each test that is skipped where every test has to run, as in the gate.

A missing broker or browser skips tests on a developer's machine. In the gate that would hide that they were
not run, so `.ci/run` sets VEN_TWIN_NO_SKIPS, and a skip is red with its reason.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

NO_SKIPS = "VEN_TWIN_NO_SKIPS"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that is skipped."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        _fail(report, item.nodeid)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Fail a file of tests that is skipped as a whole."""
    report = yield
    if report.skipped:
        _fail(report, collector.nodeid)
    return report


def _fail(report: pytest.TestReport | pytest.CollectReport, name: str) -> None:
    if os.environ.get(NO_SKIPS):
        reason = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{name} did not run, and every test has to run here. {reason}"
