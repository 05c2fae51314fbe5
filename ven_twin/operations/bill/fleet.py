"""The fleet that a bill is of. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.errors import FieldError
from contracts.wire.units import S_PER_DAY, S_PER_H, S_PER_MIN
from ven_twin.operations.bill.measured import measured
from ven_twin.operations.bill.rows import most_rows

DAYS = 30
MONTH_S = DAYS * S_PER_DAY
MONTH_MIN = MONTH_S // S_PER_MIN
LOADS_PERIOD_S = 30.0
"""Between two snapshots of a VEN's circuits, whatever its report interval, where nothing waits."""
BATCH_S, MOST_BATCH_S = 240.0, 240.0
"""Of a VEN's batches in peace, unless set. Source: docs/reference/wire.md, `batch_seconds`."""
AROUND_EVENT_S = 900.0
"""Before and after an event, in which each row is sent at once."""
WINDOW_S = 5.0
"""In which a batch of the queue's messages fills, of a stage on AWS."""
LEAST_INTERVAL_S, MOST_INTERVAL_S = 1, 3600
"""Of a VEN's report interval. Source: docs/reference/wire.md, `report_interval_seconds`."""
MOST_VENS = 1_000_000
MOST_EVENTS = 3000
"""So many a month are a hundred a day."""
STACK_VENS = 80
"""VENs of the stack itself, each with a secret; those beyond come by claim and have none."""
EVENT_S = S_PER_H
RETENTION_DAYS, PROD_RETENTION_DAYS = 30, 400


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledFleet:
    """A fleet that is always connected, for thirty days.

    Attributes:
        vens: how many.
        interval_s: between two telemetry rows of a VEN.
        batch_s: how long rows wait in peace to be sent together; 0 for each at once.
        basic_ingest: whether telemetry goes straight to its rules, past the broker and its price.
        window_s: how long a batch of the queue's messages waits to be filled.
        events: in the month, of an hour each, each for all VENs.
        claimed: all VENs come by claim, with a key of their own; else the stack has as many as it can, each
            with its key in a secret.
        retention_days: how long rows are kept, of a stage.
        notified: whether the stage tells subscribers of events.
        watched_h: hours a day for which somebody has the operator's page open.
        updates_a_day: a VEN's own shadow updates; as measured when None.
        snapshots_a_day: of a VEN's circuits; likewise, or each half minute where nothing waits.

    Raises:
        FieldError: a number that cannot be; names the option and what is allowed.
    """

    vens: int
    interval_s: float = 30.0
    batch_s: float = BATCH_S
    basic_ingest: bool = True
    window_s: float = WINDOW_S
    events: int = 0
    claimed: bool = False
    retention_days: int = RETENTION_DAYS
    notified: bool = True
    watched_h: float = 0.0
    updates_a_day: float | None = None
    snapshots_a_day: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be."""
        if not 1 <= self.vens <= MOST_VENS:
            raise FieldError("--vens", f"{self.vens:,} is not within 1 and {MOST_VENS:,} VENs")
        if not LEAST_INTERVAL_S <= self.interval_s <= MOST_INTERVAL_S:
            raise FieldError(
                "--interval", f"{self.interval_s:g} s is not within 1s and 1h, as a VEN's report interval is"
            )
        if not 0 <= self.batch_s <= MOST_BATCH_S:
            raise FieldError("--batch", f"{self.batch_s:g} s is not within 0 and 4m, as a VEN's batches are")
        if not 0 <= self.events <= MOST_EVENTS:
            raise FieldError(
                "--events", f"{self.events:,} is not within 0 and {MOST_EVENTS:,} events a month"
            )

    @property
    def secrets(self) -> int:
        """VENs whose key is in a secret."""
        return 0 if self.claimed else min(self.vens, STACK_VENS)

    @property
    def updates(self) -> float:
        """The VENs' own shadow updates of the month, without those that events cause."""
        a_day = measured().updates if self.updates_a_day is None else self.updates_a_day
        return self.vens * a_day * DAYS

    @property
    def rows(self) -> float:
        """Telemetry rows of the month."""
        return self.vens * MONTH_S / self.interval_s

    @property
    def rows_a_message(self) -> int:
        """Rows that are sent together in peace: those of the wait, and the one that comes at its end."""
        return max(1, min(int(self.batch_s // self.interval_s) + 1, most_rows())) if self.batch_s else 1

    @property
    def full_rate_s(self) -> float:
        """The time of the month in which each row is sent at once: events, and before and after each."""
        return min(MONTH_S, self.events * (EVENT_S + 2 * AROUND_EVENT_S)) if self.batch_s else MONTH_S

    @property
    def row_messages(self) -> float:
        """Messages of one row, of the month."""
        alone = self.vens * self.full_rate_s / self.interval_s
        return alone if self.rows_a_message > 1 else self.rows

    @property
    def batch_messages(self) -> float:
        """Messages of several rows, of the month."""
        return (self.rows - self.row_messages) / self.rows_a_message

    @property
    def snapshots(self) -> float:
        """Snapshots of the circuits of the month: when something has changed, or each half minute."""
        usual = measured().snapshots if self.batch_s else S_PER_DAY / LOADS_PERIOD_S
        return self.vens * (usual if self.snapshots_a_day is None else self.snapshots_a_day) * DAYS

    @property
    def telemetry_messages(self) -> float:
        """All of them."""
        return self.row_messages + self.batch_messages + self.snapshots
