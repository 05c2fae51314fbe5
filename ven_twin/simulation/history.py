"""A house's past as its VEN would have reported it, had it run: rows of five minutes, no events. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, cycle, islice
from typing import NamedTuple

from contracts.wire.telemetry import Telemetry
from contracts.wire.units import S_PER_DAY, S_PER_H
from ven_twin.control.event_history import Meter
from ven_twin.control.reporting import Sender, circuit_load, telemetry_row
from ven_twin.house.house import House
from ven_twin.house.house_environment import WARM_UP_STEP_S, HouseEnvironment, warmed_up
from ven_twin.simulation.scenario import STEP_S

BOOT_ID = "backfill"
"""The rows' boot id, which no run of a VEN has."""
ROW_S = 300


class RepeatedSpan(NamedTuple):
    """The hours that a house lives again and again, on each day of its past those of that day.

    Attributes:
        start_ts: their start on the past's last day, UTC s of the house: it stands there when the past ends.
        length_s: their length, s of the house.
        speed: house seconds to a wall second.
    """

    start_ts: float
    length_s: float
    speed: float


@dataclass(frozen=True, slots=True)
class SimulatedPast:
    """A house and the time that it lives through.

    Attributes:
        house: as it is when nothing has happened to it yet.
        environment: its weather and its people.
        from_ts: where the first row begins, UTC s, a multiple of `ROW_S`.
        until_ts: no row ends after this, UTC s.
        shift_s: house time less wall time, a multiple of `ROW_S`; of no account where there is a span.
        span: the hours that it lives again and again, or None.
    """

    house: House
    environment: HouseEnvironment
    from_ts: int
    until_ts: float
    shift_s: int = 0
    span: RepeatedSpan | None = None


class _Lived(NamedTuple):
    """A stretch of a past: power by circuit, kW; at its end the battery, and the air outside, °C."""

    circuits_kw: dict[str, float]
    battery_soc: float | None
    outdoor_c: float


def rows(past: SimulatedPast, voice: Sender) -> Iterator[Telemetry]:
    """The rows, oldest first. A row's number follows from its time, so that the same past is the same rows.

    The house lives a day before the first. Nothing is curtailed, so used power and the clone's are one. What
    a circuit could have shed is not worked out: it stands as 0.
    """
    lived = _on_and_on(past) if past.span is None else _again_and_again(past, past.span)
    ends_ts = range(past.from_ts + ROW_S, int(past.until_ts) + 1, ROW_S)
    for at_ts, row in zip(ends_ts, lived, strict=False):
        yield telemetry_row(
            voice,
            Meter().count(row.circuits_kw, sum(row.circuits_kw.values()), ROW_S),
            timestamp=at_ts,
            seq=at_ts // ROW_S,
            event_id=None,
            requested_kw=None,
            battery_soc=row.battery_soc,
            outdoor_c=row.outdoor_c,
            loads=tuple(
                circuit_load(circuit, row.circuits_kw.get(circuit.id, 0.0)) for circuit in past.house.circuits
            ),
        )


def _on_and_on(past: SimulatedPast) -> Iterator[_Lived]:
    """Rows of a house whose time passes as the wall's does."""
    at_ts = past.from_ts + past.shift_s
    house = warmed_up(past.house, past.environment, at_ts)
    while True:
        house, steps = _live(house, past.environment, at_ts, ROW_S)
        at_ts += ROW_S
        yield _mean(steps)


def _again_and_again(past: SimulatedPast, span: RepeatedSpan) -> Iterator[_Lived]:
    """Rows of a house that lives a span of each day again and again: all of a day's rows show that day's."""
    first, last = _day(past, past.from_ts), _day(past, past.until_ts)
    start_ts = span.start_ts - (last - first) * S_PER_DAY
    house = warmed_up(past.house, past.environment, start_ts)
    # A row that is longer than the span shows all of it.
    row_steps = max(1, round(min(ROW_S * span.speed, span.length_s) / STEP_S))
    at_ts = past.from_ts
    for day in range(first, last + 1):
        house, steps = _live(house, past.environment, start_ts, span.length_s)
        while _day(past, at_ts) == day:
            phase_s = (at_ts - past.until_ts) * span.speed % span.length_s
            begins = int(phase_s // STEP_S)
            yield _mean(list(islice(cycle(chain(steps[begins:], steps[:begins])), row_steps)))
            at_ts += ROW_S
        house = _until(house, past.environment, start_ts + span.length_s, start_ts + S_PER_DAY)
        start_ts += S_PER_DAY


def _live(
    house: House, environment: HouseEnvironment, from_ts: float, length_s: float
) -> tuple[House, list[_Lived]]:
    """The house after *length_s* without events, and each step of it."""
    steps = []
    for step in range(int(length_s // STEP_S)):
        at_ts = from_ts + step * STEP_S
        house, power_kw = house.step({}, environment.environment(at_ts, STEP_S), STEP_S)
        soc = house.battery.soc if house.battery else None
        steps.append(_Lived(dict(power_kw), soc, environment.outdoor_c(at_ts + STEP_S)))
    return house, steps


def _until(house: House, environment: HouseEnvironment, from_ts: float, until_ts: float) -> House:
    """The house after the rest of a day, in steps of a warm-up."""
    while from_ts < until_ts:
        step_s = min(WARM_UP_STEP_S, until_ts - from_ts)
        house = house.step({}, environment.environment(from_ts, step_s), step_s).house
        from_ts += step_s
    return house


def _mean(steps: list[_Lived]) -> _Lived:
    """A row over these steps: their mean power, and the rest as it is at their end."""
    mean_kw = {
        name: sum(step.circuits_kw[name] for step in steps) / len(steps) for name in steps[0].circuits_kw
    }
    return steps[-1]._replace(circuits_kw=mean_kw)


def _day(past: SimulatedPast, ts: float) -> int:
    """The day at the site that a wall time falls in."""
    return int((ts + past.environment.weather.utc_offset_h * S_PER_H) // S_PER_DAY)
