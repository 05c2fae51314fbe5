"""Minutes put together into means, so that a year fits on a page."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from contracts.wire.units import S_PER_H

MOST_BINS = 200
WIDTHS_S = (300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)


def width_s(duration_s: float) -> int:
    """The narrowest bins of which few enough cover *duration_s*."""
    return next((width for width in WIDTHS_S if duration_s / width <= MOST_BINS), WIDTHS_S[-1])


@dataclass
class Bins:
    """Means over equal stretches of the time from *start_s* to *end_s*; what lies outside is left out.

    A bin is a mapping from a quantity to its mean over the minutes that had it.
    """

    start_s: float
    end_s: float
    width_s: int
    _sums: dict[int, dict[str, float]] = field(default_factory=dict)
    _counts: dict[int, dict[str, int]] = field(default_factory=dict)

    def add(self, at_s: float, quantities: Iterable[tuple[str, float]]) -> None:
        """Take the quantities of a minute, in any order."""
        if not self.start_s <= at_s < self.end_s:
            return
        index = int((at_s - self.start_s) // self.width_s)
        sums, counts = self._sums.setdefault(index, {}), self._counts.setdefault(index, {})
        for name, value in quantities:
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
    def width_text(self) -> str:
        """Length of a bin in words."""
        if self.width_s < S_PER_H:
            return f"{self.width_s // 60} minutes"
        hours = int(self.width_s // S_PER_H)
        return "an hour" if hours == 1 else "a day" if hours == 24 else f"{hours} hours"
