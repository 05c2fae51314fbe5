"""Stored items as the API's resources: the same for the API and for a reader of the tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from contracts.api.requests import event_etag
from contracts.api.resources import (
    Circuits,
    Event,
    EventSummary,
    FleetSample,
    PhaseReached,
    SentCommand,
    TelemetryRow,
    Ven,
    VenDetail,
    VenParticipation,
)
from contracts.store.circuit_powers import circuits_kw
from contracts.store.keys import (
    CIRCUITS_KW,
    EVENT_SORT_KEY,
    EVENTS,
    PLAN_SORT_PREFIX,
    REPORT_SORT_KEY,
    VEN_SORT_PREFIX,
)
from contracts.store.plans import Plan, plans_in
from contracts.wire import codec
from contracts.wire.codec import JsonDict, JsonObject
from contracts.wire.events import DrEvent, cut_end_ts
from contracts.wire.ids import GroupName, VenId

T = TypeVar("T")
_PHASES = frozenset(["far", "near", "active", "completed", "cancelled", "optedOut", "accepted", "refused"])
"""Attributes of a VEN's part in an event that say what the VEN said."""


def ven(item: JsonObject, groups: Sequence[GroupName] = ()) -> Ven:
    """A VEN from its item, and the groups that it is in."""
    return _read(Ven, {**item, "groups": groups})


def ven_detail(
    item: JsonObject,
    latest: JsonObject | None,
    circuits: JsonObject | None,
    groups: Sequence[GroupName] = (),
) -> VenDetail:
    """A VEN from its items: what it reports, its latest row, its latest snapshot, and its groups."""
    shown: JsonDict = {"latest": latest, "circuits": circuits, "groups": groups}
    return _read(VenDetail, {**item, **{name: value for name, value in shown.items() if value is not None}})


def row(item: JsonObject) -> TelemetryRow:
    """A telemetry row from its item, with the power of its circuits where the item was read with it."""
    circuits = item.get(CIRCUITS_KW)
    if isinstance(circuits, str):
        return _read(TelemetryRow, {**item, CIRCUITS_KW: circuits_kw(circuits)})
    return _read(TelemetryRow, item)


def fleet_sample(item: JsonObject) -> FleetSample:
    """A sample of the fleet from its item."""
    return _read(FleetSample, item)


def circuits(item: JsonObject) -> Circuits:
    """A snapshot of circuits from its item."""
    return _read(Circuits, item)


def flowing(snapshot: JsonObject | None, newest: JsonObject | None) -> JsonObject | None:
    """A snapshot of circuits with their power as of the VEN's newest row, where that is later.

    A VEN that sends its rows in batches sends a snapshot when something else of a circuit changes.
    """
    if snapshot is None or newest is None or newest["timestamp"] <= snapshot["timestamp"]:
        return snapshot
    powers_kw = row(newest).circuits_kw
    if not powers_kw:
        return snapshot
    loads = [
        {**load, "currentPowerKw": powers_kw.get(load["id"], load["currentPowerKw"])}
        for load in snapshot["loads"]
    ]
    return {**snapshot, "timestamp": newest["timestamp"], "loads": loads}


def command(item: JsonObject) -> SentCommand | None:
    """A command from its item; None of an ack that answers a command which was not sent from here."""
    return _read(SentCommand, item) if "issuedTs" in item else None


def event_summary(header: JsonObject, now_ts: float) -> EventSummary | None:
    """An event from its header, with its phase at *now_ts*; None once it is deleted."""
    if header.get("deletedTs") is not None:
        return None
    return _read(EventSummary, {**header, **_computed(header, now_ts)})


def event(
    header: JsonObject, vens: Iterable[VenParticipation], *, settled: bool, now_ts: float
) -> Event | None:
    """An event with its VENs; None once it is deleted.

    Args:
        header: its header.
        vens: how each VEN takes part.
        settled: whether there is a report.
        now_ts: what the phase is of.
    """
    if header.get("deletedTs") is not None:
        return None
    shown = _read(Event, {**header, **_computed(header, now_ts)})
    return msgspec.structs.replace(shown, vens=tuple(vens), settled=settled)


def participant_ids(plan: Plan | None, reached: Iterable[VenId]) -> list[VenId]:
    """Every VEN that has to do with an event: called for, not counted on, or heard of it, by its id."""
    called = (
        {assignment.ven_id for assignment in plan.assignments} | plan.unavailable.keys() if plan else set()
    )
    return sorted(called | set(reached))


def participations(
    plan: Plan | None, reached: Mapping[VenId, JsonObject], ven_ids: Iterable[VenId]
) -> Iterator[VenParticipation]:
    """The parts of *ven_ids* in an event.

    Args:
        plan: who does what now; None when that has expired.
        reached: the phases that each VEN reported, by the VEN's id.
        ven_ids: of whom.
    """
    values = {assignment.ven_id: assignment.values for assignment in plan.assignments} if plan else {}
    unavailable = plan.unavailable if plan else {}
    for ven_id in ven_ids:
        phases = {
            name: phase
            for name, item in reached.get(ven_id, {}).items()
            if name in _PHASES and (phase := _phase(item)) is not None
        }
        fields = {"venId": ven_id, "values": values.get(ven_id, ()), "phases": phases}
        yield _read(VenParticipation, fields | {"unavailable": unavailable.get(ven_id)})


def event_of_items(items: Iterable[JsonObject], *, now_ts: float) -> tuple[Event | None, Any]:
    """An event, and its report as it is stored, from all items of its partition.

    Returns:
        The event, None when there is none or it is deleted, and the report, None until it is settled.
    """
    by_kind: dict[str, list[JsonObject]] = {}
    for item in items:
        sort_key = str(item[str(EVENTS.sort)])
        kind = next(
            (prefix for prefix in (PLAN_SORT_PREFIX, VEN_SORT_PREFIX) if sort_key.startswith(prefix)),
            sort_key,
        )
        by_kind.setdefault(kind, []).append(item)
    if EVENT_SORT_KEY not in by_kind:
        return None, None
    (header,) = by_kind[EVENT_SORT_KEY]
    reports = by_kind.get(REPORT_SORT_KEY, [])
    plan = plans_in(by_kind.get(PLAN_SORT_PREFIX, [])).get(str(header.get("planId")))
    reached = {VenId(item["venId"]): item for item in by_kind.get(VEN_SORT_PREFIX, [])}
    vens = participations(plan, reached, participant_ids(plan, reached))
    shown = event(header, vens, settled=bool(reports), now_ts=now_ts)
    return shown, reports[0].get("report") if reports else None


def _computed(header: JsonObject, now_ts: float) -> JsonDict:
    """The fields that are never stored: the phase, the end, and the etag."""
    cancelled_ts = header.get("cancelledTs")
    whole = msgspec.convert(
        {"eventId": header["eventId"], "startTs": header["startTs"], "intervals": header["intervals"]},
        DrEvent,
    )
    remaining = whole if cancelled_ts is None else msgspec.structs.replace(whole, intervals=())
    return {
        "endTs": cut_end_ts(whole.start_ts, whole.end_ts, cancelled_ts),
        "phase": remaining.phase(now_ts),
        "etag": event_etag(header["requested"], header.get("edition", 0), cancelled=cancelled_ts is not None),
    }


def _phase(item: JsonObject) -> PhaseReached | None:
    """A phase as a VEN reported it; None where what is stored of it is none: it spoils no other's part."""
    try:
        return _read(PhaseReached, item)
    except (msgspec.ValidationError, AttributeError):
        return None


def _read(kind: type[T], item: JsonObject) -> T:
    return msgspec.convert(codec.canonical_for(kind, item), kind)
