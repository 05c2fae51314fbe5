"""The three kinds of message from VENs: acks, presence and reported state. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from contracts.errors import FieldError, WireError
from contracts.store.envelopes import Envelope
from contracts.wire import codec
from contracts.wire.acks import Ack, read_ack
from contracts.wire.codec import JsonDict, JsonObject
from contracts.wire.events import MAX_DURATION_S
from contracts.wire.forecast import read_forecast
from contracts.wire.ids import CheckedEventId, VenId
from contracts.wire.offers import read_levels
from contracts.wire.plain_text import plain_line, plain_object
from contracts.wire.shadow import BATCH_MAX_S, TimeZoneName, read_desired
from contracts.wire.telemetry import EARLIEST_TS, LARGEST_POWER_KW, LATEST_TS, Soc
from contracts.wire.topics import CERTIFICATE_ID, check_ven_id
from lambdas.shared.clock_skew import SKEW_S

_TOPICS = re.compile(
    r"^(?:ven/(?P<ack>ack)/(?P<a>[^/]+)"
    r"|\$aws/events/presence/(?P<presence>connected|disconnected)/(?P<p>[^/]+)"
    r"|\$aws/things/(?P<s>[^/]+)/shadow/update/(?P<documents>documents))$"
)


REPORT_INTERVAL_S = 1.0, 3600.0
"""The report intervals that a VEN can have. Source: docs/reference/wire.md, desired state."""
TEXT_MAX_CHARS = 64
COMFORT_MAX_MIN = 8 * 24 * 60.0
"""Of one event: a week and the day after it."""
TEXTS_MAX = 64
"""Circuits taken out by hand that are stored of a VEN; more than any panel has."""


Whole = Annotated[int, Meta(ge=0, le=2**53)]


class ReceivedAck(msgspec.Struct, frozen=True, kw_only=True):
    """An ack: of a command, or of an event's transition."""

    ven_id: VenId
    received_ts: float
    ack: Ack


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """A VEN connected or disconnected; *certificate_id* is the one that it connected with, by the broker.

    *order* rises with the broker's version number; of one version, which joins a connect to its
    disconnect, the disconnect is later.
    """

    ven_id: VenId
    online: bool
    order: int
    at_ts: float
    certificate_id: str | None = None


class ReportedState(msgspec.Struct, frozen=True, kw_only=True):
    """A VEN's reported state, as of a version of its shadow. *state* goes into its row; None removes."""

    ven_id: VenId
    version: int
    at_ts: float
    state: dict[str, object]


Message = ReceivedAck | Presence | ReportedState


def sender_of(topic: str) -> str | None:
    """The client id or thing in a topic of acks, presence or shadows; None for another topic."""
    match = _TOPICS.match(topic)
    return None if match is None else match["a"] or match["p"] or match["s"]


def read_message(envelope: Envelope) -> Message:
    """One message. Raises WireError; the topic names the VEN and the kind of message."""
    match = _TOPICS.match(envelope.topic)
    if match is None:
        raise FieldError("topic", "is neither of acks nor of presence nor of shadows")
    ven_id = check_ven_id(match["a"] or match["p"] or match["s"], "topic")
    if match["ack"]:
        return ReceivedAck(
            ven_id=ven_id, received_ts=envelope.received_ts, ack=read_ack(envelope.raw, ven_id=ven_id)
        )
    if match["documents"]:
        return _reported(envelope, ven_id)
    return _presence(envelope, ven_id, online=match["presence"] == "connected")


class _PresenceEvent(msgspec.Struct, rename="camel", frozen=True):
    """Source: AWS IoT Developer Guide, lifecycle events. *timestamp* is in ms.

    *principal_identifier* is the credential: of mutual TLS, the certificate's id.
    """

    timestamp: Whole
    version_number: Whole
    event_type: Literal["connected", "disconnected"]
    principal_identifier: str | None = None


def _presence(envelope: Envelope, ven_id: VenId, *, online: bool) -> Presence:
    event = codec.decode(_PresenceEvent, envelope.raw)
    if (event.event_type == "connected") is not online:
        raise FieldError("eventType", "is not what the topic says")
    order = 2 * event.version_number + (0 if online else 1)
    principal = event.principal_identifier
    certificate_id = principal if online and principal and CERTIFICATE_ID.fullmatch(principal) else None
    at_ts = event.timestamp / 1000
    return Presence(ven_id=ven_id, online=online, order=order, at_ts=at_ts, certificate_id=certificate_id)


class _ShadowState(msgspec.Struct, frozen=True):
    reported: JsonDict | None = None


class _Document(msgspec.Struct, frozen=True):
    state: _ShadowState
    version: Whole


class _Documents(msgspec.Struct, frozen=True):
    """Source: AWS IoT Developer Guide, device shadow, documents message. *timestamp* is in s."""

    current: _Document
    timestamp: Whole
    previous: _Document | None = None


class _Metrics(msgspec.Struct, rename="camel", frozen=True):
    shed_availability_kw: float | None = None
    sustain_s: float | None = None
    load_up_availability_kw: float | None = None
    load_up_sustain_s: float | None = None
    battery_soc: Soc | None = None
    active_event_id: CheckedEventId | None = None


class _LastEvent(msgspec.Struct, rename="camel", frozen=True):
    event_id: CheckedEventId
    comfort_minutes_lost: float | None = None
    comfort_minutes_beyond_limits: float | None = None


class _Ven(msgspec.Struct, rename="camel", frozen=True):
    enabled: bool | None = None
    status: str | None = None
    by_hand: dict[str, str] = {}
    last_publish_ts: float | None = None
    clock_skew_s: float | None = None


class _ReportedFields(msgspec.Struct, frozen=True):
    metrics: _Metrics = _Metrics()
    ven: _Ven = _Ven()
    enabled: bool | None = None
    report_interval_seconds: float | None = None
    batch_seconds: float | None = None
    time_zone: TimeZoneName | None = msgspec.field(name="timeZone", default=None)
    shadow_errors: JsonDict | None = None


def _reported(envelope: Envelope, ven_id: VenId) -> ReportedState:
    documents = codec.decode(_Documents, envelope.raw)
    reported = documents.current.state.reported or {}
    before = (documents.previous.state.reported or {}) if documents.previous else {}
    at_ts = float(documents.timestamp)
    state = _row_state(reported) | _clock_skew(reported, before, documents.timestamp)
    zone_before = before.get("timeZone")
    if zone_before is not None and zone_before != state["timeZone"]:
        state |= {"timeZoneBefore": plain_line(str(zone_before))[:TEXT_MAX_CHARS], "timeZoneTs": at_ts}
    return ReportedState(ven_id=ven_id, version=documents.current.version, at_ts=at_ts, state=state)


def _row_state(reported: Mapping[str, object]) -> dict[str, object]:
    """The row's attributes of a reported state; None for each that is not reported."""
    state = codec.convert(_ReportedFields, reported, under="state.reported")
    figures: dict[str, object] = msgspec.to_builtins(state.metrics)
    by_hand = dict(list(state.ven.by_hand.items())[:TEXTS_MAX])
    return figures | {
        "shedAvailabilityKw": _within(state.metrics.shed_availability_kw, 0.0, LARGEST_POWER_KW),
        "sustainS": _within(state.metrics.sustain_s, 0.0, float(MAX_DURATION_S)),
        "offers": _listed(read_levels(_metric(reported, "offers"))),
        "forecast": _listed(read_forecast(_metric(reported, "forecast"))),
        "loadUpAvailabilityKw": _within(state.metrics.load_up_availability_kw, 0.0, LARGEST_POWER_KW),
        "loadUpSustainS": _within(state.metrics.load_up_sustain_s, 0.0, float(MAX_DURATION_S)),
        "enabled": state.ven.enabled if state.enabled is None else state.enabled,
        "status": None if state.ven.status is None else plain_line(state.ven.status)[:TEXT_MAX_CHARS],
        "reportIntervalS": _within(state.report_interval_seconds, *REPORT_INTERVAL_S),
        "batchS": _within(state.batch_seconds, 0.0, float(BATCH_MAX_S)),
        "timeZone": state.time_zone,
        "byHand": {
            plain_line(name)[:TEXT_MAX_CHARS]: plain_line(text)[:TEXT_MAX_CHARS]
            for name, text in by_hand.items()
        }
        or None,
        "optOut": _opt_out(reported),
        "lastEventComfort": _comfort(reported),
        "shadow_errors": plain_object(state.shadow_errors) if state.shadow_errors else None,
    }


def _metric(reported: JsonObject, name: str) -> object:
    metrics = reported.get("metrics")
    return metrics.get(name) if isinstance(metrics, Mapping) else None


def _listed(figures: Iterable[msgspec.Struct]) -> list[object] | None:
    """The figures as far as they are some; a list that is none is as if it were not told."""
    return [msgspec.to_builtins(figure) for figure in figures] or None


def _comfort(reported: JsonObject) -> dict[str, object] | None:
    """The minutes of comfort that the VEN says its last event took; None where what it says is none."""
    metrics = reported.get("metrics")
    summary = metrics.get("lastEventSummary") if isinstance(metrics, Mapping) else None
    if not isinstance(summary, Mapping):
        return None
    try:
        last = codec.convert(_LastEvent, codec.without_nulls(summary))
    except WireError:
        return None
    lost_min, limits_min = (
        _within(minutes, 0.0, COMFORT_MAX_MIN)
        for minutes in (last.comfort_minutes_lost, last.comfort_minutes_beyond_limits)
    )
    if lost_min is None:
        return None
    comfort = {"eventId": last.event_id, "minutesLost": lost_min, "minutesBeyondLimits": limits_min}
    return {name: value for name, value in comfort.items() if value is not None}


def _within(value: float | None, least: float, most: float) -> float | None:
    """*value*, or the nearest that can be: what is beyond says no more than that."""
    return None if value is None else min(max(value, least), most)


def _clock_skew(
    reported: Mapping[str, object], before: Mapping[str, object], cloud_ts: int
) -> dict[str, object]:
    """The skew of the VEN's clock, s: by the time at which it says to have reported, else as it reports it.

    Nothing is known of it by a document that the VEN has not written anew. None when the clock is right.
    """
    now, then = (
        codec.convert(_ReportedFields, state, under="state.reported").ven for state in (reported, before)
    )
    if now.last_publish_ts is None:
        return {"clockSkewS": _within(now.clock_skew_s, -float(LATEST_TS), float(LATEST_TS))}
    if not EARLIEST_TS <= now.last_publish_ts <= LATEST_TS:
        return {}
    if now.last_publish_ts == then.last_publish_ts:
        return {}
    skew_s = round(cloud_ts - now.last_publish_ts)
    return {"clockSkewS": skew_s if abs(skew_s) > SKEW_S else None}


def _opt_out(reported: Mapping[str, object]) -> object:
    """The opt-out as an object; it is reported as it is desired, so ``true`` stands for one too."""
    read = read_desired({"optOut": reported.get("optOut")})
    if read.errors:
        raise FieldError("state.reported.optOut", next(iter(read.errors.values())))
    opt_out = msgspec.to_builtins(read.opt_out)
    return plain_object(opt_out) if isinstance(opt_out, dict) else opt_out
