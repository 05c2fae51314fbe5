"""The evidence of a proof: its steps, its cost and what was left, and the page that shows them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ven_twin.operations.aws_prove.costs import Usage, bill, total_usd
from ven_twin.operations.aws_prove.remains import Remainder
from ven_twin.operations.prices import price_table


class ProofStep(msgspec.Struct, frozen=True, rename="camel"):
    """One step.

    Attributes:
        name: what was done.
        took_s: how long, s.
        worked: whether it did.
        result: figures, or why not.
    """

    name: str
    took_s: float
    worked: bool
    result: str


class Evidence(msgspec.Struct, rename="camel", kw_only=True):
    """Everything that a proof has to show.

    Attributes:
        stage: the throw-away stage.
        account: its number.
        region: of the stage.
        begun_at: UTC, ISO 8601.
        steps: in order.
        usage: counted.
        cost: of Cost Explorer by the tag ``stage``, or why there is none.
        left: what is still there.
        silent: the questions that this cloud does not answer.
    """

    stage: str
    account: str
    region: str
    begun_at: str
    steps: list[ProofStep] = []
    usage: Usage = Usage(0.0, 0, 0, 0)
    cost: str = ""
    left: list[Remainder] = []
    silent: list[str] = []

    @property
    def proved(self) -> bool:
        """True where every step worked and nothing is left."""
        return bool(self.steps) and all(step.worked for step in self.steps) and not self.left


def page(evidence: Evidence) -> str:
    """The evidence as a page of Markdown."""
    verdict = "Proved" if evidence.proved else "**Not proved**"
    items, prices = bill(evidence.usage), price_table()
    usd = total_usd(items)
    return "\n".join(
        [
            f"# Stage {evidence.stage}, begun {evidence.begun_at}",
            "",
            f"{verdict}: `ven-twin aws prove`, account {evidence.account}, {evidence.region}.",
            "",
            "## Steps",
            "",
            "| step | | took | result |",
            "|---|---|--:|---|",
            *map(_row, evidence.steps),
            "",
            "## Cost",
            "",
            f"By the tag `stage={evidence.stage}`: {evidence.cost}",
            "",
            f"Of the usage, by the prices of {prices.collected} ({prices.region}): USD {usd:.4f}.",
            "Seconds, rows, commands and shadow updates were counted; the rest follows from them.",
            "",
            "| item | of | quantity | USD |",
            "|---|---|--:|--:|",
            *(f"| {item.name} | {item.how} | {item.quantity:,.4g} | {item.usd:.5f} |" for item in items),
            "",
            "## What is left",
            "",
            *_left(evidence.left),
            *_silent(evidence.silent),
        ]
    )


def _row(step: ProofStep) -> str:
    mark = "✓" if step.worked else "✗"
    return f"| {step.name} | {mark} | {step.took_s:.1f} s | {_cell(step.result)} |"


def _left(left: Sequence[Remainder]) -> list[str]:
    if not left:
        return ["Nothing.", ""]
    return [*(f"- {item.kind} `{item.name}`: `{item.removal}`" for item in left), ""]


def _silent(silent: Sequence[str]) -> list[str]:
    if not silent:
        return []
    return ["## Not answered", "", *(f"- {why}" for why in silent), ""]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
