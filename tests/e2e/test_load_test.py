"""The shards of a load test, started and stopped as AWS Batch does, by the synthesized template's command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aws_cdk import App

from cdk.load_test import LoadTestStack
from cdk.stage import read_stage
from contracts.store.stack import load_test_stack_name
from tests.e2e.conftest import until
from tests.support.waiting import GIVE_UP_S
from ven_twin.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from tests.e2e.conftest import System

SHARDS, EACH = 2, 3
VENS = tuple(f"twin-{number}" for number in range(1, SHARDS * EACH + 1))
IMAGE = "registry.example/ven-twin:1"
SUBMITTED = {
    "count": str(len(VENS)),
    "shards": str(SHARDS),
    "claims": "20",
    "interval": "1s",
    "houses": "standard",
    "seed": "0",
}


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The words of a shard's command, with the parameters of a submission put in as Batch does."""
    folder = tmp_path_factory.mktemp("load-test")
    app = App(outdir=str(folder), auto_synth=False)
    LoadTestStack(app, read_stage({"stage": "local"}.get), IMAGE)
    app.synth(skip_validation=True)
    template = json.loads((folder / f"{load_test_stack_name('local')}.template.json").read_text())
    (job,) = [
        each["Properties"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::Batch::JobDefinition"
    ]
    return [SUBMITTED.get(word.removeprefix("Ref::"), word) for word in job["ContainerProperties"]["Command"]]


@pytest.fixture
def shards(
    system: System, words: list[str], tmp_path: Path
) -> Iterator[list[tuple[subprocess.Popen[bytes], Path]]]:
    """Each shard in a process with a folder of its own, as in a container of its own; with its log."""
    started = []
    for index in range(SHARDS):
        home, log = tmp_path / str(index), tmp_path / f"{index}.log"
        home.mkdir()
        (home / "cloud").symlink_to(system.home / "cloud")
        environment = {
            **system.environment,
            "VEN_TWIN_HOME": str(home),
            "AWS_BATCH_JOB_ARRAY_INDEX": str(index),
        }
        with log.open("wb") as output:
            shard = subprocess.Popen(
                [sys.executable, "-m", "ven_twin.cli", *words],
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        started.append((shard, log))
    try:
        yield started
    finally:
        for shard, _ in started:
            if shard.poll() is None:
                os.kill(shard.pid, signal.SIGKILL)
            shard.wait(GIVE_UP_S)
        system.cli("fleet", "remove", "--count", str(len(VENS)))


def test_shards_by_index_are_one_fleet_and_give_back_when_batch_ends_them(
    system: System, shards: list[tuple[subprocess.Popen[bytes], Path]]
) -> None:
    """Each VEN is in one shard, claims, connects and acts in an event; SIGTERM restores all of them."""
    since = time.time()
    until(lambda: all(system.rows(ven_id, since) for ven_id in VENS), "telemetry of each")
    for _, log in shards:
        assert f"{EACH} of {EACH}" in log.read_text()
    until(lambda: all(system.offer_kw(ven_id) for ven_id in VENS), "an offer of each")
    offered_kw = sum(system.offer_kw(ven_id) or 0.0 for ven_id in VENS)
    targets = [word for ven_id in VENS for word in ("--target", ven_id)]
    request = ("--shed-kw", f"{0.95 * offered_kw:.3f}", "--duration", "10m", *targets)
    event_id = system.json("event", "create", *request)["eventId"]
    until(
        lambda: all(system.reported(ven_id)["metrics"].get("activeEventId") == event_id for ven_id in VENS),
        "the event at each",
    )
    for shard, _ in shards:
        shard.send_signal(signal.SIGTERM)
    for shard, log in shards:
        # Not 0, which Batch would take for a shard that is done and need not be started again.
        assert shard.wait(GIVE_UP_S) == ExitCode.INTERRUPTED
        assert f"{EACH} VENs have given their loads back" in log.read_text()
        assert "Traceback" not in log.read_text()
    until(lambda: not any(system.ven(ven_id).get("online") for ven_id in VENS), "all offline")
    system.cli("event", "cancel", event_id)
