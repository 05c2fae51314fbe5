"""Commands on ``ven/cmd/{venId}``: every operation, every alias, the data nested or at top level."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.wire import commands
from contracts.wire.commands import OPERATIONS, VenCommand, read_command

SHED_LOAD = commands.ShedLoad(reduce_kw=1.5, duration_s=600, load_id="ev1", correlation_id="c-1")
SHED_ANY = commands.ShedLoad(reduce_kw=1.5, duration_s=600, correlation_id="c-1")
SHED_PANEL = commands.ShedPanel(requested_reduction_kw=3, duration_s=900, correlation_id="c-1")
SET_LOAD = commands.SetLoad(load_id="ev1", enabled=False, capacity_kw=7.2, priority=3, correlation_id="c-1")
SETTINGS = commands.SetConfig(settings={"report_interval_seconds": 5}, correlation_id="c-1")
STATUS = commands.Get(what="status", correlation_id="c-1")
RESTORE = commands.Restore(event_id="evt-1", correlation_id="c-1")
EVENT = commands.EventCommand(
    event_id="evt-1",
    requested_reduction_kw=2,
    start_ts=1_800_000_000,
    duration_s=600,
    correlation_id="c-1",
)
EVENT_UNTIL = commands.EventCommand(
    event_id="evt-1",
    requested_reduction_kw=2,
    start_ts=1_800_000_000,
    end_ts=1_800_000_600,
    correlation_id="c-1",
)
EVENT_NOW = commands.EventCommand(
    event_id="evt-1", requested_reduction_kw=2, duration_s=600, correlation_id="c-1"
)
_EVENT = {"event_id": "evt-1", "requestedReductionKw": 2, "start_ts": 1_800_000_000}
_LOAD = {"enabled": False, "capacityKw": 7.2, "priority": 3}

ACCEPTED: list[tuple[str, dict[str, Any], VenCommand]] = [
    ("ping", {}, commands.Ping(correlation_id="c-1")),
    ("get", {"what": "status"}, STATUS),
    ("get", {"what": "config"}, commands.Get(what="config", correlation_id="c-1")),
    ("get", {}, STATUS),
    ("set", {"report_interval_seconds": 5}, SETTINGS),
    ("setConfig", {"report_interval_seconds": 5}, SETTINGS),
    ("setConfig", {"settings": {"report_interval_seconds": 5}}, SETTINGS),
    ("enable", {}, commands.Enable(correlation_id="c-1")),
    ("disable", {}, commands.Disable(correlation_id="c-1")),
    ("setLoad", {"loadId": "ev1", **_LOAD}, SET_LOAD),
    ("setLoad", {"load_id": "ev1", **_LOAD}, SET_LOAD),
    ("setLoad", {"id": "ev1", "enabled": False, "capacity_kw": 7.2, "priority": 3}, SET_LOAD),
    ("setLoad", {"loadId": "ev1"}, commands.SetLoad(load_id="ev1", correlation_id="c-1")),
    ("shedLoad", {"loadId": "ev1", "reduceKw": 1.5, "durationS": 600}, SHED_LOAD),
    ("shedLoad", {"load_id": "ev1", "amountKw": 1.5, "duration_s": 600}, SHED_LOAD),
    ("shedLoad", {"amountKw": 1.5, "duration_sec": 600}, SHED_ANY),
    ("shedPanel", {"requestedReductionKw": 3, "durationS": 900}, SHED_PANEL),
    ("shedPanel", {"shed_kw": 3, "duration_s": 900}, SHED_PANEL),
    ("event", {**_EVENT, "duration_s": 600}, EVENT),
    ("event", {**_EVENT, "duration_sec": 600}, EVENT),
    ("event", {**_EVENT, "durationS": 600}, EVENT),
    ("event", {"eventId": "evt-1", "shed_kw": 2, "startTs": 1_800_000_000, "durationS": 600}, EVENT),
    ("event", {**_EVENT, "end_ts": 1_800_000_600}, EVENT_UNTIL),
    ("event", {**_EVENT, "endTs": 1_800_000_600}, EVENT_UNTIL),
    ("event", {"event_id": "evt-1", "requestedReductionKw": 2.0, "duration_s": 600.0}, EVENT_NOW),
    ("restore", {"event_id": "evt-1"}, RESTORE),
    ("restore", {"eventId": "evt-1"}, RESTORE),
    ("restore", {}, commands.Restore(correlation_id="c-1")),
]


def _read(message: dict[str, Any]) -> VenCommand:
    return read_command(json.dumps(message).encode(), ven_id="ven-1")


@pytest.mark.parametrize(("op", "data", "command"), ACCEPTED)
@pytest.mark.parametrize(
    "envelope", [{}, {"venId": "ven-1"}, {"ts": 1_800_000_000}], ids=["bare", "venId", "ts"]
)
def test_an_operation_is_read_from_nested_data(
    op: str, data: dict[str, Any], command: VenCommand, envelope: dict[str, Any]
) -> None:
    """``{op, correlationId, venId?, data:{…}}``, in any of the spellings in use."""
    assert _read({"op": op, "correlationId": "c-1", "data": data, **envelope}) == command


@pytest.mark.parametrize(("op", "data", "command"), ACCEPTED)
def test_an_operation_is_read_from_the_top_level(op: str, data: dict[str, Any], command: VenCommand) -> None:
    """Backends in use put the data beside the op."""
    assert _read({"op": op, "correlationId": "c-1", **data}) == command


def test_every_operation_of_the_wire_has_an_example() -> None:
    """The wire document lists eleven names, and each is read."""
    assert {op for op, _, _ in ACCEPTED} == set(OPERATIONS)


def test_nested_data_wins_over_the_top_level() -> None:
    """Where both are given, the nested ones are what was meant."""
    read = _read({"op": "shedPanel", "durationS": 60, "data": {"requestedReductionKw": 3, "durationS": 900}})
    assert read == commands.ShedPanel(requested_reduction_kw=3, duration_s=900)


def test_a_canonical_name_wins_over_its_alias() -> None:
    """A sender that gives both during a change-over is understood by the newer name."""
    read = _read({"op": "shedLoad", "reduceKw": 1.5, "amountKw": 9, "durationS": 600, "duration_s": 9})
    assert read == commands.ShedLoad(reduce_kw=1.5, duration_s=600)


def test_a_command_without_a_correlation_id_is_read() -> None:
    """Simple senders give none; the ack carries an empty one."""
    assert _read({"op": "ping"}).correlation_id is None
