"""A telemetry row reads the same however its JSON is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import WireError
from contracts.wire.ids import VenId
from contracts.wire.telemetry import Telemetry, _read_any, read_telemetry

VEN = VenId("ven-1")
TEXTS = st.sampled_from(["b1", "e1", "", "a b", "é", "x\x7fy", "x\ty", "\u202ex", "n" * 65, 'a"b'])
NUMBERS = st.sampled_from([0, 1, 3.0, 2.5, -4, 1e300, 10_001, 2**53, 2**64, True, None, "1"])
LOADS = st.dictionaries(
    st.sampled_from(["id", "load_id", "name", "type", "capacityKw", "currentPowerKw", "enabled", "more"]),
    NUMBERS | TEXTS | st.lists(NUMBERS, max_size=2),
).map(lambda fields: CIRCUIT | fields)
CIRCUIT = {
    "id": "ev",
    "name": "EV",
    "type": "ev",
    "capacityKw": 7.2,
    "currentPowerKw": 1,
    "shedCapabilityKw": 0.5,
    "enabled": True,
    "priority": 4,
}
ROW = {
    "venId": VEN,
    "timestamp": 1_800_000_000,
    "bootId": "b1",
    "seq": 7,
    "usedPowerKw": 2.125,
    "shedPowerKw": 0.1,
    "baselinePowerKw": 2.225,
}
OTHERS = (
    "eventId",
    "batterySoc",
    "batterySOC",
    "power_kw",
    "ts",
    "measuredS",
    "outdoorC",
    "panelMaxKw",
    "reactivePowerKvar",
    "schemaVersion",
    "unknown",
)
CHANGES = st.dictionaries(
    st.sampled_from([*ROW, *OTHERS]), NUMBERS | TEXTS | st.lists(st.lists(NUMBERS, max_size=1), max_size=1)
)


def outcome(read: Callable[[bytes], Telemetry], raw: bytes) -> Telemetry | str:
    """The row, or the error that names what is wrong with it."""
    try:
        return read(raw)
    except WireError as error:
        return f"{type(error).__name__}: {error}"


def short(raw: bytes) -> Telemetry:
    """As the cloud reads a row."""
    return read_telemetry(raw, ven_id=VEN)


def long(raw: bytes) -> Telemetry:
    """By every rule of reading."""
    return _read_any(raw, VEN)


@given(CHANGES, st.sets(st.sampled_from(list(ROW)), max_size=1), st.lists(LOADS, max_size=2))
def test_a_row_is_the_same_by_the_short_way_and_by_the_long(
    changes: dict[str, Any], without: set[str], loads: list[dict[str, Any]]
) -> None:
    """Names, numbers, texts and nesting have one meaning, and what is wrong has one error."""
    row: dict[str, Any] = {**ROW, "loads": loads, **changes}
    raw = msgspec.json.encode({name: value for name, value in row.items() if name not in without})
    assert outcome(short, raw) == outcome(long, raw)


@pytest.mark.parametrize("ends", [b"", b" ", b"\n", b"\t"])
def test_a_row_may_have_space_around_it(ends: bytes) -> None:
    """White space of JSON changes nothing."""
    raw = msgspec.json.encode(ROW)
    assert short(ends + raw + ends) == long(raw)


def test_a_row_that_a_twin_sends_is_read_in_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cloud reads millions of them: none goes through what is there for other writers."""
    monkeypatch.setattr("contracts.wire.codec.load_object", None)
    row = ROW | {"eventId": None, "measuredS": 30.001, "loads": [CIRCUIT]}
    assert read_telemetry(msgspec.json.encode(row), ven_id=VEN).loads[0].id == "ev"


def test_a_row_of_another_ven_is_refused_in_the_short_way_too() -> None:
    """A VEN writes its own rows alone."""
    with pytest.raises(WireError, match="venId"):
        read_telemetry(msgspec.json.encode(ROW | {"venId": "ven-2"}), ven_id=VEN)
