"""The bodies of reports: what was measured in each interval, as OpenADR's payloads. Pure.

| payload | value | unit |
|---|---|---|
| USAGE | energy drawn from the grid | KWH |
| DEMAND | mean power drawn from the grid | KW |
| BASELINE | mean power that the house would have drawn without events | KW |
| DELTA_USAGE | USAGE less that without events | KWH |
| OPERATING_STATE | RUNNING_NORMAL, _CURTAILED, _HEIGHTENED, _OPTED_OUT | – |
| STORAGE_CHARGE_LEVEL | charge of the battery, 0 to 100 | PERCENT |
| LOAD_SHED_DELTA_AVAILABLE | power that the house promises to shed | KW |
| DATA_QUALITY | OK, ESTIMATED, MISSING | – |

Where an interval was measured in a share of its time, energy is scaled up to all of it, and DATA_QUALITY says
ESTIMATED beside it; of one that was not measured there is nothing but MISSING.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import msgspec

from contracts.openadr.ids import ObjectId
from contracts.openadr.objects import OadrReportRequest, ReportedResource
from contracts.openadr.report_plan import ReportJob
from contracts.openadr.timeline import PlacedInterval
from contracts.openadr.times import date_time_text
from contracts.openadr.values import (
    IntervalPeriod,
    OadrInterval,
    ReportPayloadDescriptor,
    ValuesMap,
)
from contracts.wire.units import S_PER_H

METER = "meter"
"""The resource of a whole house."""
AGGREGATED = "AGGREGATED_REPORT"
"""The resource of a report over all of them. Source: OpenADR 3.1.0, Definition, resourceName."""
STATE, QUALITY = "OPERATING_STATE", "DATA_QUALITY"
OPTED_OUT, OPTED_IN = "RUNNING_OPTED_OUT", "RUNNING_NORMAL"
CURTAILED, HEIGHTENED = "RUNNING_CURTAILED", "RUNNING_HEIGHTENED"
WHOLE_SHARE = 0.98
"""So much of an interval has to be measured for it to be whole. Interpretation: a start takes seconds."""
DIGITS = 4
BY_CIRCUIT = frozenset({"USAGE", "DEMAND", QUALITY})
"""Payloads that there are of each circuit too."""
READING = MappingProxyType({"DEMAND": "MEAN", "BASELINE": "MEAN"})
DIRECT = "DIRECT_READ"
UNITS = MappingProxyType(
    {
        "USAGE": "KWH",
        "DEMAND": "KW",
        "BASELINE": "KW",
        "DELTA_USAGE": "KWH",
        "STORAGE_CHARGE_LEVEL": "PERCENT",
        "LOAD_SHED_DELTA_AVAILABLE": "KW",
    }
)


class IntervalReading(msgspec.Struct, frozen=True, kw_only=True):
    """A house in one interval of an event.

    Attributes:
        seconds: for how long it was measured.
        acting_s: for how long of it the event was acted on.
        used_kwh: drawn from the grid, kWh; below zero it was fed in.
        baseline_kwh: drawn by the house without events, kWh.
        circuits_kwh: drawn by circuit, kWh.
        battery_soc: the battery's charge when it was last measured, or None without one.
        offer_kw: the power that the house then promised to shed, kW.
    """

    seconds: float = 0.0
    acting_s: float = 0.0
    used_kwh: float = 0.0
    baseline_kwh: float = 0.0
    circuits_kwh: dict[str, float] = {}
    battery_soc: float | None = None
    offer_kw: float | None = None


def _mean_kw(energy_kwh: float, seconds: float) -> float:
    return energy_kwh * S_PER_H / seconds


def _soc_percent(reading: IntervalReading, _length_s: float) -> float | None:
    return None if reading.battery_soc is None else reading.battery_soc * 100.0


_VALUES: Mapping[str, Callable[[IntervalReading, float], float | None]] = {
    "USAGE": lambda reading, length_s: reading.used_kwh * length_s / reading.seconds,
    "DEMAND": lambda reading, _: _mean_kw(reading.used_kwh, reading.seconds),
    "BASELINE": lambda reading, _: _mean_kw(reading.baseline_kwh, reading.seconds),
    "DELTA_USAGE": lambda reading, length_s: (
        (reading.used_kwh - reading.baseline_kwh) * length_s / reading.seconds
    ),
    "STORAGE_CHARGE_LEVEL": _soc_percent,
    "LOAD_SHED_DELTA_AVAILABLE": lambda reading, _: reading.offer_kw,
}
REPORTED = frozenset({*_VALUES, STATE, QUALITY})
"""Payloads that are reported."""


def report(
    job: ReportJob,
    readings: Mapping[int, IntervalReading],
    *,
    event_id: ObjectId,
    ven_name: str,
    circuits: Sequence[str] = (),
    opted_out: bool = False,
    loads_up: bool = False,
) -> OadrReportRequest:
    """The report of *job*; by *circuits* where there are some, and of the whole house."""
    kind = job.descriptor.payload_type

    def resource(name: str, circuit: str | None = None) -> ReportedResource:
        intervals = tuple(
            _interval(span, _payloads(kind, span, _of_circuit(_reading(readings, span), circuit), state))
            for span in job.spans
            for state in [operating_state(_reading(readings, span), opted_out=opted_out, loads_up=loads_up)]
        )
        return ReportedResource(resource_name=name, intervals=intervals)

    if not circuits or job.descriptor.aggregate or kind not in BY_CIRCUIT:
        resources = [resource(AGGREGATED if circuits or job.descriptor.aggregate else METER)]
    else:
        resources = [resource(circuit, circuit) for circuit in circuits]
    return OadrReportRequest(
        event_id=event_id,
        client_name=ven_name,
        report_name=job.name,
        payload_descriptors=(_descriptor(kind),),
        resources=tuple(resources),
    )


def merged_report(
    jobs: Sequence[ReportJob],
    measured: Callable[[PlacedInterval], tuple[IntervalReading, str]],
    *,
    event_id: ObjectId,
    ven_name: str,
) -> OadrReportRequest:
    """One report of all *jobs* over the whole house: each of their intervals, with the payloads asked of it.

    *measured* is the house in an interval, and its OPERATING_STATE.
    """
    spans: dict[tuple[float, float, int], PlacedInterval] = {}
    kinds: dict[tuple[float, float, int], list[str]] = {}
    for job in jobs:
        for span in job.spans:
            spans[span[:3]] = span
            kinds.setdefault(span[:3], []).append(job.descriptor.payload_type)
    intervals = [
        _interval(span, _merged(kinds[place], span, *measured(span))) for place, span in sorted(spans.items())
    ]
    is_aggregate = all(job.descriptor.aggregate for job in jobs)
    return OadrReportRequest(
        event_id=event_id,
        client_name=ven_name,
        payload_descriptors=tuple(
            map(_descriptor, dict.fromkeys(job.descriptor.payload_type for job in jobs))
        ),
        resources=(
            ReportedResource(resource_name=AGGREGATED if is_aggregate else METER, intervals=tuple(intervals)),
        ),
    )


def participation_report(
    name: str, spans: Sequence[PlacedInterval], *, event_id: ObjectId, ven_name: str, opted_out: bool
) -> OadrReportRequest:
    """The report that a VEN takes no part in *spans* of an event, or does so again."""
    state = ValuesMap(type=STATE, values=(OPTED_OUT if opted_out else OPTED_IN,))
    return OadrReportRequest(
        event_id=event_id,
        client_name=ven_name,
        report_name=name,
        payload_descriptors=(_descriptor(STATE),),
        resources=(
            ReportedResource(
                resource_name=METER, intervals=tuple(_interval(span, (state,)) for span in spans)
            ),
        ),
    )


def _descriptor(kind: str) -> ReportPayloadDescriptor:
    return ReportPayloadDescriptor(
        payload_type=kind, reading_type=READING.get(kind, DIRECT), units=UNITS.get(kind)
    )


def _reading(readings: Mapping[int, IntervalReading], span: PlacedInterval) -> IntervalReading:
    return readings.get(reading_key(span), IntervalReading())


def reading_key(span: PlacedInterval) -> int:
    """The key of an interval's reading: its start in ms."""
    return round(span.start_ts * 1000.0)


def _of_circuit(reading: IntervalReading, circuit: str | None) -> IntervalReading:
    if circuit is None:
        return reading
    return IntervalReading(seconds=reading.seconds, used_kwh=reading.circuits_kwh.get(circuit, 0.0))


def operating_state(reading: IntervalReading, *, opted_out: bool, loads_up: bool) -> str:
    """The OPERATING_STATE of a house in an interval."""
    if opted_out:
        return OPTED_OUT
    if reading.acting_s > 0:
        return HEIGHTENED if loads_up else CURTAILED
    return "RUNNING_NORMAL"


def _quality(reading: IntervalReading, length_s: float) -> str:
    if reading.seconds <= 0:
        return "MISSING"
    return "OK" if reading.seconds >= WHOLE_SHARE * length_s else "ESTIMATED"


def _payloads(kind: str, span: PlacedInterval, reading: IntervalReading, state: str) -> tuple[ValuesMap, ...]:
    length_s = span.end_ts - span.start_ts
    quality = _quality(reading, length_s)
    beside = ValuesMap(type=QUALITY, values=(quality,))
    if kind == QUALITY:
        return (beside,)
    payloads: list[ValuesMap] = []
    if reading.seconds > 0:
        value = state if kind == STATE else _VALUES[kind](reading, length_s)
        if value is not None:
            rounded = value if isinstance(value, str) else round(value, DIGITS) + 0.0
            payloads.append(ValuesMap(type=kind, values=(rounded,)))
    return tuple(payloads if quality == "OK" else [*payloads, beside])


def _merged(
    kinds: Sequence[str], span: PlacedInterval, reading: IntervalReading, state: str
) -> tuple[ValuesMap, ...]:
    """The payloads of all *kinds*, each once, DATA_QUALITY behind the others."""
    payloads = {payload.type: payload for kind in kinds for payload in _payloads(kind, span, reading, state)}
    return tuple(sorted(payloads.values(), key=lambda payload: payload.type == QUALITY))


def _interval(span: PlacedInterval, payloads: tuple[ValuesMap, ...]) -> OadrInterval:
    length_s = f"{span.end_ts - span.start_ts:.3f}".rstrip("0").rstrip(".")
    period = IntervalPeriod(start=date_time_text(span.start_ts), duration=f"PT{length_s}S")
    return OadrInterval(id=span.interval_id, payloads=payloads, interval_period=period)
