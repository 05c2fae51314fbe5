"""The timeline of a run: what the cloud saw of a VEN, without any text that the VEN wrote. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from statistics import median

import msgspec

from contracts.wire.ids import CorrelationId, EventId, VenId

SKEW_S = 10.0
"""A clock that is off by more is wrong. Source: docs/reference/wire.md, telemetry."""
DEFAULT_INTERVAL_S = 30.0
"""Source: docs/reference/wire.md, `report_interval_seconds`."""
END_GRACE_S = 2.0
"""A VEN may act for so long beyond the end, and the row that is under way then. Interpretation: ours."""
LEAST_SHED_KW = 0.05
LEAST_ROWS = 3
ROW_S = 1.0
"""A row ends in the second of its timestamp, which is rounded down."""
ACTING_SHARE = 0.25
"""A row without an event's id is of the event from this share of the request. Interpretation: ours."""


class TrialEvent(StrEnum):
    """An event of the suite, by what is done with it."""

    SHADOW = "shadow"
    """By the shadow, when half of it is over."""
    COMMAND = "command"
    """By command, and the same command once more before its end."""
    REVISED = "revised"
    """Revised to end sooner while it is active."""
    CANCELLED = "cancelled"
    """Cancelled while it is active."""
    RESTORED = "restored"
    """Ended by `restore` while it is active."""
    OPTED_OUT = "optedOut"
    """Left by an opt-out while it is active."""
    OFFLINE = "offline"
    """Created while the VEN is not connected."""


class ObservedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A stored row of telemetry."""

    timestamp: int
    received_ts: float
    boot_id: str
    seq: int
    shed_kw: float
    event_id: str | None = None


class ObservedAck(msgspec.Struct, frozen=True, kw_only=True):
    """A command's ack. *has_reason* is true of a refusal that says why."""

    op: str
    ok: bool
    received_ts: float
    has_reason: bool = False


class ObservedCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A command of the suite; *answered_again* once its ack was replaced by a later one."""

    op: str
    correlation_id: CorrelationId
    sent_ts: float
    ack: ObservedAck | None = None
    answered_again: bool = False


class ObservedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the suite.

    Attributes:
        requested_kw: of the VEN; 0 of an event in levels.
        start_ts: UTC s.
        end_ts: when a VEN that conforms ends it, UTC s: by what was done with it.
        faulty_end_ts: when one that does not would end it, UTC s.
        seen_until_ts: when the suite went on to something else, UTC s.
        revision: the highest.
        phases: the correlation id of the ack of each phase.
        became_active: whether the shadow reported it as the active event.
        refusal: the cloud's reason when it was not dispatched.
    """

    event_id: EventId
    requested_kw: float
    start_ts: float
    end_ts: float
    faulty_end_ts: float
    seen_until_ts: float
    revision: int = 0
    phases: Mapping[str, str] = {}
    became_active: bool = False
    refusal: str | None = None


class PresenceChange(msgspec.Struct, frozen=True, kw_only=True):
    """The VEN was recorded as connected, or not; *order* rises with each change."""

    seen_ts: float
    online: bool
    order: int


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """All that was seen in a run.

    Attributes:
        report_interval_s: as the shadow reports it.
        steady_ts: from when on that interval was in force, UTC s.
        offer_kw: as the shadow reports it.
        has_reported: whether the shadow has a reported state.
        setting_applied: whether a desired setting came to be reported; None when none was desired.
        has_opt_out: whether a desired opt-out came to be reported.
        offline_ts: when the VEN was to be disconnected, UTC s.
    """

    ven_id: VenId
    begun_ts: float
    ended_ts: float
    presences: Sequence[PresenceChange] = ()
    rows: Sequence[ObservedRow] = ()
    commands: Mapping[str, ObservedCommand] = {}
    events: Mapping[TrialEvent, ObservedEvent] = {}
    report_interval_s: float | None = None
    steady_ts: float = 0.0
    offer_kw: float | None = None
    has_reported: bool = False
    setting_applied: bool | None = None
    has_opt_out: bool = False
    offline_ts: float | None = None

    @property
    def interval_s(self) -> float:
        """The interval between two rows, s."""
        return self.report_interval_s or DEFAULT_INTERVAL_S

    @property
    def row_gap_s(self) -> float:
        """The usual time between two rows, s: the interval itself while there are too few."""
        times = sorted(row.timestamp for row in self.rows)
        gaps_s = [later - earlier for earlier, later in pairwise(times)]
        return max(1.0, median(gaps_s)) if len(times) >= LEAST_ROWS else self.interval_s

    @property
    def skew_s(self) -> float | None:
        """The cloud's time less the VEN's, s: the median over the rows. None without a row."""
        newest = {row.received_ts: row.timestamp for row in sorted(self.rows, key=lambda row: row.timestamp)}
        return median(received_ts - ts for received_ts, ts in newest.items()) if newest else None

    @property
    def marks_rows(self) -> bool:
        """True when the VEN marks rows with events."""
        return any(row.event_id is not None for row in self.rows)

    def at_ts(self, row: ObservedRow) -> float:
        """The cloud's time at the end of a row, UTC s."""
        skew_s = self.skew_s or 0.0
        return row.timestamp + (skew_s if abs(skew_s) > SKEW_S else 0.0)

    def rows_of(self, event: ObservedEvent) -> list[ObservedRow]:
        """The rows of *event*: by their mark, or by what they shed where the VEN marks none.

        A row without a mark counts when the second that it ends in was over before something else was done.
        """
        if event.refusal is not None:
            return []
        if self.marks_rows:
            return [row for row in self.rows if row.event_id == event.event_id]
        least_kw = max(LEAST_SHED_KW, ACTING_SHARE * event.requested_kw)
        return [
            row
            for row in self.rows
            if event.start_ts < self.at_ts(row) <= event.seen_until_ts - ROW_S and row.shed_kw >= least_kw
        ]
