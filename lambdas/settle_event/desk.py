"""What `settle_event` works with: the event's record, its acks, the telemetry, the shadows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import msgspec

from contracts.records import (
    EVENT_PART,
    EVENTS,
    REPORT_PART,
    TELEMETRY,
    Key,
    telemetry_range,
    ven_part,
)
from contracts.requests import Assignment
from contracts.settlement import EventReport, VenReport
from lambdas.common import clients, parallel, rows, settings
from lambdas.common.rows import EventRow
from lambdas.common.shadows import Shadows
from lambdas.common.tables import Table
from lambdas.settle_event.energy import Row, Window
from lambdas.settle_event.report import read_report, report_item, too_large, without_vens
from lambdas.settle_event.ven_report import part_of, reading_window, report_ven


@dataclass(frozen=True, slots=True)
class Desk:
    """Adapters of one invocation."""

    events: Table
    telemetry: Table
    shadows: Shadows

    def event(self, event_id: str) -> EventRow | None:
        """The event's record."""
        item = self.events.get(Key(event_id, EVENT_PART))
        return None if item is None else rows.read(EventRow, item)

    def report(self, event_id: str) -> EventReport | None:
        """The report, once there is one."""
        item = self.events.get(Key(event_id, REPORT_PART))
        return None if item is None else read_report(item)

    def keep(self, report: EventReport, event: EventRow) -> EventReport:
        """Store *report*, unless another settlement was faster; returns the one that stands."""
        if too_large(report):
            parallel.over(report.vens, lambda ven: self._keep_ven(ven, event))
            report = without_vens(report)
        if self.events.put_new(report_item(report, event.expires_ts)):
            return report
        return self.report(event.event_id) or report

    def _keep_ven(self, ven: VenReport, event: EventRow) -> None:
        self.events.update(Key(event.event_id, ven_part(ven.ven_id)), {"report": msgspec.to_builtins(ven)})

    def settle_vens(self, event: EventRow) -> list[VenReport]:
        """The part of every VEN that the event was allocated to."""

        def one(assignment: Assignment) -> VenReport:
            part = part_of(event, assignment)
            read = self._rows(assignment.ven_id, reading_window(part))
            acks: dict[str, Any] = self.events.get(Key(event.event_id, ven_part(assignment.ven_id))) or {}
            return report_ven(event.event_id, assignment.ven_id, part, read, acks)

        return parallel.over(event.assignments, one)

    def clear_shadows(self, event: EventRow) -> None:
        """Remove the event from what is desired, so that shadows do not fill up with what is over."""
        parallel.over(
            event.assignments,
            lambda assignment: self.shadows.set_event(assignment.ven_id, event.event_id, None),
        )

    def _rows(self, ven_id: str, window: Window) -> tuple[Row, ...]:
        between = telemetry_range(math.floor(window.start_ts), math.ceil(window.end_ts))
        return rows.read_all(Row, self.telemetry.query(ven_id, between, rows.attributes(Row)))


def open_desk(needs: settings.SettleEvent) -> Desk:
    """The desk of this sandbox."""
    dynamodb = clients.dynamodb()
    return Desk(
        events=Table(dynamodb, needs.events_table, EVENTS),
        telemetry=Table(dynamodb, needs.telemetry_table, TELEMETRY),
        shadows=Shadows(clients.iot_data()),
    )
