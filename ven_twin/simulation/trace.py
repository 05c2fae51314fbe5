"""Traces on disk: one row a minute, as CSV or, with pyarrow installed, as Parquet."""

import csv
from datetime import UTC, datetime, timedelta, timezone
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from contracts.errors import FieldError
from ven_twin.simulation.scenario import Minute

BATCH = 1_440
"""Rows to a row group of Parquet: a day."""
Cell = float | str | None
Row = dict[str, Cell]
"""A minute by column; what a house has not is None."""


class ParquetMissingError(FieldError):
    """Raised when Parquet is requested and pyarrow is not installed. The user installs it or takes CSV."""

    def __init__(self) -> None:
        super().__init__("--parquet", "needs pyarrow: pip install pyarrow, or leave it out for trace.csv")


class TraceWriter(Protocol):
    """Takes a run's rows in order. A context manager: the file is whole once it is left."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def write(self, row: Row) -> None:
        """Take the next row."""


def minute_row(minute: Minute, zone: timezone) -> Row:
    """A row: what is measured carries its unit in its name; what a house has not is left empty."""
    at = datetime.fromtimestamp(minute.at_s, zone)
    row: Row = {
        "time": at.isoformat(),
        "used_kw": minute.used_kw,
        "baseline_kw": minute.baseline_kw,
        "delivered_kw": minute.delivered_kw,
        "asked_kw": minute.requested_kw,
        "event": minute.event_id,
        "curtailed": " ".join(minute.curtailed),
        "outdoor_c": minute.outdoor_c,
        "air_c": minute.air_c,
        "free_air_c": minute.free_air_c,
        "tank_c": minute.tank_c,
        "ev_soc": minute.ev_soc,
        "battery_soc": minute.battery_soc,
    }
    return row | {f"{circuit}_kw": kw for circuit, kw in minute.circuits_kw.items()}


def house_zone(utc_offset_h: float) -> timezone:
    """House-local standard time."""
    return timezone(timedelta(hours=utc_offset_h)) if utc_offset_h else UTC


class CsvTrace:
    """Writes ``trace.csv``: numbers to the micro-unit, so that a repeated run is the same file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._names: list[str] | None = None

    def __enter__(self) -> Self:
        self._file = self._path.open("w", newline="", encoding="utf-8")
        self._rows = csv.writer(self._file, lineterminator="\n")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, row: Row) -> None:
        """Take the next row."""
        if self._names is None:
            self._names = list(row)
            self._rows.writerow(self._names)
        self._rows.writerow([_cell(value) for value in row.values()])


class ParquetTrace:
    """Writes ``trace.parquet``.

    Raises:
        ParquetMissingError: pyarrow is not installed.
    """

    def __init__(self, path: Path) -> None:
        try:
            # By name: an extra, which a host that runs twins has not.
            self._arrow = import_module("pyarrow")
            self._parquet = import_module("pyarrow.parquet")
        except ImportError as error:
            raise ParquetMissingError from error
        self._path = path
        self._batch: list[Row] = []
        self._writer: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._flush()
        finally:
            if self._writer is not None:
                self._writer.close()

    def write(self, row: Row) -> None:
        """Take the next row."""
        self._batch.append(row)
        if len(self._batch) == BATCH:
            self._flush()

    def _flush(self) -> None:
        if not self._batch:
            return
        arrow = self._arrow
        if self._writer is None:
            text = {"time", "event", "curtailed"}
            fields = [(name, arrow.string() if name in text else arrow.float64()) for name in self._batch[0]]
            self._schema = arrow.schema(fields)
            self._writer = self._parquet.ParquetWriter(self._path, self._schema)
        self._writer.write_table(arrow.Table.from_pylist(self._batch, schema=self._schema))
        self._batch = []


def _cell(value: Cell) -> str:
    if isinstance(value, float):
        return f"{value:.6f}".rstrip("0").rstrip(".") if value else "0"
    return value or ""


def trace_writer(folder: Path, *, parquet: bool) -> tuple[Path, TraceWriter]:
    """A trace in *folder*, and its path.

    Raises:
        ParquetMissingError: *parquet* without pyarrow.
    """
    path = folder / ("trace.parquet" if parquet else "trace.csv")
    return path, (ParquetTrace if parquet else CsvTrace)(path)
