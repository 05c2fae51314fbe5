"""Reports of the stage's own VENs on events of the VTN, filed out of their telemetry.

    a dispatched event ──▶ asks for reports? ──▶ over, and its telemetry in? ──▶ each VEN of its plan
                              │ no                 │ not yet                       │ reports itself: none
                              ▼                    ▼                               ▼
                            noted                the next sweep                  one report ──▶ noted

A VEN of the stage has no word at the VTN, so that the stage files in its place, under a client of its own.
A report is filed once: what comes later changes none. The row of the event has how far that has come, and
the id of a report follows from what it is of, so that a sweep that was cut short leaves nothing twice.

Interpretation: an event that never ends is reported on when it has an end; one that has been over for longer
than a settlement is awaited, no more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple, cast

from contracts.api.reports import PAYBACK_AFTER_S
from contracts.openadr.ids import STAGE_CLIENT
from contracts.openadr.oadr_vens import is_oadr_ven
from contracts.openadr.objects import OadrEvent, OadrObject, OadrVen
from contracts.openadr.report_plan import ReportJob
from contracts.openadr.scopes import Client
from contracts.store.items import Item
from contracts.store.oadr_events import OadrEventRow
from contracts.store.vtn_changes import VtnChange
from contracts.wire.ids import GroupName, VenId
from lambdas.shared import batches, parallel
from lambdas.shared.event_book import PlanMissingError
from lambdas.shared.invocation import count, logger
from lambdas.shared.object_privacy import ClientGoneError, caller_of
from lambdas.shared.power_traces import Trace, Window
from lambdas.shared.rows import EventRow
from lambdas.shared.ven_traces import OF_ONE_VEN, ven_trace
from lambdas.shared.vtn_problems import VtnProblemError
from lambdas.shared.vtn_rows import StoredObject, stored
from lambdas.shared.vtn_writes import ObjectChange
from lambdas.vtn_dispatch.adapters import VtnDispatchAdapters
from lambdas.vtn_dispatch.logic.site_reports import (
    ReportedRow,
    SiteWord,
    WantedReports,
    jobs_of_ven,
    reported_window,
    site_report,
    site_report_id,
    wanted_reports,
)

AT_ONCE = 16
"""VENs between two looks at the time that is left."""
TOGETHER, TOGETHER_BYTES = 8, 1_000_000
"""Reports that go in one transaction. Source: DynamoDB, 4 MB each; a report is written twice."""
AROUND_S = 900.0
"""So much before and after an event may lie the rows that say what its first and last seconds were."""


class _Filing(NamedTuple):
    """An event whose reports are filed now.

    Attributes:
        event: the event of the VTN.
        header: the DR event that it was.
        wanted: the reports that it asks for.
        over_ts: when it was over for every VEN, UTC s.
        groups: the groups that descriptors name, with their VENs.
        items: the VENs' own items of the DR event.
    """

    event: OadrEvent
    header: EventRow
    wanted: WantedReports
    over_ts: float
    groups: Mapping[GroupName, Collection[VenId]]
    items: Mapping[VenId, Item]


@dataclass(frozen=True, slots=True)
class Reporting:
    """Files reports at *now_ts*, UTC s, as long as *is_time_left*."""

    adapters: VtnDispatchAdapters
    now_ts: float
    is_time_left: Callable[[], bool]

    def sweep(self) -> None:
        """File what is due; the next sweep goes on where this one ends, and takes what fails."""
        for row in self.adapters.rows.all():
            if not row.may_be_reported:
                continue
            if not self.is_time_left():
                return
            try:
                self._look_at(row)
            except Exception as error:  # noqa: BLE001 - whatever it is, the others are reported on
                fields = {"event_id": row.oadr_event_id, **batches.loggable(error)}
                logger.warning("not reported on", extra=fields)

    def _look_at(self, row: OadrEventRow) -> None:
        """File the reports on one event, where they are due; note it where there are none to come."""
        record = self.adapters.vtn.find("EVENT", row.oadr_event_id)
        header = None if row.event_id is None else self.adapters.dr_event(row.event_id)
        if record is None:  # which is about to be withdrawn
            return
        event = cast("OadrEvent", record.value)
        wanted = wanted_reports(event)
        if header is None or not wanted.jobs or _was_not_acted_on(header, wanted):
            self.adapters.rows.note_reported(row, None)
            return
        over_ts = max(wanted.over_ts + header.randomize_start_s, header.over_ts)
        if self.now_ts < over_ts + self.adapters.settle_delay_s:
            return
        if self.now_ts < over_ts + PAYBACK_AFTER_S:
            groups = self.adapters.groups.members_of(wanted.targets)
            items = self.adapters.events.ven_items(header.event_id)
            filing = _Filing(event, header, wanted, over_ts, groups, items)
            if not self._file(filing, row, self._vens(record, header)):
                return
        self.adapters.rows.note_reported(row, None)

    def _vens(self, record: StoredObject[OadrObject], header: EventRow) -> list[VenId]:
        """The VENs of the DR event that the stage reports for, in order."""
        try:
            vens = self.adapters.events.plan(header).ven_ids
        except PlanMissingError:
            return []
        ours = [ven_id for ven_id in vens if not is_oadr_ven(ven_id)]
        return sorted(frozenset(ours) - self._reporting_themselves(record, frozenset(ours)))

    def _reporting_themselves(
        self, record: StoredObject[OadrObject], vens: frozenset[VenId]
    ) -> frozenset[VenId]:
        """Those of *vens* that are clients of the VTN under their own names, and see the event there."""
        if record.is_total:
            return frozenset()
        clients = [ven for ven in self.adapters.all_vens() if ven.ven_name in vens]
        sees = parallel.over(clients, lambda ven: self._sees(ven, cast("OadrEvent", record.value)))
        return frozenset(VenId(ven.ven_name) for ven, does in zip(clients, sees, strict=True) if does)

    def _sees(self, ven: OadrVen, event: OadrEvent) -> bool:
        client = Client(ven.client_id, frozenset())
        try:
            caller = caller_of(client, self.adapters.vtn.grants(ven.client_id), is_issued_here=False)
        except ClientGoneError:
            return False
        return caller.sees(event.targets)

    def _file(self, filing: _Filing, row: OadrEventRow, vens: Sequence[VenId]) -> bool:
        """File the reports of *vens* that are left; False where this sweep ends before all are."""
        reached = row.reported_to if row.reported_tag == row.tag else None
        left = [ven_id for ven_id in vens if reached is None or ven_id > reached]
        for first in range(0, len(left), AT_ONCE):
            if not self.is_time_left():
                return False
            some = left[first : first + AT_ONCE]
            made = parallel.over(some, partial(self._report, filing, self._offers_kw(some)))
            self._write([record for record in made if record is not None])
            if not self.adapters.rows.note_reported(row, some[-1]):  # changed meanwhile
                return False
        return True

    def _offers_kw(self, vens: Sequence[VenId]) -> dict[VenId, float]:
        """The offers of those of *vens* that are there."""
        items = self.adapters.vens.get_many(vens, ("venId", "online", "shedAvailabilityKw"))
        there = [item for item in items if item.get("online") and "shedAvailabilityKw" in item]
        return {item["venId"]: item["shedAvailabilityKw"] for item in there}

    def _report(
        self, filing: _Filing, offers_kw: Mapping[VenId, float], ven_id: VenId
    ) -> StoredObject[OadrObject] | None:
        """The report of one VEN; None where it is filed already, or there is none to file."""
        report_id = site_report_id(filing.header, ven_id, filing.over_ts)
        offset_s = filing.header.start_offset_s(ven_id)
        jobs = jobs_of_ven(filing.wanted, ven_id, filing.groups, offset_s)
        if not jobs or self.adapters.vtn.find("REPORT", report_id, of_client=STAGE_CLIENT) is not None:
            return None
        try:
            report = site_report(
                jobs,
                self._trace(ven_id, jobs),
                SiteWord.of(filing.items.get(ven_id, {}), offers_kw.get(ven_id)),
                header=filing.header,
                event=filing.event,
                ven_id=ven_id,
                report_id=report_id,
                now_ts=self.now_ts,
            )
            record = stored(report, filing.event.program_id)
            return replace(record, expires_ts=filing.header.expires_ts)
        except (*OF_ONE_VEN, VtnProblemError) as error:
            fields = {"event_id": filing.event.id, "ven_id": ven_id, "error": type(error).__name__}
            logger.warning("VEN not reported on", extra=fields)
            return None

    def _trace(self, ven_id: VenId, jobs: Sequence[ReportJob]) -> Trace:
        start_ts, end_ts = reported_window(jobs)
        window = Window(start_ts, end_ts + AROUND_S)
        return ven_trace(self.adapters.telemetry, ven_id, window, lead_s=AROUND_S, kind=ReportedRow)

    def _write(self, records: Sequence[StoredObject[OadrObject]]) -> None:
        """Write *records*, some at a time, and tell of them, but for those that another has written."""
        for some in _together(records):
            written = some
            if not self.adapters.vtn.write([ObjectChange(None, record) for record in some]):
                written = [record for record in some if self.adapters.vtn.write([ObjectChange(None, record)])]
            changes = [
                VtnChange(operation="CREATE", object=record.value, program_id=record.program_id)
                for record in written
            ]
            self.adapters.changes.pass_on(changes)
            count(OadrReportsFiled=len(written))


def _was_not_acted_on(header: EventRow, wanted: WantedReports) -> bool:
    """True of a DR event that was cancelled or deleted, or was another one before the event's time."""
    is_cancelled = header.cancelled_ts is not None or header.deleted_ts is not None
    return is_cancelled or header.over_ts <= wanted.start_ts


def _together(
    records: Sequence[StoredObject[OadrObject]],
) -> Iterator[list[StoredObject[OadrObject]]]:
    """*records* in as few transactions as hold them."""
    some: list[StoredObject[OadrObject]] = []
    size = 0
    for record in records:
        if some and (len(some) == TOGETHER or size + len(record.body) > TOGETHER_BYTES):
            yield some
            some, size = [], 0
        some.append(record)
        size += len(record.body)
    if some:
        yield some
