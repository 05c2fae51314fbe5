"""What `dispatch_event` works with: the events table, the fleet, the shadows, the settle schedule."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from contracts.records import EVENT_PART, EVENTS, VENS, Key, ven_part
from contracts.requests import Assignment, SettleEvent
from lambdas.common import answers, clients, parallel, rows, settings
from lambdas.common.rows import EventRow, VenRow
from lambdas.common.schedules import SettleSchedules
from lambdas.common.shadows import Shadows
from lambdas.common.tables import Condition, Table


@dataclass(frozen=True, slots=True)
class Desk:
    """Adapters of one invocation."""

    vens: Table
    events: Table
    shadows: Shadows
    schedules: SettleSchedules
    settle_delay_s: int

    def fleet(self, targets: tuple[str, ...]) -> tuple[VenRow, ...]:
        """The targets' rows; every VEN's when there are none.

        Raises:
            RefusedError: a target that is no VEN of ours.
        """
        wanted = rows.attributes(VenRow)
        if not targets:
            return rows.read_all(VenRow, self.vens.scan(wanted))
        fleet = rows.read_all(VenRow, self.vens.get_many(targets, wanted))
        known = {ven.ven_id for ven in fleet}
        for index, ven_id in enumerate(targets):
            if ven_id not in known:
                raise answers.not_found(f"no VEN {ven_id!r}", f"targets[{index}]")
        return fleet

    def event(self, event_id: str) -> EventRow | None:
        """The event's record."""
        item = self.events.get(Key(event_id, EVENT_PART))
        return None if item is None else rows.read(EventRow, item)

    def put(self, row: EventRow) -> bool:
        """Write a new event's record; False when there is one already."""
        return self.events.put_new(msgspec.to_builtins(row))

    def cancel(self, row: EventRow, *, now: float) -> bool:
        """Mark the event cancelled by a newer revision; False when it is already."""
        return self.events.update(
            Key(row.event_id, EVENT_PART),
            {"cancelledTs": now, "revision": row.revision + 1},
            when=Condition("attribute_not_exists(#c)", {"#c": "cancelledTs"}),
        )

    def carry_out(self, row: EventRow, *, now: float) -> frozenset[str]:
        """Everything that follows from the record; may be done any number of times.

        Returns:
            VENs whose shadows had no room for it.
        """

        def one(assignment: Assignment) -> bool:
            self._assign(row, assignment)
            event = row.for_ven(assignment)
            return self.shadows.set_event(assignment.ven_id, row.event_id, event.to_shadow())

        self.schedules.put(
            SettleEvent(event_id=row.event_id, revision=row.revision),
            at_ts=row.over_ts + self.settle_delay_s,
            now=now,
        )
        written = parallel.over(row.assignments, one)
        return frozenset(each.ven_id for each, done in zip(row.assignments, written, strict=True) if not done)

    def _assign(self, row: EventRow, assignment: Assignment) -> None:
        """The VEN's part, beside whatever its acks have put there already."""
        values = {
            "venId": assignment.ven_id,
            "values": assignment.values,
            "revision": row.revision,
            "expiresTs": row.expires_ts,
        }
        self.events.update(Key(row.event_id, ven_part(assignment.ven_id)), values)


def open_desk(needs: settings.DispatchEvent) -> Desk:
    """The desk of this sandbox."""
    dynamodb = clients.dynamodb()
    return Desk(
        vens=Table(dynamodb, needs.vens_table, VENS),
        events=Table(dynamodb, needs.events_table, EVENTS),
        shadows=Shadows(clients.iot_data()),
        schedules=SettleSchedules(
            clients.scheduler(),
            needs.schedule_group,
            needs.settle_function_arn,
            needs.scheduler_role_arn,
            needs.schedule_dlq_arn,
        ),
        settle_delay_s=needs.settle_delay_s,
    )
