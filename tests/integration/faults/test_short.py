"""``make faults`` in short: every scenario once, some hundred messages, the same code and oracle."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from pytest_socket import enable_socket

from harness.faults.cloud_scenarios import CLOUD_SCENARIOS, CloudFault, run_cloud
from harness.faults.run import run_session
from harness.faults.session_scenarios import SCENARIOS
from harness.faults.twin_scenarios import run_twin
from tests.support.mosquitto import binary

MESSAGES = 400
RATE = 1000.0
SEED = 1
TRIES = 5
JOBS = 8


@pytest.fixture(autouse=True)
def _quiet() -> None:
    enable_socket()  # unit tests in the same run turn them off
    binary()  # skips, and says how to get it, where there is no mosquitto
    logging.getLogger("asyncio").setLevel(logging.ERROR)


async def test_no_fault_of_the_link_the_broker_or_the_process_loses_a_message(tmp_path: Path) -> None:
    """Accepted = stored, dead-lettered or counted as shed, for every scenario; several run at a time."""
    turns = asyncio.Semaphore(JOBS)

    async def judged(index: int) -> str | None:
        async with turns:
            outcome = await run_session(SCENARIOS[index], SEED, MESSAGES, RATE, tmp_path / f"{index}")
        return None if outcome.holds else f"{outcome.scenario}: {outcome.problem or outcome.verdict}"

    failed = await asyncio.gather(*map(judged, range(len(SCENARIOS))))
    assert [one for one in failed if one] == []


async def test_a_twin_beaten_loses_no_row_and_does_everything_once(tmp_path: Path) -> None:
    """Link faults and SIGKILL mid-event: no gap in seq, reported as desired, commands and phases once."""
    outcome = await run_twin("twin: link faults, SIGKILL mid-event", SEED, tmp_path)
    assert outcome.holds, outcome.problem


@pytest.mark.parametrize("fault", CLOUD_SCENARIOS, ids=lambda fault: fault.name.removeprefix("cloud: "))
def test_no_fault_of_the_cloud_loses_a_message(fault: CloudFault) -> None:
    """Throttled, killed halfway, delivered twice, fed poison: each row once, the poison dead as it came."""
    outcome = run_cloud(fault, SEED, 100)
    assert outcome.holds, outcome.problem


async def test_the_oracle_sees_what_plain_gmqtt_loses(tmp_path: Path) -> None:
    """The same fault, the same oracle, gmqtt as it comes: it shows losses, if not at once.

    It loses what is under way when the broker dies, which on a slow machine may be nothing.
    """
    (cut,) = [one for one in SCENARIOS if one.name == "broker SIGKILL, session lost"]
    for seed in range(SEED, SEED + TRIES):
        (folder := tmp_path / str(seed)).mkdir()
        outcome = await run_session(cut, seed, MESSAGES, RATE, folder, plain=True)
        if outcome.verdict.lost > 0:
            return
    pytest.fail(f"in {TRIES} lives nothing was lost")
