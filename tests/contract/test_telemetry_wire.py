"""Telemetry, loads and acks as VENs send them: the canonical form out, every alias in."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from contracts.errors import FieldError
from contracts.wire import codec
from contracts.wire.acks import Ack, CircuitCurtailed, read_ack
from contracts.wire.telemetry import Load, LoadsSnapshot, Telemetry, read_loads, read_telemetry

TS = 1_800_000_000
LOAD: dict[str, Any] = {
    "id": "ev1",
    "name": "EV charger",
    "type": "ev",
    "capacityKw": 7.2,
    "currentPowerKw": 6.6,
    "shedCapabilityKw": 5.1,
    "enabled": True,
    "priority": 3,
}
ROW: dict[str, Any] = {
    "schemaVersion": "1.0",
    "venId": "ven-1",
    "timestamp": TS,
    "bootId": "01H8XK",
    "seq": 41,
    "eventId": "evt-1",
    "usedPowerKw": 4.21,
    "shedPowerKw": 2.05,
    "requestedReductionKw": 2.0,
    "baselinePowerKw": 6.26,
    "batterySoc": 0.62,
    "measuredS": 29.987,
    "outdoorC": 31.4,
    "panelAmperageRating": 200.0,
    "panelVoltage": 240.0,
    "panelMaxKw": 48.0,
    "currentAmps": 17.54,
    "panelUtilizationPercent": 8.8,
    "loads": [LOAD],
}
SNAPSHOT: dict[str, Any] = {
    "schemaVersion": "1.0",
    "venId": "ven-1",
    "timestamp": TS,
    "bootId": "01H8XK",
    "seq": 41,
    "loads": [LOAD],
}
_LOAD = Load(
    id="ev1",
    name="EV charger",
    type="ev",
    capacity_kw=7.2,
    current_power_kw=6.6,
    shed_capability_kw=5.1,
    enabled=True,
    priority=3,
)
_ROW = Telemetry(
    ven_id="ven-1",
    timestamp=TS,
    boot_id="01H8XK",
    seq=41,
    event_id="evt-1",
    used_power_kw=4.21,
    shed_power_kw=2.05,
    requested_reduction_kw=2.0,
    baseline_power_kw=6.26,
    battery_soc=0.62,
    measured_s=29.987,
    outdoor_c=31.4,
    panel_amperage_rating=200.0,
    panel_voltage=240.0,
    panel_max_kw=48.0,
    current_amps=17.54,
    panel_utilization_percent=8.8,
    loads=(_LOAD,),
)


def _bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


def _sent(value: Any) -> Any:
    return json.loads(codec.encode(value))


def _types(value: Any) -> Any:
    """The JSON types of *value*, so that 1 and 1.0 and true are told apart."""
    if isinstance(value, dict):
        return {key: _types(item) for key, item in value.items()}
    return [_types(item) for item in value] if isinstance(value, list) else type(value).__name__


def test_a_row_is_sent_in_the_canonical_form() -> None:
    """Names and types are those of the wire document; times are whole seconds."""
    assert _sent(_ROW) == ROW
    assert _types(_sent(_ROW)) == _types(ROW)


def test_a_row_names_what_it_does_not_have() -> None:
    """Readers in use index eventId, requestedReductionKw and batterySoc: null, and not left out."""
    bare = Telemetry(
        ven_id="ven-1",
        timestamp=TS,
        boot_id="b",
        seq=0,
        used_power_kw=1,
        shed_power_kw=0,
        baseline_power_kw=1,
    )
    sent = _sent(bare)
    assert set(sent) == set(ROW)
    assert (sent["eventId"], sent["requestedReductionKw"], sent["batterySoc"]) == (None, None, None)


def test_a_row_without_loads_is_at_most_a_kilobyte() -> None:
    """A month of rows is stored and paid for by size: DynamoDB writes are metered by 1 KB."""
    longest = Telemetry(
        ven_id="v" * 64,
        timestamp=TS,
        boot_id="b" * 64,
        seq=2**53,
        event_id="e" * 64,
        used_power_kw=-9999.123,
        shed_power_kw=9999.123,
        requested_reduction_kw=9999.123,
        baseline_power_kw=-9999.123,
        battery_soc=0.1234,
        measured_s=86399.999,
        outdoor_c=-89.9,
        panel_amperage_rating=4000.0,
        panel_voltage=999.99,
        panel_max_kw=9999.123,
        current_amps=-9999.12,
        panel_utilization_percent=999.9,
    )
    assert len(codec.encode(longest)) <= 1024


def test_a_row_is_read_back_as_it_was_sent() -> None:
    """Cloud and VEN decode with the same Struct."""
    assert read_telemetry(codec.encode(_ROW), ven_id="ven-1") == _ROW


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("power_kw", "usedPowerKw"),
        ("shed_kw", "shedPowerKw"),
        ("base_power_kw", "baselinePowerKw"),
        ("ts", "timestamp"),
    ],
)
def test_a_row_is_read_under_each_alias(alias: str, name: str) -> None:
    """VENs in the field send the older names."""
    message = {alias if key == name else key: value for key, value in ROW.items()}
    assert read_telemetry(_bytes(message), ven_id="ven-1") == _ROW


def test_an_older_row_is_read_with_all_its_names_at_once() -> None:
    """The row of a VEN that knows nothing of the canonical form."""
    older = {
        "ts": TS,
        "power_kw": 3,
        "shed_kw": 0,
        "base_power_kw": 3,
        "bootId": "b",
        "seq": 0,
        "batterySOC": 62,
    }
    read = read_telemetry(_bytes(older), ven_id="ven-1")
    assert (read.ven_id, read.timestamp, read.used_power_kw, read.baseline_power_kw) == (
        "ven-1",
        TS,
        3.0,
        3.0,
    )
    assert (read.battery_soc, read.loads) == (0.62, ())


@pytest.mark.parametrize(("percent", "fraction"), [(0, 0.0), (62, 0.62), (62.5, 0.625), (100, 1.0)])
def test_battery_soc_in_percent_is_a_fraction(percent: float, fraction: float) -> None:
    """The older batterySOC is in percent, batterySoc from 0 to 1."""
    message = {key: value for key, value in ROW.items() if key != "batterySoc"} | {"batterySOC": percent}
    assert read_telemetry(_bytes(message), ven_id="ven-1").battery_soc == fraction


@pytest.mark.parametrize("alias", ["load_id", "loadId", "id"])
def test_a_load_is_read_under_each_name_of_its_id(alias: str) -> None:
    """Three spellings of a circuit's id are in use, in rows and in snapshots."""
    load = {alias if key == "id" else key: value for key, value in LOAD.items()}
    assert read_telemetry(_bytes({**ROW, "loads": [load]}), ven_id="ven-1").loads == (_LOAD,)
    assert read_loads(_bytes({**SNAPSHOT, "loads": [load]}), ven_id="ven-1").loads == (_LOAD,)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("measuredS", 0),
        ("measuredS", -30),
        ("measuredS", "30"),
        ("measuredS", 86_400.001),
        ("outdoorC", 60.1),
        ("outdoorC", "31"),
    ],
)
def test_a_time_or_temperature_that_cannot_be_is_refused_by_its_name(name: str, value: object) -> None:
    """A row measures some time and no more than a day; 60.1 °C is no weather."""
    with pytest.raises(FieldError) as refused:
        read_telemetry(_bytes({**ROW, name: value}), ven_id="ven-1")
    assert refused.value.field == name


def test_an_older_row_measures_since_the_row_before() -> None:
    """Without measuredS and outdoorC a row is as good as ever."""
    older = {key: value for key, value in ROW.items() if key not in {"measuredS", "outdoorC"}}
    read = read_telemetry(_bytes(older), ven_id="ven-1")
    assert (read.measured_s, read.outdoor_c) == (None, None)


def test_what_is_unknown_in_a_row_is_passed_over() -> None:
    """A newer VEN may say more than this cloud knows."""
    assert read_telemetry(_bytes({**ROW, "firmware": "9.9", "panelTempC": 31}), ven_id="ven-1") == _ROW


def test_a_snapshot_is_sent_in_the_canonical_form_and_read_under_its_alias() -> None:
    """``{schemaVersion, venId, timestamp, bootId, seq, loads}``; ``ts`` stands for timestamp."""
    snapshot = LoadsSnapshot(ven_id="ven-1", timestamp=TS, boot_id="01H8XK", seq=41, loads=(_LOAD,))
    assert _sent(snapshot) == SNAPSHOT
    assert _types(_sent(snapshot)) == _types(SNAPSHOT)
    older = {"ts" if key == "timestamp" else key: value for key, value in SNAPSHOT.items()}
    assert read_loads(_bytes(older), ven_id="ven-1") == snapshot


def test_an_ack_of_a_command_has_what_both_readers_in_use_want() -> None:
    """One reader looks at ok, the other at status; neither finds a field that it has to skip."""
    ack = Ack(op="ping", ok=True, status="success", ts=TS, ven_id="ven-1", correlation_id="c-1", pong=True)
    assert _sent(ack) == {
        "op": "ping",
        "ok": True,
        "status": "success",
        "ts": TS,
        "venId": "ven-1",
        "correlationId": "c-1",
        "pong": True,
    }


def test_an_ack_without_an_event_is_read() -> None:
    """The earlier system could not store the ack of a ping, which has no event id."""
    raw = _bytes(
        {"op": "ping", "ok": True, "status": "success", "ts": TS, "venId": "ven-1", "correlationId": "c"}
    )
    assert read_ack(raw, ven_id="ven-1").event_id is None


def test_an_ack_of_an_event_tells_what_was_done_to_each_circuit() -> None:
    """Snake-case names from event_id on, as the backends in use read them."""
    ack = Ack(
        op="event",
        ok=True,
        status="accepted",
        ts=TS,
        ven_id="ven-1",
        correlation_id="evt-1:0:active",
        event_id="evt-1",
        requested_shed_kw=2.0,
        actual_shed_kw=1.9,
        circuits_curtailed=(
            CircuitCurtailed(
                id="ev1",
                name="EV charger",
                breaker_amps=50,
                original_kw=6.6,
                curtailed_kw=5.1,
                final_kw=1.5,
                critical=False,
                reason="continuous",
            ),
        ),
    )
    sent = _sent(ack)
    assert set(sent) == {
        "op",
        "ok",
        "status",
        "ts",
        "venId",
        "correlationId",
        "event_id",
        "requested_shed_kw",
        "actual_shed_kw",
        "circuits_curtailed",
    }
    (circuit,) = sent["circuits_curtailed"]
    assert list(circuit) == [
        "id",
        "name",
        "breaker_amps",
        "original_kw",
        "curtailed_kw",
        "final_kw",
        "critical",
        "reason",
    ]
    assert read_ack(codec.encode(ack), ven_id="ven-1") == ack


def test_a_refusal_names_the_field() -> None:
    """``ok: false`` with an error, and the field beside it for programs."""
    ack = Ack(
        op="shedLoad",
        ok=False,
        status="rejected",
        ts=TS,
        ven_id="ven-1",
        correlation_id="c-1",
        error="data.reduceKw: required",
        field="data.reduceKw",
    )
    sent = _sent(ack)
    assert (sent["ok"], sent["status"], sent["error"]) == (False, "rejected", "data.reduceKw: required")


def test_a_row_that_says_nothing_of_its_panel_has_no_figures_of_it() -> None:
    """An older VEN: zero, and no circuits."""
    panel = {
        "panelAmperageRating", "panelVoltage", "panelMaxKw", "currentAmps", "panelUtilizationPercent",
        "loads",
    }  # fmt: skip
    row = read_telemetry(
        _bytes({name: value for name, value in ROW.items() if name not in panel}), ven_id="ven-1"
    )
    figures = (row.panel_amperage_rating, row.panel_voltage, row.panel_max_kw, row.current_amps)
    assert (figures, row.panel_utilization_percent, row.loads) == ((0.0, 0.0, 0.0, 0.0), 0.0, ())


def test_reactive_power_stands_where_it_is_known_and_is_left_out_elsewhere() -> None:
    """A row and a load carry it or do not name it; both are read back as they were."""
    known = msgspec.structs.replace(_LOAD, reactive_power_kvar=1.5)
    row = msgspec.structs.replace(_ROW, reactive_power_kvar=1.5, loads=(known, _LOAD))
    sent = _sent(row)
    assert (sent["reactivePowerKvar"], sent["loads"][0]["reactivePowerKvar"]) == (1.5, 1.5)
    assert "reactivePowerKvar" not in sent["loads"][1]
    assert "reactivePowerKvar" not in _sent(_ROW)
    assert read_telemetry(_bytes(sent), ven_id="ven-1") == row
    assert read_telemetry(_bytes({**ROW, "reactivePowerKvar": None}), ven_id="ven-1") == _ROW


@pytest.mark.parametrize("kvar", [-10_000.1, 10_000.1, "much", True])
def test_reactive_power_beyond_its_range_is_refused(kvar: object) -> None:
    """By its field, in the row as in a load."""
    with pytest.raises(FieldError, match="reactivePowerKvar"):
        read_telemetry(_bytes({**ROW, "reactivePowerKvar": kvar}), ven_id="ven-1")
    with pytest.raises(FieldError, match="reactivePowerKvar"):
        read_loads(_bytes({**SNAPSHOT, "loads": [{**LOAD, "reactivePowerKvar": kvar}]}), ven_id="ven-1")
