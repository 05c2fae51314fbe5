"""The options for a house's time, alone and together."""

from __future__ import annotations

from math import inf

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
    given = dict(zip(time.options[::2], time.options[1::2], strict=True))
    speed = float(given["--house-speed"])
    assert house_time(given.get("--house-start"), speed, given["--house-span"]) == time


@pytest.mark.parametrize(
    ("start", "span", "field"),
    [
        ("2026-07-15T22:30:00", None, "--house-start"),
        (None, "soon", "--house-span"),
        (None, "0s", "--house-span"),
    ],
)
def test_a_time_that_is_none_names_its_option(start: str | None, span: str | None, field: str) -> None:
    """A start without a zone, hours that are no duration."""
    with pytest.raises(FieldError, match=field):
        house_time(start, None, span, afternoon=True)
