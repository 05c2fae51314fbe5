"""The outcome of one scenario over its seeds, and the tables that show it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from rich.table import Table

from harness.faults.oracle import OracleVerdict

COLUMNS = (
    "accepted", "stored", "dead-lettered", "shed", "refused", "lost", "duplicates", "connects", "s a run",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FaultOutcome:
    """One run.

    Attributes:
        scenario: its name.
        seed: what it was drawn from.
        verdict: the oracle's.
        connects: connections that reached the broker.
        seconds: how long it took.
        problem: what went wrong beside the oracle, or None.
        note: how it was run.
    """

    scenario: str
    seed: int
    verdict: OracleVerdict
    connects: int
    seconds: float
    problem: str | None = None
    note: str = ""

    @property
    def holds(self) -> bool:
        """True when no message was lost and nothing else went wrong."""
        return self.verdict.holds and self.problem is None

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return asdict(self) | {"holds": self.holds}


def summed(outcomes: Sequence[FaultOutcome]) -> list[str]:
    """The cells of a table's row: sums over the seeds, the time as a mean."""
    verdicts = [outcome.verdict for outcome in outcomes]
    numbers = [
        sum(getattr(verdict, name) for verdict in verdicts)
        for name in ("accepted", "stored", "dead_lettered", "shed", "refused", "lost", "duplicates")
    ]
    numbers.append(sum(outcome.connects for outcome in outcomes))
    seconds = sum(outcome.seconds for outcome in outcomes) / len(outcomes)
    return [*(f"{number:,}" for number in numbers), f"{seconds:.1f}"]


def by_scenario(outcomes: Iterable[FaultOutcome]) -> dict[str, list[FaultOutcome]]:
    """The runs of each scenario, in the order in which they came."""
    sorted_out: dict[str, list[FaultOutcome]] = {}
    for outcome in outcomes:
        sorted_out.setdefault(outcome.scenario, []).append(outcome)
    return sorted_out


def table(title: str, outcomes: Iterable[FaultOutcome]) -> Table:
    """The outcomes for a person."""
    shown = Table(title=title, title_justify="left", box=None, pad_edge=False)
    shown.add_column("scenario")
    for column in COLUMNS:
        shown.add_column(column, justify="right")
    for scenario, runs in by_scenario(outcomes).items():
        cells = summed(runs)
        lost = "[red]" if not all(run.holds for run in runs) else ""
        shown.add_row(f"{lost}{scenario}", *cells)
    return shown


def markdown(outcomes: Iterable[FaultOutcome]) -> str:
    """The outcomes for a document."""
    lines = ["| scenario | " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * len(COLUMNS)]
    for scenario, runs in by_scenario(outcomes).items():
        lines.append(f"| {scenario} | " + " | ".join(summed(runs)) + " |")
    return "\n".join(lines)
