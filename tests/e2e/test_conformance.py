"""The conformance suite before the local cloud: our twin passes, the earlier system's VEN has its list."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest

from contracts.store.stack import claim_secret_name
from contracts.wire.ids import VenId
from harness.faults.proxy import Proxy
from tests.e2e.conftest import System, until
from tests.e2e.test_strangers import _has_claimed
from tests.support.older_ven import KINDS, OlderVen
from ven_twin.cli.certs import save_identity, save_secret
from ven_twin.operations.conformance.cases import CASES

OLDER, KIND = "older-conform", KINDS["older-311-1"]
LENGTH = "20s"
"""Of an event: the one that is learned of late has half of it left, also for what a busy machine takes."""
BY_SECOND = {"event-restore", "event-opt-out", "event-command", "event-duplicate"}
"""The cases for which the twin is tried a second time, beside the first: the whole takes half the time."""
ONLY_OFFLINE = {"reconnect", "puback", "session", "event-offline"}
"""The cases for which the second twin is cut from its broker when the suite says so, and let in again."""
BY_FIRST = {case.case_id for case in CASES} - BY_SECOND - ONLY_OFFLINE


@pytest.fixture(scope="module")
def strangers(system: System) -> System:
    """The system with ven-2 running too, and with an identity for a VEN of the earlier system."""
    kit = system.home / "claim-kit"
    broker = save_secret(system.cloud, claim_secret_name("local"), kit)
    until(lambda: _has_claimed(system, VenId(OLDER), kit, broker), "the certificate")
    return system


def begin(system: System, ven_id: str, *options: str) -> subprocess.Popen[str]:
    """The suite for a VEN, in a process of its own."""
    path = system.home / f"conform-{ven_id}.md"
    command = ["conform", ven_id, "--duration", LENGTH, "--out", str(path), "--json", *options]
    return subprocess.Popen(
        [sys.executable, "-m", "ven_twin.cli", *command],
        env=system.environment | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def follow(suite: subprocess.Popen[str], proxy: Proxy, loop: asyncio.AbstractEventLoop) -> str:
    """Do to the VEN's link what the suite says, until it ends; its report."""
    steps = []
    with suite:
        for line in suite.stderr or ():
            steps.append(line)
            if "disconnect the VEN now" in line:
                loop.call_soon_threadsafe(proxy.ready.clear)
                loop.call_soon_threadsafe(proxy.cut)
            elif "connect the VEN again" in line:
                loop.call_soon_threadsafe(proxy.ready.set)
        assert suite.stdout is not None
        report = suite.stdout.read()
    assert suite.returncode == 0, (steps, report)
    return report


def verdicts(report: dict[str, Any], verdict: str) -> set[str]:
    """The cases of a verdict."""
    return {case["id"] for case in report["cases"] if case["verdict"] == verdict}


def seen_otherwise(report: dict[str, Any]) -> dict[str, str]:
    """The observation of each case that did not pass."""
    return {case["id"]: case["seen"] for case in report["cases"] if case["verdict"] != "passed"}


async def test_the_twin_passes_and_an_older_ven_gets_its_list(strangers: System) -> None:
    """The suite removes all that it made, and a report stands beside its page.

    The second twin's link is cut when the suite says so, until it says otherwise: an unplugged VEN.
    """
    async with Proxy(strangers.runtime.mqtt_port, None, None) as proxy:
        proxy.ready.set()
        await _conforms(strangers, proxy)


async def _conforms(strangers: System, proxy: Proxy) -> None:
    tls = strangers.home / "vens" / "local" / "ven-2" / "tls"
    save_identity(strangers.cloud, VenId("ven-2"), tls)
    through = ("--certs", str(tls), "--endpoint", "localhost", "--mqtt-port", str(proxy.port))
    second = strangers.start_twin("ven-2", *through)
    await asyncio.to_thread(until, lambda: strangers.offer_kw("ven-2"), "the offer of ven-2")
    ven = OlderVen(OLDER, KIND, strangers.home / OLDER, strangers.runtime.mqtt_port)
    ven.start()
    try:
        suites = [begin(strangers, "ven-1", "--only", ",".join(BY_FIRST)), begin(strangers, OLDER)]
        cut = begin(strangers, "ven-2", "--offline", "--only", ",".join(BY_SECOND | ONLY_OFFLINE))
        other, *done = await asyncio.gather(
            asyncio.to_thread(follow, cut, proxy, asyncio.get_running_loop()),
            *(asyncio.to_thread(suite.communicate) for suite in suites),
        )
    finally:
        ven.stop()
        second.terminate()
        assert await asyncio.to_thread(second.wait, 20) == 0
    first, older = (json.loads(output) for output, _ in done)
    assert seen_otherwise(first) == {}
    assert verdicts(first, "passed") == BY_FIRST
    assert seen_otherwise(json.loads(other)) == {}
    assert verdicts(json.loads(other), "passed") == BY_SECOND | ONLY_OFFLINE
    assert [suite.returncode for suite in suites] == [0, 1], done
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
