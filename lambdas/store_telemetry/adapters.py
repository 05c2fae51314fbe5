"""The telemetry table as `store_telemetry` writes it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from contracts.store.keys import CIRCUITS_ROW, LATEST_ROW, TELEMETRY, VENS, Key
from contracts.wire.telemetry import Telemetry
from lambdas.shared import batches, clients
from lambdas.shared.batch_writes import write_all
from lambdas.shared.rows import ASSUMED_PEAK_KW
from lambdas.shared.tables import Condition, Table
from lambdas.store_telemetry.logic import Reading, TelemetryBatch, latest_row
from lambdas.store_telemetry.settings import TelemetrySettings

QUIET_S = 300.0
"""A boot that is not heard of for so long before a row of another boot, of a later time, is over."""
OVER_S = 2 * 3600.0
"""The same, whatever the row's time. Interpretation: above the longest report interval and its repeats."""


@dataclass(frozen=True, slots=True)
class TelemetryAdapters:
    """The telemetry table, and the VENs' rows for what telemetry bears out of a site.

    *noted* is, by VEN and attribute, what is there already, as far as this sandbox knows.
    """

    table: Table
    vens: Table
    retention_days: int
    noted: dict[tuple[str, str], float]

    def store(self, batch: TelemetryBatch) -> dict[str, Exception]:
        """Write *batch*; returns the messages of which something is not written."""
        unwritten = write_all(self.table, batch.rows)
        late = [message_id for key in unwritten for message_id in batch.messages[key]]
        for row_id, latest in ((LATEST_ROW, batch.latest), (CIRCUITS_ROW, batch.circuits)):
            late += [
                reading.message_id for reading in latest.values() if not self._put_latest(row_id, reading)
            ]
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
        boot_id, seq = reading.order
        not_later = Condition(
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
        row = latest_row(reading, self.retention_days)
        try:
            self.table.update(Key(reading.payload.ven_id, row_id), row, when=not_later)
        except (errors.ProvisionedThroughputExceededException, errors.RequestLimitExceeded):
            return False
        return True


def open_adapters(settings: TelemetrySettings) -> TelemetryAdapters:
    """Open the table that the settings name."""
    table, vens = clients.table(settings.telemetry_table, TELEMETRY), clients.table(settings.vens_table, VENS)
    return TelemetryAdapters(table, vens, settings.retention_days, noted_sites(settings.vens_table))


@cache
def noted_sites(vens_table: str) -> dict[tuple[str, str], float]:  # noqa: ARG001 - one for each table
    """The notes in the VENs' rows, as far as this sandbox has written them or tried to."""
    return {}
