"""The plots of a run: power by circuit, temperatures against comfort, and each event."""

from collections.abc import Sequence

from contracts.wire.events import DrEvent
from ven_twin.house.circuit import Circuit
from ven_twin.house.devices.hvac import HvacSpec
from ven_twin.house.devices.water_heater import WaterHeaterSpec
from ven_twin.simulation.bins import Bins
from ven_twin.simulation.plot import Plot, Point
from ven_twin.simulation.scenario import REBOUND_HORIZON_S

BEFORE_S = 1800
"""How much of the time before an event its plot shows."""
EVENT_BIN_S = 900
"""A quarter of an hour, as utilities settle; a compressor's turns even out over it."""
SAME_KW = 0.01
BELOW_ZERO = ("pv", "battery")


def event_bins(event: DrEvent) -> Bins:
    """Empty bins for an event's plot."""
    return Bins(event.start_ts - BEFORE_S, event.end_ts + REBOUND_HORIZON_S, EVENT_BIN_S)


def power(circuits: Sequence[Circuit], bins: Bins, events: Sequence[DrEvent], utc_offset_h: float) -> Plot:
    """Power by circuit, stacked up from zero, and what is fed in down from it, with the meter's net."""
    starts_s = [at_s for at_s, _ in bins.means("used")]
    means = {spec.id: [kw or 0.0 for _, kw in bins.means(spec.id)] for spec in circuits}
    up, down = [0.0] * len(starts_s), [0.0] * len(starts_s)
    layers = []
    for spec in sorted(circuits, key=lambda spec: (spec.type in BELOW_ZERO, spec.priority)):
        drawn = [max(kw, 0.0) for kw in means[spec.id]]
        fed = [min(kw, 0.0) for kw in means[spec.id]]
        above = [base + kw for base, kw in zip(up, drawn, strict=True)]
        below = [base + kw for base, kw in zip(down, fed, strict=True)]
        layers.append((spec, list(up), above, list(down), below))
        up, down = above, below
    net, free = bins.means("used"), bins.means("baseline")
    lines = [kw for _, kw in (*net, *free) if kw is not None]
    plot = _plot("Power by circuit", "kW", bins, (min(down + lines), max(up + lines)), utc_offset_h)
    _shade(plot, events)
    for spec, low, above, high, below in layers:
        path = ""
        if max(above) > 0.0 and above != low:
            path += plot.area(starts_s, low, above, bins.width_s)
        if below != high:
            path += plot.area(starts_s, below, high, bins.width_s)
        if path:
            plot.fill(path, f"var(--{spec.type}, var(--muted))", spec.name)
    plot.line(net, "var(--ink)", "net at the meter", width_s=bins.width_s)
    if events:
        plot.line(_apart(free, net), "var(--limit)", "net without the events", width_s=bins.width_s)
    return plot


def room(spec: HvacSpec, bins: Bins, events: Sequence[DrEvent], utc_offset_h: float) -> Plot:
    """The air indoors between what the resident has set and the critical limits."""
    air, free = bins.means("air"), bins.means("free_air")
    values = [c for _, c in (*air, *free) if c is not None]
    bounds = (min(*values, spec.coolest_c) - 0.5, max(*values, spec.warmest_c) + 0.5)
    plot = _plot("Air indoors", "°C", bins, bounds, utc_offset_h)
    plot.band(spec.heating_c, spec.cooling_c, "between the setpoints")
    _shade(plot, events)
    plot.level(spec.warmest_c, "var(--limit)", "comfort limits")
    plot.level(spec.coolest_c, "var(--limit)")
    if events:
        plot.line(free, "var(--muted)", "without the events", dashed=True)
    plot.line(air, "var(--hvac)", "indoors")
    return plot


def outdoors(bins: Bins, events: Sequence[DrEvent], utc_offset_h: float) -> Plot:
    """The air outdoors."""
    air = bins.means("outdoor")
    values = [c for _, c in air if c is not None]
    plot = _plot("Air outdoors", "°C", bins, (min(values), max(values)), utc_offset_h)
    _shade(plot, events)
    plot.line(air, "var(--outlets)", "outdoors")
    return plot


def spread(bins: Bins, utc_offset_h: float) -> Plot:
    """Net power of one house: the middle one, and the band of eight houses of ten."""
    low, middle, high = (bins.means(name) for name in ("low", "middle", "high"))
    floors, tops = ([kw or 0.0 for _, kw in edge] for edge in (low, high))
    plot = _plot("Net power of a house", "kW", bins, (min(0.0, *floors), max(tops)), utc_offset_h)
    band = plot.area([at_s for at_s, _ in low], floors, tops, bins.width_s)
    plot.fill(band, "var(--comfort)", "10th to 90th percentile")
    plot.line(middle, "var(--ink)", "middle house", width_s=bins.width_s)
    return plot


def tank(spec: WaterHeaterSpec, bins: Bins, events: Sequence[DrEvent], utc_offset_h: float) -> Plot:
    """The hot water between its deadband and the critical limit."""
    water = bins.means("tank")
    values = [c for _, c in water if c is not None]
    half_c = spec.deadband_c / 2.0
    bounds = (min(*values, spec.least_c) - 0.5, max(*values, spec.setpoint_c + half_c))
    plot = _plot("Hot water", "°C", bins, bounds, utc_offset_h)
    plot.band(spec.setpoint_c - half_c, spec.setpoint_c + half_c, "deadband")
    _shade(plot, events)
    plot.level(spec.least_c, "var(--limit)", "comfort limit")
    plot.line(water, "var(--water_heater)", "tank")
    return plot


def requested_and_delivered(title: str, bins: Bins, events: Sequence[DrEvent], utc_offset_h: float) -> Plot:
    """The requested and the delivered power of an event and in its rebound; *events* near it are shaded."""
    delivered = [(at_s, kw) for at_s, kw in bins.means("delivered") if kw is not None]
    requested = bins.means("requested")
    values = [kw for _, kw in delivered] + [kw for _, kw in requested if kw is not None]
    plot = _plot(title, "kW below the baseline", bins, _around(values), utc_offset_h)
    _shade(plot, [event for event in events if event.end_ts > bins.start_s and event.start_ts < bins.end_s])
    starts_s, zero = [at_s for at_s, _ in delivered], [0.0] * len(delivered)
    gave = [max(kw, 0.0) for _, kw in delivered]
    took = [min(kw, 0.0) for _, kw in delivered]
    plot.fill(plot.area(starts_s, zero, gave, bins.width_s), "var(--good)", "drawn less than the baseline")
    if min(took) < 0.0:
        plot.fill(
            plot.area(starts_s, took, zero, bins.width_s), "var(--bad)", "drawn more than without events"
        )
    plot.line(requested, "var(--ink)", "requested", width_s=bins.width_s)
    return plot


def _apart(points: Sequence[Point], other: Sequence[Point]) -> list[Point]:
    """*points* where they are not those of *other*."""
    return [
        (at_s, kw if kw is None or abs(kw - (beside or 0.0)) > SAME_KW else None)
        for (at_s, kw), (_, beside) in zip(points, other, strict=True)
    ]


def _around(values: Sequence[float]) -> tuple[float, float]:
    """A range with room above, so that a line at the top is seen."""
    least, most = min(0.0, *values), max(0.0, *values)
    return least, most + 0.05 * (most - least)


def _plot(title: str, unit: str, bins: Bins, bounds: tuple[float, float], utc_offset_h: float) -> Plot:
    return Plot(title, unit, bins.start_s, bins.end_s, *bounds, utc_offset_h)


def _shade(plot: Plot, events: Sequence[DrEvent]) -> None:
    plot.windows((event.start_ts, event.end_ts) for event in events)
