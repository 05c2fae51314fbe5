"""A batch of telemetry on the wire: good ones read, every bad one refused by the name of its field."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.errors import FieldError, WireError
from contracts.wire.ids import VenId
from contracts.wire.telemetry_batch import BATCH_SPAN_S, is_batch, read_batch

VEN_ID = VenId("ven-1")
TS = 1_800_000_000


def message(**samples: Any) -> dict[str, Any]:
    """A batch of two rows, with *samples* in place of some lists; None leaves one out."""
    columns = {
        "timestamp": [TS, TS + 30],
        "seq": [7, 8],
        "usedPowerKw": [1.2, 1.3],
        "baselinePowerKw": [1.2, 2.3],
        "shedPowerKw": [0, 1],
        "eventId": [None, "evt-1"],
        "circuitsKw": {"heat_pump": [0.9, 1.0], "fridge": [0.1, None]},
    }
    columns |= samples
    columns = {name: column for name, column in columns.items() if column is not None}
    return {"venId": "ven-1", "bootId": "b1", "panelVoltage": 240, "samples": columns}


def raw(value: object) -> bytes:
    """The payload."""
    return json.dumps(value).encode()


def test_a_batch_is_read_row_by_row() -> None:
    """Each row has its values, the panel of all, and nothing where it has null."""
    batch = read_batch(raw(message()), ven_id=VEN_ID)
    first, last = batch.row(0), batch.last_row()
    assert (first.seq, first.used_power_kw, first.event_id, first.panel_voltage) == (7, 1.2, None, 240)
    assert (last.timestamp, last.baseline_power_kw, last.event_id) == (TS + 30, 2.3, "evt-1")
    assert batch.samples.circuits_kw == {"heat_pump": (0.9, 1.0), "fridge": (0.1, None)}


def test_unknown_fields_and_nulls_beside_the_rows_are_passed_over() -> None:
    """As of a row: a later release may say more."""
    value = message() | {"panelMaxKw": None, "firmware": "7"}
    value["samples"]["volts"] = [239, 241]
    assert read_batch(raw(value), ven_id=VEN_ID).panel_max_kw == 0.0


@pytest.mark.parametrize(
    ("samples", "field"),
    [
        ({"usedPowerKw": [1.2]}, "samples.usedPowerKw"),
        ({"eventId": ["evt-1", None, None]}, "samples.eventId"),
        ({"circuitsKw": {"heat_pump": [1.0]}}, "samples.circuitsKw.heat_pump"),
        ({"circuitsKw": {f"c{n}": [0, 0] for n in range(65)}}, "samples.circuitsKw"),
        ({"seq": [8, 8]}, "samples.seq"),
        ({"seq": [8, 7]}, "samples.seq"),
        ({"seq": [7, -1]}, "samples.seq[1]"),
        ({"timestamp": [TS, TS - 1]}, "samples.timestamp"),
        ({"timestamp": [TS, TS + BATCH_SPAN_S + 1]}, "samples.timestamp"),
        ({"timestamp": [TS * 1000, TS * 1000 + 1]}, "samples.timestamp[0]"),
        ({"timestamp": []}, "samples.timestamp"),
        ({"timestamp": None}, "samples.timestamp"),
        ({"usedPowerKw": [1.2, None]}, "samples.usedPowerKw[1]"),
        ({"usedPowerKw": [1.2, "1.3"]}, "samples.usedPowerKw[1]"),
        ({"shedPowerKw": [0, -1]}, "samples.shedPowerKw[1]"),
        ({"usedPowerKw": 1.2}, "samples.usedPowerKw"),
        ({"eventId": ["evt/1", None]}, "samples.eventId[0]"),
        ({"timestamp": list(range(TS, TS + 61)), "seq": list(range(61))}, "samples.timestamp"),
    ],
)
def test_lists_that_do_not_fit_are_refused_by_name(samples: dict[str, Any], field: str) -> None:
    """Of another length, out of order, out of range, of another type, too many: the field is named."""
    with pytest.raises(FieldError) as refused:
        read_batch(raw(message(**samples)), ven_id=VEN_ID)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("change", "field"),
    [({"venId": "ven-2"}, "venId"), ({"bootId": None}, "bootId"), ({"samples": [1, 2]}, "samples")],
)
def test_a_batch_without_its_sender_is_refused(change: dict[str, Any], field: str) -> None:
    """Another VEN's id, no boot, or no lists."""
    with pytest.raises(FieldError) as refused:
        read_batch(raw(message() | change), ven_id=VEN_ID)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("payload", "batch"),
    [
        (raw(message()), True),
        (raw(message() | {"samples": 3}), True),
        (raw({"usedPowerKw": 1, "samples": {"volts": [1]}}), False),
        (raw({"power_kw": 1, "samples": 3}), False),
        (raw({"usedPowerKw": 1, "note": "samples"}), False),
        (b'{"samples": ', False),
        (b"[]", False),
    ],
)
def test_a_batch_is_told_from_a_row(payload: bytes, batch: bool) -> None:
    """A row may have a field of that name beside its power; what is broken is left to the reader of rows."""
    assert is_batch(payload) is batch


def test_hostile_nesting_is_refused_and_not_walked() -> None:
    """As of every message."""
    with pytest.raises(WireError):
        read_batch(b'{"samples":' * 40 + b"1" + b"}" * 40, ven_id=VEN_ID)
