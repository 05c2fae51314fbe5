"""What the emulator leaves open and our launcher closes: a test for each override."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from contracts.wire.topics import Topics
from local_cloud.runtime import HOST, MQTT_NAME

if TYPE_CHECKING:
    from tests.integration.local_cloud.conftest import Emulator

CONNACK, SUBACK, PUBACK, PUBLISH = 2, 9, 4, 3
KEEP_ALIVE_S = 1


def _text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack(">H", len(raw)) + raw


def _packet(kind: int, body: bytes, flags: int = 0) -> bytes:
    length, digits = len(body), bytearray()
    while True:
        length, digit = divmod(length, 128)
        digits.append(digit | (0x80 if length else 0))
        if not length:
            return bytes([kind << 4 | flags]) + bytes(digits) + body


def _publish(topic: str, payload: bytes, qos: int = 1) -> bytes:
    return _packet(PUBLISH, _text(topic) + struct.pack(">H", 7) + payload, flags=qos << 1)


class Link:
    """Plain MQTT 3.1.1 by hand, so that what no library sends can be sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def send(self, packet: bytes) -> None:
        """Write one packet."""
        self._writer.write(packet)
        await self._writer.drain()

    async def receive(self) -> tuple[int, bytes]:
        """The next packet's kind and body; (0, b"") when the broker has closed."""
        try:
            first = await self._reader.readexactly(1)
            length, shift = 0, 0
            while True:
                digit = (await self._reader.readexactly(1))[0]
                length, shift = length | (digit & 0x7F) << shift, shift + 7
                if not digit & 0x80:
                    return first[0] >> 4, await self._reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            return 0, b""

    async def until(self, kind: int) -> bytes:
        """The body of the next packet of *kind*, passing over others."""
        while True:
            seen, body = await asyncio.wait_for(self.receive(), 10)
            assert seen, "the broker closed the connection"
            if seen == kind:
                return body

    async def closed(self, within_s: float = 10) -> bool:
        """Whether the broker closes the connection in time."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while True:
                    if (await self.receive())[0] == 0:
                        return True
        return False


@contextlib.asynccontextmanager
async def _connected(emulator: Emulator, keep_alive_s: int = 60) -> AsyncIterator[Link]:
    reader, writer = await asyncio.open_connection(
        HOST, emulator.runtime.mqtt_port, ssl=emulator.tls(), server_hostname=MQTT_NAME
    )
    try:
        link = Link(reader, writer)
        body = _text("MQTT") + bytes([4, 2]) + struct.pack(">H", keep_alive_s) + _text("ven-1")
        await link.send(_packet(1, body))
        assert (await link.until(CONNACK))[1] == 0
        yield link
    finally:
        writer.transport.abort()


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
        writer.write(_packet(1, _text("MQTT") + bytes([4, 2]) + struct.pack(">H", 60) + _text("ven-1")))
        return await asyncio.wait_for(reader.readexactly(4), 10)
    finally:
        writer.transport.abort()


async def test_a_client_that_falls_silent_is_cut_off(emulator: Emulator) -> None:
    """After one and a half keep-alives without a word the connection is ended."""
    async with _connected(emulator, KEEP_ALIVE_S) as silent:
        assert await silent.closed(within_s=KEEP_ALIVE_S * 4)


@pytest.mark.parametrize(
    ("packet", "why"),
    [
        (_publish("ven/ack/ven-1", b"x", qos=2), "QoS 2"),
        (_publish("ven/ack/ven-1", b"x" * (128 * 1024 + 1)), "more than 128 KB"),
        (_publish("a/b/c/d/e/f/g/h/i", b"x"), "more than 7 slashes"),
    ],
    ids=["qos2", "oversize", "slashes"],
)
async def test_a_publish_beyond_the_limits_ends_the_connection(
    emulator: Emulator, packet: bytes, why: str
) -> None:
    """AWS IoT closes the connection on these, and so does the local cloud."""
    async with _connected(emulator) as link:
        await link.send(packet)
        assert await link.closed(), why


async def test_a_publish_within_the_limits_is_taken(emulator: Emulator) -> None:
    """The limits cut off nothing that AWS takes: 7 slashes, 128 KB."""
    async with _connected(emulator) as link:
        await link.send(_publish("a/b/c/d/e/f/g/h", b"x" * 120_000))
        assert await link.until(PUBACK)


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
    async with _connected(emulator) as link:
        await link.send(
            _packet(8, struct.pack(">H", 3) + _text(shadow("update/rejected")) + b"\x01", flags=2)
        )
        await link.until(SUBACK)
        await link.send(_publish(shadow("update"), json.dumps(body).encode()))
        answer = await link.until(PUBLISH)
    assert json.loads(answer[answer.index(b"{") :])["code"] == code
    with pytest.raises(ClientError) as refused:
        emulator.client("iot-data").update_thing_shadow(thingName="ven-1", payload=json.dumps(body).encode())
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == code


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
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    data.delete_thing_shadow(thingName="ven-1")


def test_a_role_is_judged_by_the_resource_that_aws_names(emulator: Emulator) -> None:
    """A role for one schedule group and for certificates may do these, and no other group's."""
    iam, region = emulator.client("iam"), "us-east-1"
    user = iam.create_user(UserName="narrow")["User"]["UserName"]
    arn = f"arn:aws:scheduler:{region}:000000000000:schedule/ours/*"
    allowed = {"Effect": "Allow", "Action": "scheduler:GetSchedule", "Resource": arn}
    iam.put_user_policy(
        UserName=user,
        PolicyName="narrow",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
    key = iam.create_access_key(UserName=user)["AccessKey"]
    import boto3  # noqa: PLC0415 - only here are other credentials wanted

    scheduler = boto3.client(
        "scheduler",
        endpoint_url=emulator.runtime.endpoint_url,
        region_name=region,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    assert _code(scheduler, "ours") == "ResourceNotFoundException"
    assert _code(scheduler, "theirs") == "AccessDeniedException"


def _code(scheduler: Any, group: str) -> str:
    with pytest.raises(ClientError) as refused:
        scheduler.get_schedule(Name="any", GroupName=group)
    return str(refused.value.response["Error"]["Code"])
