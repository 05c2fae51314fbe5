"""A large plan's shadows by a map run of Step Functions: the stack's own state machine in the local cloud.

Large is here what is above two VENs. The emulator interprets the definition and calls the stage's function.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CliCredentialsStackSynthesizer

from cdk.bundle import bundle
from cdk.stack import VenTwinStack
from cdk.stage import read_stage
from contracts.store.stack import StackOutput
from lambdas.shared.fan_out import CHUNK_VENS
from local_cloud import process
from local_cloud.deploy import client, deploy_assembly
from tests.e2e.conftest import System, start_cloud, until
from ven_twin.testing.running_cloud import cloud_of

CONTEXT = json.loads((Path(__file__).resolve().parents[2] / "cdk.json").read_text())["context"]
QUOTA = 4000
STAGE = read_stage({"stage": "local", "shadow_requests_per_s": str(QUOTA), "map_above_vens": "2"}.get)
CROWD = tuple(f"crowd-{number}" for number in range(2 * CHUNK_VENS + 50))
"""VENs in three parts of a plan."""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A local cloud of its own with such a stage, and rows of a crowd whose twins do not run."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("assembly")
    app = App(context=CONTEXT, outdir=str(folder), auto_synth=False)
    code = bundle(python=STAGE.python, architecture=STAGE.architecture, host=True)
    VenTwinStack(app, STAGE, code=code, synthesizer=CliCredentialsStackSynthesizer())
    app.synth(skip_validation=True)
    runtime = start_cloud(home)
    built = System(home, runtime, cloud_of(runtime))
    try:
        deploy_assembly(runtime, folder)
        iot = client(runtime, "iot")
        for ven_id in CROWD:
            iot.create_thing(thingName=ven_id)
        present: dict[str, Any] = {"provisionedTs": 1, "online": True, "enabled": True}
        built.cloud.put_items(
            StackOutput.VENS_TABLE,
            [{"venId": ven_id, **present, "shedAvailabilityKw": 5.0} for ven_id in CROWD],
        )
        yield built
    finally:
        process.stop(home / "cloud")


def executions(system: System) -> list[dict[str, Any]]:
    """The executions of the stage's state machine, the oldest first, each with the counts of its map run."""
    states = client(system.runtime, "stepfunctions")
    (machine,) = states.list_state_machines()["stateMachines"]
    described = []
    for execution in states.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]:
        runs = states.list_map_runs(executionArn=execution["executionArn"])["mapRuns"]
        counts = [states.describe_map_run(mapRunArn=run["mapRunArn"]) for run in runs]
        described.append({**execution, "runs": counts})
    return sorted(described, key=lambda execution: execution["startDate"])


def test_a_large_plan_reaches_every_shadow_by_a_map_run_and_is_cancelled_by_another(large: System) -> None:
    """Part by part, as many at once as the stage's pace allows; no message is in the queue.

    The event begins so late that it is not shared out again, however long this takes: nobody here has rows.
    """
    start = datetime.now(UTC) + timedelta(hours=1)
    targets = [word for ven_id in CROWD for word in ("--target", ven_id)]
    words = ("--level", "2", "--duration", "30m", "--start", start.isoformat(timespec="seconds"))
    event_id = large.json("event", "create", *words, *targets)["eventId"]

    def desired(ven_id: str) -> Any:
        shadow = large.cloud.shadow(ven_id)  # type: ignore[arg-type]
        return shadow.get("state", {}).get("desired", {}).get("drEvents", {}).get(event_id)

    until(lambda: [one["status"] for one in executions(large)] == ["SUCCEEDED"], "the execution's end")
    assert all(desired(ven_id) for ven_id in CROWD)
    (execution,) = executions(large)
    (run,) = execution["runs"]
    assert run["maxConcurrency"] == STAGE.map_writers == QUOTA // 2 // 100 - 2
    counts = run["itemCounts"]
    assert (counts["total"], counts["succeeded"], counts["failed"]) == (3, 3, 0)
    large.cli("event", "cancel", event_id)
    until(lambda: len(executions(large)) == 2, "another execution")
    until(lambda: {one["status"] for one in executions(large)} == {"SUCCEEDED"}, "its end")
    revisions = {json.dumps(desired(ven_id)["revision"]) for ven_id in CROWD}
    assert revisions == {"1"}
