"""Messages of VENs that others wrote: the older shapes with the same meaning, JSON as others write it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.errors import FieldError, MalformedError
from contracts.wire import codec
from contracts.wire.acks import read_ack
from contracts.wire.codec import PAYLOAD_MAX_BYTES
from contracts.wire.commands import read_command
from contracts.wire.ids import VenId
from contracts.wire.shadow import LoadSetting, read_desired
from contracts.wire.telemetry import DERIVED_BOOT_ID, Telemetry, read_loads, read_telemetry
from tests.support.older_vens import (
    BASIC_ROW,
    OK_ACK,
    OLDER_CIRCUIT,
    OLDER_LOAD,
    OLDER_ROW,
    STATUS_ACK,
    TS,
)

VEN = VenId("v")


def _read(message: dict[str, Any]) -> Telemetry:
    return read_telemetry(json.dumps(message).encode(), ven_id=VEN)


def test_a_row_without_boot_and_seq_is_read() -> None:
    """The row of the earlier system's VEN, unchanged."""
    row = _read(OLDER_ROW)
    assert (row.ven_id, row.timestamp, row.used_power_kw, row.baseline_power_kw) == ("v", TS, 2.7, 2.7)
    assert row.boot_id == DERIVED_BOOT_ID


def test_a_row_says_the_same_and_is_the_same_row() -> None:
    """A redelivery has the identity of the first, also when it is written in another order or spelling."""
    row = _read(OLDER_ROW)
    spelled = {"ts": float(TS), "base_power_kw": 2.7, "shed_kw": 0.0, "power_kw": 2.7, "loads": None}
    assert (_read(spelled).boot_id, _read(spelled).seq) == (row.boot_id, row.seq)


@pytest.mark.parametrize("name", ["bootId", "seq"])
def test_half_an_identity_is_none(name: str) -> None:
    """A boot without a seq, and a seq that begins anew with no boot to tell, identify no row."""
    whole = {**OLDER_ROW, "bootId": "b1", "seq": 7}
    assert (_read(whole).boot_id, _read(whole).seq) == ("b1", 7)
    half = {**whole, name: None}
    assert (_read(half).boot_id, _read(half).seq) == (DERIVED_BOOT_ID, _read(OLDER_ROW).seq)


def test_rows_of_one_second_that_differ_are_two_rows() -> None:
    """A VEN that publishes as an event starts may have published in that second before."""
    assert _read(OLDER_ROW).seq != _read({**OLDER_ROW, "usedPowerKw": 2.8}).seq


def test_a_row_without_a_baseline_has_what_it_draws_and_sheds() -> None:
    """The basic VEN says how much it sheds, and not from what."""
    assert _read({**BASIC_ROW, "shedPowerKw": 1.25}).baseline_power_kw == 3.95
    assert _read(BASIC_ROW).baseline_power_kw == 2.7


@pytest.mark.parametrize(("baseline_kw", "shed_kw"), [(3.7, 1.0), (2.0, 0.0)])
def test_a_row_without_shed_power_has_its_baseline_less_what_it_draws(
    baseline_kw: float, shed_kw: float
) -> None:
    """Never below zero, as any row's."""
    row = {**OLDER_ROW, "baselinePowerKw": baseline_kw}
    del row["shedPowerKw"]
    assert _read(row).shed_power_kw == pytest.approx(shed_kw)


def test_a_row_with_neither_baseline_nor_shed_power_is_refused() -> None:
    """What settles an event is never guessed."""
    row = {name: item for name, item in BASIC_ROW.items() if name != "shedPowerKw"}
    with pytest.raises(FieldError) as refused:
        _read(row)
    assert (refused.value.field, refused.value.reason) == ("shedPowerKw", "required")


def test_a_snapshot_without_boot_and_seq_is_read_and_its_loads_are_on() -> None:
    """A load that does not say that it is switched off is on."""
    message = {"venId": "v", "timestamp": TS, "loads": [OLDER_LOAD]}
    raw = json.dumps(message).encode()
    snapshot = read_loads(raw, ven_id=VEN)
    assert [(load.id, load.enabled) for load in snapshot.loads] == [("ev1", True)]
    assert (snapshot.boot_id, read_loads(raw, ven_id=VEN)) == (DERIVED_BOOT_ID, snapshot)


def test_a_desired_list_of_loads_without_enabled_changes_no_switch() -> None:
    """The list form of an older backend: what it does not say stays as it is."""
    desired = read_desired({"loads": [{"load_id": "ev1", "priority": 3.0, "enabled": None}]})
    assert (desired.loads, desired.errors) == ({"ev1": LoadSetting(priority=3)}, {})


def test_an_ack_with_a_status_alone_is_read() -> None:
    """`ok` follows, and the VEN is the topic's."""
    ack = read_ack(json.dumps(STATUS_ACK).encode(), ven_id=VEN)
    assert (ack.ok, ack.status, ack.ven_id, ack.pong) == (True, "success", "v", True)


@pytest.mark.parametrize(("status", "ok"), [("success", True), ("accepted", True), ("rejected", False)])
def test_ok_follows_from_the_status(status: str, ok: bool) -> None:
    """Only what is rejected is not well."""
    ack = read_ack(json.dumps({**STATUS_ACK, "status": status}).encode(), ven_id=VEN)
    assert (ack.ok, ack.status) == (ok, status)


@pytest.mark.parametrize(("ok", "status"), [(True, "success"), (False, "rejected")])
def test_the_status_follows_from_ok(ok: bool, status: str) -> None:
    """The other reader's word for it."""
    ack = read_ack(json.dumps({**OK_ACK, "ok": ok}).encode(), ven_id=VEN)
    assert (ack.ok, ack.status, ack.data) == (ok, status, {"shedAmount": 5.0})


def test_an_ack_that_says_neither_is_refused() -> None:
    """What became of the command is not guessed."""
    ack = {name: item for name, item in OK_ACK.items() if name != "ok"}
    with pytest.raises(FieldError) as refused:
        read_ack(json.dumps(ack).encode(), ven_id=VEN)
    assert (refused.value.field, refused.value.reason) == ("ok", "required")


@pytest.mark.parametrize("reason", [{}, {"reason": None}])
def test_a_circuit_is_curtailed_without_a_reason(reason: dict[str, None]) -> None:
    """The reason is for people; the figures count."""
    message = {**STATUS_ACK, "op": "event", "circuits_curtailed": [OLDER_CIRCUIT | reason]}
    (circuit,) = read_ack(json.dumps(message).encode(), ven_id=VEN).circuits_curtailed or ()
    assert (circuit.curtailed_kw, circuit.reason) == (5.1, "")


@pytest.mark.parametrize("field", ["timestamp", "seq"])
def test_a_whole_number_may_be_written_as_a_float(field: str) -> None:
    """JavaScript and C know no other number; 3.5 is still no whole one."""
    message = {**OLDER_ROW, "bootId": "b", "seq": 3}
    assert _read({**message, field: float(message[field])}) == _read(message)
    with pytest.raises(FieldError) as refused:
        _read({**message, field: message[field] + 0.5})
    assert refused.value.field == field


def test_an_event_of_a_backend_with_floats_alone_is_the_same_event() -> None:
    """JavaScript writes 60, Lua 60.0; what is kW stays a float."""
    intervals = [{"durationS": 60.0, "signal": "shedKw", "value": 2.0}]
    floats = read_desired(
        {"drEvents": {"e1": {"startTs": float(TS), "revision": 1.0, "intervals": intervals}}}
    )
    whole = [{"durationS": 60, "signal": "shedKw", "value": 2}]
    assert floats == read_desired({"drEvents": {"e1": {"startTs": TS, "revision": 1, "intervals": whole}}})
    assert not floats.errors


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_a_byte_order_mark_says_nothing(mark: bytes) -> None:
    """Windows writes one; two are no JSON."""
    assert read_telemetry(mark + json.dumps(OLDER_ROW).encode(), ven_id=VEN) == _read(OLDER_ROW)
    assert codec.load_object(mark.decode() + "{}") == {}
    with pytest.raises(MalformedError):
        codec.load_object(b"\xef\xbb\xbf" * 2 + b"{}")


@pytest.mark.parametrize("number", ["1e400", "-1e400", "9" * 5000], ids=["above", "below", "digits"])
def test_a_number_beyond_any_float_is_out_of_range(number: str) -> None:
    """It is JSON, and its sender has to find the field."""
    raw = json.dumps({**OLDER_ROW, "loads": [1, {"kw": 5}]}).replace("5}", f"{number}}}").encode()
    with pytest.raises(FieldError) as refused:
        read_telemetry(raw, ven_id=VEN)
    assert (refused.value.field, refused.value.reason) == ("loads[1].kw", "out of range")


def test_a_command_with_a_number_beyond_any_float_names_the_field() -> None:
    """A VEN answers it by name."""
    with pytest.raises(FieldError) as refused:
        read_command(b'{"op":"shedLoad","reduceKw":1e999}', ven_id=VEN)
    assert (refused.value.field, refused.value.reason) == ("reduceKw", "out of range")


@pytest.mark.parametrize("event_id", ["", "a b", "-x", "\x1b[2J", "e" * 65])
def test_a_rows_event_is_an_events_id(event_id: str) -> None:
    """Settlement and pages meet the id again: it is held to its pattern where it comes in."""
    with pytest.raises(FieldError) as refused:
        _read({**OLDER_ROW, "eventId": event_id})
    assert refused.value.field == "eventId"


@pytest.mark.parametrize("size", [99_000, PAYLOAD_MAX_BYTES])
def test_a_row_as_large_as_a_payload_may_be_is_read(size: int) -> None:
    """Only the payload's own bytes count."""
    assert read_telemetry(json.dumps(OLDER_ROW).ljust(size).encode(), ven_id=VEN) == _read(OLDER_ROW)
