"""The page of a run: self-contained, light and dark, for a screen or a phone."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timezone
from html import escape

from contracts.wire.events import DrEvent
from contracts.wire.units import S_PER_DAY
from ven_twin.house.circuit import Circuit
from ven_twin.house.devices.hvac import HvacSpec
from ven_twin.house.devices.water_heater import WaterHeaterSpec
from ven_twin.house.profile import Profile
from ven_twin.house.tariff import Tariff
from ven_twin.simulation import figures
from ven_twin.simulation.bins import Bins, width_s
from ven_twin.simulation.event_report import events_html, request_text
from ven_twin.simulation.ledger import Ledger
from ven_twin.simulation.plot import PAGE
from ven_twin.simulation.scenario import PAYBACK_HORIZON_S, REBOUND_HORIZON_S, Minute, Scenario
from ven_twin.webkit.formatting import fixed, span

MOST_PLOTTED = 6
"""How many events get a plot of their own; the table has them all."""


class Report:
    """Gathers a run's minutes, then writes its page."""

    def __init__(self, profile: Profile, scenario: Scenario, seed: int, zone: timezone) -> None:
        self._profile, self._scenario, self._seed, self._zone = profile, scenario, seed, zone
        duration_s = scenario.days * S_PER_DAY
        self._bins = Bins(scenario.start_s, scenario.start_s + duration_s, width_s(duration_s))
        self._zoomed = [(event, figures.event_bins(event)) for event in scenario.events[:MOST_PLOTTED]]

    def add(self, minute: Minute) -> None:
        """Take the next minute."""
        self._bins.add(minute.at_s, minute.quantities())
        for _, bins in self._zoomed:
            bins.add(minute.at_s, minute.quantities())

    def html(self, ledger: Ledger) -> str:
        """The page."""
        profile, scenario = self._profile, self._scenario
        first = datetime.fromtimestamp(scenario.start_s, self._zone).date()
        below_title = subtitle(scenario.days, first, scenario.environment.weather.place, f"seed {self._seed}")
        if scenario.lives_on_s:
            below_title += escape(f"; {lived_on_text(scenario)}")
        sections = [_tiles(ledger, scenario.days, profile.tariff)]
        if ledger.tallies:
            sections += events_html(ledger.tallies, profile.circuits, profile.tariff, self._zone)
        sections += self._event_plots()
        sections += ["<h2>The whole run</h2>", *self._plots()]
        sections += [
            "<h2>Energy by circuit</h2>",
            energy_table(profile.circuits, ledger.circuits_kwh, scenario.days),
        ]
        body = "\n".join(sections)
        return PAGE.format(title=f"House “{escape(profile.name)}”", subtitle=below_title, body=body)

    def _event_plots(self) -> list[str]:
        offset_h = self._scenario.environment.weather.utc_offset_h
        plots = [
            figures.requested_and_delivered(
                _title(event, self._zone), bins, self._scenario.events, offset_h
            ).html()
            for event, bins in self._zoomed
        ]
        if plots:
            plots.append(
                "<p class=note>Means over 15 minutes. A compressor or a strip runs by turns, and by other "
                "turns than without the event; that shows as ups and downs around zero.</p>"
            )
        left = len(self._scenario.events) - len(self._zoomed)
        return plots + ([f"<p class=note>{left} more events are in the table.</p>"] if left else [])

    def _plots(self) -> list[str]:
        circuits, bins = self._profile.circuits, self._bins
        events: Sequence[DrEvent] = self._scenario.events
        offset_h = self._scenario.environment.weather.utc_offset_h
        means = f"Means over {bins.width_text}" + ("; events are shaded." if events else ".")
        plots = [figures.power(circuits, bins, events, offset_h).html(means)]
        for spec in circuits:
            if isinstance(spec, HvacSpec):
                plots.append(figures.room(spec, bins, events, offset_h).html())
            elif isinstance(spec, WaterHeaterSpec):
                plots.append(figures.tank(spec, bins, events, offset_h).html())
        return [*plots, figures.outdoors(bins, events, offset_h).html()]


def lived_on_text(scenario: Scenario) -> str:
    """The time that a run lived on past its days, in words."""
    past = "the day" if scenario.days == 1 else "the days"
    return f"lived on {span(scenario.lives_on_s)} past {past}, until the last event and its payback were over"


def _title(event: DrEvent, zone: timezone) -> str:
    start = datetime.fromtimestamp(event.start_ts, zone)
    end = datetime.fromtimestamp(event.end_ts, zone)
    when = f"{start:%a} {start.day} {start:%b}, {start:%H:%M} to {end:%H:%M}"
    return f"Requested and delivered: {when}, {request_text(event)}"


def _tiles(ledger: Ledger, days: int, tariff: Tariff | None) -> str:
    tiles = [
        ("Used", f"{ledger.used_kwh / days:.1f}", "kWh a day, net"),
        ("Peak", f"{ledger.peak_kw:.1f}", "kW over a minute"),
    ]
    if ledger.coolest_c is not None and ledger.warmest_c is not None:
        tiles.append(("Indoors", f"{ledger.coolest_c:.1f} – {ledger.warmest_c:.1f}", "°C"))
    requested_kwh = sum(tally.sign * tally.requested_kwh for tally in ledger.tallies)
    if requested_kwh > 0.0:
        delivered = sum(tally.sign * tally.delivered_kwh for tally in ledger.tallies)
        rebound = sum(tally.rebound_4h_kwh for tally in ledger.tallies)
        tiles.append(("Delivered", f"{delivered:.1f}", f"of {requested_kwh:.1f} kWh requested"))
        payback = sum(tally.payback_24h_kwh for tally in ledger.tallies)
        cut = sum(not tally.payback_is_whole for tally in ledger.tallies)
        at_most = f", {cut} cut by the next event" if cut else ""
        tiles.append(("Rebound", fixed(rebound, 1), f"kWh within {REBOUND_HORIZON_S // 3600} h"))
        tiles.append(("Payback", fixed(payback, 1), f"kWh within {PAYBACK_HORIZON_S // 3600} h{at_most}"))
        bought = sum(tally.bought_kwh for tally in ledger.tallies)
        tiles.append(("Bought", fixed(bought, 1), "kWh more than without events"))
        if tariff is not None:
            cost = sum(tally.cost for tally in ledger.tallies)
            tiles.append(("Cost", fixed(cost, 2), f"{tariff.currency} more, to the resident"))
    return tiles_html(tiles)


def tiles_html(tiles: Sequence[tuple[str, str, str]]) -> str:
    """The figures on top of the page: name, value and unit."""
    shown = (
        "<div><b>{}</b><strong>{}</strong><small>{}</small></div>".format(
            *(escape(text, quote=False) for text in tile)
        )
        for tile in tiles
    )
    return f'<div class="tiles">{"".join(shown)}</div>'


def energy_table(circuits: Sequence[Circuit], circuits_kwh: Mapping[str, float], days: int) -> str:
    """Energy of a day by circuit, with bars."""
    most = max((abs(energy) for energy in circuits_kwh.values()), default=0.0) or 1.0
    rows = []
    for spec in circuits:
        energy_kwh = circuits_kwh.get(spec.id, 0.0)
        bar = f"--c:var(--{spec.type},var(--muted));width:{100 * abs(energy_kwh) / most:.1f}%"
        rows.append(
            f'<tr><th>{escape(spec.name)}<td>{energy_kwh / days:.2f}<td class="bar"><i style="{bar}"></i>'
        )
    return f"<table class=energy><thead><tr><th>Circuit<th>kWh a day<th></thead>{''.join(rows)}</table>"


def subtitle(days: int, first: date, place: str, seed: str) -> str:
    """Time, weather and seed of a run."""
    length = "1 day" if days == 1 else f"{days} days"
    town, _, state = place.partition(", ")
    weather = f"{town.title()}, {state}" if state else town
    return escape(f"{length} from {first}, weather of a typical year in {weather}, {seed}")
