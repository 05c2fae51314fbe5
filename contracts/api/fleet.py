"""The fleet at one moment: who is online, who sheds, what flexibility there is. Pure.

The API and the CLI without it compute this from the same items by this code.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import chain

import msgspec

from contracts.api.resources import TelemetryRow, Ven
from contracts.wire.codec import JsonDict
from contracts.wire.forecast import Forecast, ForecastPoint
from contracts.wire.ids import EventId, VenId, counting_key
from contracts.wire.offers import OfferLevels, lasting_offer
from contracts.wire.shadow import OptOut
from contracts.wire.units import S_PER_MIN

FRESH_S = 300.0
"""How old a VEN's latest row may be to speak of now. Interpretation: ten rows at the usual 30 s."""
FORECAST_S = 86_400.0
FORECAST_TIMES = 6
"""Times of a forecast that are shown, and how far ahead at most, s."""
HOLDS_MIN = (15, 60, 240)
"""Times for which flexibility is shown, min; four hours is as far as a VEN looks ahead."""


class VenStatus(StrEnum):
    """The status of a VEN for an operator: the first that applies."""

    SHEDDING = "shedding"
    """Online, and its latest row is of an event."""
    OPTED_OUT = "optedOut"
    DISABLED = "disabled"
    """Takes no part: by its own setting, or quarantined."""
    READY = "ready"
    """Online, and takes part: its offer is counted on."""
    OFFLINE = "offline"
    NEVER_SEEN = "neverSeen"
    """Provisioned, and has not connected yet."""


_ORDER = {status: place for place, status in enumerate(VenStatus)}


class _Shown(msgspec.Struct, rename="camel", frozen=True, kw_only=True, omit_defaults=True):
    pass


class FleetVen(_Shown, frozen=True):
    """One VEN: *askedKw* and *deliveredKw* of *eventId* while it sheds, else what it offers and for how long.

    *offers* are the kW that it keeps for each duration, where it tells them.
    *optOut* stands there while it is in force, *quarantinedTs* since when an operator has it quarantined.
    *rowAgeS* is how old its latest telemetry is, *clockSkewS* the cloud's time less its own, where that is
    off. *groups* are the names under which events can target it, beside its own. *oadrVenName* is the name
    that a VEN of OpenADR has at the VTN.
    """

    ven_id: VenId
    status: VenStatus = msgspec.field(name="standing")
    event_id: EventId | None = None
    requested_kw: float | None = msgspec.field(name="askedKw", default=None)
    delivered_kw: float | None = None
    used_kw: float | None = None
    offers_kw: float | None = None
    sustain_s: float | None = None
    offers: OfferLevels = ()
    opt_out: OptOut | None = None
    row_age_s: float | None = None
    clock_skew_s: float | None = None
    groups: tuple[str, ...] = ()
    quarantined_ts: float | None = None
    oadr_ven_name: str | None = None


class FleetEvent(_Shown, frozen=True):
    """The kW requested and delivered in one event, over the VENs that shed for it now, kW."""

    event_id: EventId
    vens: int
    requested_kw: float = msgspec.field(name="askedKw")
    delivered_kw: float


class FleetForecast(_Shown, frozen=True):
    """The kW that *vens* VENs can probably shed together from *ts* (UTC s) on for a quarter hour.

    *likelyKw* adds up what each sheds in half of all cases, *sureKw* what each sheds whatever comes.
    """

    ts: int
    likely_kw: float
    sure_kw: float
    vens: int


class Holds(_Shown, frozen=True):
    """The flexibility that can be sustained for so long."""

    minutes: int
    kw: float


class Fleet(_Shown, frozen=True):
    """The fleet at *ts* (UTC s). Counts and sums are over every VEN, *vens* lists the first of them.

    *flexibilityKw* is what those that can be counted on offer together, what they shed already included;
    *holds* says how much of it for how long, *forecast* how much there will probably be in the hours to come.
    *leftOff* VENs are not listed.
    """

    ts: float
    total: int = msgspec.field(name="known")
    online: int
    shedding: int
    opted_out: int
    requested_kw: float = msgspec.field(name="askedKw")
    delivered_kw: float
    flexibility_kw: float
    holds: tuple[Holds, ...]
    events: tuple[FleetEvent, ...]
    vens: tuple[FleetVen, ...]
    left_off: int = 0
    forecast: tuple[FleetForecast, ...] = ()


CalledBy = Callable[[EventId], Collection[VenId] | None]
"""The VENs that an event has ever called; None for an event that the cloud does not have."""


def uncalled_vens(latest: Mapping[str, TelemetryRow], called_by: CalledBy) -> frozenset[VenId]:
    """The VENs whose latest row names an event that has never called them.

    A row is its VEN's word, and gives it no share of others' event. Each event is looked up once.
    """
    event_ids = {row.event_id for row in latest.values() if row.event_id is not None}
    called = {event_id: called_by(event_id) for event_id in event_ids}
    return frozenset(
        VenId(ven_id)
        for ven_id, row in latest.items()
        if row.event_id is not None and (vens := called[row.event_id]) is not None and ven_id not in vens
    )


def fleet_at(
    vens: Iterable[Ven],
    latest: Mapping[str, TelemetryRow],
    *,
    now_ts: float,
    uncalled: Collection[VenId] = (),
    limit: int | None = None,
) -> Fleet:
    """The fleet at *now_ts*.

    Args:
        vens: every VEN.
        latest: the latest row of those that have one, by the VEN's id.
        now_ts: UTC s.
        uncalled: the VENs that are in no event, whatever their row says.
        limit: how many VENs are listed, those that shed first; all when None.
    """
    all_vens = list(vens)
    shown = sorted(
        (_shown(ven, _row_of(ven.ven_id, latest, uncalled), now_ts) for ven in all_vens),
        key=lambda ven: (_ORDER[ven.status], ven.event_id or "", counting_key(ven.ven_id)),
    )
    counted = [ven for ven in shown if ven.status in {VenStatus.SHEDDING, VenStatus.READY}]
    counted_ids = {ven.ven_id for ven in counted}
    sheds = [ven for ven in shown if ven.status is VenStatus.SHEDDING]
    return Fleet(
        ts=now_ts,
        total=len(all_vens),
        online=sum(ven.online is True for ven in all_vens),
        shedding=len(sheds),
        opted_out=sum(ven.opt_out is not None for ven in shown),
        requested_kw=_sum(ven.requested_kw for ven in sheds),
        delivered_kw=_sum(ven.delivered_kw for ven in sheds),
        flexibility_kw=_sum(ven.offers_kw for ven in counted),
        holds=tuple(Holds(minutes=minutes, kw=_sustained_kw(counted, minutes)) for minutes in HOLDS_MIN),
        events=tuple(_events(sheds)),
        vens=tuple(shown if limit is None else shown[:limit]),
        left_off=0 if limit is None else max(0, len(shown) - limit),
        forecast=_forecast((ven.forecast for ven in all_vens if ven.ven_id in counted_ids), now_ts),
    )


def _row_of(
    ven_id: VenId, latest: Mapping[str, TelemetryRow], uncalled: Collection[VenId]
) -> TelemetryRow | None:
    row = latest.get(ven_id)
    if row is None or ven_id not in uncalled:
        return row
    return msgspec.structs.replace(row, event_id=None, requested_reduction_kw=None)


def _shown(ven: Ven, row: TelemetryRow | None, now_ts: float) -> FleetVen:
    age_s = None if row is None else max(0.0, now_ts - (row.received_ts or row.timestamp))
    opted_out = ven.opt_out if ven.opt_out is not None and _in_force(ven.opt_out, now_ts) else None
    status = _status(ven, row if age_s is not None and age_s <= FRESH_S else None, opted_out)
    sheds = status is VenStatus.SHEDDING and row is not None
    fields: JsonDict = {}
    if sheds and row is not None:
        fields = {
            "event_id": row.event_id,
            "requested_kw": row.requested_reduction_kw,
            "delivered_kw": row.baseline_power_kw - row.used_power_kw,
        }
    if ven.online and row is not None:
        fields["used_kw"] = row.used_power_kw
    if status in {VenStatus.SHEDDING, VenStatus.READY}:
        fields |= {"offers_kw": ven.shed_availability_kw, "sustain_s": ven.sustain_s, "offers": ven.offers}
    fields |= {"opt_out": opted_out, "row_age_s": age_s, "groups": ven.groups}
    fields |= {"clock_skew_s": ven.clock_skew_s, "quarantined_ts": ven.quarantined_ts}
    fields |= {"oadr_ven_name": ven.oadr_ven_name}
    return FleetVen(ven_id=ven.ven_id, status=status, **fields)


def _status(ven: Ven, fresh: TelemetryRow | None, opted_out: OptOut | None) -> VenStatus:
    if not ven.online:
        return VenStatus.NEVER_SEEN if ven.online is None else VenStatus.OFFLINE
    if opted_out is not None:
        return VenStatus.OPTED_OUT
    if ven.enabled is False or ven.quarantined_ts is not None:
        return VenStatus.DISABLED
    return VenStatus.SHEDDING if fresh is not None and fresh.event_id is not None else VenStatus.READY


def _in_force(opt_out: OptOut, now_ts: float) -> bool:
    return opt_out.until_ts is None or opt_out.until_ts > now_ts


def _sustained_kw(counted: Sequence[FleetVen], minutes: int) -> float:
    """The kW that VENs keep for so long, as dispatch counts on it; nothing of a VEN that does not say."""
    least_s = minutes * S_PER_MIN
    offers = (lasting_offer(ven.offers_kw, ven.sustain_s, ven.offers, least_s) for ven in counted)
    return _sum(kw for kw, sustain_s in offers if sustain_s is not None and sustain_s >= least_s)


def _forecast(forecasts: Iterable[Forecast], now_ts: float) -> tuple[FleetForecast, ...]:
    """The sums of what VENs expect from the same time on: the times to come that most of them name."""
    at: dict[int, list[ForecastPoint]] = {}
    for point in chain.from_iterable(forecasts):
        if now_ts < point.ts <= now_ts + FORECAST_S:
            at.setdefault(point.ts, []).append(point)
    return tuple(
        FleetForecast(
            ts=ts,
            likely_kw=_sum(point.likely_kw for point in at[ts]),
            sure_kw=_sum(point.sure_kw for point in at[ts]),
            vens=len(at[ts]),
        )
        for ts in sorted(sorted(at, key=lambda ts: (-len(at[ts]), ts))[:FORECAST_TIMES])
    )


def _events(sheds: Sequence[FleetVen]) -> Iterable[FleetEvent]:
    by_event: dict[EventId, list[FleetVen]] = {}
    for ven in sheds:
        if ven.event_id is not None:
            by_event.setdefault(ven.event_id, []).append(ven)
    for event_id, vens in by_event.items():
        yield FleetEvent(
            event_id=event_id,
            vens=len(vens),
            requested_kw=_sum(ven.requested_kw for ven in vens),
            delivered_kw=_sum(ven.delivered_kw for ven in vens),
        )


def _sum(values: Iterable[float | None]) -> float:
    """To the watt, so that a sum does not depend on its order."""
    return round(sum(value for value in values if value is not None), 3)
