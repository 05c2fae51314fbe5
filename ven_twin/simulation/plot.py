"""Plots as inline SVG, and the page that they stand on. No script, no font, no image: nothing is fetched.

Our own, rather than matplotlib's: an area or a line is one path here, so a page is some 100 kB and needs
nothing installed; its colours are CSS variables, so one file serves light and dark; and shapes stretch
with the window while labels, which are HTML beside them, keep their size on a phone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from importlib.resources import files
from math import ceil, floor, log10

WIDTH, HEIGHT = 1000.0, 300.0
MINUTES = (1, 2, 5, 10, 15, 30)
HOURS = (1, 2, 3, 6, 12, 24, 48, 168, 336, 720, 2160, 8760)
MOST_X_TICKS = 8

_CSS = (files("ven_twin.simulation") / "page.css").read_text(encoding="utf-8")
PAGE = (
    """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
"""
    + _CSS.replace("{", "{{").replace("}", "}}")
    + """</style></head>
<body><main><header><h1>{title}</h1><p>{subtitle}</p></header>
{body}
</main></body></html>
"""
)
"""A page with its title, subtitle and body open."""

Point = tuple[float, float | None]


@dataclass
class Plot:
    """One plot over time (UTC s, labelled house-local) from *low* to *high* in *unit*."""

    title: str
    unit: str
    start_s: float
    end_s: float
    low: float
    high: float
    utc_offset_h: float = 0.0
    layers: list[str] = field(default_factory=list)
    legend: list[tuple[str, str, str]] = field(default_factory=list)
    """Colour, kind of mark (area, line, dashed) and words."""

    def __post_init__(self) -> None:
        step = _step((self.high - self.low) or 1.0)
        self.low, self.high = floor(self.low / step) * step, ceil(self.high / step) * step
        if self.low == self.high:
            self.high += step
        self.y_ticks = [self.low + n * step for n in range(round((self.high - self.low) / step) + 1)]

    def windows(self, spans: Iterable[tuple[float, float]]) -> None:
        """Shade the time of events."""
        for start_s, end_s in spans:
            left, right = self._x(start_s), self._x(end_s)
            self.layers.append(
                f'<rect class="event" x="{left:.1f}" y="0" width="{max(right - left, 1):.1f}" height="300"/>'
            )

    def band(self, low: float, high: float, words: str) -> None:
        """Shade a range of values, such as comfort."""
        top, bottom = self._y(high), self._y(low)
        self.layers.append(
            f'<rect class="comfort" x="0" y="{top:.1f}" width="1000" height="{bottom - top:.1f}"/>'
        )
        self.legend.append(("var(--comfort)", "area", words))

    def level(self, value: float, colour: str, words: str = "") -> None:
        """A horizontal line across the plot."""
        self.layers.append(f'<path class="line dashed" d="M0 {self._y(value):.1f}H1000" stroke="{colour}"/>')
        if words:
            self.legend.append((colour, "dashed", words))

    def line(
        self, points: Sequence[Point], colour: str, words: str, *, dashed: bool = False, width_s: float = 0.0
    ) -> None:
        """A line; with *width_s* in steps that long, as means over a time are. A gap stays a gap."""
        moves, pen = [], False
        for at_s, value in points:
            if value is None:
                pen = False
                continue
            x, y = self._x(at_s), self._y(value)
            moves.append(f"{'L' if pen else 'M'}{x:.1f} {y:.1f}")
            if width_s:
                moves.append(f"H{self._x(at_s + width_s):.1f}")
            pen = True
        style, path = "line dashed" if dashed else "line", "".join(moves)
        title = f"<title>{escape(words)}</title>"
        self.layers.append(f'<path class="{style}" d="{path}" stroke="{colour}">{title}</path>')
        self.legend.append((colour, "dashed" if dashed else "line", words))

    def area(
        self, starts_s: Sequence[float], floors: Sequence[float], tops: Sequence[float], width_s: float
    ) -> str:
        """The path between two series of means over *width_s*."""
        forth, back = [], []
        for at_s, low, high in zip(starts_s, floors, tops, strict=True):
            left, right = self._x(at_s), self._x(at_s + width_s)
            forth.append(f"{left:.1f} {self._y(high):.1f}H{right:.1f}")
            back.append(f"{right:.1f} {self._y(low):.1f}H{left:.1f}")
        return "M" + "L".join(forth) + "L" + "L".join(reversed(back)) + "Z"

    def fill(self, path: str, colour: str, words: str) -> None:
        """Fill an area."""
        self.layers.append(f'<path d="{path}" fill="{colour}"><title>{escape(words)}</title></path>')
        self.legend.append((colour, "area", words))

    def html(self, note: str = "") -> str:
        """The figure: title, labels, shapes and legend."""
        y_labels = "".join(
            f'<span style="bottom:{100 * (value - self.low) / (self.high - self.low):.2f}%">{value:g}</span>'
            for value in self.y_ticks
        )
        ticks = self._x_ticks()
        x_labels = "".join(self._x_label(n, at_s, words) for n, (at_s, words) in enumerate(ticks))
        grid = "".join(
            f'<path class="{"zero" if value == 0.0 else "grid"}" d="M0 {self._y(value):.1f}H1000"/>'
            for value in self.y_ticks
        ) + "".join(f'<path class="grid" d="M{self._x(at_s):.1f} 0V300"/>' for at_s, _ in ticks)
        marks = "".join(
            f'<li><i class="{kind}" style="--c:{colour}"></i>{escape(words)}</li>'
            for colour, kind, words in self.legend
        )
        return (
            f"<figure><figcaption>{escape(self.title)} <small>{escape(self.unit)}</small></figcaption>"
            f'<div class="frame"><div class="y">{y_labels}</div>'
            f'<svg viewBox="0 0 1000 300" preserveAspectRatio="none" role="img" '
            f'aria-label="{escape(self.title)}">{grid}{"".join(self.layers)}</svg>'
            f'<div class="x">{x_labels}</div></div><ul class="legend">{marks}</ul>'
            + (f"<p class=note>{escape(note)}</p>" if note else "")
            + "</figure>"
        )

    def _x_label(self, number: int, at_s: float, words: str) -> str:
        """A label under its tick; every second gives way on a phone, and none hangs over the edge."""
        across = self._x(at_s) / WIDTH
        marks = " ".join(["odd"] * (number % 2) + ["last"] * (across > 0.97))
        return f'<span class="{marks}" style="left:{100 * across:.2f}%">{words}</span>'

    def _x(self, at_s: float) -> float:
        share = (at_s - self.start_s) / (self.end_s - self.start_s)
        return min(max(share, 0.0), 1.0) * WIDTH

    def _y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return (1.0 - min(max(share, 0.0), 1.0)) * HEIGHT

    def _x_ticks(self) -> list[tuple[float, str]]:
        span_min = (self.end_s - self.start_s) / 60
        steps = (*MINUTES, *(60 * hours for hours in HOURS))
        step_min = next((minutes for minutes in steps if span_min / minutes <= MOST_X_TICKS), steps[-1])
        local_min = (self.start_s + self.utc_offset_h * 3600) / 60
        first = ceil(local_min / step_min) * step_min
        ticks = []
        for minute in range(first, int(local_min + span_min) + 1, step_min):
            local = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
            day = f"{local:%b %Y}" if span_min > HOURS[-1] * 60 else f"{local.day} {local:%b}"
            words = day if minute % 1440 == 0 else f"{local:%H:%M}"
            ticks.append((minute * 60 - self.utc_offset_h * 3600, words))
        return ticks


def _step(span: float) -> float:
    """A round distance between four to six ticks."""
    rough = span / 5.0
    scale = 10.0 ** floor(log10(rough))
    return next(scale * factor for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if scale * factor >= rough)
