"""The calls of the local API: their bodies, effects and answers."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from contracts.errors import FieldError
from contracts.wire.acks import Ack
from contracts.wire.commands import Reduction
from contracts.wire.events import MAX_DURATION_S
from contracts.wire.ids import CheckedEventId, EventId, LoadId
from contracts.wire.telemetry import Timestamp
from ven_twin.control.event_history import PastEvent
from ven_twin.ven.errors import NotStoredError
from ven_twin.ven.page.presenter import ven_view
from ven_twin.ven.page.view import EventView, VenView
from ven_twin.ven.runtime import Twin
from ven_twin.webkit.problems import PageProblemError


class OptOutCall(msgspec.Struct, rename="camel", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take no part in events, until *until_ts* (UTC s) or until opted in."""

    reason: Annotated[str, Meta(min_length=1, max_length=64)]
    until_ts: Timestamp | None = None


class OptInCall(msgspec.Struct, rename="camel", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take part again."""


class SwitchCall(msgspec.Struct, rename="camel", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Switch a circuit by hand; while an event is in force that takes it out of the event."""

    enabled: bool


class EventCall(msgspec.Struct, rename="camel", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Make an event here, for testing, as the command ``event`` does. It starts now by default."""

    kw: Reduction
    duration_s: Annotated[int, Meta(ge=1, le=MAX_DURATION_S)]
    start_ts: Timestamp | None = None
    event_id: CheckedEventId | None = None


class RestoreCall(msgspec.Struct, rename="camel", frozen=True, kw_only=True, forbid_unknown_fields=True):
    """End one event, or all, and give back what they curtail, as the command ``restore`` does."""

    event_id: CheckedEventId | None = None


class EventCreated(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The event that was made."""

    event_id: EventId


class Restored(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Ids of the events that were ended."""

    ended: tuple[str, ...]


class Events(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The events that run or come, and those that are over, newest first."""

    open: tuple[EventView, ...]
    past: tuple[PastEvent, ...]


FIELDS = {
    "data.end_ts": "durationS",
    "data.start_ts": "startTs",
    "data.event_id": "eventId",
    "data.requestedReductionKw": "kw",
}
"""The command's fields by the names that the local API has for them."""


class VenCalls:
    """Carries calls out on a twin."""

    def __init__(self, twin: Twin) -> None:
        self._twin = twin

    def state(self) -> VenView:
        """The VEN now."""
        return ven_view(self._twin.snapshot())

    def events(self) -> Events:
        """The events that run or come, and those that are over."""
        snapshot = self._twin.snapshot()
        return Events(open=ven_view(snapshot).events, past=snapshot.engine.past)

    def opt_out(self, call: OptOutCall) -> VenView:
        """Take no part. Raises ProblemError."""
        try:
            self._twin.opt_out(call.reason, call.until_ts)
        except FieldError as error:
            raise PageProblemError(400, error.reason, field=error.field) from None
        return self.state()

    def opt_in(self, _call: OptInCall) -> VenView:
        """Take part again."""
        self._twin.opt_in()
        return self.state()

    def switch(self, call: SwitchCall, circuit_id: LoadId) -> VenView:
        """Switch a circuit. Raises ProblemError where the house has no such circuit."""
        try:
            self._twin.switch(circuit_id, enabled=call.enabled)
        except FieldError as error:
            raise PageProblemError(404, error.reason, field="circuitId") from None
        return self.state()

    def make_event(self, call: EventCall) -> EventCreated:
        """Start an event here. Raises ProblemError."""
        event_id = call.event_id or EventId(f"page-{secrets.token_hex(4)}")
        data: dict[str, object] = {
            "event_id": event_id,
            "requestedReductionKw": call.kw,
            "durationS": call.duration_s,
        }
        if call.start_ts is not None:
            data["start_ts"] = call.start_ts
        self._command("event", data)
        return EventCreated(event_id=event_id)

    def restore(self, call: RestoreCall) -> Restored:
        """End events. Raises ProblemError where there is no such event."""
        data = {} if call.event_id is None else {"event_id": call.event_id}
        ack = self._command("restore", data)
        return Restored(ended=tuple((ack.data or {}).get("ended", ())))

    def _command(self, op: str, data: Mapping[str, object]) -> Ack:
        """The ack of a command that the VEN did. Raises ProblemError where it refused."""
        correlation_id = f"page-{secrets.token_hex(8)}"
        try:
            ack = self._twin.command({"op": op, "correlationId": correlation_id, "data": data})
        except NotStoredError as error:
            raise PageProblemError(503, str(error)) from None
        if ack.ok:
            return ack
        field = ack.field or ""
        detail = (ack.error or "refused").removeprefix(f"{field}: ")
        if field == "op":
            raise PageProblemError(409, detail)
        # The id was checked before: where the command refuses it, the VEN has no such event.
        status = 404 if (op, field) == ("restore", "data.event_id") else 400
        raise PageProblemError(status, detail, field=FIELDS.get(field, field))
