"""The terminal's screen: whatever there is, it fits."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from contracts.api.fleet import fleet_at
from contracts.api.resources import Ven
from contracts.wire.events import Interval, Signal
from tests.support.fleets import LONG, NOW, crowd, event, row
from ven_twin.operations.fleet.fleet_state import FleetAnswers, fleet_state
from ven_twin.operations.fleet.screen import NO_VENS, frame

SIZES = [(80, 24), (140, 40)]


def lines(width: int, height: int, **answers: object) -> list[str]:
    """The screen of a crowd with two events that run and one that comes."""
    events = (
        event("evt-evening", kw=20.0),
        event(f"evt-{LONG}", kw=5.0),
        event("evt-tomorrow", after_s=90_000),
        event("evt-over", after_s=-9000),
    )
    fields = {"fleet": crowd(), "events": events, "heard_ts": NOW - 1}
    state = fleet_state(FleetAnswers(**{**fields, **answers}), "local cloud", NOW)  # type: ignore[arg-type]
    out = StringIO()
    console = Console(file=out, width=width, height=height, color_system=None, highlight=False)
    console.print(frame(state, width, height))
    return out.getvalue().splitlines()


@pytest.mark.parametrize(("width", "height"), [*SIZES, (80, 12), (60, 24), (200, 100)])
def test_the_screen_fits(width: int, height: int) -> None:
    """No line is wider than the terminal, and there are no more of them than it has."""
    shown = lines(width, height)
    assert max(len(line.rstrip()) for line in shown) <= width
    assert len(shown) <= height


def test_names_are_whole_where_it_is_narrow() -> None:
    """At 60 columns figures that can be read elsewhere are left out, and every name and state is whole."""
    text = "\n".join(lines(60, 60))
    assert "requested gives" in text
    assert "uses" not in text
    assert all(f"{ven.ven_id} " in text for ven in crowd().vens if len(ven.ven_id) <= 8)


def test_an_events_id_is_whole_where_it_is_narrow() -> None:
    """Also beside a start that is years away: the id can be copied, what follows it is cut first."""
    event_id = "evt-20261129-182853-31bf"
    shown = lines(60, 24, events=(event(event_id, after_s=9_000_000), event("evt-2", kw=20.0)))
    assert any(line.startswith("#1  evt-2  ends in 9:00") for line in shown)
    assert any(line.startswith(f"#2  {event_id}  starts in 104 d 4 h") for line in shown)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_totals_stand_whole(width: int, height: int) -> None:
    """VENs by status, requested and delivered power, the flexibility and its duration."""
    text = "\n".join(lines(width, height))
    assert "28 of 30 online   10 in event   1 opted out   2 silent   1 never seen" in text
    assert "Requested 25.00 kW   delivered 17.50 kW" in text
    assert " 70 %" in text
    assert "Flexibility 337.50 kW: 337.50 for 15 min, 337.50 for 60 min, 0.00 for 4 h" in text


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_events_count_down(width: int, height: int) -> None:
    """Running ones with delivered and requested power, coming ones with their request; none that is over."""
    text = "\n".join(lines(width, height))
    assert text.count("ends in 9:00") == 2
    assert "17.50 of 20.00 kW" in text
    assert text.count("starts in") == 1
    assert "starts in 25:00:00  10.00 kW less" in text
    assert "evt-over" not in text


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_vens_that_do_not_fit_are_counted(width: int, height: int) -> None:
    """Shown and left out come to all there are."""
    shown = lines(width, height)
    head = next(n for n, line in enumerate(shown) if line.startswith("VEN"))
    listed = [line for line in shown[head + 1 :] if not line.startswith("…")]
    more = [int(line.split()[1]) for line in shown[head + 1 :] if line.startswith("…")]
    assert len(listed) + sum(more) == 30
    assert any("#2" in line and "1.75" in line and "88 %" in line for line in listed)


@pytest.mark.parametrize(("width", "height"), [*SIZES, (60, 12)])
def test_dead_letters_stand_below_the_totals(width: int, height: int) -> None:
    """By queue, with the command that lists them; the screen still fits."""
    shown = lines(width, height, dead_letters={"telemetry": 11, "vens": 0, "shadows": 1})
    (line,) = (line.rstrip() for line in shown if "dead letter" in line)
    assert line.startswith("12 dead letters (telemetry 11, shadows 1): see ven-twin ")
    assert "dlq list" in line or width < SIZES[0][0]
    assert len(shown) <= height


@pytest.mark.parametrize(("letters", "words"), [({"telemetry": 0}, None), (None, "not known here")])
def test_no_dead_letters_and_unknown_ones_are_two_things(
    letters: dict[str, int] | None, words: str | None
) -> None:
    """None takes no line, and what is not known is never told as none."""
    text = "\n".join(lines(140, 40, dead_letters=letters)).lower()
    assert ("dead letters" in text) is (words is not None)
    assert words is None or words in text


def test_an_opt_out_has_its_reason_and_its_end() -> None:
    """And who is silent, since when."""
    text = "\n".join(lines(140, 60))
    assert "not worth it, until" in text
    assert "silent for 2 h" in text
    assert "silent for 10 min" in text


def test_a_fleet_without_vens_says_how_to_get_some() -> None:
    """No table, no figures that mean nothing."""
    shown = lines(80, 24, fleet=fleet_at([], {}, now_ts=NOW), events=())
    assert NO_VENS in "\n".join(shown)
    assert not any(line.startswith("VEN ") for line in shown)


def test_a_load_up_is_told_as_what_is_drawn_more() -> None:
    """With its share, and never as a shed below nothing."""
    vens = [Ven(ven_id="ven-1", online=True)]
    rows = {"ven-1": row("evt-more", requested_kw=-2.0, gives_kw=-1.5)}
    more = event("evt-more", intervals=(Interval(duration_s=600, signal=Signal.LOAD_UP_KW, value=2.0),))
    shown = lines(140, 40, fleet=fleet_at(vens, rows, now_ts=NOW), events=(more,))
    text = " ".join(" ".join(shown).split())
    assert "Requested 2.00 kW more delivered 1.50 kW more" in text
    assert "2.00 kW more: 1.50 of 2.00 kW more" in text
    assert "in event 2.00 more 1.50 more 75 %" in text
    assert "−" not in text


def test_a_cloud_that_is_gone_is_shown_above_the_last_state() -> None:
    """The state stays, and is marked as old."""
    shown = lines(80, 24, error="the local cloud does not run: ven-twin cloud start")
    assert "The cloud is not reached" in shown[0]
    assert any("Requested 25.00" in line for line in shown)
    shown = lines(140, 40, fleet=None, events=(), heard_ts=None, error="no route")
    assert "no route" in shown[0]
    assert len(shown) == 1


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_a_cloud_that_was_never_heard_says_all_of_its_reason(width: int) -> None:
    """The remedy stands at the end of the reason: it is not cut off."""
    why = "no local cloud is running: start one with ven-twin cloud start"
    shown = lines(width, 24, fleet=None, events=(), heard_ts=None, error=why)
    assert " ".join(line.strip() for line in shown) == f"● The cloud is not reached. {why}"
