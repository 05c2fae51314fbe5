"""One VEN as an operator's rights show it, read again and again into a timeline."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from contracts.store import keys
from contracts.store.stack import StackOutput
from contracts.wire.codec import JsonDict
from contracts.wire.ids import EventId, VenId
from ven_twin.operations.aggregator.cloud_errors import explained
from ven_twin.operations.conformance.timeline import (
    ROW_S,
    SKEW_S,
    ObservedAck,
    ObservedCommand,
    ObservedEvent,
    ObservedRow,
    PresenceChange,
    Timeline,
    TrialEvent,
)

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.cloud import Cloud
    from ven_twin.operations.aggregator.protocol import Aggregator

POLL_S = 0.5
INTERVAL = "report_interval_seconds"


class Observer:
    """Reads one VEN's tables and shadow, and remembers what changed.

    Attributes:
        commands: those that were sent, by their names.
        events: those that were made.
        setting_applied, steady_ts, has_opt_out, offline_ts: as in `Timeline`.
    """

    def __init__(self, cloud: Cloud, aggregator: Aggregator, ven_id: VenId) -> None:
        self._cloud, self._aggregator, self._ven_id = cloud, aggregator, ven_id
        self.begun_ts = self.steady_ts = time.time()
        self.presences: list[PresenceChange] = []
        self.commands: dict[str, ObservedCommand] = {}
        self.events: dict[TrialEvent, ObservedEvent] = {}
        self.setting_applied: bool | None = None
        self.has_opt_out = False
        self.offline_ts: float | None = None
        self.interval_s: float | None = None
        self.offer_kw: float | None = None
        self.has_reported = False
        self._active_ids = set[str]()
        self._since_ts = int(self.begun_ts + self._slowness_s())

    def look(self) -> bool:
        """Read the VEN's row. False when the stage has no such VEN."""
        item = self._cloud.item(StackOutput.VENS_TABLE, {keys.VENS.partition: self._ven_id})
        if item is None:
            return False
        online, order = bool(item.get("online")), int(item.get("presenceOrder") or 0)
        if not self.presences or (self.presences[-1].online, self.presences[-1].order) != (online, order):
            self.presences.append(PresenceChange(seen_ts=time.time(), online=online, order=order))
        if active := item.get("activeEventId"):
            self._active_ids.add(active)
        self.interval_s, self.offer_kw = item.get("reportIntervalS"), item.get("shedAvailabilityKw")
        self.has_reported = self.has_reported or item.get("reportedTs") is not None
        return True

    @property
    def online(self) -> bool:
        """True when the VEN was recorded as connected at the last look."""
        return bool(self.presences) and self.presences[-1].online

    def wait(self, ready: Callable[[], bool], timeout_s: float) -> bool:
        """Look until *ready*; False when it is not within *timeout_s*."""
        deadline_s = time.monotonic() + timeout_s
        while True:
            self.look()
            if ready():
                return True
            if time.monotonic() > deadline_s:
                return False
            time.sleep(POLL_S)

    def acts_on(self, trial: TrialEvent) -> bool:
        """True when there is a row, an ack or a report by which the VEN acts on the event of *trial*."""
        event = self.events[trial]
        until_now = msgspec.structs.replace(event, seen_until_ts=time.time())
        return (
            event.event_id in self._active_ids
            or "active" in self._phases(event.event_id)
            or bool(self.timeline().rows_of(until_now))
        )

    def has_row_after(self, at_ts: float) -> bool:
        """True when a row of after *at_ts*, UTC s, is stored, and the second that it ends in is over."""
        timeline = self.timeline()
        return any(at_ts < timeline.at_ts(row) < time.time() - ROW_S for row in timeline.rows)

    def close(self, trial: TrialEvent) -> None:
        """Note what was seen of the event of *trial* until now."""
        event = self.events[trial]
        self.events[trial] = msgspec.structs.replace(
            event,
            seen_until_ts=time.time(),
            phases=self._phases(event.event_id),
            became_active=event.event_id in self._active_ids,
        )

    def read_ack(self, name: str) -> bool:
        """Read the ack of the command *name*; False while there is none. A later ack counts as again."""
        command = self.commands[name]
        sent = self._aggregator.command(self._ven_id, command.correlation_id)
        if sent is None or sent.ack is None:
            return False
        ack = ObservedAck(
            op=sent.ack.op,
            ok=sent.ack.ok,
            received_ts=sent.ack_received_ts or time.time(),
            has_reason=bool(sent.ack.error or sent.ack.field),
        )
        again = command.ack is not None and command.ack.received_ts != ack.received_ts
        self.commands[name] = msgspec.structs.replace(command, ack=ack, answered_again=again)
        return True

    def timeline(self) -> Timeline:
        """All that was seen until now."""
        return Timeline(
            ven_id=self._ven_id,
            begun_ts=self.begun_ts,
            ended_ts=time.time(),
            presences=tuple(self.presences),
            rows=self._rows(),
            commands=dict(self.commands),
            events=dict(self.events),
            report_interval_s=self.interval_s,
            steady_ts=self.steady_ts,
            offer_kw=self.offer_kw,
            has_reported=self.has_reported,
            setting_applied=self.setting_applied,
            has_opt_out=self.has_opt_out,
            offline_ts=self.offline_ts,
        )

    def shadow(self) -> tuple[JsonDict, JsonDict]:
        """The shadow's desired and reported state."""
        state = self._cloud.shadow(self._ven_id).get("state", {})
        return state.get("desired") or {}, state.get("reported") or {}

    def desire(self, key: str, value: object) -> None:
        """Write one key of the shadow's desired state; None removes it."""
        body = json.dumps({"state": {"desired": {key: value}}}).encode()
        with explained():
            self._cloud.client("iot-data").update_thing_shadow(thingName=self._ven_id, payload=body)

    def _rows(self) -> tuple[ObservedRow, ...]:
        since = keys.telemetry_row_id(self._since_ts, "", 0)
        return tuple(
            ObservedRow(
                timestamp=int(row["timestamp"]),
                received_ts=float(row.get("receivedTs") or row["timestamp"]),
                boot_id=str(row["bootId"]),
                seq=int(row["seq"]),
                shed_kw=float(row["shedPowerKw"]),
                event_id=row.get("eventId"),
            )
            for row in self._cloud.telemetry_after(self._ven_id, since)
        )

    def _phases(self, event_id: EventId) -> dict[str, str]:
        """The correlation id of each phase's ack."""
        sort_key = keys.ven_sort_key(self._ven_id)
        key = {keys.EVENTS.partition: event_id, str(keys.EVENTS.sort): sort_key}
        item = self._cloud.item(StackOutput.EVENTS_TABLE, key) or {}
        names = ("far", "near", "active", "completed", "cancelled", "optedOut")
        return {name: str(item[name].get("correlationId", "")) for name in names if name in item}

    def _slowness_s(self) -> float:
        """The lag of the VEN's clock behind the cloud's by its latest row, s, as a negative number, or 0."""
        for row in self._cloud.latest_rows([self._ven_id]):
            skew_s = float(row["timestamp"]) - float(row.get("receivedTs") or row["timestamp"])
            return skew_s if abs(skew_s) > SKEW_S else 0.0
        return 0.0
