"""The fleet as the operator's page shows it: one pure function from its state."""

from __future__ import annotations

import msgspec

from contracts.api.fleet import Fleet, FleetForecast, FleetVen, Holds
from contracts.api.groups import GroupSummary
from contracts.api.oadr_events import OadrEventStatus
from contracts.api.programs import Program
from contracts.wire.ids import EventId, VenId
from contracts.wire.offers import OfferLevels
from ven_twin.operations.fleet import texts
from ven_twin.operations.fleet.fleet_state import (
    CloudStatus,
    FleetFigures,
    FleetState,
    ListedEvent,
    ListedStatus,
    status_of,
)
from ven_twin.webkit.formatting import share


class ListedVen(msgspec.Struct, rename="camel", frozen=True, kw_only=True, omit_defaults=True):
    """A VEN: its status, its event with kW requested and delivered, else its offer and for how long.

    *share* is the delivered share of the request. *why* is the reason that it cannot be counted on, *untilTs*
    the end of its opt-out. *offers* are the kW that it keeps for each duration. *groups* are names by
    which events can target it, beside its id. *oadrVenName* is the name at the VTN of a VEN of OpenADR.
    """

    ven_id: VenId
    status: ListedStatus
    event_id: EventId | None = None
    requested_kw: float | None = msgspec.field(name="askedKw", default=None)
    delivered_kw: float | None = None
    share: float | None = None
    used_kw: float | None = None
    offers_kw: float | None = None
    sustain_s: float | None = None
    offers: OfferLevels = ()
    why: str = ""
    until_ts: int | None = None
    groups: tuple[str, ...] = ()
    oadr_ven_name: str | None = None


class FleetTotals(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The fleet's figures over all VENs, and the first of them; see `contracts.api.fleet.Fleet`."""

    ven_count: int = msgspec.field(name="known")
    online: int
    shedding: int
    opted_out: int
    flexibility_kw: float
    holds: tuple[Holds, ...]
    forecast: tuple[FleetForecast, ...]
    vens: tuple[ListedVen, ...]


class UnactedEvent(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """An event of the stage's VTN that no VEN acts on, since *ts* (UTC s), and the reason *why*."""

    oadr_event_id: str
    name: str
    program: str
    why: str
    ts: float


class FleetView(FleetFigures, rename="camel", frozen=True, kw_only=True):
    """The page; *share* is the delivered share of the requested power.

    *deadLetters* has them in words, and is empty where there are none; *deadLetterCount* is null where it
    is not known. *unacted* are events of the stage's VTN that no VEN acts on.
    """

    fleet: FleetTotals | None
    dead_letters: str
    dead_letter_count: int | None
    share: float | None
    unacted: tuple[UnactedEvent, ...]


class DefinitionsView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The groups that events may target, and the programs by whose rules they are settled."""

    groups: tuple[GroupSummary, ...]
    programs: tuple[Program, ...]


class EventsView(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """Events that start in a stretch of time; *more* there are that start earlier in it."""

    events: tuple[ListedEvent, ...]
    more: bool


class Heartbeat(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """The message while the cloud side does not answer."""

    ts: float
    cloud: CloudStatus


def fleet_view(state: FleetState) -> FleetView:
    """The view of *state*."""
    figures = {name: getattr(state, name) for name in FleetFigures.__struct_fields__}
    return FleetView(
        **figures,
        fleet=_fleet(state.fleet) if state.fleet else None,
        share=share(state.delivered_kw, state.requested_kw),
        dead_letters=texts.dead_letters(state.dead_letters),
        dead_letter_count=None if state.dead_letters is None else sum(state.dead_letters.values()),
        unacted=tuple(map(_unacted, state.unacted)),
    )


def _unacted(event: OadrEventStatus) -> UnactedEvent:
    return UnactedEvent(
        oadr_event_id=event.oadr_event_id,
        name=event.event_name or event.oadr_event_id,
        program=event.program or "",
        why=event.reason or "",
        ts=event.changed_ts,
    )


def _fleet(fleet: Fleet) -> FleetTotals:
    return FleetTotals(
        ven_count=fleet.total,
        online=fleet.online,
        shedding=fleet.shedding,
        opted_out=fleet.opted_out,
        flexibility_kw=fleet.flexibility_kw,
        holds=fleet.holds,
        forecast=fleet.forecast,
        vens=tuple(map(_ven, fleet.vens)),
    )


def _ven(ven: FleetVen) -> ListedVen:
    return ListedVen(
        ven_id=ven.ven_id,
        status=status_of(ven),
        event_id=ven.event_id,
        requested_kw=ven.requested_kw,
        delivered_kw=ven.delivered_kw,
        share=share(ven.delivered_kw, ven.requested_kw),
        used_kw=ven.used_kw,
        offers_kw=ven.offers_kw,
        sustain_s=ven.sustain_s,
        offers=ven.offers,
        why=texts.why(ven),
        until_ts=ven.opt_out.until_ts if ven.opt_out else None,
        groups=ven.groups,
        oadr_ven_name=ven.oadr_ven_name,
    )
