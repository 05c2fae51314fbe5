"""Traces on disk."""

import csv
from dataclasses import replace
from pathlib import Path

import pytest

from ven_twin.simulation import trace
from ven_twin.simulation.scenario import Minute
from ven_twin.simulation.trace import CsvTrace, ParquetMissingError, ParquetTrace, house_zone, minute_row

MINUTE = Minute(1_784_000_000.0, {"hvac1": 1.25, "pv1": -0.5}, 0.75, 1.75, 30.0, 1.0, "e1", ("hvac1",), 24.5)


def test_a_csv_trace_reads_back_what_was_written(tmp_path: Path) -> None:
    """One header, one row a minute, local times with their offset, empty where there is nothing."""
    with CsvTrace(tmp_path / "trace.csv") as writer:
        writer.write(minute_row(MINUTE, house_zone(-5.0)))
        after = replace(MINUTE, at_s=MINUTE.at_s + 60, requested_kw=None, event_id=None, curtailed=())
        writer.write(minute_row(after, house_zone(-5.0)))
    with (tmp_path / "trace.csv").open() as file:
        first, second = csv.DictReader(file)
    assert first["time"].endswith("-05:00")
    assert (first["used_kw"], first["delivered_kw"], first["pv1_kw"]) == ("0.75", "1", "-0.5")
    assert (first["event"], first["curtailed"], first["tank_c"]) == ("e1", "hvac1", "")
    assert (second["event"], second["asked_kw"]) == ("", "")


def test_a_parquet_trace_reads_back_what_was_written(tmp_path: Path) -> None:
    """The same columns, typed: numbers are numbers and missing values are null."""
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is an extra: pip install pyarrow")
    with ParquetTrace(tmp_path / "trace.parquet") as writer:
        for minute in range(1_500):
            writer.write(minute_row(replace(MINUTE, at_s=MINUTE.at_s + 60 * minute), house_zone(-5.0)))
    rows = parquet.read_table(tmp_path / "trace.parquet").to_pylist()
    assert len(rows) == 1_500
    assert rows[0]["used_kw"] == 0.75
    assert rows[0]["tank_c"] is None


def test_parquet_without_pyarrow_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A missing extra is one clear sentence and not a traceback."""

    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(trace, "import_module", missing)
    with pytest.raises(ParquetMissingError, match="pip install pyarrow"):
        ParquetTrace(tmp_path / "trace.parquet")
