"""The adapters of `dispatch_event`: the events, the fleet and its telemetry, the shadows, the schedules."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

import msgspec

from contracts.api.programs import Program
from contracts.api.reports import FINAL_AFTER_S, PAYBACK_AFTER_S
from contracts.api.requests import SettleEvent
from contracts.api.resources import TelemetryRow
from contracts.errors import FieldError
from contracts.store.keys import EVENTS, LATEST_ROW, TELEMETRY, VENS
from contracts.store.plans import Plan
from contracts.wire.ids import ProgramId, VenId
from lambdas.dispatch_event.booked_days import BookedDays
from lambdas.dispatch_event.logic.plan import shares_a_sum
from lambdas.dispatch_event.settings import DispatchSettings
from lambdas.shared import answers, clients, fan_out, rows
from lambdas.shared.clock_skew import SKEW_S, ReceivedRow, skew_of
from lambdas.shared.event_book import EventBook
from lambdas.shared.fan_out import MapRuns, ShadowQueue
from lambdas.shared.group_book import GroupBook
from lambdas.shared.notifications import Notifier
from lambdas.shared.program_book import ProgramBook
from lambdas.shared.rows import EventRow, VenRow
from lambdas.shared.schedules import BEGIN, END, EventSchedules
from lambdas.shared.shadows import Shadows
from lambdas.shared.share_orders import ShareOrders
from lambdas.shared.tables import Table
from lambdas.shared.telemetry_rows import query_telemetry

SKEW_LOOK_S = 600
"""The age of the oldest row that the skew of a clock is taken from."""
SCAN_ABOVE_VENS = 10_000
"""A group of more VENs is read with the whole table. Source: DynamoDB, a key costs a unit, and four rows do
that are scanned."""


@dataclass(frozen=True, slots=True)
class DispatchAdapters:
    """Adapters of one invocation, and what the stage says."""

    vens: Table
    telemetry: Table
    book: EventBook
    shadows: Shadows
    queue: ShadowQueue
    map_runs: MapRuns
    shares: ShareOrders
    schedules: EventSchedules
    days: BookedDays
    groups: GroupBook
    programs: ProgramBook
    notifier: Notifier
    settle_delay_s: int
    redispatch_min: int
    retention_days: int

    def program(self, program: ProgramId) -> Program:
        """The program of an event. Raises FieldError for one that there is not."""
        rules = self.programs.program(program)
        if rules is None:
            names = [stored.program for stored in self.programs.all()]
            raise FieldError("program", f"no program {program!r}; there are {', '.join(names)}")
        return rules

    def fleet(self, targets: tuple[str, ...]) -> tuple[VenRow, ...]:
        """The rows of the targets and of those in targeted groups; every VEN's when there are no targets.

        A name that is a VEN's id and a group's is the VEN.

        Raises:
            RequestRefusedError: a target that is no VEN of ours, and no group.
        """
        fleet, unknown = self._find(targets)
        for index, name in enumerate(targets):
            if name in unknown:
                raise answers.not_found(f"no VEN and no group {name!r}", f"targets[{index}]")
        return fleet

    def fleet_left(self, targets: tuple[str, ...]) -> tuple[VenRow, ...]:
        """As `fleet`, of an event that there is already: targets that are gone since are passed over."""
        return self._find(targets)[0]

    def _find(self, targets: tuple[str, ...]) -> tuple[tuple[VenRow, ...], frozenset[str]]:
        """The rows, and the targets that there are none for."""
        wanted = rows.attributes(VenRow)
        if not targets:
            return rows.read_all(VenRow, self.vens.scan(wanted)), frozenset()
        named = rows.read_all(VenRow, self.vens.get_many(targets, wanted))
        by_id = {ven.ven_id: ven for ven in named}
        names = frozenset(targets) - by_id.keys()
        groups = self.groups.members_of(names)
        members = frozenset(chain.from_iterable(groups.values())) - by_id.keys()
        by_id |= {ven.ven_id: ven for ven in self._rows_of(members)}
        return tuple(by_id.values()), names - groups.keys()

    def _rows_of(self, ven_ids: frozenset[VenId]) -> Iterable[VenRow]:
        """The rows of members: by their keys, or of a large group by the whole table, which costs less."""
        wanted = rows.attributes(VenRow)
        if len(ven_ids) <= SCAN_ABOVE_VENS:
            return rows.read_all(VenRow, self.vens.get_many(ven_ids, wanted))
        items = (item for item in self.vens.scan(wanted) if item["venId"] in ven_ids)
        return rows.read_all(VenRow, items)

    def latest(self, ven_ids: Iterable[VenId]) -> dict[VenId, TelemetryRow]:
        """The latest telemetry row of each VEN that has one."""
        wanted = ("venId", *rows.attributes(TelemetryRow))
        items = self.telemetry.get_many(ven_ids, wanted, sort=LATEST_ROW)
        return {item["venId"]: rows.read(TelemetryRow, item) for item in items}

    def with_clock_skew(
        self, fleet: Iterable[VenRow], latest: Mapping[VenId, TelemetryRow]
    ) -> tuple[VenRow, ...]:
        """*fleet*, with the skews that are not reported, of VENs whose latest row came late or early.

        Such a VEN's rows of the last minutes say whether its clock is off or the row had to wait.
        """
        return tuple(self._with_clock_skew(ven, latest.get(ven.ven_id)) for ven in fleet)

    def _with_clock_skew(self, ven: VenRow, last: TelemetryRow | None) -> VenRow:
        if ven.clock_skew_s is not None or last is None or last.received_ts is None:
            return ven
        if abs(last.received_ts - last.timestamp) <= SKEW_S:
            return ven
        since_ts, until_ts = last.timestamp - SKEW_LOOK_S, last.timestamp + 1
        pages = query_telemetry(self.telemetry, ReceivedRow, ven.ven_id, since_ts, until_ts)
        rows_read = list(chain.from_iterable(pages))
        return msgspec.structs.replace(ven, clock_skew_s=skew_of(rows_read) or None)

    def carry_out(
        self, row: EventRow, plan: Plan, *, now: float, only: Collection[VenId] | None = None
    ) -> EventRow:
        """Carry out all that follows from the header as stored; may be done any number of times.

        *only* are the VENs whose shadows need it, when all the others have it; None for all. Returns the
        header with what became of it.
        """
        request = SettleEvent(event_id=row.event_id, revision=row.revision)
        settle_ts = row.over_ts + self.settle_delay_s
        self.schedules.put_settle(request, at_ts=settle_ts, now=now)
        if only is None:  # a redispatch moves nothing in time
            self.schedules.put_final(request, at_ts=settle_ts + FINAL_AFTER_S, now=now)
            self.schedules.put_payback(request, at_ts=settle_ts + PAYBACK_AFTER_S, now=now)
            self._schedule_redispatch(row, now=now)
        self.shares.send(row, plan.ven_ids if only is None else only)
        assignments = fan_out.assignments_of(plan, only)
        if len(assignments) > fan_out.DIRECT_VENS or self.map_runs.takes(len(assignments)):
            if self.map_runs.takes(len(assignments)):
                self.map_runs.start(row, plan)
            else:
                self.queue.send(row, assignments)
            self.book.mark_done(row, None)
            return msgspec.structs.replace(row, done_revision=row.revision)
        full = fan_out.write(self.shadows, row, assignments)
        if only is not None:  # who had no room is not called again before the event is revised
            full |= frozenset(row.full)
        self.book.mark_done(row, full)
        return msgspec.structs.replace(row, full=tuple(sorted(full)), done_revision=row.revision)

    def expect_end(self, row: EventRow, *, now: float) -> None:
        """Schedule the last settlement of an event at *row*'s end, before a header with a later end is there.

        Whoever is killed right after that leaves an event that is settled and taken out of the shadows.
        """
        request = SettleEvent(event_id=row.event_id, revision=row.revision)
        self.schedules.put_final(request, at_ts=row.over_ts + self.settle_delay_s + FINAL_AFTER_S, now=now)

    def _schedule_redispatch(self, row: EventRow, *, now: float) -> None:
        if row.cancelled_ts is not None or not shares_a_sum(row):
            self.schedules.drop_redispatch(row.event_id)
            return
        self.schedules.put_redispatch(
            row.event_id, from_ts=row.start_ts, to_ts=row.end_ts, every_min=self.redispatch_min, now=now
        )

    def notify(self, row: EventRow, *, now: float) -> None:
        """Tell subscribers what became of the event, and have the rest told when it comes. Raises nothing."""
        self.notifier.tell(row, now=now)
        self.notifier.attempt(row, lambda: self._schedule_notifications(row, now=now))

    def _schedule_notifications(self, row: EventRow, *, now: float) -> None:
        for purpose, at_ts in ((BEGIN, row.start_ts), (END, row.end_ts + row.randomize_start_s)):
            if at_ts > now and row.cancelled_ts is None and row.deleted_ts is None:
                self.schedules.put_notify(row.event_id, purpose, at_ts=at_ts, now=now)
            elif at_ts > now:
                self.schedules.drop_notify(row.event_id, purpose)


def new_token() -> str:
    """Tells apart two plans that are made of the same revision at once."""
    return secrets.token_hex(4)


def open_adapters(needs: DispatchSettings, function_arn: str) -> DispatchAdapters:
    """The adapters of this sandbox; *function_arn* is what redispatches."""
    book = EventBook(clients.table(needs.events_table, EVENTS))
    return DispatchAdapters(
        vens=clients.table(needs.vens_table, VENS),
        telemetry=clients.table(needs.telemetry_table, TELEMETRY),
        book=book,
        days=BookedDays(book),
        shadows=Shadows(clients.iot_data()),
        queue=ShadowQueue(clients.sqs(), needs.shadow_queue_url),
        shares=ShareOrders(needs.orders_queue),
        map_runs=MapRuns(clients.states, needs.shadow_map_arn, needs.map_above_vens),
        schedules=EventSchedules(
            clients.scheduler(),
            needs.schedule_group,
            needs.settle_function_arn,
            function_arn,
            needs.scheduler_role_arn,
            needs.schedule_dlq_arn,
        ),
        groups=GroupBook(book.table),
        programs=ProgramBook(book.table),
        notifier=Notifier(clients.sns(), needs.notifications_topic, book.table),
        settle_delay_s=needs.settle_delay_s,
        redispatch_min=needs.redispatch_min,
        retention_days=needs.retention_days,
    )
