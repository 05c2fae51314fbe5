"""The order in which a run takes up the files of tests: first what takes longest.

By itself xdist begins with the files of the most tests. The fleet's evening, four tests of two minutes, is
then among the last, and at the end two of three workers have nothing left beside it.
"""

from __future__ import annotations

import pytest

FIRST = (
    "tests/e2e/test_fleet.py",
    "tests/browser/test_operator_page.py",
    "tests/e2e/test_openadr_document.py",
    "tests/e2e/test_rights.py",
    "tests/e2e/test_openadr_sweep.py",
    "tests/integration/test_openadr_ven.py",
    "tests/e2e/test_openadr_bodies.py",
    "tests/e2e/test_openadr_webhooks.py",
    "tests/e2e/test_commands_of_docs.py",
    "tests/e2e/test_policies.py",
    "tests/browser/test_page.py",
    "tests/browser/test_page_history.py",
    "tests/e2e/test_lifecycle.py",
    "tests/e2e/test_wheel.py",
    "tests/e2e/test_aws.py",
    "tests/e2e/test_large_fleet.py",
    "tests/e2e/test_bill.py",
    "tests/e2e/test_weather.py",
    "tests/e2e/test_conformance.py",
    "tests/e2e/test_api.py",
    "tests/e2e/test_openadr_security.py",
    "tests/e2e/test_openadr_python_client.py",
    "tests/e2e/test_openadr_tokens.py",
    "tests/e2e/test_openadr_ven.py",
    "tests/e2e/test_main_job.py",
    "tests/e2e/test_bad_input.py",
    "tests/integration/local_cloud/test_weather.py",
    "tests/integration/test_killed_ven.py",
    "tests/e2e/test_pytest_plugin.py",
    "tests/infrastructure/test_functions.py",
    "tests/unit/lambdas/test_api_document.py",
)
"""Files of more than 30 s, the longest first; half of it is the time of an event or of a connection."""


def rank(nodeid: str) -> int:
    """The place of a test's file in `FIRST`; the rest come after, in the order in which they are named."""
    file = nodeid.split("::", 1)[0]
    return FIRST.index(file) if file in FIRST else len(FIRST)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take up first what takes longest."""
    items.sort(key=lambda item: rank(item.nodeid))
