"""VENs and programs that others wrote, against the whole system: the earlier system's, and each client's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from requests_aws4auth import AWS4Auth

from contracts.store.stack import StackOutput, claim_secret_name
from contracts.wire.ids import VenId
from local_cloud.runtime import REGION
from tests.e2e.conftest import System, until
from tests.support.older_ven import KINDS, OlderVen
from tests.support.older_vens import BASIC_ROW
from tests.support.strangers import command_all, missing, older_vens
from tests.support.waiting import GIVE_UP_S
from ven_twin.cli.certs import save_secret
from ven_twin.cli.claims import allow_ven, claim_identity
from ven_twin.ven.errors import ClaimRefusedError

SPEED = 20
RASPBERRY_PI = Path(__file__).resolve().parents[2] / "docs" / "guides" / "examples" / "raspberry_pi.py"
SDK, AIOMQTT, MOSQUITTO = "sdk", "aiomqtt", "mosquitto"


@pytest.fixture(scope="module")
def strangers(system: System) -> System:
    """The system, with a VEN for each stranger that came by claim; its files are in a folder of its name."""
    kit = system.home / "claim-kit"
    broker = save_secret(system.cloud, claim_secret_name("local"), kit)
    for name in (*KINDS, SDK, AIOMQTT, MOSQUITTO):
        claims = partial(_has_claimed, system, VenId(name), kit, broker)
        until(claims, f"the certificate of {name}")
    return system


def _until_whole(system: System, ven: OlderVen) -> None:
    """Wait until the cloud has all of a VEN's life; what it lacks is told."""
    lacks = partial(missing, system, ven, [f"evt-{ven.ven_id}"])
    try:
        until(lambda: not lacks(), f"all of {ven.ven_id}")
    except AssertionError:
        assert lacks() == []


def _has_claimed(system: System, ven_id: VenId, kit: Path, broker: tuple[str, int]) -> bool:
    """Claim a certificate; False when the hook, which starts cold, took longer than the broker waits.

    Too late, it may have used up the VEN's place on the list all the same: each attempt has a new one.
    """
    code, _ = allow_ven(system.cloud, ven_id, 600)
    try:
        claim_identity(ven_id, kit, broker, system.home / ven_id, "local", code=code)
    except ClaimRefusedError:
        return False
    return True


def test_the_earlier_systems_vens_take_part_unchanged(strangers: System) -> None:
    """Every row is stored, every ack recorded, an event of a minute obeyed for one, no letter is dead."""
    vens = older_vens(strangers, speed=SPEED)
    try:
        for ven in vens:
            ven.start()
            command_all(strangers, ven, f"evt-{ven.ven_id}")
        until(lambda: all(ven.shedding and ven.sent[-1] > ven.shedding[-1] for ven in vens), "the ends")
    finally:
        for ven in vens:
            ven.stop()
    for ven in vens:
        assert (ven.errors, ven.obeyed_s, len(ven.acked)) == ([], [60.0], 3)
        assert abs(len(ven.shedding) - 60 / SPEED) <= 1
        _until_whole(strangers, ven)
        rows = strangers.rows(ven.ven_id)
        assert all(row["usedPowerKw"] + row["shedPowerKw"] == row["baselinePowerKw"] for row in rows)
        assert [row["timestamp"] for row in rows if row["shedPowerKw"]] == ven.shedding
    letters = json.dumps(strangers.json("dlq", "list"))  # other tests' may be among them
    assert not [ven.ven_id for ven in vens if ven.ven_id in letters]


def row_of(ven_id: str) -> dict[str, Any]:
    """A row of the basic VEN, of now."""
    return BASIC_ROW | {"venId": ven_id, "timestamp": int(time.time())}


def stored(system: System, ven_id: str) -> None:
    """Wait for the first row of a VEN."""
    (row,) = until(lambda: system.rows(ven_id), f"the row of {ven_id}")
    assert row["usedPowerKw"] == BASIC_ROW["usedPowerKw"]


def ping(system: System, ven_id: str) -> dict[str, Any]:
    """The answer that an operator has from a VEN."""
    answer: dict[str, Any] = system.json("cmd", ven_id, "--op", "ping")
    return answer


def ack_of(command: bytes) -> str:
    """The shortest ack that there is."""
    received = json.loads(command)
    answer = {"op": received["op"], "correlationId": received["correlationId"], "status": "success"}
    return json.dumps(answer | {"ts": int(time.time())})


def test_a_ven_of_awss_device_sdk_reads_its_shadow_reports_and_answers(strangers: System) -> None:
    """Its shadow client subscribes to ``get/+``, and needs the time of a rejection."""
    from awscrt import mqtt5  # noqa: PLC0415 - starts threads of its own when imported
    from awscrt.mqtt_request_response import ClientOptions  # noqa: PLC0415
    from awsiot import V2ServiceException, iotshadow, mqtt5_client_builder  # noqa: PLC0415

    tls, topic = strangers.home / SDK, f"ven/cmd/{SDK}"
    connected, stopped = threading.Event(), threading.Event()

    def on_publish(received: Any) -> None:
        if received.publish_packet.topic == topic:
            answer = ack_of(received.publish_packet.payload)
            client.publish(
                mqtt5.PublishPacket(topic=f"ven/ack/{SDK}", payload=answer, qos=mqtt5.QoS.AT_LEAST_ONCE)
            )

    client = mqtt5_client_builder.mtls_from_path(
        str(tls / "certificate.pem"), str(tls / "private_key.pem"),
        endpoint="localhost", port=strangers.runtime.mqtt_port, ca_filepath=str(tls / "ca.pem"),
        client_id=SDK,
        on_publish_received=on_publish,
        on_lifecycle_connection_success=lambda _: connected.set(),
        on_lifecycle_stopped=lambda _: stopped.set(),
    )  # fmt: skip
    client.start()
    try:
        assert connected.wait(GIVE_UP_S)
        shadow = iotshadow.IotShadowClientV2(client, ClientOptions(8, 8, 30))
        with pytest.raises(V2ServiceException) as rejected:
            shadow.get_shadow(iotshadow.GetShadowRequest(thing_name=SDK)).result(GIVE_UP_S)
        assert rejected.value.modeled_error.code == 404
        assert abs(rejected.value.modeled_error.timestamp.timestamp() - time.time()) < 60
        state = iotshadow.ShadowState(reported={"metrics": {"shedAvailabilityKw": 1.5}})
        shadow.update_shadow(iotshadow.UpdateShadowRequest(thing_name=SDK, state=state)).result(GIVE_UP_S)
        read = shadow.get_shadow(iotshadow.GetShadowRequest(thing_name=SDK)).result(GIVE_UP_S)
        assert read.state.reported == {"metrics": {"shedAvailabilityKw": 1.5}}
        subscription = mqtt5.Subscription(topic, mqtt5.QoS.AT_LEAST_ONCE)
        client.subscribe(mqtt5.SubscribePacket([subscription])).result(GIVE_UP_S)
        row = mqtt5.PublishPacket(
            topic=f"ven/telemetry/{SDK}", payload=json.dumps(row_of(SDK)), qos=mqtt5.QoS.AT_LEAST_ONCE
        )
        client.publish(row).result(GIVE_UP_S)
        stored(strangers, SDK)
        assert ping(strangers, SDK)["status"] == "success"
        until(lambda: strangers.offer_kw(SDK) == 1.5, "what it offers")
    finally:
        client.stop()
        assert stopped.wait(GIVE_UP_S)


def test_the_raspberry_pi_of_the_guide_takes_part(strangers: System) -> None:
    """A VEN of 150 lines with aiomqtt: telemetry, a ping, an event from its shadow, acks of its phases."""
    with (strangers.home / "raspberry_pi.log").open("wb") as log:
        ven = subprocess.Popen(
            [
                *(sys.executable, RASPBERRY_PI, "--ven-id", AIOMQTT, "--tls", strangers.home / AIOMQTT),
                *("--port", str(strangers.runtime.mqtt_port), "--interval", "1"),
            ],
            stdout=log,
            stderr=log,
        )
    try:
        until(lambda: strangers.offer_kw(AIOMQTT) == 2.0, "what it offers")
        interval = {"durationS": 3, "signal": "shedKw", "value": 1.5}
        request = {"intervals": [interval], "targets": [AIOMQTT]}
        event_id = strangers.cloud.invoke(StackOutput.DISPATCH_EVENT, request)["eventId"]
        assert strangers.json("cmd", AIOMQTT, "--op", "ping")["pong"] is True
        part = until(lambda: phases(strangers, event_id, {"active", "completed"}), "the end of the event")
        assert part["active"]["actualShedKw"] == 1.5
        rows = until(lambda: without_gap(strangers.rows(AIOMQTT)), "rows without a gap")
        shed = [row for row in rows if row.get("eventId") == event_id]
        assert {row["shedPowerKw"] for row in shed} == {1.5}
    finally:
        ven.terminate()
        ven.wait(GIVE_UP_S)


def without_gap(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows once every seq up to the last is there; two batches may be stored in any order."""
    return rows if sorted(row["seq"] for row in rows) == list(range(len(rows))) else []


def phases(system: System, event_id: str, wanted: set[str]) -> dict[str, Any] | None:
    """A VEN's part in an event once it has all of the phases."""
    part = system.event_item(event_id, f"VEN#{AIOMQTT}") or {}
    return part if wanted <= part.keys() else None


@pytest.mark.parametrize(
    ("version", "size"), [("mqttv311", 0), ("mqttv311", 99_000), ("mqttv311", 131_072), ("mqttv5", 131_000)]
)
def test_a_row_is_published_by_hand(strangers: System, version: str, size: int) -> None:
    """The command of the guide, with any payload that a client sends.

    Over MQTT 5 the broker announces 131,072 bytes for a packet with its head, and a client sends no larger.
    """
    binary = shutil.which("mosquitto_pub")
    if binary is None:
        pytest.skip("mosquitto_pub is not installed: apt-get update && apt-get install -y mosquitto-clients")
    tls = strangers.home / MOSQUITTO
    used_kw = size / 100_000 + len(version)
    published = subprocess.run(
        [
            *(binary, "-h", "localhost", "-p", str(strangers.runtime.mqtt_port), "-i", MOSQUITTO, "-q", "1"),
            *("--cafile", tls / "ca.pem", "--cert", tls / "certificate.pem"),
            *("--key", tls / "private_key.pem", "-t", f"ven/telemetry/{MOSQUITTO}", "-s", "-V", version),
        ],
        input=json.dumps(row_of(MOSQUITTO) | {"usedPowerKw": used_kw}).ljust(size).encode(),
        capture_output=True,
        check=False,
    )
    assert (published.returncode, published.stderr) == (0, b"")
    until(lambda: used_kw in [row["usedPowerKw"] for row in strangers.rows(MOSQUITTO)], "the row")


def test_a_program_signs_its_calls_with_requests(strangers: System) -> None:
    """aws4auth, as the earlier system's scripts do."""
    runtime = strangers.runtime
    auth = AWS4Auth(runtime.access_key_id, runtime.secret_access_key, REGION, "execute-api")
    answer = requests.get(f"{strangers.cloud.output(StackOutput.API_URL)}/vens", auth=auth, timeout=GIVE_UP_S)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert {ven["venId"] for ven in answer.json()["items"]} >= {*KINDS}


def test_awscurl_reads_the_api(strangers: System) -> None:
    """It names XML as what it takes, whatever it calls."""
    environment = strangers.runtime.client_environment(os.environ)
    url = f"{strangers.cloud.output(StackOutput.API_URL)}/vens/{VenId('older-5-1')}"
    done = subprocess.run(
        [sys.executable, "-m", "awscurl", "--service", "execute-api", "--region", REGION, url],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["venId"] == "older-5-1"
