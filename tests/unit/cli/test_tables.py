"""Tables at any width: ids whole, figures whole, nothing beyond the edge but an id that is longer."""

from __future__ import annotations

import functools
import io
import re
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from contracts.api.reports import EventResult
from contracts.api.requests import Assignment, EventDispatched
from contracts.api.resources import Event, EventBody, EventSummary, VenParticipation
from contracts.wire.events import Interval, Phase, Signal
from contracts.wire.ids import EventId, VenId, counting_key
from tests.unit.cli.test_fleet_view import LONG, crowd
from ven_twin.cli import dlq, event_view, fleet
from ven_twin.cli import event as event_commands
from ven_twin.cli.console import make_console
from ven_twin.cli.exit_codes import ExitCode
from ven_twin.cli.tables import Column, table_lines
from ven_twin.operations import dead_letters

WIDTHS = (60, 80, 120, 200)
NOW = 1_795_700_000.0
START = int(NOW) - 86_400
SHED = (Interval(duration_s=7200, signal=Signal.SHED_KW, value=4.55),)
EVENT_IDS = [EventId(f"evt-20261126-2032{second:02}-0c3d") for second in range(3)]
widths = pytest.mark.parametrize("width", WIDTHS)


@pytest.fixture(autouse=True)
def _at_a_time_and_place(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """New York, on one day; the terminal is as wide as the test says."""
    monkeypatch.setattr("time.time", lambda: NOW)
    monkeypatch.setattr("ven_twin.webkit.formatting.local", _new_york)
    monkeypatch.setattr("ven_twin.cli.event_view.local", _new_york)
    width = request.node.callspec.params.get("width", 120) if hasattr(request.node, "callspec") else 120
    monkeypatch.setenv("COLUMNS", str(width))


def _new_york(ts: float, zone: Any = None) -> Any:
    from datetime import UTC, datetime  # noqa: PLC0415 - beside what it stands in for
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    return datetime.fromtimestamp(ts, UTC).astimezone(zone or ZoneInfo("America/New_York"))


def event(number: int, **fields: Any) -> EventSummary:
    """An event that is over."""
    terms: dict[str, Any] = {"revision": 0, "start_ts": START, "end_ts": START + 7200, "intervals": SHED}
    terms |= {
        "phase": Phase.COMPLETED,
        "created_ts": 1.0,
        "dispatched_kw": 4.7,
        "requested_kw": 4.55,
        "etag": "e",
    }
    return EventSummary(event_id=EVENT_IDS[number], **(terms | fields))


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines that were printed."""
    return capsys.readouterr().out.splitlines()


@widths
def test_the_events_are_listed_with_what_they_delivered(
    width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Delivered kW and share of those that are settled; date and zone of a start that is not today."""
    settled = EventResult(requested_kw=4.55, delivered_kw=4.53, baseline="clone")
    event_view.show_list(
        [event(0, result=settled), event(1, start_ts=int(NOW), phase=Phase.ACTIVE), event(2)]
    )
    lines = lines_of(capsys)
    text = " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= width
    assert all(event_id in text.split() for event_id in EVENT_IDS)
    assert "4.53 kW" in text
    assert "100 %" in text
    assert f"{_new_york(START):%a %-d %b %H:%M:%S}" in text
    assert "start (EST)" in text


@widths
def test_an_event_is_shown_with_its_vens_in_order(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    """VEN 2 before VEN 10, each whole, however long."""
    names = ["home-1", "home-10", "home-2", LONG]
    vens = tuple(VenParticipation(ven_id=VenId(name), values=(2.0,)) for name in names)
    event_view.show(
        Event(
            **{name: getattr(event(0), name) for name in EventSummary.__struct_fields__}, vens=vens
        )  # every field of the summary
    )
    lines = lines_of(capsys)
    firsts = [line.split()[0].rstrip(",") for line in lines if line.startswith(("home", LONG))]
    assert firsts == [LONG, "home-1", "home-2", "home-10"]
    assert max(len(line) for line in lines if line != LONG) <= width


@widths
def test_the_answer_to_an_event_names_its_times_with_their_zone(
    width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """A start that is not today has its date."""
    assignments = tuple(Assignment(ven_id=VenId(name), values=(1.0,)) for name in ("home-10", "home-2"))
    answer = EventDispatched(
        event_id=EVENT_IDS[0], revision=0, start_ts=START, end_ts=START + 7200, assignments=assignments,
        requested_kw=2.0, dispatched_kw=2.0, etag="e",
    )  # fmt: skip
    event_view.show_dispatched(answer, json_output=False)
    assert width in WIDTHS
    first, *rest = lines_of(capsys)
    start, end = _new_york(START), _new_york(START + 7200)
    assert re.search(rf", {start:%a} {start.day} {start:%b} {start:%H:%M}.* to .*{end:%H:%M}.* EST:$", first)
    assert [line.split()[0] for line in rest if line.startswith("home")] == ["home-2", "home-10"]


@widths
def test_a_dead_letters_id_and_topic_can_be_copied(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whole on one line at any width."""
    message_id, topic = "0b7a7a3e-6f0e-4d8a-9a0e-0f6b1b9f5c11", "ven/telemetry/home-2"
    letter = SimpleNamespace(why="timestamp: expected an integer, got a text", about=topic)
    queued = SimpleNamespace(letter=letter, queue="telemetry", sent_ts=NOW, message_id=message_id)
    monkeypatch.setattr(
        dead_letters, "DeadLetters", lambda _: SimpleNamespace(names=lambda _: ["q"], look=lambda _: [queued])
    )
    listing: Any = dlq.list_letters
    listing.__wrapped__(queue=None, cloud=object, json_output=False)
    lines = lines_of(capsys)
    assert any(message_id in line for line in lines)
    assert any(topic in line for line in lines)
    assert max(map(len, lines)) <= width


@widths
def test_the_fleets_vens_are_whole_at_any_width(width: int) -> None:
    """No id is cut or broken, and no figure is lost."""
    out = io.StringIO()
    console = make_console(out)
    console.width = width
    fleet.show(crowd(), {}, console)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    assert any(line.split()[:1] == [LONG] for line in lines)
    assert max(len(line) for line in lines if line != LONG) <= width
    assert out.getvalue().count("103.25") == 10
    assert "…" not in out.getvalue()


@given(
    st.lists(st.tuples(*[st.text("ab1-", min_size=1, max_size=70)] * 3), min_size=1),
    st.integers(min_value=20, max_value=220),
)
def test_a_first_cell_is_never_broken(rows: list[tuple[str, str, str]], width: int) -> None:
    """Whatever the width, each row's id stands whole, in the order of the rows."""
    lines = table_lines([Column("VEN"), Column("x", right=True), Column("y")], rows, width)
    place = 0
    for first, _, _ in rows:
        place = next(at for at in range(place, len(lines)) if lines[at].split(" ")[0] == first) + 1


@given(st.lists(st.integers(min_value=0, max_value=10**9), unique=True))
def test_names_are_ordered_as_people_count(numbers: list[int]) -> None:
    """home-2 before home-10."""
    names = sorted((f"home-{number}" for number in numbers), key=counting_key)
    assert names == [f"home-{number}" for number in sorted(numbers)]


@pytest.mark.parametrize(
    ("answer", "nobody"),
    [
        ({"requested_kw": 2.0, "dispatched_kw": 0.0, "assignments": ()}, True),
        ({"requested_kw": 2.0, "dispatched_kw": 0.5, "assignments": ()}, False),
        ({"requested_kw": 0.0, "assignments": ()}, True),
        ({"requested_kw": 0.0, "assignments": (Assignment(ven_id=VenId("a"), values=(0.0,)),)}, False),
        ({"requested_kw": 0.0, "assignments": (), "note": "900 assignments are left out"}, False),
    ],
)
def test_an_event_that_calls_nobody_has_its_exit_code(answer: dict[str, Any], nobody: bool) -> None:
    """A script tells an event for nobody from one that is under way; a limit of 0 kW is an order."""

    class Cloud:
        def create_event(self, _: object) -> EventDispatched:
            return EventDispatched(
                event_id=EVENT_IDS[0], revision=0, start_ts=START, end_ts=START + 60, etag="e", **answer
            )

    create: Any = event_commands.create.__wrapped__.__wrapped__
    run = functools.partial(create, body=lambda: EventBody(intervals=SHED), aggregator=Cloud)
    if not nobody:
        run()
        return
    with pytest.raises(typer.Exit) as ended:
        run()
    assert ended.value.exit_code == ExitCode.NOTHING_TO_GIVE
