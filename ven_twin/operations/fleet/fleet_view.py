"""The fleet as the operator's page shows it: one pure function from the board."""

from __future__ import annotations

import msgspec

from contracts.api.fleet import Fleet, FleetVen, Holds
from ven_twin.operations.fleet import words
from ven_twin.operations.fleet.fleet_state import CloudState, EventLine, FleetState, ListedStatus, status_of
from ven_twin.webkit.formatting import share


class VenLine(msgspec.Struct, rename="camel", frozen=True, kw_only=True, omit_defaults=True):
    """A VEN: its status, its event with kW asked and delivered, else its offer and for how long.

    *share* is what it delivers of what is asked. *why* says why it cannot be counted on, *untilTs* when its
    opt-out ends. *groups* are the names under which events can target it, beside its own.
    """

    ven_id: str
    status: ListedStatus
    event_id: str | None = None
    requested_kw: float | None = msgspec.field(name="askedKw", default=None)
    delivered_kw: float | None = None
    share: float | None = None
    used_kw: float | None = None
    offers_kw: float | None = None
    sustain_s: float | None = None
    why: str = ""
    until_ts: int | None = None
    groups: tuple[str, ...] = ()


class FleetTotals(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The fleet's figures over all VENs, and the first of them; see `contracts.api.fleet.Fleet`."""

    known: int
    online: int
    shedding: int
    opted_out: int
    flexibility_kw: float
    holds: tuple[Holds, ...]
    vens: tuple[VenLine, ...]


class FleetView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """What the page shows at *ts* (UTC s); see `ven_twin.operations.fleet.fleet_state.FleetState`.

    *share* is what is delivered of what is asked.
    """

    ts: float
    place: str
    cloud: CloudState
    fleet: FleetTotals | None
    events: tuple[EventLine, ...]
    more_events: bool
    requested_kw: float = msgspec.field(name="askedKw")
    delivered_kw: float
    share: float | None
    silent: int | None
    never_seen: int | None


class Beat(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A message while the cloud side says nothing."""

    ts: float
    cloud: CloudState


def fleet_view(board: FleetState) -> FleetView:
    """The view of *board*."""
    return FleetView(
        ts=board.ts,
        place=board.place,
        cloud=board.cloud,
        fleet=_fleet(board.fleet) if board.fleet else None,
        events=board.events,
        more_events=board.more_events,
        requested_kw=board.requested_kw,
        delivered_kw=board.delivered_kw,
        share=share(board.delivered_kw, board.requested_kw),
        silent=board.silent,
        never_seen=board.never_seen,
    )


def _fleet(fleet: Fleet) -> FleetTotals:
    return FleetTotals(
        known=fleet.known,
        online=fleet.online,
        shedding=fleet.shedding,
        opted_out=fleet.opted_out,
        flexibility_kw=fleet.flexibility_kw,
        holds=fleet.holds,
        vens=tuple(map(_ven, fleet.vens)),
    )


def _ven(ven: FleetVen) -> VenLine:
    return VenLine(
        ven_id=ven.ven_id,
        status=status_of(ven),
        event_id=ven.event_id,
        requested_kw=ven.requested_kw,
        delivered_kw=ven.delivered_kw,
        share=share(ven.delivered_kw, ven.requested_kw),
        used_kw=ven.used_kw,
        offers_kw=ven.offers_kw,
        sustain_s=ven.sustain_s,
        why=words.why(ven),
        until_ts=ven.opt_out.until_ts if ven.opt_out else None,
        groups=ven.groups,
    )
