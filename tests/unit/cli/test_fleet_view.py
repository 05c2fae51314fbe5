"""`fleet status` for a person's eyes: readable at 80 columns, whatever there is."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from rich.console import Console

from contracts.api.fleet import Fleet, fleet_at
from contracts.api.resources import TelemetryRow, Ven
from contracts.wire.shadow import OptOut
from ven_twin.cli.fleet import show

NOW = 1_800_000_000.0
LONG = "a-multi-family-building-with-a-very-long-name-unit-0042-north-x"


def shown(fleet: Fleet, letters: dict[str, int] | None = {}) -> list[str]:  # noqa: B006 - only read
    """The lines at 80 columns."""
    out = StringIO()
    show(fleet, letters, Console(file=out, width=80, highlight=False, color_system=None))
    return [line.rstrip() for line in out.getvalue().splitlines()]


def crowd() -> Fleet:
    """Twenty VENs, some that shed, one with a long id, one opted out, one away."""
    row = TelemetryRow(
        timestamp=int(NOW),
        boot_id="b",
        seq=1,
        used_power_kw=103.25,
        baseline_power_kw=105.0,
        shed_power_kw=1.75,
        event_id="evt-20260715-173104-5c1e",
        requested_reduction_kw=2.0,
    )
    names = [f"ven-{number}" for number in range(17)]
    vens = [Ven(ven_id=name, online=True, shed_availability_kw=12.5, sustain_s=5400) for name in names]
    vens += [Ven(ven_id=LONG, online=True), Ven(ven_id="away", online=False)]
    out = OptOut(reason="overrideStatus", until_ts=int(NOW) + 3600)
    vens.append(Ven(ven_id="out", online=True, opt_out=out))
    return fleet_at(vens, dict.fromkeys([LONG, *names[:9]], row), now_ts=NOW)


def test_no_line_is_longer_than_the_terminal_and_no_figure_is_cut() -> None:
    """A long id has a line of its own; figures and sums stand whole."""
    lines = shown(crowd())
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert "…" not in text
    assert len(re.findall(r"2\.00 +1\.75 +88 % +103\.25", text)) == 10
    assert LONG in lines
    assert "requested 20.00 kW of 10 VENs, delivered 17.50 kW (88 %)" in " ".join(lines)
    assert "Flexibility 212.50 kW, of which 212.50 for 15 min, 212.50 for 60 min, 0.00 for 4 h." in " ".join(
        lines
    )


@pytest.mark.parametrize(("skew_s", "words"), [(1200.0, "clock 20 min slow"), (-7200.0, "clock 2 h fast")])
def test_a_clock_that_is_off_is_named_in_the_vens_row(skew_s: float, words: str) -> None:
    """Beside whatever else is to say of the VEN."""
    vens = [Ven(ven_id="off", online=True, clock_skew_s=skew_s), Ven(ven_id="right", online=True)]
    text = " ".join(" ".join(shown(fleet_at(vens, {}, now_ts=NOW))).split())
    assert text.count(f"no telemetry yet, {words}") == 1
    assert text.count("clock") == 1


def test_an_opt_out_has_its_reason_and_its_end() -> None:
    """The reason that a VEN cannot be counted on stands in its row, with its end."""
    text = " ".join(" ".join(shown(crowd())).split())
    assert "opted out comfort, until" in text


def test_events_are_numbered_where_they_are_listed() -> None:
    """Each VEN's line refers to the event's own line."""
    lines = shown(crowd())
    assert any(line.startswith("#1 evt-20260715-173104-5c1e") for line in lines)
    assert sum("#1" in line for line in lines) == 11


def test_dead_letters_stand_last() -> None:
    """By queue, where there are any; what the caller cannot know is no zero."""
    assert shown(crowd(), {"telemetry": 2, "vens": 0, "failed-starts": 1})[-1] == (
        "3 dead letters (telemetry 2, failed-starts 1): see ven-twin dlq list"
    )
    assert shown(crowd(), None)[-1] == "Dead letters: not known here"
    assert not any("dead letter" in line.lower() for line in shown(crowd(), {"telemetry": 0}))


def test_an_empty_fleet_says_how_to_fill_it() -> None:
    """No table without VENs."""
    assert shown(fleet_at([], {}, now_ts=NOW)) == [
        "There are no VENs. Deploy some: ven-twin cloud deploy --vens ven-1,ven-2"
    ]
