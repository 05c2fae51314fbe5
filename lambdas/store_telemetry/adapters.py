"""The telemetry table as `store_telemetry` writes it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from contracts.store.items import Item
from contracts.store.keys import CIRCUITS_ROW, LATEST_ROW, TELEMETRY, VENS, Key
from contracts.wire.ids import VenId
from contracts.wire.telemetry import Telemetry
from lambdas.shared import batches, clients, clock, parallel, senders
from lambdas.shared.batch_writes import write_all
from lambdas.shared.floods import FloodWatch
from lambdas.shared.rows import ASSUMED_PEAK_KW
from lambdas.shared.tables import Condition, Table
from lambdas.store_telemetry.logic import Reading, SortedMessages, latest_row
from lambdas.store_telemetry.settings import TelemetrySettings

QUIET_S = 300.0
"""A boot that is not heard of for so long before a row of another boot, of a later time, is over."""
OVER_S = 2 * 3600.0
"""The same, whatever the row's time. Interpretation: above the longest report interval and its repeats."""
COVERED = "coveredTs"
"""Of a VEN's latest row: the time that its messages have covered, see `lambdas.shared.floods`."""


@dataclass(frozen=True, slots=True)
class TelemetryAdapters:
    """The telemetry table, and the VENs' rows for what telemetry bears out of a site.

    *noted* is, by VEN and attribute, what is there already, as far as this sandbox knows.
    """

    table: Table
    vens: Table
    retention_days: int
    noted: dict[tuple[str, str], float]
    stage_vens: senders.StageVens
    floods: FloodWatch

    def store(self, batch: SortedMessages) -> dict[str, Exception]:
        """Write *batch*; returns the messages of which something is not written."""
        for sender, further in batch.further_rows.items():
            self.floods.cover(sender, further)
        unwritten = write_all(self.table, batch.rows)
        late = [message_id for key in unwritten for message_id in batch.messages[key]]
        readings = [
            (row_id, reading)
            for row_id, latest in ((LATEST_ROW, batch.latest), (CIRCUITS_ROW, batch.circuits))
            for reading in latest.values()
        ]
        written = parallel.over(readings, lambda latest: self._put_latest(*latest))
        late += [reading.message_id for (_, reading), done in zip(readings, written, strict=True) if not done]
        self._count_fast(batch.latest.keys() | batch.circuits.keys())
        for ven_id, reading in batch.latest.items():
            if isinstance(reading.payload, Telemetry):
                self._note_site(ven_id, reading.payload, batch.peak_kw.get(ven_id, 0.0))
        return {message_id: batches.NotWrittenError("not written in time") for message_id in late}

    def _note_site(self, ven_id: str, latest: Telemetry, peak_kw: float) -> None:
        """Note a panel that is another than before, and a peak above all before it; most have neither."""
        if latest.panel_max_kw > 0.0 and self.noted.get((ven_id, "panelMaxKw")) != latest.panel_max_kw:
            self._note(ven_id, "panelMaxKw", latest.panel_max_kw, "<>")
        if peak_kw > max(ASSUMED_PEAK_KW, self.noted.get((ven_id, "peakKw"), 0.0)):
            self._note(ven_id, "peakKw", peak_kw, "<")

    def _note(self, ven_id: str, name: str, value: float, unlike: str) -> None:
        other = Condition(
            f"attribute_exists(#ven) AND (attribute_not_exists(#name) OR #name {unlike} :value)",
            {"#ven": "venId", "#name": name},
            {":value": value},
        )
        errors = self.table.client.exceptions
        with suppress(errors.ProvisionedThroughputExceededException, errors.RequestLimitExceeded):
            self.vens.update(Key(ven_id), {name: value}, when=other)
            self.noted[ven_id, name] = value

    def _put_latest(self, row_id: str, reading: Reading) -> bool:
        """Make a reading its VEN's latest, unless a later one is; False when DynamoDB was too busy.

        Interpretation: boot ids sort by the time of the boot, so a later boot's first row follows all of an
        earlier boot's. Where they do not, or where a VEN's clock alone orders its rows and was set back, the
        latest of before gives way once it has been the latest for long.
        """
        errors = self.table.client.exceptions
        row = latest_row(reading, self.retention_days)
        try:
            if row_id == LATEST_ROW:
                self._put_covered(reading, row)
            else:
                self.table.update(Key(reading.payload.ven_id, row_id), row, when=_not_later(reading))
        except (errors.ProvisionedThroughputExceededException, errors.RequestLimitExceeded):
            return False
        return True

    def _put_covered(self, reading: Reading, row: Item) -> None:
        """Make *row* its VEN's latest, with the time that its messages have covered: in one call, mostly.

        The time that the row measured is covered, and its messages are when they took less. Where they took
        more, they are added to what the table has.
        """
        ven_id = VenId(reading.payload.ven_id)
        key, cost_s = Key(ven_id, LATEST_ROW), self.floods.uncounted_s(ven_id)
        since_ts = max(reading.payload.timestamp, self.stage_vens.provisioned_ts(ven_id))
        measured_ts = min(float(since_ts), clock.utc_now())
        later = _not_later(reading)
        slow = Condition(
            f"({later.expression}) AND (attribute_not_exists(#covered) OR #covered <= :uncovered)",
            {**later.names, "#covered": COVERED},
            {**later.values, ":uncovered": measured_ts - cost_s},
        )
        written, stored = self.table.change(key, row | {COVERED: measured_ts}, when=slow)
        if written:
            self.floods.counted(ven_id, measured_ts)
            return
        if not _has_later(stored, reading) and stored.get(COVERED, 0.0) > measured_ts - cost_s:
            written, stored = self.table.change(key, row, when=later, add={COVERED: cost_s})
        if COVERED in stored:
            take_over = self.floods.counted if written else self.floods.learned
            take_over(ven_id, stored[COVERED])

    def _count_fast(self, ven_ids: Iterable[str]) -> None:
        """Add to the tables what VENs have covered by messages that made no later row, if it is much."""
        for ven_id in map(VenId, ven_ids):
            cost_s = self.floods.uncounted_s(ven_id)
            if cost_s and self.floods.is_fast(ven_id):
                there = Condition("attribute_exists(#covered)", {"#covered": COVERED})
                done, stored = self.table.change(
                    Key(ven_id, LATEST_ROW), {}, when=there, add={COVERED: cost_s}
                )
                if done:
                    self.floods.counted(ven_id, stored[COVERED])


def _has_later(stored: Item, reading: Reading) -> bool:
    """True when *stored* is of the same boot and no earlier: most rows that are not the latest come so."""
    boot_id, seq = reading.order
    return stored.get("bootId") == boot_id and stored["seq"] >= seq


def _not_later(reading: Reading) -> Condition:
    """The condition that what is the VEN's latest is not later than *reading*."""
    boot_id, seq = reading.order
    return Condition(
        "attribute_not_exists(#boot) OR #boot < :boot OR (#boot = :boot AND #seq < :seq)"
        " OR #received < :over OR (#boot <> :boot AND #received < :quiet AND #time < :time)",
        {"#boot": "bootId", "#seq": "seq", "#received": "receivedTs", "#time": "timestamp"},
        {
            ":boot": boot_id,
            ":seq": seq,
            ":over": reading.received_ts - OVER_S,
            ":quiet": reading.received_ts - QUIET_S,
            ":time": reading.payload.timestamp,
        },
    )


def open_adapters(settings: TelemetrySettings) -> TelemetryAdapters:
    """Open the table that the settings name."""
    table, vens = clients.table(settings.telemetry_table, TELEMETRY), clients.table(settings.vens_table, VENS)
    return TelemetryAdapters(
        table,
        vens,
        settings.retention_days,
        noted_sites(settings.vens_table),
        senders.stage_vens(settings.vens_table),
        senders.floods(settings.vens_table),
    )


@cache
def noted_sites(vens_table: str) -> dict[tuple[str, str], float]:  # noqa: ARG001 - one for each table
    """The notes in the VENs' rows, as far as this sandbox has written them or tried to."""
    return {}
