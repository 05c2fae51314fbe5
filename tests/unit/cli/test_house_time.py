"""The options for a house's time, alone and together."""

from __future__ import annotations

from math import inf, nan

import pytest

from contracts.errors import FieldError
from ven_twin.cli.house_time import AFTERNOON, HouseTime, house_time


def test_nothing_given_is_the_wall_clock() -> None:
    """The house lives now, as fast as its reader, on and on."""
    assert house_time(None, None, None) == HouseTime(None, 1.0, inf)


def test_an_afternoon_is_changed_by_what_is_given() -> None:
    """Each option takes the place of one figure; `none` of the hours that come again."""
    assert house_time(None, None, None, afternoon=True) == AFTERNOON
    assert house_time(None, 30.0, None, afternoon=True) == AFTERNOON._replace(speed=30.0)
    assert house_time(None, None, "none", afternoon=True) == AFTERNOON._replace(span_s=inf)
    assert house_time("2026-01-15T12:00:00Z", None, "1h", afternoon=True) == (1_768_478_400, 5.0, 3600.0)


@pytest.mark.parametrize(
    "time", [AFTERNOON, HouseTime(), HouseTime(1_768_478_400.0, 30.0), HouseTime(None, 0.25, 900.0)]
)
def test_a_time_is_read_back_from_its_options(time: HouseTime) -> None:
    """A twin that is started with them lives the same time."""
    options = dict(zip(time.options[::2], time.options[1::2], strict=True))
    speed = float(options["--house-speed"])
    assert house_time(options.get("--house-start"), speed, options["--house-span"]) == time


@pytest.mark.parametrize(
    ("start", "speed", "span", "field"),
    [
        ("2026-07-15T22:30:00", None, None, "--house-start"),
        (None, None, "soon", "--house-span"),
        (None, None, "0s", "--house-span"),
        (None, None, "14m", "--house-span"),
        (None, None, "25h", "--house-span"),
        *((None, speed, None, "--house-speed") for speed in (0.0, -1.0, 3601.0, inf, nan)),
    ],
)
def test_a_time_that_cannot_be_names_its_option(
    start: str | None, speed: float | None, span: str | None, field: str
) -> None:
    """A start without a zone, hours that are no duration or too short or long, a speed that is none."""
    with pytest.raises(FieldError, match=field):
        house_time(start, speed, span, afternoon=True)
