"""The report: a table by area, and the mutants that survived."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from rich.table import Table

from harness.mutate.areas import TARGET_SCORE, TARGETS
from harness.mutate.trial import MutantTrial, MutantVerdict


def score(trials: Collection[MutantTrial]) -> float | None:
    """Killed mutants of those that can be killed; None when there is none."""
    killed = sum(trial.verdict is MutantVerdict.KILLED for trial in trials)
    survived = sum(trial.verdict is MutantVerdict.SURVIVED for trial in trials)
    return killed / (killed + survived) if killed + survived else None


def below_target(trials: Sequence[MutantTrial]) -> list[str]:
    """Areas of the targets whose score is too low."""
    scores = {area: score(some) for area, some in _by_area(trials).items()}
    return [
        area
        for area, value in scores.items()
        if area in TARGETS and value is not None and value < TARGET_SCORE
    ]


def table(trials: Sequence[MutantTrial]) -> Table:
    """Counts and score, by area and in all."""
    shown = Table("area", title="Mutants")
    for column in ("sampled", *MutantVerdict, "score", "target"):
        shown.add_column(column, justify="right")
    for area, some in _by_area(trials).items():
        shown.add_row(*_row(area, some, f"{TARGET_SCORE:.0%}" if area in TARGETS else "–"))
    shown.add_section()
    shown.add_row(*_row("all", trials, ""))
    return shown


def survivor(trial: MutantTrial, source: str) -> Iterator[str]:
    """A mutant that survived: its area, place and mutation, and the lines of *source* before and after."""
    if trial.verdict is MutantVerdict.SURVIVED:
        before, after = trial.mutant.diff(source)
        note = f" ({trial.note})" if trial.note else ""
        yield f"{trial.area}  {trial.mutant.path}:{trial.mutant.line}  {trial.mutant.mutation}{note}"
        yield from (f"    - {line.strip()}" for line in before.splitlines())
        yield from (f"    + {line.strip()}" for line in after.splitlines())


def _by_area(trials: Sequence[MutantTrial]) -> dict[str, list[MutantTrial]]:
    areas = sorted({trial.area for trial in trials})
    return {area: [trial for trial in trials if trial.area == area] for area in areas}


def _row(name: str, trials: Sequence[MutantTrial], target: str) -> list[str]:
    counts = Counter(trial.verdict for trial in trials)
    value = score(trials)
    return [
        name,
        str(len(trials)),
        *(str(counts[verdict]) for verdict in MutantVerdict),
        "–" if value is None else f"{value:.1%}",
        target,
    ]
