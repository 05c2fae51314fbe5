"""The bounds of what goes over the wire: the bound itself is allowed, what lies beyond is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from contracts.errors import FieldError, OversizeError
from contracts.wire import codec
from contracts.wire.commands import command_from
from contracts.wire.events import from_shadow
from contracts.wire.shadow import check_state, read_desired
from contracts.wire.telemetry import read_loads, read_telemetry

START = 1_800_000_000
YEAR_2000, YEAR_2100 = 946_684_800, 4_102_444_800
CIRCUIT = {
    "id": "ev1",
    "name": "EV charger",
    "type": "ev",
    "capacityKw": 7.2,
    "currentPowerKw": 6.6,
    "shedCapabilityKw": 5.1,
    "enabled": True,
    "priority": 3,
}
ROW = {
    "timestamp": START,
    "bootId": "b",
    "seq": 1,
    "usedPowerKw": 1.0,
    "shedPowerKw": 0.0,
    "baselinePowerKw": 1.0,
}


def _telemetry(name: str, value: object) -> None:
    read_telemetry(json.dumps({**ROW, name: value}).encode(), ven_id="ven-1")


def _circuit(name: str, value: object) -> None:
    snapshot = {"timestamp": START, "bootId": "b", "seq": 1, "loads": [{**CIRCUIT, name: value}]}
    read_loads(json.dumps(snapshot).encode(), ven_id="ven-1")


def _event(name: str, value: object) -> None:
    interval = {"durationS": 600, "signal": "shedKw", "value": 2.0}
    if name in interval:
        from_shadow("e", {"startTs": START, "intervals": [{**interval, name: value}]})
    else:
        from_shadow("e", {"startTs": START, "intervals": [interval], name: value})


def _desired(name: str, value: object) -> None:
    key, _, below = name.partition(".")
    patch = {key: {below: value} if below else value}
    errors = read_desired({"loads": {"ev1": patch["ev1"]}} if key == "ev1" else patch).errors
    for field, reason in errors.items():
        raise FieldError(field, reason)


def _command(name: str, value: object) -> None:
    command_from({"op": "setLoad", "data": {"loadId": "ev1"}, name: value}, ven_id="ven-1")


def _set_load(name: str, value: object) -> None:
    _command("data", {"loadId": "ev1", name: value})


BOUNDS: Mapping[Callable[[str, object], None], Mapping[str, tuple[float, float]]] = {
    _telemetry: {
        "usedPowerKw": (-10_000, 10_000),
        "baselinePowerKw": (-10_000, 10_000),
        "shedPowerKw": (0, 10_000),
        "requestedReductionKw": (-10_000, 10_000),
        "batterySoc": (0, 1),
        "batterySOC": (0, 100),
        "measuredS": (0.001, 86_400),
        "outdoorC": (-90, 60),
        "panelAmperageRating": (0, 4_000),
        "panelVoltage": (0, 1_000),
        "panelMaxKw": (0, 10_000),
        "currentAmps": (-10_000, 10_000),
        "panelUtilizationPercent": (0, 1_000),
    },
    _circuit: {
        "capacityKw": (0, 10_000),
        "currentPowerKw": (-10_000, 10_000),
        "shedCapabilityKw": (0, 10_000),
    },
    _event: {"value": (0, 1_000_000)},
    _desired: {
        "report_interval_seconds": (1, 3_600),
        "target_power_kw": (0, 10_000),
        "ev1.capacityKw": (0, 10_000),
    },
    _set_load: {"capacityKw": (0, 10_000)},
}
WHOLE_BOUNDS: Mapping[Callable[[str, object], None], Mapping[str, tuple[int, int]]] = {
    _telemetry: {"timestamp": (YEAR_2000, YEAR_2100), "seq": (0, 9_007_199_254_740_992)},
    _event: {
        "startTs": (YEAR_2000, YEAR_2100),
        "durationS": (1, 604_800),
        "revision": (0, 2_147_483_648),
        "randomizeStartS": (0, 3_600),
        "priority": (0, 1_000_000),
    },
    _desired: {"ev1.priority": (0, 100), "optOut.untilTs": (YEAR_2000, YEAR_2100)},
    _set_load: {"priority": (0, 100)},
}
LENGTHS: Mapping[Callable[[str, object], None], Mapping[str, int]] = {
    _telemetry: {"bootId": 64},
    _circuit: {"id": 64},
    _desired: {"optOut.reason": 64},
    _command: {"correlationId": 128},
    _set_load: {"loadId": 32},
}


def _cases() -> Iterator[tuple[Callable[[str, object], None], str, object, object]]:
    for read, bounds in BOUNDS.items():
        for name, (least, most) in bounds.items():
            yield read, name, least, least - 0.5
            yield read, name, most, most + 0.5
    for read, whole_bounds in WHOLE_BOUNDS.items():
        for name, (least, most) in whole_bounds.items():
            yield read, name, least, least - 1
            yield read, name, most, most + 1
    for read, lengths in LENGTHS.items():
        for name, most in lengths.items():
            yield read, name, "x" * most, "x" * (most + 1)
            yield read, name, "x", ""
    interval = {"durationS": 60, "signal": "shedKw", "value": 2.0}
    yield _event, "intervals", [interval] * 24, [interval] * 25


@pytest.mark.parametrize(
    ("read", "name", "bound", "beyond"),
    [pytest.param(*case, id=f"{case[0].__name__[1:]} {case[1]} {str(case[2])[:9]}") for case in _cases()],
)
def test_a_bound_is_allowed_and_what_lies_beyond_is_refused_by_its_field(
    read: Callable[[str, object], None], name: str, bound: object, beyond: object
) -> None:
    """Whoever sends the most or the least that is documented is understood."""
    read(name, bound)
    with pytest.raises(FieldError) as refused:
        read(name, beyond)
    assert refused.value.field.endswith(name)


@pytest.mark.parametrize(
    ("check", "most", "unit"),
    [
        (lambda size: codec.load_object(b'{"a":1}'.ljust(size)), 131_072, "payload bytes"),
        (lambda depth: codec.load_object(b'{"a":' * depth + b"1" + b"}" * depth), 32, "payload depth"),
        (lambda size: check_state({"a": "x" * (size - len(b'{"a":""}'))}), 8_192, "shadow state bytes"),
        (lambda depth: check_state(_nested(depth)), 6, "shadow state depth"),
        (lambda depth: codec.convert(dict, _nested(depth)), 32, "payload depth"),
    ],
    ids=["bytes", "depth", "state bytes", "state depth", "decoded depth"],
)
def test_a_message_has_its_largest_size(check: Callable[[int], object], most: int, unit: str) -> None:
    """128 KB and 32 levels for a message, 8 KB and 6 levels for a shadow's state; one more is refused."""
    check(most)
    with pytest.raises(OversizeError, match=unit) as refused:
        check(most + 1)
    assert (refused.value.size, refused.value.allowed) == (most + 1, most)


def _nested(depth: int) -> dict[str, Any]:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    assert isinstance(value, dict)
    return value
