"""The meter of the local cloud: packets, rules, queues, starts and items, counted as AWS would bill them.

Switched on for a cloud that is started to be counted (`CloudMeter`), since each read is done twice. Counts
are those of AWS's meters: messages of 5 KB, rules by 5 KB, shadow operations by KB of the record, write
units of 1 KB, read units of 4 KB. Each has its name:

    mqtt.up.telemetry        messages by the last word of their topic, up and down; mqtt.puback of devices
    mqtt.basic_ingest.…      messages up that reach a rule by Basic Ingest: they have no price, the rule has
    rule.telemetry           rules and, as rule_action.…, their actions
    sqs.send.TelemetryInlet  requests by queue; sqs.messages.… what came in receives
    start.store_telemetry    starts of a function; ms.… and log_bytes.… of its run
    write.store_telemetry    DynamoDB's units by who called: a function, or operator
    call.dynamodb.GetItem.…  the calls themselves

Source: AWS IoT Core, additional metering details and pricing. Interpretation: a write that its condition
refuses takes one unit; AWS takes those of the item that is there.
"""

from __future__ import annotations

import functools
import json
import math
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, NamedTuple

from contracts.wire.codec import JsonDict, JsonObject
from contracts.wire.topics import usual_topic
from local_cloud.metered_units import consumed_units, read_units, whole_read
from local_cloud.overrides import Original, replace, replace_in
from local_cloud.refusals import HANDLED, Handler
from local_cloud.requests import Request, read
from local_cloud.runtime import METER_PATH

MESSAGE_BYTES, RECORD_BYTES = 5 * 1024, 1024
OPERATOR = "operator"
_CONNECT, _PUBLISH, _PUBACK, _SUBSCRIBE = 1, 3, 4, 8
_READS = ("GetItem", "Query", "Scan", "BatchGetItem")
_WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")
_METERED = ("dynamodb", "sqs", "sns", "scheduler", "iot-data")
_CREDENTIAL = re.compile(r"Credential=([A-Z0-9a-z]+)/")


class DynamoDbCall(NamedTuple):
    """A call of DynamoDB, by its name, with its parameters, and who made it."""

    operation: str
    parameters: JsonDict
    caller: str


class CloudMeter:
    """Counts by name. Threads of the emulator count at once."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._counts: Counter[str] = Counter()

    def add(self, name: str, amount: float = 1) -> None:
        """Add *amount* to the count of *name*."""
        with self._turn:
            self._counts[name] += amount  # type: ignore[assignment] # units may be halves

    def counts(self) -> dict[str, float]:
        """The counts so far."""
        with self._turn:
            return dict(self._counts)

    def steps(self, name: str, size_bytes: int, step_bytes: int = MESSAGE_BYTES) -> None:
        """Count as many steps as *size_bytes* takes, one at least, and the bytes beside them."""
        self.add(name, max(1, math.ceil(size_bytes / step_bytes)))
        self.add(f"bytes.{name}", size_bytes)

    # MQTT and rules

    def packets_in(self, dispatch: Original) -> Original:
        """The emulator's *dispatch* of a device's packet, counted."""

        async def dispatch_packet(session: Any, packet_type: int, flags: int, body: bytes) -> Any:
            if packet_type == _PUBLISH:
                topic = body[2 : 2 + int.from_bytes(body[:2])].decode("utf-8", "replace")
                usual = usual_topic(topic)
                way = "up" if usual == topic else "basic_ingest"
                self.steps(f"mqtt.{way}.{_kind(usual)}", len(body) - 2)
            elif packet_type in {_CONNECT, _PUBACK, _SUBSCRIBE}:
                name = {_CONNECT: "connect", _PUBACK: "puback", _SUBSCRIBE: "subscribe"}[packet_type]
                self.steps(f"mqtt.{name}", len(body))
            return await dispatch(session, packet_type, flags, body)

        return dispatch_packet

    def deliveries(self, deliver: Original) -> Original:
        """The emulator's *deliver* of a message to a device, counted."""

        async def deliver_to_client(session: Any, topic: str, payload: bytes, qos: int) -> None:
            self.steps(f"mqtt.down.{_kind(topic)}", len(topic) + len(payload))
            await deliver(session, topic, payload, qos)

        return deliver_to_client

    def rules(self, run: Original) -> Original:
        """The emulator's *run* of a rule that a message has met, counted with its actions."""

        async def run_actions(account: str, region: str, rule: Any, payload: bytes, *rest: Any) -> None:
            if rule and not rule.get("ruleDisabled"):
                name = rule["ruleName"].rpartition("_")[2]
                self.steps(f"rule.{name}", len(payload or b""))
                for _ in rule.get("actions") or ():
                    self.steps(f"rule_action.{name}", len(payload or b""))
            await run(account, region, rule, payload, *rest)

        return run_actions

    def shadows(self, update: Original, iot: ModuleType) -> Original:
        """The emulator's *update* of a shadow, counted by the KB of the record that it makes."""

        def update_thing_shadow(thing: str, name: str, request: object) -> Any:
            answer = update(thing, name, request)
            _, document = iot.get_thing_shadow(thing, name)
            state = document.get("state") or {}
            record = {key: state[key] for key in ("desired", "reported") if key in state}
            size = len(json.dumps(record, separators=(",", ":")).encode())
            self.add("shadow_updates")
            self.steps("shadow.update", size, RECORD_BYTES)
            return answer

        return update_thing_shadow

    # queues and functions

    def sends(self, send: Original) -> Original:
        """The emulator's *send* of a message, counted."""

        def send_message(data: JsonDict, url: str) -> Any:
            self.add(f"sqs.send.{_queue(url)}")
            return send(data, url)

        return send_message

    def receives(self, receive: Original) -> Original:
        """The emulator's *receive* for a function, counted when it brings something."""

        def receive_messages(url: str, most: int) -> Any:
            batch = receive(url, most)
            if batch:
                self.add(f"sqs.receive.{_queue(url)}")
                self.add(f"sqs.messages.{_queue(url)}", len(batch))
            return batch

        return receive_messages

    def deletes(self, delete: Original) -> Original:
        """The emulator's *delete* of a batch, one request."""

        def delete_messages(url: str, handles: Any) -> Any:
            self.add(f"sqs.delete.{_queue(url)}")
            return delete(url, handles)

        return delete_messages

    def starts(self, execute: Original) -> Original:
        """The emulator's run of a function, counted with its time and its log."""

        def execute_function(function: JsonDict, config: JsonDict, event: Any, *rest: Any) -> Any:
            name = _function(config)
            begun_s = time.monotonic()
            result = execute(function, config, event, *rest)
            self.add(f"start.{name}")
            self.add(f"ms.{name}", (time.monotonic() - begun_s) * 1000)
            log = result.get("log", "") if isinstance(result, dict) else ""
            self.add(f"log_bytes.{name}", len(log.encode()))
            self.add(f"log_lines.{name}", len(log.splitlines()))
            return result

        return execute_function

    # calls

    def calls(self, service: str, handle: Handler) -> Handler:
        """The emulator's *handle* of *service*, counted by operation and caller."""

        async def handle_request(
            method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, list[str]]
        ) -> Any:
            request = Request(method=method, path=path, headers=headers, body=body, query=query)
            called, caller = read(HANDLED[service], request), _caller(headers)
            if called is None:
                return await handle(method, path, headers, body, query)
            operation, parameters = called[0].name, called[1]
            self.add(f"call.{service}.{operation}.{caller}")
            if service == "dynamodb":
                body = json.dumps({**parameters, "ReturnConsumedCapacity": "TOTAL"}).encode()
            answer = await handle(method, path, headers, body, query)
            if service == "dynamodb":
                whole = json.dumps(whole_read(operation, parameters)).encode()
                reading = functools.partial(handle, method, path, headers, whole, query)
                await self._units(DynamoDbCall(operation, parameters, caller), answer, reading)
            return answer

        return handle_request

    async def _units(self, call: DynamoDbCall, answer: Any, reading: Callable[[], Any]) -> None:
        """Count the units of a call that got *answer*; *reading* reads the same once more, whole items."""
        status, _, body = answer
        document = json.loads(body) if body else {}
        if call.operation in _WRITES:
            refused = status == 400 and "ConditionalCheckFailed" in str(document.get("__type"))
            self.add(f"write.{call.caller}", 1.0 if refused else consumed_units(document))
            self.add(f"write_refused.{call.caller}", int(refused))
        elif call.operation in _READS and status == 200:
            _, _, body = await reading()
            units = read_units(call.operation, call.parameters, json.loads(body))
            self.add(f"read.{call.caller}", units)


def _kind(topic: str) -> str:
    """The words of a topic without the VEN's id: ``telemetry``, ``shadow/update/accepted``."""
    words = topic.split("/")
    if topic.startswith("$aws/things/"):
        return "/".join(words[3:])
    return words[1] if len(words) > 1 else topic


def _queue(url: str) -> str:
    """A queue by its construct's name: ``TelemetryInlet`` of ``…-TelemetryInletQueue0A1B-…``."""
    name = url.rpartition("/")[2]
    return next((word.partition("Queue")[0] for word in name.split("-") if "Queue" in word), name)


def _function(config: JsonObject) -> str:
    """The folder of a function."""
    variables = (config.get("Environment") or {}).get("Variables") or {}
    return str(variables.get("POWERTOOLS_SERVICE_NAME", config.get("FunctionName", "unknown")))


def _caller(headers: Mapping[str, str]) -> str:
    """The signer of a call: the folder of a function by its role, or `OPERATOR`."""
    from ministack.core import iam_evaluator  # noqa: PLC0415 - it reads its environment when imported

    signed = _CREDENTIAL.search(headers.get("authorization", ""))
    identity = iam_evaluator.resolve_caller_identity(signed[1]) if signed else None
    arn = str((identity or {}).get("userArn", ""))
    role = re.search(r"assumed-role/[^/]*?-([A-Z][A-Za-z]+?)Role", arn)
    return re.sub(r"(?<!^)(?=[A-Z])", "_", role[1]).lower() if role else OPERATOR


def meter_all(meter: CloudMeter) -> None:
    """Count everything, before the emulator starts."""
    from ministack import app  # noqa: PLC0415 - it takes the names that are replaced when imported
    from ministack.services import iot, lambda_svc, sqs  # noqa: PLC0415

    session = iot._WSSession  # noqa: SLF001 - the emulator's own
    replace(session, "_dispatch_packet", meter.packets_in)
    replace(session, "deliver_to_client", meter.deliveries)
    replace(iot, "_run_rule_actions", meter.rules)
    replace(iot, "update_thing_shadow", lambda update: meter.shadows(update, iot))
    replace(sqs, "_act_send_message", meter.sends)
    replace(sqs, "_receive_messages_for_esm", meter.receives)
    replace(sqs, "_delete_messages_for_esm", meter.deletes)
    replace(lambda_svc, "_execute_function_dispatch", meter.starts)
    for service in _METERED:
        replace_in(app.SERVICE_HANDLERS, service, _calls_of(meter, service))


def _calls_of(meter: CloudMeter, service: str) -> Callable[[Handler], Handler]:
    return lambda handle: meter.calls(service, handle)


def answering(app: Any, meter: CloudMeter) -> Any:
    """The emulator's *app*, which answers at `METER_PATH` with the counts so far."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != METER_PATH:
            await app(scope, receive, send)
            return
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(meter.counts()).encode()})

    return answer
