"""A report of a VEN of OpenADR as readings of its site. Pure.

    payload                      reading, kW over the interval                      units
    ─────────────────────────    ───────────────────────────────────────────────    ────────────
    DEMAND, USAGE                drawn from the grid                                (K|M)W, (K|M)WH
    BASELINE                     what it would have drawn, by its own word          (K|M)W
    DELTA_USAGE                  what it drew beyond that                           (K|M)WH
    LOAD_SHED_DELTA_AVAILABLE    offered to be shed                                 (K|M)W
    STORAGE_CHARGE_LEVEL         charge, as a share                                 PERCENT
    OPERATING_STATE              as it says                                         –

An interval's time is its own, else its resource's, one after the other, else that of the event's interval of
its id. A report by circuits is the sum of them, where each of them is there; one of all together comes first.

Interpretation: values without a descriptor are in KW and KWH. What is no number, or is beyond ten megawatts,
is as if it were not there, and so is what DATA_QUALITY calls missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite
from typing import NamedTuple

from contracts.openadr.objects import OadrReport, ReportedResource
from contracts.openadr.report_values import AGGREGATED, QUALITY, STATE
from contracts.openadr.timeline import PlacedInterval
from contracts.openadr.times import read_date_time, read_duration
from contracts.openadr.values import IntervalPeriod, OadrInterval, ReportPayloadDescriptor, Value, ValuesMap
from contracts.wire.telemetry import EARLIEST_TS, LARGEST_POWER_KW, LATEST_TS
from contracts.wire.units import S_PER_DAY, S_PER_H
from lambdas.shared.rows import EventRow

DEMAND, USAGE, BASELINE, DELTA = "DEMAND", "USAGE", "BASELINE", "DELTA_USAGE"
OFFER, CHARGE = "LOAD_SHED_DELTA_AVAILABLE", "STORAGE_CHARGE_LEVEL"
POWERS, ENERGIES = frozenset({DEMAND, BASELINE, OFFER}), frozenset({USAGE, DELTA})
_PREFIXES: Mapping[str, float] = {"": 1e-3, "K": 1.0, "M": 1e3}
_UNITS = {
    **{kind: {f"{prefix}W": factor for prefix, factor in _PREFIXES.items()} for kind in POWERS},
    **{kind: {f"{prefix}WH": factor for prefix, factor in _PREFIXES.items()} for kind in ENERGIES},
}
MISSING = "MISSING"
READINGS_MAX = 1_000
"""So many intervals of one report are heard, the latest: ten days of quarter hours."""
AHEAD_S = 60.0
"""A VEN's clock may be so much ahead: what was measured later than that was not measured."""


class SiteReading(NamedTuple):
    """The site over [start_ts, end_ts), UTC s; None of what the report does not tell."""

    start_ts: float
    end_ts: float
    used_kw: float | None = None
    baseline_kw: float | None = None
    delta_kw: float | None = None
    offer_kw: float | None = None
    battery_soc: float | None = None
    state: str | None = None

    @property
    def is_measured(self) -> bool:
        """True where it says what was drawn, or would have been."""
        return not (self.used_kw is None and self.baseline_kw is None and self.delta_kw is None)


def is_within(reading: SiteReading, header: EventRow) -> bool:
    """True of a reading that is of the time of a DR event, or of some of it."""
    return reading.start_ts < header.over_ts and reading.end_ts > header.start_ts - header.randomize_start_s


def readings_of(
    report: OadrReport, spans: Iterable[PlacedInterval], *, now_ts: float
) -> tuple[SiteReading, ...]:
    """The readings of *report*, in the order of their time; *spans* are the intervals of its event.

    Of what is to come there is no more than an offer. Of very many the latest count.
    """
    placed = {span.interval_id: (span.start_ts, span.end_ts) for span in spans}
    resources = [one for one in report.resources if one.resource_name == AGGREGATED] or report.resources
    factors = _factors(report)
    by_time: dict[tuple[float, float], list[dict[str, float | str]]] = {}
    for resource in resources:
        for interval, times in _placed(resource, placed):
            by_time.setdefault(times, []).append(_values(interval.payloads, factors, times[1] - times[0]))
    made = (_reading(times, values, len(resources), now_ts) for times, values in sorted(by_time.items()))
    return tuple(reading for reading in made if any(figure is not None for figure in reading[2:]))[
        -READINGS_MAX:
    ]


def _placed(
    resource: ReportedResource, spans: Mapping[int, tuple[float, float]]
) -> Iterator[tuple[OadrInterval, tuple[float, float]]]:
    """The intervals of *resource* that have a time, with that."""
    at_ts: float | None = None
    for interval in resource.intervals:
        times = _times(interval.interval_period, resource.interval_period, at_ts)
        times = times or spans.get(interval.id)
        if times is None:
            continue
        at_ts = times[1]
        start_ts, end_ts = times
        if EARLIEST_TS <= start_ts < end_ts <= LATEST_TS and end_ts - start_ts <= S_PER_DAY:
            yield interval, times


def _times(
    of_one: IntervalPeriod | None, of_all: IntervalPeriod | None, at_ts: float | None
) -> tuple[float, float] | None:
    """The time of an interval by the period *of_one*, else by that *of_all*, which goes on at *at_ts*."""
    periods = [period for period in (of_one, of_all) if period is not None]
    length = next((period.duration for period in periods if period.duration is not None), None)
    if length is None:
        return None
    start_ts = None if of_one is None or of_one.start is None else read_date_time(of_one.start)
    if start_ts is None and of_all is not None and of_all.start is not None:
        start_ts = read_date_time(of_all.start) if at_ts is None else at_ts
    return None if start_ts is None else (start_ts, read_duration(length).after_ts(start_ts))


def _factors(report: OadrReport) -> dict[str, float]:
    """The factor of each payload type to kW and kWh; without those of another unit."""
    units = {
        descriptor.payload_type: descriptor.units
        for descriptor in report.payload_descriptors or ()
        if isinstance(descriptor, ReportPayloadDescriptor) and descriptor.units is not None
    }
    factors = {kind: by_unit.get(units.get(kind, ""), 0.0) for kind, by_unit in _UNITS.items()}
    return {kind: (1.0 if kind not in units else factor) for kind, factor in factors.items()}


def _values(
    payloads: Sequence[ValuesMap], factors: Mapping[str, float], length_s: float
) -> dict[str, float | str]:
    """The values of an interval by their types, powers in kW: energies as the mean power."""
    first = {payload.type: payload.values[0] for payload in payloads if payload.values}
    if first.get(QUALITY) == MISSING:
        return {}
    values: dict[str, float | str] = {}
    for kind, factor in factors.items():
        number = _number(first.get(kind))
        if number is not None and factor:
            kw = number * factor * (S_PER_H / length_s if kind in ENERGIES else 1.0)
            if abs(kw) <= LARGEST_POWER_KW:
                values[kind] = kw
    percent = _number(first.get(CHARGE))
    if percent is not None and 0 <= percent <= 100:
        values[CHARGE] = percent / 100.0
    state = first.get(STATE)
    return values | ({STATE: state} if isinstance(state, str) else {})


def _number(value: Value | None) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
        return None
    return float(value)


def _reading(
    times: tuple[float, float], words: Sequence[Mapping[str, float | str]], resources: int, now_ts: float
) -> SiteReading:
    """One interval by the words of all its resources: powers are summed where each tells its own."""

    def summed(kind: str) -> float | None:
        numbers = [value for values in words if isinstance(value := values.get(kind), float)]
        return sum(numbers) if len(numbers) == resources else None

    start_ts, end_ts = times
    if end_ts > now_ts + AHEAD_S:
        return SiteReading(start_ts, end_ts, offer_kw=_offer_kw(summed(OFFER)), state=_first(words, STATE))
    charges = [value for values in words if isinstance(value := values.get(CHARGE), float)]
    demand_kw = summed(DEMAND)
    return SiteReading(
        start_ts,
        end_ts,
        used_kw=summed(USAGE) if demand_kw is None else demand_kw,
        baseline_kw=summed(BASELINE),
        delta_kw=summed(DELTA),
        offer_kw=_offer_kw(summed(OFFER)),
        battery_soc=charges[0] if charges else None,
        state=_first(words, STATE),
    )


def _offer_kw(kw: float | None) -> float | None:
    """Nobody offers less than nothing."""
    return None if kw is None else max(0.0, kw)


def _first(words: Iterable[Mapping[str, float | str]], kind: str) -> str | None:
    return next((value for values in words if isinstance(value := values.get(kind), str)), None)
