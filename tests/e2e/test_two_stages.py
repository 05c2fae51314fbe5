"""Two stages of one account side by side, with strangers among their clients.

The dev stage itself cannot stand in the local cloud: its functions are compiled for arm64, and its queues
refuse plain HTTP. So the second stage is the local one's data under another name.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from aws_cdk import App, CliCredentialsStackSynthesizer
from botocore.exceptions import ClientError

from cdk.bundle import bundle
from cdk.stack import VenTwinStack
from cdk.stage import read_stage
from contracts.errors import FieldError
from contracts.store.dead_letters import read_queues
from contracts.store.stack import StackOutput, claim_secret_name
from contracts.wire.ids import VenId
from harness.lifecycle.lifecycle import destroy
from local_cloud.deploy import deploy_assembly
from local_cloud.runtime import REGION
from tests.e2e.conftest import System, until
from tests.integration.local_cloud.conftest import Emulator, new_identity
from tests.support.mqtt_by_hand import connected, publish
from tests.support.waiting import GIVE_UP_S
from ven_twin.cli.certs import save_identity, save_secret
from ven_twin.cli.claims import allow_ven, check_of_stage, claim_identity
from ven_twin.testing.running_cloud import cloud_of
from ven_twin.ven.errors import ClaimRefusedError

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.cloud import Cloud

STAGE, PREFIX = "dev", "east-"
VEN = f"{PREFIX}1"
CONTEXT = json.loads((Path(__file__).resolve().parents[2] / "cdk.json").read_text())["context"]
STRANGERS = ("sdk:device:1", "boiler:7")
STRANGE = (b"no telemetry", b"warm")


def _assembly(folder: Path) -> Path:
    """The assembly of the second stage, with one VEN."""
    local = read_stage({"stage": "local", "vens": VEN, "ven_id_prefix": PREFIX}.get)
    stage = dataclasses.replace(local, name=STAGE)
    code = bundle(python=stage.python, architecture=stage.architecture, host=True)
    app = App(context=CONTEXT, outdir=str(folder), auto_synth=False)
    VenTwinStack(app, stage, code=code, synthesizer=CliCredentialsStackSynthesizer())
    app.synth(skip_validation=True)
    return folder


@pytest.fixture(scope="module")
def beside(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """The second stage in the account of the first, with one VEN and a prefix of its VENs' ids."""
    folder = _assembly(tmp_path_factory.mktemp("beside"))
    deploy_assembly(system.runtime, folder, stage=STAGE)
    yield cloud_of(system.runtime, STAGE)
    assert destroy(system.runtime, STAGE) == []


def _letters(cloud: Cloud) -> dict[str, str]:
    """The number of dead letters in each queue that has some."""
    sqs, name = cloud.client("sqs"), "ApproximateNumberOfMessages"
    numbers = {
        queue: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]
        for queue, url in read_queues(cloud.output(StackOutput.DEAD_LETTERS)).items()
    }
    return {queue: number for queue, number in numbers.items() if number != "0"}


def _ids(cloud: Cloud, table: StackOutput) -> set[str]:
    """The VENs that a table has items of."""
    items = cloud.client("dynamodb").scan(TableName=cloud.output(table))["Items"]
    return {item["venId"]["S"] for item in items}


async def test_stages_and_strangers_keep_out_of_each_others_tables(
    system: System, beside: Cloud, tmp_path: Path
) -> None:
    """Strangers come, speak and go; each stage has the rows of its own VENs, and none has a dead letter."""
    emulator = Emulator(
        system.runtime, new_identity(system.runtime, tmp_path / "tls", thing="boiler:7"), tmp_path
    )
    for client_id in STRANGERS:
        async with connected(emulator, client_id=client_id) as link:
            await link.send(publish("ven/telemetry/ven-x", STRANGE[0]))
            await link.send(publish("boilers/7", STRANGE[1]))
    save_identity(beside, VEN, tmp_path / VEN)
    where = ["--endpoint", "localhost", "--mqtt-port", str(system.runtime.mqtt_port)]
    twin = system.start_twin(VEN, "--certs", str(tmp_path / VEN), *where)
    until(lambda: VEN in _ids(beside, StackOutput.TELEMETRY_TABLE), f"telemetry of {VEN}")
    twin.terminate()
    assert twin.wait(GIVE_UP_S) == 0
    assert _ids(beside, StackOutput.TELEMETRY_TABLE) == {VEN}
    assert _ids(beside, StackOutput.VENS_TABLE) == {VEN}
    for table in (StackOutput.TELEMETRY_TABLE, StackOutput.VENS_TABLE):
        assert not _ids(system.cloud, table) & {VEN, "ven-x", *STRANGERS}
    letters = {letter["raw"] for letter in system.json("dlq", "list")}  # other tests' may be among them
    assert not letters & {base64.b64encode(payload).decode() for payload in STRANGE}
    assert _letters(beside) == {}


def test_a_claim_for_a_ven_of_another_stage_is_refused(system: System, beside: Cloud, tmp_path: Path) -> None:
    """Although it is on the list: its thing is the other stage's, and has the certificate that it had."""
    iot, kit = system.cloud.client("iot"), tmp_path / "kit"
    before = iot.list_thing_principals(thingName="ven-1")["principals"]
    save_secret(beside, claim_secret_name(STAGE), kit)
    code, _ = allow_ven(beside, "ven-1", 600)
    broker = "localhost", system.runtime.mqtt_port
    with pytest.raises(ClaimRefusedError):
        claim_identity("ven-1", kit, broker, tmp_path / "thief", STAGE, code=code)
    assert iot.list_thing_principals(thingName="ven-1")["principals"] == before
    assert _ids(beside, StackOutput.VENS_TABLE) == {VEN}


def test_each_stage_has_metrics_of_its_own(system: System, beside: Cloud) -> None:
    """Its functions write into its namespace, and its alarms read from no other."""
    for cloud in (system.cloud, beside):
        functions = cloud.client("lambda").list_functions()["Functions"]
        namespaces = {
            function["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"]
            for function in functions
            if function["FunctionName"].startswith(f"VenTwin-{cloud.stage}-")
        }
        assert namespaces == {f"VenTwin/{cloud.stage}"}


def _as_function(beside: Cloud, system: System, function: str) -> Any:
    """A client of things and topics with the role of a function of the second stage."""
    pages = system.cloud.client("iam").get_paginator("list_roles").paginate()
    begin = f"VenTwin-{beside.stage}-{function}Role"
    (arn,) = (role["Arn"] for page in pages for role in page["Roles"] if role["RoleName"].startswith(begin))
    keys = system.cloud.client("sts").assume_role(RoleArn=arn, RoleSessionName="e2e")["Credentials"]
    return boto3.client(
        "iot-data",
        endpoint_url=system.runtime.endpoint_url,
        region_name=REGION,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def test_the_functions_of_a_stage_reach_its_own_vens_alone(system: System, beside: Cloud) -> None:
    """With a prefix, a role writes the shadows of its stage's VENs and sends them commands, and no other."""
    writes, sends = (_as_function(beside, system, name) for name in ("WriteShadows", "IssueCommand"))
    shadow = json.dumps({"state": {"desired": {"drEvents": None}}})

    def reach(ven_id: str) -> None:
        writes.update_thing_shadow(thingName=ven_id, payload=shadow)

    def command(ven_id: str) -> None:
        sends.publish(topic=f"ven/cmd/{ven_id}", payload=b"{}")

    for call in (reach, command):
        call(VEN)
        for other in ("ven-1", f"x{VEN}"):
            with pytest.raises(ClientError) as refused:
                call(other)
            assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_ven_that_does_not_begin_as_the_stages_do_is_not_put_on_the_list(beside: Cloud) -> None:
    """It could not claim; the line says how the ids of the stage's VENs begin."""
    with pytest.raises(FieldError, match=r"ids of this stage's VENs are east-\*: ven-9 could not claim"):
        check_of_stage(beside, VenId("ven-9"))
