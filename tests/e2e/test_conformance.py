"""The conformance suite before the local cloud: our twin passes, the earlier system's VEN has its list."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from contracts.store.stack import claim_secret_name
from contracts.wire.ids import VenId
from tests.e2e.conftest import System, until
from tests.e2e.test_strangers import _has_claimed
from tests.support.older_ven import KINDS, OlderVen
from ven_twin.cli.certs import allow_ven, save_secret
from ven_twin.operations.conformance.cases import CASES

OLDER, KIND = "older-conform", KINDS["older-311-1"]
BY_SECOND = {"event-restore", "event-opt-out", "event-command", "event-duplicate"}
"""The cases for which the twin is tried a second time, beside the first: the whole takes half the time."""
BY_FIRST = {case.case_id for case in CASES} - BY_SECOND
ONLY_OFFLINE = {"reconnect", "puback", "session", "event-offline"}


@pytest.fixture(scope="module")
def strangers(system: System) -> System:
    """The system with ven-2 running too, and with an identity for a VEN of the earlier system."""
    kit = system.home / "claim-kit"
    broker = save_secret(system.cloud, claim_secret_name("local"), kit)
    code, _ = allow_ven(system.cloud, VenId(OLDER), 600)
    until(lambda: _has_claimed(system, VenId(OLDER), kit, broker, code), "the certificate")
    return system


def begin(system: System, ven_id: str, *options: str) -> subprocess.Popen[str]:
    """The suite for a VEN, in a process of its own."""
    path = system.home / f"conform-{ven_id}.md"
    command = ["conform", "--ven-id", ven_id, "--event", "10s", "--out", str(path), "--json", *options]
    return subprocess.Popen(
        [sys.executable, "-m", "ven_twin.cli", *command],
        env=system.environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def verdicts(report: dict[str, Any], verdict: str) -> set[str]:
    """The cases of a verdict."""
    return {case["id"] for case in report["cases"] if case["verdict"] == verdict}


def test_the_twin_passes_and_an_older_ven_gets_its_list(strangers: System) -> None:
    """The suite removes all that it made, and a report stands beside its page."""
    second = strangers.start_twin("ven-2")
    until(lambda: strangers.offer_kw("ven-2"), "the offer of ven-2")
    ven = OlderVen(OLDER, KIND, strangers.home / OLDER, strangers.runtime.mqtt_port)
    ven.start()
    try:
        suites = [
            begin(strangers, "ven-1", "--only", ",".join(BY_FIRST)),
            begin(strangers, "ven-2", "--only", ",".join(BY_SECOND)),
            begin(strangers, OLDER),
        ]
        done = [suite.communicate() for suite in suites]
    finally:
        ven.stop()
        second.terminate()
        assert second.wait(20) == 0
    assert [suite.returncode for suite in suites] == [0, 0, 1], done
    first, other, older = (json.loads(output) for output, _ in done)
    assert (verdicts(first, "passed"), verdicts(other, "passed")) == (BY_FIRST - ONLY_OFFLINE, BY_SECOND)
    assert verdicts(older, "failed") == {
        *("offer", "refusal", "event-shadow", "event-duplicate"),
        *("shadow-update", "telemetry-event", "telemetry-sequence"),
    }
    assert {"connect", "ping", "acks", "event-command", "event-delivered", "clock"} <= verdicts(
        older, "passed"
    )
    page = strangers.home / f"conform-{OLDER}.md"
    assert "**Does not conform**" in page.read_text()
    assert json.loads(page.with_suffix(".json").read_text()) == older
    assert not [event for event in strangers.json("event", "list") if "conform-" in event["eventId"]]
    for name in ("ven-1", "ven-2", OLDER):
        assert left_in_shadow(strangers, name) == []


def left_in_shadow(system: System, ven_id: str) -> list[str]:
    """The settings of the suite that are still desired."""
    desired = system.cloud.shadow(VenId(ven_id))["state"].get("desired", {})
    settings = {"report_interval_seconds", "optOut"} & desired.keys()
    return [*settings, *(key for key in desired.get("drEvents", {}) if key.startswith("conform-"))]
