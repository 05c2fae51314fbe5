"""Minutes put together into means, so that a year fits on a page."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ven_twin.simulation.scenario import Minute

S_PER_H = 3600
MOST_BINS = 200
WIDTHS_S = (300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)


def width_s(duration_s: float) -> int:
    """The narrowest bins of which few enough cover *duration_s*."""
    return next((width for width in WIDTHS_S if duration_s / width <= MOST_BINS), WIDTHS_S[-1])


@dataclass
class Bins:
    """Means over equal stretches of the time from *start_s* to *end_s*; what lies outside is left out.

    A bin is a mapping from a quantity to its mean over the minutes that had it; a circuit's power goes by
    the circuit's id, the rest by the names in `_quantities`.
    """

    start_s: float
    end_s: float
    width_s: int
    _sums: dict[int, dict[str, float]] = field(default_factory=dict)
    _counts: dict[int, dict[str, int]] = field(default_factory=dict)

    def add(self, minute: Minute) -> None:
        """Take a minute, in any order."""
        if not self.start_s <= minute.at_s < self.end_s:
            return
        index = int((minute.at_s - self.start_s) // self.width_s)
        sums, counts = self._sums.setdefault(index, {}), self._counts.setdefault(index, {})
        for name, value in _quantities(minute):
            sums[name] = sums.get(name, 0.0) + value
            counts[name] = counts.get(name, 0) + 1

    def means(self, name: str) -> list[tuple[float, float | None]]:
        """Start of each bin, UTC s, and the mean of *name* over it; None where nothing had it."""
        series: list[tuple[float, float | None]] = []
        for index in sorted(self._sums):
            count = self._counts[index].get(name, 0)
            mean = self._sums[index][name] / count if count else None
            series.append((self.start_s + index * self.width_s, mean))
        return series

    @property
    def each(self) -> str:
        """How long a bin is, in words."""
        if self.width_s < S_PER_H:
            return f"{self.width_s // 60} minutes"
        hours = self.width_s // S_PER_H
        return "an hour" if hours == 1 else "a day" if hours == 24 else f"{hours} hours"


def _quantities(minute: Minute) -> Iterator[tuple[str, float]]:
    yield from minute.circuits_kw.items()
    yield "used", minute.used_kw
    yield "baseline", minute.baseline_kw
    yield "delivered", minute.delivered_kw
    yield "outdoor", minute.outdoor_c
    optional = (
        ("asked", minute.requested_kw),
        ("air", minute.air_c),
        ("free_air", minute.free_air_c),
        ("tank", minute.tank_c),
    )
    for name, value in optional:
        if value is not None:
            yield name, value
