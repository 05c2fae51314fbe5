"""A stand-in for the earlier system's VENs: paho, their shapes and nothing else, by commands alone.

It knows no boot, no seq and no `durationS`: an event lasts `duration_s` or `duration_sec`, else an hour.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.support.older_vens import OLDER_CIRCUIT, OLDER_LOAD
from tests.support.waiting import GIVE_UP_S

HOUR_S = 3600.0
USED_KW, SHED_KW = 2.75, 2.0
LOADS_EVERY = 5
"""Rows between two snapshots of the loads."""


@dataclass(frozen=True)
class Kind:
    """One of the shapes and manners that are out there.

    Attributes:
        protocol: the version of MQTT.
        qos: of all that it publishes and subscribes to.
        has_baseline: whether its rows have one; the basic VEN's have none.
        says_ok: whether its acks have `ok`; otherwise they have `status`.
    """

    protocol: MQTTProtocolVersion
    qos: int
    has_baseline: bool
    says_ok: bool


KINDS: Mapping[str, Kind] = {
    "older-311-0": Kind(MQTTProtocolVersion.MQTTv311, 0, has_baseline=True, says_ok=False),
    "older-311-1": Kind(MQTTProtocolVersion.MQTTv311, 1, has_baseline=False, says_ok=True),
    "older-5-0": Kind(MQTTProtocolVersion.MQTTv5, 0, has_baseline=False, says_ok=False),
    "older-5-1": Kind(MQTTProtocolVersion.MQTTv5, 1, has_baseline=True, says_ok=True),
}
"""By the VEN's id: both versions of MQTT with both levels of QoS."""


@dataclass
class OlderVen:
    """One VEN, in a thread of paho's and one of its own.

    *speed* is how many of its seconds pass in one: an event of a minute then takes less.

    Attributes:
        loads_ts: the timestamp of its last snapshot of loads.
        sent: the timestamps of its rows.
        shedding: those of the rows in which it shed.
        acked: correlation ids of the commands that it answered.
        obeyed_s: the lengths of the events that it obeyed, in its own seconds.
        errors: what went wrong in a thread.
    """

    ven_id: str
    kind: Kind
    tls: Path
    port: int
    speed: float = 1.0
    loads_ts: int = 0
    sent: list[int] = field(default_factory=list)
    shedding: list[int] = field(default_factory=list)
    acked: list[str] = field(default_factory=list)
    obeyed_s: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ready, self._end = threading.Event(), threading.Event()
        self._shed_until_s = 0.0
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=self.ven_id, protocol=self.kind.protocol)
        client.tls_set(
            str(self.tls / "ca.pem"), str(self.tls / "certificate.pem"), str(self.tls / "private_key.pem")
        )
        client.on_connect = self._on_connect
        client.on_subscribe = lambda *_: self._ready.set()
        client.on_message = lambda _client, _data, message: self._safely(self._on_command, message.payload)
        client.on_disconnect = lambda *reason: None if self._end.is_set() else self.errors.append(str(reason))
        self._client = client
        self._reporter = threading.Thread(target=self._safely, args=(self._report,), daemon=True)

    def start(self) -> None:
        """Connect, subscribe, and report once a second from now on."""
        self._client.connect("localhost", self.port)
        self._client.loop_start()
        assert self._ready.wait(GIVE_UP_S), f"{self.ven_id} did not connect"
        self._publish(
            f"$aws/things/{self.ven_id}/shadow/update",
            {"state": {"reported": {"loads": [OLDER_LOAD], "enabled": True}}},
        )
        self._reporter.start()

    def stop(self) -> None:
        """Take leave."""
        self._end.set()
        if self._reporter.ident is not None:
            self._reporter.join()
        self._client.disconnect()
        self._client.loop_stop()
        self._client._reset_sockets()  # paho leaves the pair that wakes its thread to the garbage collector

    def _on_connect(self, client: mqtt.Client, *_: object) -> None:
        client.subscribe(f"ven/cmd/{self.ven_id}", self.kind.qos)

    def _report(self) -> None:
        while not self._end.is_set():
            now_s = time.time()
            shed_kw = SHED_KW if now_s < self._shed_until_s else 0.0
            row = {"venId": self.ven_id, "timestamp": int(now_s), "usedPowerKw": USED_KW - shed_kw}
            row["shedPowerKw"] = shed_kw
            if self.kind.has_baseline:
                row["baselinePowerKw"] = USED_KW
            self._publish(f"ven/telemetry/{self.ven_id}", row)
            self.sent.append(int(now_s))
            if shed_kw:
                self.shedding.append(int(now_s))
            if len(self.sent) % LOADS_EVERY == 1:
                self.loads_ts = int(now_s)
                self._publish(f"ven/loads/{self.ven_id}", {"ts": int(now_s), "loads": [OLDER_LOAD]})
            self._end.wait(
                int(now_s) + 1.5 - time.time()
            )  # in the middle of each second, so never two in one

    def _on_command(self, payload: bytes) -> None:
        command = json.loads(payload)
        data = command.get("data") or {}
        answer: dict[str, Any] = {"op": command["op"], "ts": int(time.time())}
        answer["correlationId"] = command["correlationId"]
        answer |= {"ok": True, "venId": self.ven_id} if self.kind.says_ok else {"status": "success"}
        match command["op"]:
            case "ping":
                answer["pong"] = True
            case "shedLoad":
                answer["data"] = {"shedAmount": data["amountKw"]}
            case "event":
                length_s = float(data.get("duration_s") or data.get("duration_sec") or HOUR_S)
                self.obeyed_s.append(length_s)
                self._shed_until_s = time.time() + length_s / self.speed
                answer |= {"event_id": data["event_id"], "requested_shed_kw": data["requestedReductionKw"]}
                answer |= {"actual_shed_kw": SHED_KW, "circuits_curtailed": [OLDER_CIRCUIT]}
        self._publish(f"ven/ack/{self.ven_id}", answer)
        self.acked.append(command["correlationId"])

    def _publish(self, topic: str, message: Mapping[str, Any]) -> None:
        self._client.publish(topic, json.dumps(message), self.kind.qos)

    def _safely(self, work: Callable[..., None], *arguments: object) -> None:
        try:
            work(*arguments)
        except Exception as error:  # noqa: BLE001 - a thread's end is seen by whoever looks at the errors
            self.errors.append(repr(error))
