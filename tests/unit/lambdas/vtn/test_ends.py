"""The end of an event, as `active` takes it."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.openadr.objects import OadrEvent
from contracts.wire import codec
from lambdas.vtn.logic.ends import NEVER, end_ts, starts_as_read

START, START_TS, NOW = "2027-01-15T08:00:00Z", 1_800_000_000.0, 1_900_000_000.0
HOUR = {"start": START, "duration": "PT1H"}


def event(**more: Any) -> OadrEvent:
    """An event of these fields."""
    times = {"createdDateTime": START, "modificationDateTime": START}
    return codec.convert(OadrEvent, {"objectType": "EVENT", "id": "e", "programID": "p", **times, **more})


def intervals(*periods: dict[str, str] | None) -> list[dict[str, Any]]:
    """Intervals of these periods."""
    return [{"id": 0, "payloads": [], **({"intervalPeriod": each} if each else {})} for each in periods]


@pytest.mark.parametrize(
    ("fields", "after_s"),
    [
        ({}, None),
        ({"intervalPeriod": HOUR}, 3600),
        ({"intervalPeriod": {"start": START}}, None),
        ({"intervalPeriod": {"duration": "PT1H"}}, None),
        ({"intervalPeriod": HOUR, "intervals": intervals(None, None, None)}, 3 * 3600),
        ({"intervalPeriod": HOUR, "intervals": intervals(None, {"duration": "PT5M"})}, 3900),
        ({"intervalPeriod": HOUR, "intervals": intervals({"start": "2027-01-15T10:00:00Z"}, None)}, 4 * 3600),
        ({"intervalPeriod": HOUR, "intervals": intervals(None, {"start": "0001-01-01"})}, 7200),
        ({"intervals": intervals(HOUR, {"duration": "PT1H"})}, 7200),
        ({"intervals": intervals({"duration": "PT1H"}, HOUR)}, None),
        ({"duration": "PT24H", "intervalPeriod": HOUR, "intervals": intervals(None, None)}, 24 * 3600),
        ({"duration": "PT30M", "intervalPeriod": HOUR, "intervals": intervals(None, None)}, 1800),
        ({"duration": "P9999Y", "intervalPeriod": HOUR}, None),
        ({"intervalPeriod": {"start": START, "duration": "P9999Y"}, "intervals": intervals(None)}, None),
        ({"intervalPeriod": {"start": START, "duration": "P1M"}}, 31 * 86400),
    ],
)
def test_the_end_is_that_of_the_last_interval_unless_a_duration_says_another(
    fields: dict[str, Any], after_s: float | None
) -> None:
    """Loops and cuts, periods of intervals over the event's, for ever, no place at all."""
    made = event(**fields)
    expected = NEVER if after_s is None else START_TS + after_s
    assert end_ts(made, NOW) == expected


def test_a_start_of_now_is_as_it_is_read() -> None:
    """So the event lasts, unless it is cancelled by a duration of nothing."""
    made = event(intervalPeriod={"start": "0001-01-01", "duration": "PT1H"}, intervals=intervals(None, None))
    assert starts_as_read(made)
    assert end_ts(made, NOW) == NOW + 7200
    assert end_ts(event(intervalPeriod={"start": "0001-01-01T00:00:00Z", "duration": "PT0S"}), NOW) == NOW
    assert not starts_as_read(event(intervalPeriod=HOUR))
