"""The scores as tables of docs/reference/baselines.md."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from math import sqrt

from harness.scoring.scores import ALL_RULES, METER_BEFORE, REGRESSION, SUMMED, Scores
from harness.scoring.seasons import FRESH_FROM

RESIDENTIAL = "`residential_5_of_10`"
RULE_NAMES = tuple(ALL_RULES)
NAMES = (*RULE_NAMES, METER_BEFORE, REGRESSION)


def tables(fresh: Mapping[str, Sequence[Scores]], tuned: Mapping[str, Scores], *, homes: int) -> str:
    """The figures of all fresh seasons by climate, and in short those of the seasons that were tuned on."""
    lines: list[str] = []
    together = {climate: Scores.together(seasons) for climate, seasons in fresh.items()}
    for climate, scores in together.items():
        lines += [*_aggregate(climate, scores, homes), ""]
    lines += [*_bands(together, fresh), ""]
    for climate, scores in together.items():
        lines += [*_typical(climate, scores, homes * len(fresh[climate])), ""]
    lines += _tuned(tuned)
    return "\n".join(lines) + "\n"


def _aggregate(climate: str, scores: Scores, homes: int) -> Iterator[str]:
    days = len(scores.aggregate(METER_BEFORE, events_only=False).pairs) // 3
    events = len(scores.aggregate(METER_BEFORE, events_only=True).pairs) // 3
    yield (
        f"| {climate}, aggregate of {homes} | bias, {events} event days | CVRMSE | band holds "
        f"| bias, {days} days | CVRMSE | band holds |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for name in (*NAMES, SUMMED):
        cells = " | ".join(_cells(scores, name, events_only=only) for only in (True, False))
        yield f"| {name} | {cells} |"


def _cells(scores: Scores, name: str, *, events_only: bool) -> str:
    errors = scores.aggregate(name, events_only=events_only)
    return (
        f"{_signed(errors.bias_percent)} | {errors.cvrmse_percent:.1f} % | {_within(errors.within_percent)}"
    )


def _bands(together: Mapping[str, Scores], fresh: Mapping[str, Sequence[Scores]]) -> Iterator[str]:
    """The band over all climates, with the noise that so many independent days would have at 80 %."""
    yield f"| the 80 % band in {len(together)} climates, aggregate | holds, event days | holds, all days |"
    yield "|---|--:|--:|"
    for name in (*RULE_NAMES, REGRESSION):
        yield f"| {name} | {_holds(name, together.values())} |"
    for first, of_season in zip(FRESH_FROM, zip(*fresh.values(), strict=True), strict=True):
        yield f"| {REGRESSION}, {first.year} alone | {_holds(REGRESSION, of_season)} |"


def _holds(name: str, climates: Collection[Scores]) -> str:
    cells = []
    for events_only in (True, False):
        errors = [scores.aggregate(name, events_only=events_only) for scores in climates]
        within = [day for of_climate in errors for day in of_climate.within]
        noise_percent = 100 * sqrt(0.8 * 0.2 / len(within))
        shares = f"{sum(within)} of {len(within)}, {100 * sum(within) / len(within):.0f} %"
        cells.append(f"{shares} ± {noise_percent:.0f}")
    return " | ".join(cells)


def _typical(climate: str, scores: Scores, homes: int) -> Iterator[str]:
    yield (
        f"| {climate}, the median of {homes} homes | size of bias, event days | CVRMSE | band holds "
        "| size of bias, all days | CVRMSE | band holds |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for name in NAMES:
        cells = []
        for events_only in (True, False):
            bias_percent, cvrmse_percent, within_percent = scores.typical(name, events_only=events_only)
            cells.append(f"{bias_percent:.1f} % | {cvrmse_percent:.1f} % | {_within(within_percent)}")
        yield f"| {name} | {' | '.join(cells)} |"


def _tuned(tuned: Mapping[str, Scores]) -> Iterator[str]:
    yield (
        "| the seasons tuned on, aggregate | bias, event days | CVRMSE | band holds "
        "| bias, all days | CVRMSE | band holds |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for climate, scores in tuned.items():
        for name in (RESIDENTIAL, REGRESSION):
            cells = " | ".join(_cells(scores, name, events_only=only) for only in (True, False))
            yield f"| {climate}: {name} | {cells} |"


def _signed(percent: float) -> str:
    return f"{percent:+.1f} %".replace("-", "−")


def _within(percent: float | None) -> str:
    return "–" if percent is None else f"{percent:.0f} %"
