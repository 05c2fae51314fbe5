"""The history of the operator's page: of the fleet's samples and a VEN's rows, with gaps, and as a file."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from contracts.api.resources import Circuits, FleetSample, TelemetryRow
from contracts.store.keys import FLEET_PARTITION
from contracts.wire.ids import EventId, VenId
from contracts.wire.telemetry import Load
from contracts.wire.topics import VEN_ID
from tests.support import fleets
from tests.unit.operations.conftest import FakeAggregator
from tests.unit.operations.test_app import problem
from ven_twin.operations.fleet import fleet_history

TS = 1_700_006_400
DAY_S = 86_400


def sample(ts: int, used_kw: float, *, asked_kw: float = 0.0, measured: int = 2) -> FleetSample:
    """The fleet at a time."""
    powers = {"used_kw": used_kw, "baseline_kw": used_kw + asked_kw, "requested_kw": asked_kw}
    return FleetSample(
        timestamp=ts, online=2, measured=measured, delivered_kw=asked_kw, flexibility_kw=5.0, **powers
    )


def row(
    ts: int,
    used_kw: float,
    event_id: str | None = None,
    measured_s: float | None = 30.0,
    circuits_kw: dict[str, float] | None = None,
) -> TelemetryRow:
    """A row of a VEN that is asked for 2 kW in an event."""
    return TelemetryRow(
        timestamp=ts,
        boot_id="b",
        seq=ts,
        used_power_kw=used_kw,
        baseline_power_kw=4.0,
        shed_power_kw=4.0 - used_kw,
        event_id=None if event_id is None else EventId(event_id),
        requested_reduction_kw=None if event_id is None else 2.0,
        measured_s=measured_s,
        circuits_kw=circuits_kw or {},
    )


def load(circuit_id: str, name: str) -> Load:
    """A circuit as a snapshot has it."""
    powers = {"capacity_kw": 5.0, "current_power_kw": 1.0, "shed_capability_kw": 0.0}
    return Load(id=circuit_id, name=name, type="other", priority=1, **powers)


async def history(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    """The answer of the page's API, of the hour from `TS` on."""
    answer = await client.get("/api/history", params={"from": TS, "to": TS + 3600, **query})
    assert answer.status_code == 200, answer.text
    value: dict[str, Any] = answer.json()
    return value


async def test_the_fleet_is_shown_of_times_that_no_page_was_open(
    client: httpx.AsyncClient, aggregator: FakeAggregator
) -> None:
    """A sample stands until the next; where one is missing nothing is drawn."""
    aggregator.samples = [sample(TS + 60, 1.0), sample(TS + 361, 2.0), sample(TS + 1800, 3.0)]
    answer = await history(client, show="power")
    assert [round(ts - TS, 3) for ts in answer["ts"]] == [60, 361, 661, 661.001, 1800, 2100]
    assert answer["columns"]["usedKw"] == [1.0, 2.0, 2.0, None, 3.0, 3.0]
    assert ("fleet history", TS - 300, TS + 3601) in aggregator.calls


async def test_requested_and_delivered_are_shown_with_what_is_on_offer(
    client: httpx.AsyncClient, aggregator: FakeAggregator
) -> None:
    """Unless the page shows used power."""
    aggregator.samples = [sample(TS + 60, 1.0, asked_kw=2.5)]
    columns = (await history(client))["columns"]
    assert columns == {"flexibilityKw": [5.0, 5.0], "askedKw": [2.5, 2.5], "deliveredKw": [2.5, 2.5]}


async def test_a_fleet_of_which_nothing_was_measured_uses_not_nothing(
    client: httpx.AsyncClient, aggregator: FakeAggregator
) -> None:
    """No fresh row is not 0 kW."""
    aggregator.samples = [sample(TS + 60, 0.0, measured=0)]
    assert (await history(client, show="power"))["columns"]["usedKw"] == [None, None]


async def test_a_ven_is_shown_by_its_rows(client: httpx.AsyncClient, aggregator: FakeAggregator) -> None:
    """Each over the time that it measured; its events are marked, with the target in them."""
    aggregator.rows = [
        row(TS + 30, 4.0),
        row(TS + 60, 2.0, "e1"),
        row(TS + 90, 2.0, "e1"),
        row(TS + 600, 4.0),
    ]
    answer = await history(client, ven="ven-1")
    assert [round(ts - TS, 3) for ts in answer["ts"]] == [0, 30, 60, 90, 90.001, 570, 600]
    assert answer["columns"]["targetKw"] == [None, 2.0, 2.0, 2.0, None, None, None]
    assert answer["events"] == [{"eventId": "e1", "startTs": TS + 30, "endTs": TS + 90}]
    assert aggregator.calls == [("telemetry", "ven-1", TS, TS + 3601)]


async def test_a_ven_is_shown_by_circuit(client: httpx.AsyncClient, aggregator: FakeAggregator) -> None:
    """By the names and in the order of its panel, those that it had before behind; events are marked."""
    aggregator.snapshot = Circuits(timestamp=TS, loads=(load("hvac", "Heat pump"), load("ev1", "Car")))
    aggregator.rows = [
        row(TS + 30, 3.0, circuits_kw={"pool": 2.0, "hvac": 1.0}),
        row(TS + 60, 1.5, "e1", circuits_kw={"ev1": 0.5, "hvac": 1.0}),
    ]
    answer = await history(client, ven="ven-1", show="circuits")
    assert list(answer["columns"].items()) == [
        ("hvac", [1.0, 1.0, 1.0]),
        ("ev1", [None, 0.5, 0.5]),
        ("pool", [2.0, None, None]),
    ]
    assert answer["labels"] == {"hvac": "Heat pump", "ev1": "Car", "pool": "pool"}
    assert answer["events"] == [{"eventId": "e1", "startTs": TS + 30, "endTs": TS + 60}]
    assert aggregator.calls == [("telemetry", "ven-1", TS, TS + 3601, "circuits"), ("circuits", "ven-1")]


async def test_nothing_is_drawn_of_rows_that_came_without_circuits(
    client: httpx.AsyncClient, aggregator: FakeAggregator
) -> None:
    """Such as those from before circuits were stored: a gap, and no 0 kW."""
    aggregator.rows = [
        row(TS + 30, 3.0, circuits_kw={"hvac": 3.0}),
        row(TS + 60, 3.0),
        row(TS + 90, 3.0, circuits_kw={"hvac": 1.0}),
    ]
    answer = await history(client, ven="ven-1", show="circuits")
    assert [round(ts - TS, 3) for ts in answer["ts"]] == [0, 30, 30.001, 60, 90]
    assert answer["columns"] == {"hvac": [3.0, 3.0, None, 1.0, 1.0]}
    aggregator.rows = [row(TS + 30, 3.0)]
    answer = await history(client, ven="ven-1", show="circuits")
    assert (answer["ts"], answer["columns"]) == ([], {})


async def test_the_events_of_the_time_that_is_shown_are_marked(
    client: httpx.AsyncClient, aggregator: FakeAggregator
) -> None:
    """However many came after; one that began before counts as long as it ran into it."""
    span_s = 600
    listed = [fleets.event(f"e{n}", after_s=TS - fleets.NOW + n * 3600, lasts_s=span_s) for n in range(300)]
    listed.append(fleets.event("long", after_s=TS - fleets.NOW - DAY_S, lasts_s=DAY_S + 60))
    listed.append(fleets.event("over", after_s=TS - fleets.NOW - DAY_S, lasts_s=DAY_S))
    aggregator.listed = sorted(listed, key=lambda event: -event.start_ts)
    for show in ("events", "power"):
        marks = (await history(client, show=show))["events"]
        assert [mark["eventId"] for mark in marks] == ["long", "e0", "e1"]
    assert marks[1] == {"eventId": "e0", "startTs": TS, "endTs": TS + span_s}


async def test_the_events_of_a_month_are_listed_however_old(
    client: httpx.AsyncClient, aggregator: FakeAggregator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the page lists its newest; more than are read of it are told."""
    listed = [fleets.event(f"e{n}", after_s=TS - fleets.NOW + n * 3600) for n in range(300)]
    aggregator.listed = sorted(listed, key=lambda event: -event.start_ts)
    answer = (await client.get("/api/events", params={"from": TS + 3600, "to": TS + 4 * 3600})).json()
    assert {event["eventId"]: event["stage"] for event in answer["events"]} == dict.fromkeys(
        ["e1", "e2", "e3"], "over"
    )
    assert answer["more"] is False
    monkeypatch.setattr(fleet_history, "MARKS_MAX", 2)
    answer = (await client.get("/api/events", params={"from": TS + 3600, "to": TS + 4 * 3600})).json()
    assert ({event["eventId"] for event in answer["events"]}, answer["more"]) == ({"e2", "e3"}, True)
    problem(await client.get("/api/events?from=x"), 400, "from")
    problem(await client.get("/api/events?month=7"), 400, "month")


def test_a_row_without_its_time_is_measured_since_the_row_before() -> None:
    """But never for longer than a report interval can be."""
    means = fleet_history.row_means([row(TS, 1.0, measured_s=None), row(TS + 60, 2.0, measured_s=None)])
    assert [mean.end_ts - mean.start_ts for mean in means] == [30, 60]
    far = fleet_history.row_means([row(TS, 1.0), row(TS + DAY_S, 2.0, measured_s=None)])
    assert far[1].end_ts - far[1].start_ts == fleet_history.LONGEST_ROW_S


async def test_a_ven_with_too_many_rows_is_refused(
    client: httpx.AsyncClient, aggregator: FakeAggregator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shorter time is asked for; nothing is left out in silence."""
    monkeypatch.setattr(fleet_history, "ROWS_MAX", 3)
    aggregator.rows = [row(TS + 30 * n, 1.0) for n in range(1, 9)]
    answer = await client.get("/api/history", params={"from": TS, "to": TS + 3600, "ven": "ven-1"})
    problem(answer, 400, "from", "choose a shorter one")


async def test_the_file_is_what_is_drawn(client: httpx.AsyncClient, aggregator: FakeAggregator) -> None:
    """UTC times and units; of the fleet's events, its power, and of a VEN and its circuits, however named."""
    circuits_kw = {"hvac": 3.0, '=1,"2"': 1.0}
    aggregator.samples = [sample(TS + 60, 1.0)]
    aggregator.rows = [row(TS + 30, 4.0, circuits_kw=circuits_kw)]
    files = {
        "show=events": ("fleet", "on_offer_kw,requested_kw,delivered_kw", "2023-11-15T00:01:00Z,300,5,0,0"),
        "show=power": ("fleet", "used_kw,baseline_kw", "2023-11-15T00:01:00Z,300,1,1"),
        "ven=ven-1": ("ven-1", "used_kw,baseline_kw,target_kw", "2023-11-15T00:00:00Z,30,4,4,"),
        "ven=ven-1&show=circuits": (
            "ven-1",
            'hvac_kw,"\'=1,""2""_kw"',
            "2023-11-15T00:00:00Z,30,3,1",
        ),
    }
    for query, (name, columns, line) in files.items():
        answer = await client.get(f"/api/history.csv?from={TS}&to={TS + 3600}&{query}")
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}-power.csv"'
        assert answer.text.splitlines() == [f"start_utc,duration_s,{columns}", line]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=x", "from"),
        ("show=all", "show"),
        ("show=circuits", "show"),
        ("ven=ven-1&show=events", "show"),
        ("ven=../x", "ven"),
        ("vens=ven-1", "vens"),
    ],
)
async def test_a_query_that_is_wrong_is_refused(
    client: httpx.AsyncClient, aggregator: FakeAggregator, query: str, field: str
) -> None:
    """At its field, before the cloud is called."""
    for path in ("/api/history", "/api/history.csv"):
        problem(await client.get(f"{path}?{query}"), 400, field)
    assert aggregator.calls == []


async def test_a_cloud_that_is_gone_is_told(client: httpx.AsyncClient, aggregator: FakeAggregator) -> None:
    """Nothing is drawn as if nothing had been stored."""
    aggregator.gone = "no answer"
    problem(await client.get("/api/history"), 502, None, "the cloud is not reached")


def test_ids_of_vens_are_no_partition_of_the_fleet() -> None:
    """A VEN cannot write the fleet's samples: no VEN's id begins with #."""
    assert VEN_ID.fullmatch(VenId(FLEET_PARTITION)) is None
