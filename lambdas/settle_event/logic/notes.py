"""The notes of a report, beside its figures. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from contracts.api.reports import Baseline, VenReport
from contracts.api.requests import DEFAULT_PROGRAM
from contracts.store.plans import Plan
from contracts.wire.ids import VenId
from lambdas.settle_event.logic.aggregate import Aggregate
from lambdas.settle_event.logic.day_baselines import DAY_BASELINES
from lambdas.shared.rows import EventRow

DIFFERS = 0.01
"""A greater difference between the VENs' figures and their rows is noted; times are whole seconds."""
ROUNDED_KWH = 0.0001
"""How exactly a VEN says what it delivered."""
NAMED_MOST = 10
"""How many VENs a note names; a fleet's report says how many more there are."""


def of_plans(event: EventRow, plans: Sequence[Plan]) -> list[str]:
    """Note the VENs that were not counted on, and the power that could not be allocated."""
    notes = _unavailable(plans[-1].unavailable if plans else {})
    if event.shortfall_kw > 0:
        notes.append(f"{event.shortfall_kw:g} kW of what was asked could not be allocated")
    return notes


def of_fleet(vens: Sequence[VenReport], fleet: Aggregate, settled_by: Baseline | None) -> list[str]:
    """Note rules that could not be worked out, missing telemetry, figures that disagree."""
    notes = []
    called = [ven for ven in vens if ven.end_ts > ven.start_ts]
    if called:
        reasons = fleet.reasons.items()
        notes += [f"{name}: {why}" for name, why in reasons if name in DAY_BASELINES]
    silent = [ven.ven_id for ven in called if not ven.quality.rows]
    if silent:
        notes.append(f"no telemetry of {_named(silent)} in the event")
    if settled_by is not None and fleet.delivered[settled_by].vens < len(called):
        notes.append(f"{settled_by} is of {fleet.delivered[settled_by].vens} of {len(called)} VENs")
    return notes + _by_themselves(called)


def of_settlement(*, program: str | None, cut_short: int, sites: Mapping[VenId, Sequence[str]]) -> list[str]:
    """Note a program that is none any more, days that were not read in time, and calendars that changed."""
    notes = []
    if program is not None:
        notes.append(f"program {program!r} is none of the stage's: settled as by {DEFAULT_PROGRAM!r}")
    if cut_short:
        notes.append(
            f"the days before of {cut_short} VENs could not all be read in time; the next event has them"
        )
    vens_by_note: dict[str, list[VenId]] = {}
    for ven_id, site_notes in sites.items():
        for note in site_notes:
            vens_by_note.setdefault(note, []).append(ven_id)
    return notes + [f"{_named(ven_ids)}: {note}" for note, ven_ids in vens_by_note.items()]


def _unavailable(unavailable: Mapping[VenId, str]) -> list[str]:
    """Note the VENs that were not counted on: by name when they are few, else by reason."""
    if len(unavailable) <= NAMED_MOST:
        return [f"{ven_id} was not counted on: {why}" for ven_id, why in unavailable.items()]
    counts = Counter(unavailable.values())
    return [f"{count} VENs were not counted on: {why}" for why, count in counts.most_common()]


def _named(ven_ids: Sequence[VenId]) -> str:
    more = len(ven_ids) - NAMED_MOST
    return ", ".join(ven_ids[:NAMED_MOST]) + (f" and {more} more" if more > 0 else "")


def _by_themselves(vens: Sequence[VenReport]) -> list[str]:
    """Note figures of the VENs that differ from those of their rows."""
    both = [
        (ven.metered_kwh, ven.delivered["clone"].delivered_kwh)
        for ven in vens
        if ven.metered_kwh is not None and "clone" in ven.delivered
    ]
    if not both:
        return []
    reported_kwh, rows_kwh = sum(reported for reported, _ in both), sum(by_rows for _, by_rows in both)
    most_kwh = max(abs(reported_kwh), abs(rows_kwh))
    second = most_kwh / min(ven.end_ts - ven.start_ts for ven in vens)
    if abs(reported_kwh - rows_kwh) <= DIFFERS * most_kwh + second + ROUNDED_KWH * len(both):
        return []
    reported, measured = f"delivered {reported_kwh:.3f} kWh", f"their rows {rows_kwh:.3f}"
    return [f"{len(both)} VENs say themselves that they {reported}, {measured}"]
