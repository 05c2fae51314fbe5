"""Reports of a VEN of OpenADR as rows of telemetry, as any other VEN's: settlement and baselines read them.

    USAGE     ──┐ collected under the interval's end and length, ──▶ its row, once it is known what was drawn
    BASELINE  ──┘ as each comes in a report of its own

A report on a DR event says more of its time than any other: its row stands for all of that, whichever came
first. Other rows inside are taken away or not written, and one that reaches into it ends where it begins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.openadr.report_values import OPTED_OUT
from contracts.store.items import Item
from contracts.store.keys import LATEST_ROW, Key, telemetry_range, telemetry_row_id
from contracts.wire.codec import JsonDict
from contracts.wire.ids import VenId
from contracts.wire.telemetry import SCHEMA_VERSION
from contracts.wire.units import S_PER_DAY
from lambdas.shared import rows
from lambdas.shared.rows import EventRow
from lambdas.shared.tables import Condition
from lambdas.vtn_dispatch.adapters import VtnDispatchAdapters
from lambdas.vtn_dispatch.logic.readings import SiteReading, is_within

BOOT = "openadr"
"""The boot of a row that came as a report."""
COLLECTED = "OADR#"
"""Before the end and the length of an interval, in the key of what reports have told of it."""
LOOKED_AT = 8
"""Rows after a reading that are looked at for one of an event that covers it."""
THERE = Condition("attribute_exists(#ven)", {"#ven": "venId"})


@dataclass(frozen=True, slots=True)
class ReportedRows:
    """The rows of one VEN, as they are written at *now_ts*, UTC s."""

    adapters: VtnDispatchAdapters
    ven_id: VenId
    now_ts: float

    def write(self, readings: Sequence[SiteReading], header: EventRow | None) -> bool:
        """Write the rows of *readings*, which are on the DR event of *header* if there is one.

        Returns:
            True when the VEN tells what it would have drawn.
        """
        tells_baseline = False
        latest: JsonDict = {}
        for reading in readings:
            if not reading.is_measured:
                continue
            collected = self._collected(reading)
            used_kw, baseline_kw = collected.get("usedKw"), collected.get("baselineKw")
            if used_kw is None:
                continue
            if baseline_kw is None and "deltaKw" in collected:
                baseline_kw = used_kw - collected["deltaKw"]
            tells_baseline = tells_baseline or baseline_kw is not None
            event = header if header is not None and is_within(reading, header) else None
            if event is not None:
                self._make_room(reading)
            elif self._is_covered(reading):
                continue
            latest = self._write_row(reading, used_kw, baseline_kw, event)
        if latest:
            newer = Condition(
                "attribute_not_exists(#t) OR #t <= :t", {"#t": "timestamp"}, {":t": latest["timestamp"]}
            )
            row = latest | {"receivedTs": self.now_ts}
            if header is None or header.over_ts <= self.now_ts:  # it is in that event no more
                row["eventId"] = None
            self.adapters.telemetry.update(Key(self.ven_id, LATEST_ROW), row, when=newer)
        return tells_baseline

    def _collected(self, reading: SiteReading) -> JsonDict:
        """All that reports so far tell of the interval of *reading*."""
        length_s = reading.end_ts - reading.start_ts
        key = Key(self.ven_id, f"{COLLECTED}{reading.end_ts:014.3f}#{length_s:.3f}")
        figures = {
            "usedKw": reading.used_kw,
            "baselineKw": reading.baseline_kw,
            "deltaKw": reading.delta_kw,
        }
        values: JsonDict = {name: value for name, value in figures.items() if value is not None}
        values["expiresTs"] = self._expires_ts()
        return self.adapters.telemetry.change(key, values, add={"reports": 1})[1]

    def _make_room(self, reading: SiteReading) -> None:
        """Take the rows out of the time of *reading* that are of no event; one that reaches in is cut."""
        inside = telemetry_range(int(reading.start_ts) + 1, int(reading.end_ts) + 1)
        for row in list(self.adapters.telemetry.query(self.ven_id, inside)):
            if "eventId" in row or "measuredS" not in row or _is_of(row, reading):
                continue
            start_ts = row["timestamp"] - row["measuredS"]
            cut_s = int(reading.start_ts) - start_ts
            if cut_s > 0:
                end_s = int(reading.start_ts)
                shorter = row | {"timestamp": end_s, "seq": _seq(end_s, cut_s), "measuredS": cut_s}
                shorter["rowId"] = telemetry_row_id(end_s, BOOT, _seq(end_s, cut_s))
                self.adapters.telemetry.put_new(shorter)
            self.adapters.telemetry.delete(Key(self.ven_id, row["rowId"]), when=THERE)

    def _is_covered(self, reading: SiteReading) -> bool:
        """True where a row of an event stands for the time of *reading*, or for its end."""
        later = telemetry_range(int(reading.end_ts), int(reading.end_ts) + S_PER_DAY)
        following, _ = self.adapters.telemetry.first_items(self.ven_id, later, (), LOOKED_AT)
        return any(
            "eventId" in row and row["timestamp"] - row.get("measuredS", 0.0) < reading.end_ts
            for row in following
        )

    def _write_row(
        self, reading: SiteReading, used_kw: float, baseline_kw: float | None, event: EventRow | None
    ) -> JsonDict:
        """Write the row of one interval; its *baseline_kw* is what is drawn where the VEN tells none."""
        end_s, length_s = int(reading.end_ts), reading.end_ts - reading.start_ts
        row: JsonDict = {
            "timestamp": end_s,
            "bootId": BOOT,
            "seq": _seq(end_s, length_s),
            "usedPowerKw": used_kw,
            "measuredS": length_s,
            "schemaVersion": SCHEMA_VERSION,
            "expiresTs": self._expires_ts(),
        }
        if reading.battery_soc is not None:
            row["batterySoc"] = reading.battery_soc
        if event is not None and reading.state != OPTED_OUT:
            row["eventId"] = event.event_id
        powers = _powers(used_kw, used_kw if baseline_kw is None else baseline_kw)
        key = Key(self.ven_id, telemetry_row_id(end_s, BOOT, _seq(end_s, length_s)))
        if baseline_kw is None:
            self.adapters.telemetry.update(key, row, once=powers)
        else:
            self.adapters.telemetry.update(key, row | powers)
        return row | powers

    def _expires_ts(self) -> int:
        return rows.expires_ts(self.now_ts, self.adapters.retention_days)


def _is_of(row: Item, reading: SiteReading) -> bool:
    """True of the row of the very interval of *reading*."""
    return bool(row["seq"] == _seq(int(reading.end_ts), reading.end_ts - reading.start_ts))


def _seq(end_s: int, length_s: float) -> int:
    """The number of a row of that end and length: rows of one end and another length are two."""
    return end_s * S_PER_DAY * 2 + int(length_s)


def _powers(used_kw: float, baseline_kw: float) -> dict[str, float]:
    return {"baselinePowerKw": baseline_kw, "shedPowerKw": max(0.0, baseline_kw - used_kw)}
