"""The same fleet otherwise: each option by itself, so that it shows which lever is worth most. Pure.

Only what the product has today. Another one is a line in `OPTIONS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from contracts.wire.units import S_PER_MIN
from ven_twin.operations.bill.bill import Bill
from ven_twin.operations.bill.fleet import BATCH_S, PROD_RETENTION_DAYS, RETENTION_DAYS, BilledFleet

WATCHED_H = 8.0
SLOW_S, USUAL_S = 5 * S_PER_MIN, 30


@dataclass(frozen=True, slots=True)
class Option:
    """A change of a fleet.

    Attributes:
        name: what is otherwise, in words.
        how: the option or setting by which that is done.
        changed: makes the other fleet; the same where it is so already.
    """

    name: str
    how: str
    changed: Callable[[BilledFleet], BilledFleet]


OPTIONS = (
    Option("a row every 30 s", "run --report-interval 30s", lambda fleet: replace(fleet, interval_s=USUAL_S)),
    Option("a row every 5 min", "run --report-interval 5m", lambda fleet: replace(fleet, interval_s=SLOW_S)),
    Option("each row at once", "run --batch 0", lambda fleet: replace(fleet, batch_s=0.0)),
    Option("rows in batches of 4 min", "run --batch 4m", lambda fleet: replace(fleet, batch_s=BATCH_S)),
    Option("by the broker", "run --no-basic-ingest", lambda fleet: replace(fleet, basic_ingest=False)),
    Option("past the broker", "run --basic-ingest", lambda fleet: replace(fleet, basic_ingest=True)),
    Option("no waiting for a batch", "-c telemetry_window_s=0", lambda fleet: replace(fleet, window_s=0.0)),
    Option("every VEN by claim, without a secret", "certs claim", lambda fleet: replace(fleet, claimed=True)),
    Option(
        f"rows kept {RETENTION_DAYS} days",
        f"-c retention_days={RETENTION_DAYS}",
        lambda fleet: replace(fleet, retention_days=RETENTION_DAYS),
    ),
    Option(
        f"rows kept {PROD_RETENTION_DAYS} days, as stage prod",
        f"-c retention_days={PROD_RETENTION_DAYS}",
        lambda fleet: replace(fleet, retention_days=PROD_RETENTION_DAYS),
    ),
    Option(
        "no notifications",
        "-c notifications=off",
        lambda fleet: replace(fleet, notified=fleet.notified and not fleet.events),
    ),
    Option(
        f"the operator's page open {WATCHED_H:g} h a day",
        "fleet serve",
        lambda fleet: replace(fleet, watched_h=WATCHED_H),
    ),
)


def options(bill: Bill) -> Iterator[tuple[Option, Bill]]:
    """The options that change *bill*, each with its own."""
    for option in OPTIONS:
        changed = option.changed(bill.fleet)
        if changed != bill.fleet:
            yield option, Bill(changed, bill.prices)
