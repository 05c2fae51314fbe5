"""Looks for key, certificate and token text in everything that the tests make the system say.

After each test in what was logged and printed meanwhile; at the end of the run, or of a worker's part of it,
in every log, page, answer and outbox that was written under its temporary folder.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

import pytest

from tests.support.leaks import leaks, leaks_under


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test in whose output something leaked."""
    report = yield
    found = [f"{name}: {what}" for name, said in report.sections for what in leaks(said)]
    if found and report.passed:
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} let out {'; '.join(found)}"
    return report


@pytest.fixture(scope="session", autouse=True)
def _nothing_is_let_out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No file that was written in this run has anything of it."""
    yield
    found = leaks_under(tmp_path_factory.getbasetemp())
    assert not found, "let out in " + "; ".join(found)
