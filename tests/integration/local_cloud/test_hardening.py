"""What the emulator leaves open and our launcher closes: a test for each override."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import socket
import ssl
import struct
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from contracts.wire.topics import Topics
from local_cloud.hardening import PUBLISHES_PER_S, _has_room
from local_cloud.runtime import HOST, MQTT_NAME
from tests.integration.local_cloud.conftest import new_identity
from tests.support.mqtt_by_hand import (
    PING,
    PINGRESP,
    PUBACK,
    PUBLISH,
    SUBACK,
    connected,
    packet,
    publish,
    text,
)
from tests.support.waiting import GIVE_UP_S

if TYPE_CHECKING:
    from tests.integration.local_cloud.conftest import Emulator

KEEP_ALIVE_S = 1


def test_nothing_listens_beyond_loopback(emulator: Emulator) -> None:
    """Both ports are bound on 127.0.0.1 and on no other address of the machine."""
    for port in (emulator.runtime.gateway_port, emulator.runtime.mqtt_port):
        with socket.socket() as probe:
            assert probe.connect_ex((HOST, port)) == 0
        with socket.socket() as probe:
            # Another loopback address is reached only by what listens on every address.
            assert probe.connect_ex(("127.0.0.2", port)) != 0


async def test_mqtt_without_a_client_certificate_is_refused(emulator: Emulator) -> None:
    """The broker ends a TLS handshake that brings no certificate, or the connection right after it."""
    context = ssl.create_default_context(cafile=str(emulator.identity.ca))
    with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
        await _connack_without_certificate(emulator, context)


async def _connack_without_certificate(emulator: Emulator, context: ssl.SSLContext) -> bytes:
    reader, writer = await asyncio.open_connection(
        HOST, emulator.runtime.mqtt_port, ssl=context, server_hostname=MQTT_NAME
    )
    try:
        writer.write(packet(1, text("MQTT") + bytes([4, 2]) + struct.pack(">H", 60) + text("ven-1")))
        return await asyncio.wait_for(reader.readexactly(4), GIVE_UP_S)
    finally:
        writer.transport.abort()


async def test_a_client_that_falls_silent_is_cut_off(emulator: Emulator) -> None:
    """After one and a half keep-alives without a word the connection is ended."""
    async with connected(emulator, KEEP_ALIVE_S) as silent:
        assert await silent.closed()


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (publish("ven/ack/ven-1", b"x", qos=2), "QoS 2"),
        (publish("ven/ack/ven-1", b"x" * 131_073), "more than 128 KB"),
        (publish("a/b/c/d/e/f/g/h/i", b"x"), "more than 7 slashes"),
    ],
    ids=["qos2", "oversize", "slashes"],
)
async def test_a_publish_beyond_the_limits_ends_the_connection(
    emulator: Emulator, message: bytes, why: str
) -> None:
    """AWS IoT closes the connection on these, and so does the local cloud."""
    async with connected(emulator) as link:
        await link.send(message)
        assert await link.closed(), why


async def test_a_publish_within_the_limits_is_taken(emulator: Emulator) -> None:
    """The limits cut off nothing that AWS takes: 7 slashes, 131,072 bytes of payload."""
    async with connected(emulator) as link:
        await link.send(publish("a/b/c/d/e/f/g/h", b"x" * 131_072))
        assert await link.until(PUBACK)


async def test_what_exceeds_100_publishes_a_second_is_discarded(emulator: Emulator) -> None:
    """It is neither taken nor acknowledged, and the connection stays; others are not slowed down."""
    async with connected(emulator) as flood, connected(emulator, client_id="ven-2") as other:
        await flood.send(publish("ven/ack/ven-1", b"x") * 1_000 + PING)
        acknowledged = 0
        while (kind := (await flood.receive())[0]) != PINGRESP:
            assert kind == PUBACK, "the broker closed the connection"
            acknowledged += 1
        await other.send(publish("ven/ack/ven-2", b"x"))
        assert await other.until(PUBACK)
    assert PUBLISHES_PER_S <= acknowledged < 1_000


def test_a_connection_has_room_again_as_its_last_second_empties() -> None:
    """100 in any second: the next goes through a second after the first of them."""
    last_second: deque[float] = deque(maxlen=PUBLISHES_PER_S)
    assert all(_has_room(last_second, number / 200) for number in range(PUBLISHES_PER_S))
    assert not _has_room(last_second, 0.999)
    assert _has_room(last_second, 1.0)
    assert not _has_room(last_second, 1.001)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"state": {"desired": {"text": "x" * 9000}}}, 413),
        ({"state": {"desired": {"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}}}}, 400),
        ({"state": {"desired": {"list": [1, None]}}}, 400),
        ({"state": {"desired": {}}, "clientToken": "x" * 65}, 400),
        ({"state": {"desired": {}}, "version": "1"}, 400),
        ({"state": {"desired": 5}}, 400),
    ],
    ids=["size", "depth", "null-in-array", "token", "version", "node"],
)
async def test_a_shadow_beyond_the_limits_is_refused(
    emulator: Emulator, body: dict[str, Any], code: int
) -> None:
    """The service's limits hold over MQTT with its code, and over HTTP likewise."""
    shadow = Topics("ven-1").shadow
    async with connected(emulator) as link:
        await link.send(packet(8, struct.pack(">H", 3) + text(shadow("update/rejected")) + b"\x01", flags=2))
        await link.until(SUBACK)
        await link.send(publish(shadow("update"), json.dumps(body).encode()))
        answer = await link.until(PUBLISH)
    rejection = json.loads(answer[answer.index(b"{") :])
    assert rejection["code"] == code
    assert abs(rejection["timestamp"] - time.time()) < 60
    with pytest.raises(ClientError) as refused:
        emulator.client("iot-data").update_thing_shadow(thingName="ven-1", payload=json.dumps(body).encode())
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == code
    name = {400: "InvalidRequestException", 413: "RequestEntityTooLargeException"}[code]
    assert refused.value.response["Error"]["Code"] == name


def test_a_shadow_that_is_no_text_is_refused(emulator: Emulator) -> None:
    """A document that is not UTF-8 has an error of its own."""
    with pytest.raises(ClientError) as refused:
        emulator.client("iot-data").update_thing_shadow(
            thingName="ven-1", payload=b'{"state": {"desired": {"a": "\xff"}}}'
        )
    assert refused.value.response["Error"]["Code"] == "UnsupportedDocumentEncodingException"


def test_a_message_over_http_has_the_limit_of_one_over_mqtt(emulator: Emulator) -> None:
    """A payload of 131,072 bytes is taken, one byte more is not."""
    data = emulator.client("iot-data")
    data.publish(topic="a/b", payload=b"x" * 131_072)
    with pytest.raises(ClientError) as refused:
        data.publish(topic="a/b", payload=b"x" * 131_073)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_a_shadow_that_would_grow_too_large_is_refused(emulator: Emulator) -> None:
    """The limit is on the whole shadow, not on one update."""
    data = emulator.client("iot-data")
    data.update_thing_shadow(
        thingName="ven-1", payload=json.dumps({"state": {"desired": {"a": "x" * 5000}}}).encode()
    )
    with pytest.raises(ClientError) as refused:
        data.update_thing_shadow(
            thingName="ven-1", payload=json.dumps({"state": {"desired": {"b": "x" * 5000}}}).encode()
        )
    assert refused.value.response["Error"]["Code"] == "RequestEntityTooLargeException"
    data.delete_thing_shadow(thingName="ven-1")


def test_a_role_is_judged_by_the_resource_that_aws_names(emulator: Emulator) -> None:
    """A role for one schedule group and for certificates may do these, and no other group's."""
    arn = "arn:aws:scheduler:us-east-1:000000000000:schedule/ours/*"
    scheduler = _client_that_may(emulator, "narrow", "scheduler", "scheduler:GetSchedule", arn)
    for group, code in (("ours", "ResourceNotFoundException"), ("theirs", "AccessDeniedException")):
        with pytest.raises(ClientError) as refused:
            scheduler.get_schedule(Name="any", GroupName=group)
        assert refused.value.response["Error"]["Code"] == code


def test_an_action_that_knows_no_resource_is_granted_on_all_or_not_at_all(emulator: Emulator) -> None:
    """ListAttachedPolicies takes a certificate, yet its right cannot be narrowed to certificates."""
    target = "arn:aws:iot:us-east-1:000000000000:cert/abc"
    for user, resource, allowed in (
        ("on-cert", "arn:aws:iot:us-east-1:000000000000:cert/*", False),
        ("on-all", "*", True),
    ):
        iot = _client_that_may(emulator, user, "iot", "iot:ListAttachedPolicies", resource)
        if allowed:
            assert iot.list_attached_policies(target=target)["policies"] == []
            continue
        with pytest.raises(ClientError) as refused:
            iot.list_attached_policies(target=target)
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_call_that_names_no_resource_is_judged_by_all_of_its_type(emulator: Emulator) -> None:
    """A policy on every alarm lets alarms be listed, as one on everything; one on some alarms does not."""
    every = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:"
    for user, resource, allowed in (
        ("every-alarm", f"{every}*", True),
        ("everything", "*", True),
        ("some-alarms", f"{every}some-*", False),
    ):
        cloudwatch = _client_that_may(emulator, user, "cloudwatch", "cloudwatch:DescribeAlarms", resource)
        if allowed:
            assert cloudwatch.describe_alarms()["MetricAlarms"] == []
            continue
        with pytest.raises(ClientError) as refused:
            cloudwatch.describe_alarms()
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def test_a_certificate_is_attached_to_the_things_of_the_condition_alone(emulator: Emulator) -> None:
    """AttachThingPrincipal is judged by the certificate, and by the thing as a condition alone."""
    root, arns = emulator.client("iot"), "arn:aws:iot:us-east-1:000000000000"
    for thing in ("north-1", "south-1"):
        root.create_thing(thingName=thing)
    certificate = root.create_keys_and_certificate()["certificateArn"]
    north = {"ArnLikeIfExists": {"iot:thingArn": f"{arns}:thing/north-*"}}
    for user, resource, condition, allowed in (
        ("by-thing", f"{arns}:thing/*", {}, {"north-1": False, "south-1": False}),
        ("by-certificate", f"{arns}:cert/*", {}, {"north-1": True, "south-1": True}),
        ("by-condition", f"{arns}:cert/*", north, {"north-1": True, "south-1": False}),
    ):
        may_attach = ("iot:AttachThingPrincipal", resource)
        iot = _client_that_may(emulator, user, "iot", *may_attach, condition=condition)
        for thing, may in allowed.items():
            if may:
                iot.attach_thing_principal(thingName=thing, principal=certificate)
                continue
            with pytest.raises(ClientError) as refused:
                iot.attach_thing_principal(thingName=thing, principal=certificate)
            assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


def _client_that_may(
    emulator: Emulator,
    user: str,
    service: str,
    action: str,
    resource: str,
    *,
    condition: dict[str, dict[str, str]] | None = None,
) -> Any:
    """A client of *service* whose user may do one action on one resource, under a condition."""
    iam = emulator.client("iam")
    iam.create_user(UserName=user)
    allowed = {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition or {}}
    iam.put_user_policy(
        UserName=user,
        PolicyName="narrow",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
    key = iam.create_access_key(UserName=user)["AccessKey"]
    return boto3.client(  # type: ignore[call-overload]
        service,
        endpoint_url=emulator.runtime.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )


async def test_a_connection_is_ended_by_request_and_a_client_that_is_away_has_none(
    emulator: Emulator,
) -> None:
    """As AWS's DeleteConnection: the connection is closed; without one it is a 404."""
    data = emulator.client("iot-data")
    async with connected(emulator) as link:
        data.delete_connection(clientId="ven-1")
        assert await link.closed()
    with pytest.raises(data.exceptions.ResourceNotFoundException):
        data.delete_connection(clientId="ven-1")


async def test_a_connection_outlives_its_certificate_for_a_while(emulator: Emulator, tmp_path: Path) -> None:
    """AWS takes minutes to end it; a new one it does not take at all."""
    identity = new_identity(emulator.runtime, tmp_path / "tls", thing="ven-3", policy="ven-3")
    other = dataclasses.replace(emulator, identity=identity)
    iot = emulator.client("iot")
    (arn,) = iot.list_thing_principals(thingName="ven-3")["principals"]
    async with connected(other) as link:
        iot.update_certificate(certificateId=arn.rpartition("/")[2], newStatus="INACTIVE")
        await link.send(packet(12, b""))
        await link.until(PINGRESP)
