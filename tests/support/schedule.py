"""The order in which a run takes up the files of tests: first what takes longest.

By itself xdist begins with the files of the most tests. The fleet's evening, four tests of two minutes, is
then among the last, and at the end the other workers have nothing left beside it.

The files that share a system, and those that share a page's VEN, follow one another: when a worker has gone
through them its system ends, which takes a tenth of a processor for as long as it is there.
"""

from __future__ import annotations

import pytest

FLEET = (
    "tests/e2e/test_fleet.py",
    "tests/integration/openadr_ven/test_kills.py",
    "tests/e2e/test_commands_of_docs.py",
    "tests/integration/local_cloud/test_weather.py",
)
"""The fleet, which lives by the clock, with files that mostly wait beside it."""
ALONE = (
    "tests/e2e/test_map_run.py",
    "tests/e2e/test_weather.py",
    "tests/e2e/test_lifecycle.py",
    "tests/e2e/test_pytest_plugin.py",
    "tests/e2e/test_wheel.py",
    "tests/e2e/test_aws.py",
)
"""Files with systems of their own. Those that take the usual ports do not begin at one time."""
WITH_SYSTEM = (
    "tests/e2e/test_rights.py",
    "tests/e2e/test_openadr_document.py",
    "tests/e2e/test_openadr_sweep.py",
    "tests/e2e/test_bill.py",
    "tests/e2e/test_openadr_bodies.py",
    "tests/e2e/test_conformance.py",
    "tests/e2e/test_openadr_webhooks.py",
    "tests/e2e/test_certificates.py",
    "tests/e2e/test_main_job.py",
    "tests/e2e/test_bad_input.py",
    "tests/e2e/test_api.py",
    "tests/e2e/test_two_stages.py",
    "tests/e2e/test_batches.py",
    "tests/e2e/test_strangers.py",
    "tests/e2e/test_policies.py",
    "tests/e2e/test_load_test.py",
    "tests/e2e/test_groups.py",
    "tests/e2e/test_openadr_ven.py",
    "tests/e2e/test_openadr_dispatch.py",
)
WITH_PAGE = (
    "tests/browser/test_operator_page.py",
    "tests/browser/test_page.py",
    "tests/browser/test_page_history.py",
)
LONG = (
    "tests/integration/test_killed_ven.py",
    "tests/integration/faults/test_short.py",
    "tests/infrastructure/test_functions.py",
    "tests/unit/harness/test_price_days.py",
    "tests/unit/lambdas/test_api_document.py",
    "tests/infrastructure/test_rights_calls.py",
    "tests/unit/simulation/fitting/test_fit.py",
    "tests/unit/ven/test_restarts.py",
    "tests/property/test_fleet_trajectory.py",
    "tests/unit/page/test_ven_history.py",
    "tests/infrastructure/test_stages.py",
    "tests/property/test_measured_energy.py",
    "tests/unit/lambdas/test_settle_event.py",
    "tests/unit/lambdas/vtn/test_rights.py",
    "tests/unit/house/test_hot_water.py",
    "tests/property/test_shadows_end_empty.py",
    "tests/unit/ven/test_house_runtime.py",
    "tests/unit/lambdas/test_control_plane.py",
    "tests/infrastructure/test_shadow_map.py",
    "tests/infrastructure/test_gate.py",
    "tests/property/test_shedding.py",
    "tests/unit/leaks/test_skips.py",
    "tests/unit/ven/openadr/test_outage.py",
    "tests/unit/lambdas/test_settle_history.py",
    "tests/unit/lambdas/test_settle_killed.py",
    "tests/unit/lambdas/test_hostile_system.py",
    "tests/unit/house/test_houses.py",
    "tests/property/test_baselines.py",
)
"""The longest of each kind of worker (`tests.support.workers`) is first, as in those above."""
ROOMS = ("tests/e2e", "tests/browser")
"""Folders whose files follow one another."""
FIRST = (*FLEET, *ALONE, *WITH_SYSTEM, *WITH_PAGE, *LONG)


def rank(nodeid: str) -> tuple[int, int]:
    """The places of a test's folder, and of its file in `FIRST`; the rest come after, as they are named."""
    file = nodeid.split("::", 1)[0]
    room = next((at for at, folder in enumerate(ROOMS) if file.startswith(folder)), len(ROOMS))
    room = -1 if file in FLEET else room
    return room, FIRST.index(file) if file in FIRST else len(FIRST)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Take up first what takes longest."""
    items.sort(key=lambda item: rank(item.nodeid))
