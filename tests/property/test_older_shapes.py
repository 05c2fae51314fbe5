"""Rows and acks of VENs that others wrote, however they write JSON."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from contracts.wire.acks import read_ack
from contracts.wire.ids import VenId
from contracts.wire.telemetry import TELEMETRY_ALIASES, Telemetry, read_telemetry
from tests.support.older_vens import OK_ACK, STATUS_ACK, TS

VEN = VenId("v")
POWER = st.floats(0, 5_000, allow_nan=False)
ROWS = st.fixed_dictionaries(
    {"timestamp": st.integers(TS, TS + 3), "usedPowerKw": POWER, "shedPowerKw": POWER},
    optional={
        "baselinePowerKw": POWER,
        "venId": st.just("v"),
        "batterySoc": st.sampled_from([0, 0.5, 1]),
        "eventId": st.just("evt-1"),
        "panelVoltage": st.integers(0, 480),
    },
)
"""Rows with no boot and no seq, within the limits of their fields."""
NAMES = {name: alias for alias, name in TELEMETRY_ALIASES.items()}


def _read(row: dict[str, Any], mark: bytes = b"") -> Telemetry:
    return read_telemetry(mark + json.dumps(row).encode(), ven_id=VEN)


@given(ROWS, st.data())
def test_a_row_is_the_same_however_it_is_written(row: dict[str, Any], data: st.DataObject) -> None:
    """Order, older names, nulls, floats and a byte order mark change neither the row nor its identity."""
    nulls = data.draw(
        st.sets(st.sampled_from(["bootId", "seq", "loads", "batterySOC", "measuredS", "outdoorC"]))
    )
    written: dict[str, Any] = {**row, **dict.fromkeys(nulls)}
    for name in data.draw(st.sets(st.sampled_from(sorted(row)))):
        item = written.pop(name)
        written[NAMES.get(name, name)] = float(item) if isinstance(item, int) else item
    shuffled = dict(data.draw(st.permutations(list(written.items()))))
    mark = data.draw(st.sampled_from([b"", b"\xef\xbb\xbf"]))
    assert _read(shuffled, mark) == _read(row)


@given(st.lists(ROWS, min_size=2, max_size=8))
def test_rows_have_one_identity_just_when_they_say_the_same(rows: list[dict[str, Any]]) -> None:
    """No row of a VEN overwrites another, and their identities are in the order of the device's time."""
    read = [_read(row) for row in rows]
    content = {json.dumps(row, sort_keys=True, default=str) for row in map(_content, read)}
    assert len({(row.timestamp, row.boot_id, row.seq) for row in read}) == len(content)
    by_seq = sorted(read, key=lambda row: row.seq)
    assert [row.timestamp for row in by_seq] == sorted(row.timestamp for row in read)


def _content(row: Telemetry) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__ if name != "seq"}


@given(
    st.sampled_from([STATUS_ACK, OK_ACK]),
    st.sets(
        st.sampled_from(["error", "event_id", "circuits_curtailed", "data", "requested_shed_kw", "phase"])
    ),
    st.booleans(),
)
def test_an_ack_has_both_words_for_its_outcome(shape: dict[str, Any], nulls: set[str], well: bool) -> None:
    """`ok` and `status` never contradict each other where one follows from the other."""
    words: dict[str, Any] = {"ok": well} if "ok" in shape else {"status": "success" if well else "rejected"}
    ack = read_ack(json.dumps({**shape, **words, **dict.fromkeys(nulls)}).encode(), ven_id=VEN)
    assert (ack.ok, ack.status == "rejected", ack.ven_id) == (well, not well, "v")
