"""Fleets and events to look at, of any size."""

from __future__ import annotations

from typing import Any

from contracts.api.fleet import Fleet, fleet_at
from contracts.api.groups import GroupDetail, GroupSummary
from contracts.api.programs import Program
from contracts.api.resources import EventSummary, TelemetryRow, Ven
from contracts.wire.events import Interval, Phase, Signal
from contracts.wire.ids import GroupName, ProgramId, VenId
from contracts.wire.shadow import OptOut

NOW = 1_800_000_000.0
LONG = "a-multi-family-building-with-a-very-long-name-unit-0042-north-x"

PROGRAMS = (
    Program(program=ProgramId("default"), baseline="residential_5_of_10"),
    Program(
        program=ProgramId("summer-peak"),
        baseline="caiso_10_of_10",
        holidays="nerc",
        changed_ts=NOW,
        etag="2b",
        from_stack=True,
    ),
)
NORTH = GroupDetail(
    group=GroupName("north"),
    ven_count=25,
    changed_ts=NOW,
    etag="1a",
    vens=tuple(VenId(f"ven-{number}") for number in range(1, 26)),
)
"""The group of the crowd's first VENs."""
SUMMARY = GroupSummary(group=NORTH.group, ven_count=NORTH.ven_count, changed_ts=NOW, etag=NORTH.etag)


def event(
    event_id: str, *, after_s: float = -60, lasts_s: int = 600, kw: float = 10.0, **more: Any
) -> EventSummary:
    """An event that asks for *kw*, from *after_s* from now on."""
    start_ts = int(NOW + after_s)
    known: dict[str, Any] = {
        "etag": "1f0a",
        "phase": Phase.ACTIVE,
        "revision": 0,
        "end_ts": start_ts + lasts_s,
        "intervals": (Interval(duration_s=lasts_s, signal=Signal.SHED_KW, value=kw),),
        "created_ts": NOW - 100,
        "requested_kw": kw,
        "dispatched_kw": kw,
    }
    return EventSummary(event_id=event_id, start_ts=start_ts, **{**known, **more})


def row(
    event_id: str | None = None, *, age_s: float = 1.0, requested_kw: float = 2.0, gives_kw: float = 1.75
) -> TelemetryRow:
    """A telemetry row; of an event, of which *gives_kw* are delivered."""
    return TelemetryRow(
        timestamp=int(NOW - age_s),
        received_ts=NOW - age_s,
        boot_id="b",
        seq=1,
        used_power_kw=103.25,
        baseline_power_kw=103.25 + gives_kw,
        shed_power_kw=gives_kw,
        event_id=event_id,
        requested_reduction_kw=requested_kw if event_id else None,
    )


def crowd(size: int = 30, event_id: str = "evt-evening") -> Fleet:
    """So many VENs: a third sheds; one each has a long id, opted out, is away, silent, never seen."""
    names = [f"ven-{number}" for number in range(1, size - 4)]
    offers = {"shed_availability_kw": 12.5, "sustain_s": 5400.0}
    vens = [Ven(ven_id=name, online=True, groups=("north",), **offers) for name in names]
    vens += [Ven(ven_id=LONG, online=True, **offers), Ven(ven_id="away", online=False), Ven(ven_id="new")]
    vens.append(Ven(ven_id="out", online=True, opt_out=OptOut(reason="economic", until_ts=int(NOW) + 3600)))
    vens.append(Ven(ven_id="mute", online=True, **offers))
    shedding = names[: size // 3]
    latest = {name: row(event_id if name in shedding else None) for name in [*names, LONG, "out"]}
    latest |= {"away": row(age_s=7200), "mute": row(age_s=600)}
    return fleet_at(vens, latest, now_ts=NOW)
