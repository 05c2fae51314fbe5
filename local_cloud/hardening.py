"""The gaps of the emulator that AWS does not have: closed here, in the emulator's own process.

Pinned to ministack 1.5.33. Each override asserts that the private name it replaces is still there;
``tests/integration/local_cloud/test_hardening.py`` fails for each that stops biting.
"""

from __future__ import annotations

import asyncio
import functools
import ssl
import time
from collections import deque
from collections.abc import Callable
from importlib import metadata
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from contracts.wire.codec import PAYLOAD_MAX_BYTES
from local_cloud.connections import ended_by_deactivation, ended_by_request
from local_cloud.iam import (
    judged_as_on_aws,
    judged_by_type,
    nobody,
    only_the_configured,
    reached_by_path,
)
from local_cloud.key_conditions import read_key_conditions_once
from local_cloud.overrides import Original, replace, replace_in
from local_cloud.patience import wait_for_functions
from local_cloud.ports import inherited
from local_cloud.projections import read_projections_once
from local_cloud.refusals import HANDLED, RESOURCES, refusing, refusing_resource
from local_cloud.rule_sql import evaluable, matching, with_literals
from local_cloud.runtime import MQTT_FD, MQTT_NAME, CloudWeather
from local_cloud.shadow_limits import answered_as_on_aws, published_within_limits, within_limits
from local_cloud.signing_requests import answered, recognised
from local_cloud.subscriptions import subscribe_as_on_aws
from local_cloud.unpacked_code import unpack_once
from local_cloud.warm_start import start_warm
from local_cloud.weather import let_it_rain

PINNED = "1.5.33"
SCHEDULER_TICK_S = 1
"""Between two looks at the schedules. The emulator's own is 10 s; AWS fires within the minute."""
KEEP_ALIVE_GRACE = 1.5
"""A silent client is gone after so many keep-alives. Source: MQTT 3.1.1 section 3.1.2.10."""
TOPIC_MAX_SLASHES = 7
PUBLISHES_PER_S = 100
"""Of a connection; what exceeds it is discarded, and the connection stays. Source: AWS IoT Core quotas."""
_CONNECT, _PUBLISH = 1, 3
_MQTT_5 = 5


def harden(weather: CloudWeather | None = None) -> None:
    """Close every gap, before the emulator starts; with AWS's bad *weather* when there is some.

    Raises:
        RuntimeError: this is not the pinned emulator, or a name that is replaced here is gone.
    """
    # Each reads its environment when imported.
    from ministack.core import iam_actions, iam_evaluator, lambda_runtime  # noqa: PLC0415
    from ministack.services import (  # noqa: PLC0415
        apigateway,
        dynamodb,
        iot,
        iot_data,
        lambda_svc,
        scheduler,
        sns,
        sts,
    )
    from ministack.services.cloudformation import provisioners  # noqa: PLC0415

    version = metadata.version("ministack")
    if version != PINNED:
        raise RuntimeError(
            f"the local cloud is written for ministack {PINNED}, found {version}: "
            "pip install 'ven-twin[local]', or make setup in a checkout"
        )
    _serve_mqtt_on_its_socket(iot)
    _require_client_certificate(iot)
    _enforce_keep_alive(iot)
    _hold_packets_to_limits(iot)
    _answer_as_aws_iot(iot, iot_data)
    replace(iam_actions, "extract_resource_arn", judged_as_on_aws)
    replace(iam_evaluator, "evaluate", judged_by_type)
    replace(scheduler, "_SCHEDULE_TICK_INTERVAL", lambda _: SCHEDULER_TICK_S)
    for module in (iam_evaluator, sts):
        replace(module, "is_root_access_key", only_the_configured)
    replace(iam_evaluator, "_is_root_key", nobody)
    replace_in(
        provisioners._RESOURCE_HANDLERS["AWS::ApiGatewayV2::Api"],  # noqa: SLF001 - the emulator's own table
        "create",
        lambda create: reached_by_path(create, apigateway),
    )
    _refuse_by_documented_limits(provisioners)
    subscribe_as_on_aws(sns, iam_evaluator)
    wait_for_functions(lambda_svc)
    unpack_once(lambda_runtime)
    start_warm(lambda_runtime)
    read_key_conditions_once(dynamodb)
    read_projections_once(dynamodb)
    if weather is not None:
        let_it_rain(weather)


def _answer_as_aws_iot(iot: ModuleType, iot_data: ModuleType) -> None:
    """Presence, connections, shadows, messages over HTTP and topic rules as AWS IoT has them."""
    replace(iot, "_next_presence_version", lambda count: _counting_on(count, iot))
    replace(iot, "_shadow_rejected", _with_its_time)
    replace(iot, "_describe_endpoint", lambda describe: _resolvable(describe, iot))
    replace(iot, "update_thing_shadow", lambda update: within_limits(update, iot))
    replace(iot_data, "_shadow", lambda shadow: answered_as_on_aws(shadow, iot_data))
    replace(iot_data, "_publish", lambda publish: published_within_limits(publish, iot_data))
    replace(iot_data, "handle_request", lambda handle: ended_by_request(handle, iot))
    replace(iot, "_handle_certificate", lambda handle: ended_by_deactivation(handle, iot))
    replace(iot, "_parse_fleet_provisioning_topic", recognised)
    replace(iot, "_fleet_provisioning_reply", lambda reply: answered(reply, iot))
    replace(iot, "put_topic_rule", lambda put: evaluable(put, iot))
    replace(iot, "_eval_select_function", lambda evaluate: matching(evaluate, iot))
    replace(iot, "_eval_select_expr", with_literals)


def _refuse_by_documented_limits(provisioners: ModuleType) -> None:
    """Hold every request and every resource of a template against the lengths and patterns AWS documents."""
    from ministack import app  # noqa: PLC0415 - it takes the names that are replaced above when imported
    from ministack.core import responses  # noqa: PLC0415

    for name, service in HANDLED.items():
        replace_in(app.SERVICE_HANDLERS, name, functools.partial(refusing, service, responses=responses))
    handlers = provisioners._RESOURCE_HANDLERS  # noqa: SLF001 - the emulator's own table
    for kind in RESOURCES:
        for verb, properties_at in (("create", 1), ("update", 2)):
            if verb == "create" or verb in handlers[kind]:
                replace_in(handlers[kind], verb, functools.partial(refusing_resource, kind, at=properties_at))


def _serve_mqtt_on_its_socket(iot: Any) -> None:
    """The MQTT listener binds every interface whatever BIND_HOST is; serve the socket handed over instead."""

    async def start() -> None:
        if iot._mtls_server is not None:  # noqa: SLF001 - the emulator's own
            return
        loop = asyncio.get_running_loop()
        iot._mtls_server = await loop.create_server(iot._MtlsAcceptor, sock=inherited(MQTT_FD))  # noqa: SLF001
        iot._mtls_loop = loop  # noqa: SLF001

    replace(iot, "_mtls_start_locked", lambda _: start)


def _require_client_certificate(iot: ModuleType) -> None:
    """AWS IoT takes no MQTT client without a certificate on this port; the emulator takes it as optional."""

    def strict(build: Callable[[], ssl.SSLContext]) -> Callable[[], ssl.SSLContext]:
        def context() -> ssl.SSLContext:
            made = build()
            made.verify_mode = ssl.CERT_REQUIRED
            return made

        return context

    replace(iot, "_mtls_build_ssl_context", strict)


class _ImpatientReader:
    """A stream reader that gives up on a client that has been silent for longer than it promised."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader
        self._patience_s: float | None = None

    async def read(self, size: int) -> bytes:
        try:
            async with asyncio.timeout(self._patience_s):
                received = await self._reader.read(size)
        except TimeoutError:
            raise ConnectionResetError("keep-alive exceeded") from None
        if self._patience_s is None and received:
            keep_alive_s = _keep_alive_s(received)
            self._patience_s = keep_alive_s * KEEP_ALIVE_GRACE if keep_alive_s else None
        return received


def _keep_alive_s(packet: bytes) -> int:
    """The keep-alive in a CONNECT packet, s; 0 where there is none to read."""
    if not packet or packet[0] >> 4 != _CONNECT:
        return 0
    start = 1
    while start < min(len(packet), 5) and packet[start] & 0x80:
        start += 1
    start += 1
    name_length = int.from_bytes(packet[start : start + 2])
    at = start + 2 + name_length + 2
    return int.from_bytes(packet[at : at + 2])


def _enforce_keep_alive(iot: ModuleType) -> None:
    """Without this a device that falls silent never goes offline, and its will is never sent."""

    def impatient(serve: Original) -> Original:
        async def serve_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await serve(_ImpatientReader(reader), writer)

        return serve_connection

    replace(iot, "_mtls_serve_conn", impatient)


def _hold_packets_to_limits(iot: ModuleType) -> None:
    """AWS IoT closes the connection on QoS 2, more than 128 KB of payload, or more than 7 slashes.

    A publish beyond 100 in a second is not answered, and goes nowhere.
    """
    published_s: WeakKeyDictionary[Any, deque[float]] = WeakKeyDictionary()

    def limited(dispatch: Original) -> Original:
        async def dispatch_packet(session: Any, packet_type: int, flags: int, body: bytes) -> Any:
            if packet_type == _PUBLISH and not _publish_within_limits(flags, body, session.protocol_version):
                return False
            if packet_type == _PUBLISH:
                last_second = published_s.setdefault(session, deque(maxlen=PUBLISHES_PER_S))
                if not _has_room(last_second, time.monotonic()):
                    return True
            if packet_type == _CONNECT and len(body) > PAYLOAD_MAX_BYTES:
                return False
            return await dispatch(session, packet_type, flags, body)

        return dispatch_packet

    replace(iot._WSSession, "_dispatch_packet", limited)  # noqa: SLF001


def _counting_on(count: Callable[[str, str, str], int], iot: ModuleType) -> Callable[[str, str, str], int]:
    """Presence versions that go on over a restart of the emulator, which forgets where it was.

    AWS keeps the count; a VEN that came back would otherwise seem to be an older message.
    """
    started = int(time.time())

    def next_version(account_id: str, region: str, client_id: str) -> int:
        iot._presence_versions.setdefault((account_id, region, client_id), started)  # noqa: SLF001
        return count(account_id, region, client_id)

    return next_version


def _with_its_time(reject: Original) -> Original:
    """A shadow's rejection has its time, s. Source: AWS IoT Developer Guide, error response document."""

    def rejection(*request: Any) -> Any:
        return {**reject(*request), "timestamp": int(time.time())}

    return rejection


def _resolvable(describe: Original, iot: ModuleType) -> Original:
    """The data endpoint as on AWS: a name that resolves, without a port. *iot* is the emulator's module."""

    def describe_endpoint(query: Any) -> Any:
        if query.get("endpointType") in {"iot:Data-ATS", None}:
            return iot.json_response({"endpointAddress": MQTT_NAME})
        return describe(query)

    return describe_endpoint


def _has_room(last_second: deque[float], now_s: float) -> bool:
    """Count a publish; False when there were as many in the last second as a connection may have."""
    if len(last_second) == PUBLISHES_PER_S and now_s - last_second[0] < 1.0:
        return False
    last_second.append(now_s)
    return True


def _publish_within_limits(flags: int, body: bytes, protocol_version: int) -> bool:
    qos = flags >> 1 & 0b11
    topic_bytes = int.from_bytes(body[:2])
    topic = body[2 : 2 + topic_bytes]
    slashes = topic.count(b"/") - (3 if topic.startswith(b"$aws/rules/") else 0)
    # The limit is on the payload alone: neither the packet's id nor its properties count.
    head_bytes = 2 + topic_bytes + (2 if qos else 0)
    if protocol_version == _MQTT_5:
        head_bytes += _properties_bytes(body[head_bytes : head_bytes + 4])
    # The reserved shadow topics of a named shadow have eight levels; AWS does not count its own.
    reserved = topic.startswith(b"$aws/things/")
    fits = len(body) - head_bytes <= PAYLOAD_MAX_BYTES
    return qos < 2 and fits and (reserved or slashes <= TOPIC_MAX_SLASHES)


def _properties_bytes(start: bytes) -> int:
    """The bytes of an MQTT 5 packet's properties with their length, of which *start* is the beginning."""
    length = 0
    for place, digit in enumerate(start):
        length |= (digit & 0x7F) << 7 * place
        if not digit & 0x80:
            return place + 1 + length
    return len(start)
