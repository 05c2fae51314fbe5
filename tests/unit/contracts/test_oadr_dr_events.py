"""OpenADR events as DR events: signals, units, gaps, windows, and what is not acted on."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contracts.openadr.dr_events import ActionableEvent, NotActedOn, actionable, event_id_of
from contracts.openadr.ids import ObjectId
from contracts.openadr.objects import OadrEventRequest, OadrProgramRequest
from contracts.wire.events import LOWEST_PRIORITY, MAX_DURATION_S, MAX_INTERVALS, DrEvent
from contracts.wire.ids import EventId, VenId

START = "2027-01-15T08:00:00Z"
START_TS = 1_800_000_000
HOUR = {"start": START, "duration": "PT1H"}


def oadr(*payloads: Any, **fields: Any) -> OadrEventRequest:
    """An event with an interval for each list of payloads, an hour long each."""
    intervals = [
        {"id": n, "payloads": [{"type": kind, "values": list(values)} for kind, *values in each]}
        for n, each in enumerate(payloads)
    ]
    return msgspec.convert(
        {"programID": "p", "intervals": intervals, "intervalPeriod": HOUR, **fields}, OadrEventRequest
    )


def mapped(event: OadrEventRequest, now_ts: float = START_TS, **program: Any) -> Any:
    """What becomes of it at a time."""
    owner = msgspec.convert({"programName": "p", **program}, OadrProgramRequest)
    return actionable(
        event, owner, event_id=EventId("e1"), ven_id=VenId("ven-1"), read_ts=START_TS, now_ts=now_ts
    )


def dr(event: OadrEventRequest, **options: Any) -> DrEvent:
    """The DR event of one that is acted on."""
    result = mapped(event, **options)
    assert isinstance(result, ActionableEvent), result
    return result.event


def signals(event: DrEvent) -> list[tuple[str, float, int]]:
    """Its intervals in short."""
    return [(str(each.signal), each.value, each.duration_s) for each in event.intervals]


@pytest.mark.parametrize(
    ("payload", "signal"),
    [
        (("SIMPLE", 2), ("level", 2.0)),
        (("SIMPLE", 0), ("level", 0.0)),
        (("IMPORT_CAPACITY_LIMIT", 3.5), ("importLimitKw", 3.5)),
        (("DISPATCH_SETPOINT_RELATIVE", -1.5), ("shedKw", 1.5)),
        (("DISPATCH_SETPOINT_RELATIVE", 2), ("loadUpKw", 2.0)),
        (("ALERT_GRID_EMERGENCY", "now"), ("level", 3.0)),
    ],
)
def test_a_payload_becomes_a_signal(payload: tuple[Any, ...], signal: tuple[str, float]) -> None:
    """Each type that a house can act on is one signal."""
    event = dr(oadr([payload]))
    assert signals(event) == [(*signal, 3600)]
    assert (event.start_ts, event.priority, event.randomize_start_s) == (START_TS, LOWEST_PRIORITY, 0)


def test_of_several_payloads_one_is_acted_on() -> None:
    """The one that says kW goes before the level; a price beside it changes nothing."""
    event = oadr([("PRICE", 0.3), ("SIMPLE", 2), ("DISPATCH_SETPOINT_RELATIVE", -2)])
    assert signals(dr(event)) == [("shedKw", 2.0, 3600)]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (oadr(), NotActedOn.NO_INTERVALS),
        (oadr([("PRICE", 0.3)]), NotActedOn.NO_SIGNAL),
        (oadr([]), NotActedOn.NO_SIGNAL),
        (oadr([("SIMPLE", 4)]), NotActedOn.VALUE),
        (oadr([("SIMPLE", "2")]), NotActedOn.VALUE),
        (oadr([("SIMPLE", True)]), NotActedOn.VALUE),
        (oadr([("SIMPLE",)]), NotActedOn.VALUE),
        (oadr([("IMPORT_CAPACITY_LIMIT", -1)]), NotActedOn.VALUE),
        (oadr([("IMPORT_CAPACITY_LIMIT", 1e9)]), NotActedOn.VALUE),
        (
            oadr([("DISPATCH_SETPOINT_RELATIVE", 1)], [("DISPATCH_SETPOINT_RELATIVE", -1)]),
            NotActedOn.BOTH_WAYS,
        ),
        (oadr([("SIMPLE", 1)], intervalPeriod={"duration": "PT1H"}), NotActedOn.NO_PLACE),
        (
            oadr([("SIMPLE", 1)], intervalPeriod={"start": "0001-01-01", "duration": "PT0S"}),
            NotActedOn.NO_LENGTH,
        ),
        (
            oadr([("SIMPLE", 1)], intervalPeriod={"start": "1980-01-01T00:00:00Z", "duration": "PT1H"}),
            NotActedOn.OUT_OF_TIME,
        ),
    ],
)
def test_an_event_that_cannot_be_acted_on_has_its_reason(event: OadrEventRequest, reason: NotActedOn) -> None:
    """Nothing is guessed: no value is cut, no unit converted, no start made up."""
    assert mapped(event) is reason


def test_power_in_another_unit_is_refused() -> None:
    """By the event's own descriptor, else by its program's; a level beside it is acted on."""

    def descriptor(units: str) -> dict[str, Any]:
        kind = {"objectType": "EVENT_PAYLOAD_DESCRIPTOR", "payloadType": "IMPORT_CAPACITY_LIMIT"}
        return {"payloadDescriptors": [{**kind, "units": units}]}

    limit = [("IMPORT_CAPACITY_LIMIT", 3)]
    assert mapped(oadr(limit), **descriptor("W")) is NotActedOn.UNIT
    assert mapped(oadr(limit, **descriptor("W")), **descriptor("KW")) is NotActedOn.UNIT
    assert signals(dr(oadr(limit, **descriptor("KW")), **descriptor("W"))) == [("importLimitKw", 3.0, 3600)]
    assert signals(dr(oadr([*limit, ("SIMPLE", 1)]), **descriptor("W"))) == [("level", 1.0, 3600)]


def test_a_gap_is_level_0_and_the_ends_are_cut() -> None:
    """Between two signals nothing is asked for; before the first and after the last there is no event."""
    price, level = [("PRICE", 1)], [("SIMPLE", 1)]
    event = dr(oadr(price, level, price, level, level, price))
    assert event.start_ts == START_TS + 3600
    assert signals(event) == [("level", 1.0, 3600), ("level", 0.0, 3600), ("level", 1.0, 7200)]
    up = [("DISPATCH_SETPOINT_RELATIVE", 1)]
    assert signals(dr(oadr(up, price, up)))[1] == ("loadUpKw", 0.0, 3600)


def test_of_intervals_that_overlap_the_later_is_in_force() -> None:
    """It ends, and the one before it is in force again."""
    later = {"id": 1, "payloads": [{"type": "SIMPLE", "values": [3]}]}
    later["intervalPeriod"] = {"start": "2027-01-15T08:20:00Z", "duration": "PT10M"}
    first = {"id": 0, "payloads": [{"type": "SIMPLE", "values": [1]}]}
    event = oadr(intervals=[first, later])
    assert signals(dr(event)) == [("level", 1.0, 1200), ("level", 3.0, 600), ("level", 1.0, 1800)]


def test_priority_and_random_start_are_taken_over() -> None:
    """Both are bounded by what a DR event can have."""
    event = dr(oadr([("SIMPLE", 1)], priority=7, intervalPeriod={**HOUR, "randomizeStart": "PT5M"}))
    assert (event.priority, event.randomize_start_s) == (7, 300)
    event = dr(oadr([("SIMPLE", 1)], priority=10**8, intervalPeriod={**HOUR, "randomizeStart": "P1D"}))
    assert (event.priority, event.randomize_start_s) == (LOWEST_PRIORITY, 3600)


def test_a_program_cuts_its_events() -> None:
    """What lies outside of its period is not asked for; a period without a start cuts nothing."""
    event = oadr([("SIMPLE", 1)], [("SIMPLE", 2)])
    period = {"start": "2027-01-15T08:30:00Z", "duration": "PT1H"}
    cut = dr(event, intervalPeriod=period)
    assert (cut.start_ts, signals(cut)) == (START_TS + 1800, [("level", 1.0, 1800), ("level", 2.0, 1800)])
    assert dr(event, intervalPeriod={"duration": "PT1M"}).duration_s == 7200
    assert mapped(event, intervalPeriod={**period, "start": "2028-01-15T08:30:00Z"}) is NotActedOn.NO_LENGTH


def test_an_event_without_end_is_unrolled_window_by_window() -> None:
    """Each window has the interval in force, and is renewed before it is over."""
    loop = oadr([("SIMPLE", 1)], [("SIMPLE", 2)], duration="P9999Y")
    now_ts = START_TS + 1000.0 * 86_400 + 5000
    for _ in range(5):
        window = mapped(loop, now_ts)
        assert isinstance(window, ActionableEvent)
        assert len(window.event.intervals) == MAX_INTERVALS
        in_force = window.event.interval_at(now_ts)
        assert in_force is not None
        assert in_force.value == 1 + ((now_ts - START_TS) // 3600) % 2
        assert now_ts < window.renew_ts < window.event.end_ts
        now_ts = window.renew_ts


def test_an_interval_without_end_goes_on_window_by_window() -> None:
    """A limit that holds for ever is a week at a time."""
    event = oadr([("IMPORT_CAPACITY_LIMIT", 4)], intervalPeriod={"start": START, "duration": "P9999Y"})
    for days in (0, 1, 30, 3000):
        now_ts = START_TS + days * 86_400.0
        window = mapped(event, now_ts)
        assert window.event.duration_s == MAX_DURATION_S
        assert window.event.interval_at(now_ts).value == 4.0
        assert now_ts < window.renew_ts < window.event.end_ts


def test_a_long_event_that_is_over_is_not_acted_on() -> None:
    """Its last window has gone."""
    event = oadr([("SIMPLE", 1)], [("SIMPLE", 2)], duration="P60D")
    assert mapped(event, START_TS + 61 * 86_400) is NotActedOn.OVER


def test_an_id_is_the_vtns_where_it_can_be() -> None:
    """An event that comes by the shadow too is the same one; another id is a hash, the same each time."""
    assert event_id_of(ObjectId("e-1_x")) == "e-1_x"
    long = event_id_of(ObjectId("x" * 128))
    assert long == event_id_of(ObjectId("x" * 128)) != event_id_of(ObjectId("x" * 127))
    assert event_id_of(ObjectId("_x")).startswith("oadr-")
