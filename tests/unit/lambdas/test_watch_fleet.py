"""`watch_fleet`: the fleet's figures as metrics, and which VENs have gone silent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.api.fleet import FRESH_S
from contracts.store import views
from contracts.store.keys import FLEET_PARTITION, telemetry_range
from contracts.wire.units import S_PER_DAY
from lambdas.watch_fleet.handler import handler
from lambdas.watch_fleet.logic import SILENT_S, PresenceRow, silent
from ven_twin.testing.function_world import NOW, Context, World


@pytest.mark.parametrize(
    ("online", "presence_s", "heard_s", "quiet"),
    [
        (True, -9999, -30, False),
        (True, -9999, -SILENT_S - 1, True),
        (True, -30, None, False),
        (True, -9999, None, True),
        (False, -30, -9999, False),
        (False, -SILENT_S - 1, -9999, True),
        (None, None, None, False),
    ],
)
def test_a_ven_is_silent_when_nothing_has_come_of_it_for_long(
    online: bool | None, presence_s: float | None, heard_s: float | None, quiet: bool
) -> None:
    """By its rows or its presence, whichever is later; who has never been there is not missed."""
    ven = PresenceRow(ven_id="v", online=online, presence_ts=None if presence_s is None else NOW + presence_s)
    heard = {} if heard_s is None else {"v": NOW + heard_s}
    assert silent([ven], heard, NOW) == (["v"] if quiet else [])


def row(ven_id: str, received_ts: float, **fields: Any) -> dict[str, Any]:
    """A VEN's latest row."""
    figures = {"usedPowerKw": 1.0, "baselinePowerKw": 3.0, "shedPowerKw": 2.0}
    identity = {"venId": ven_id, "rowId": "LATEST", "timestamp": int(NOW), "bootId": "b1", "seq": 1}
    return {**identity, "receivedTs": received_ts, **figures, **fields}


def test_the_figures_are_metrics_without_a_dimension_of_a_ven(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """One metric each for the whole fleet; who is silent is named beside them and is no dimension."""
    world.add_ven("sheds", presenceTs=NOW - 99)
    world.add_ven("quiet", presenceTs=NOW - SILENT_S - 1, shedAvailabilityKw=1.0)
    world.add_ven("out", presenceTs=NOW - 1, optOut={"reason": "guests"})
    world.telemetry.put_new(row("sheds", NOW - 1, eventId="e1", requestedReductionKw=2.5))
    answer = handler({}, Context())
    assert answer == {"known": 3, "online": 3, "silent": ["quiet"]}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    (said,) = lines
    (metric,) = said["_aws"]["CloudWatchMetrics"]
    assert metric["Dimensions"] == [["service"]]
    expected = {"VensKnown": 3, "VensShedding": 1, "VensOptedOut": 1, "VensSilent": 1}
    expected |= {"FlexibilityKw": 6.0, "AskedKw": 2.5, "DeliveredKw": 2.0}
    assert {
        name: said[name] if not isinstance(said[name], list) else said[name][0] for name in expected
    } == expected


def test_a_ven_that_an_event_has_not_called_adds_nothing_to_the_figures(
    world: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """Its row names the event of another: the dashboard has what the other delivers, and the log its name."""
    for ven_id in ("called", "liar"):
        world.add_ven(ven_id, presenceTs=NOW)
        world.telemetry.put_new(row(ven_id, NOW - 1, eventId="e1", requestedReductionKw=2.5))
    world.call("e1", "called")
    handler({}, Context())
    (said,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    assert (said["VensShedding"], said["AskedKw"], said["DeliveredKw"]) == ([1.0], [2.5], [2.0])
    assert said["VensInOtherEvents"] == [1.0]
    (line,) = [vars(record) for record in caplog.records if "have not called" in record.message]
    assert line["ven_ids"] == ["liar"]


def test_a_sample_of_the_fleet_is_stored(world: World) -> None:
    """The powers together, of the VENs whose rows are fresh, until the rows of its time go, too."""
    for ven_id, age_s in (("sheds", 1), ("ready", 5), ("quiet", FRESH_S + 1)):
        world.add_ven(ven_id, presenceTs=NOW)
        event = {"eventId": "e1", "requestedReductionKw": 2.5} if ven_id == "sheds" else {}
        world.telemetry.put_new(row(ven_id, NOW - age_s, **event))
    handler({}, Context())
    (item,) = world.telemetry.query(FLEET_PARTITION, telemetry_range(int(NOW) - 60, int(NOW) + 60))
    stored = views.fleet_sample(item)
    assert (stored.online, stored.measured) == (3, 2)
    assert (stored.used_kw, stored.baseline_kw) == (2.0, 6.0)
    assert (stored.requested_kw, stored.delivered_kw) == (2.5, 2.0)
    assert item["expiresTs"] - stored.timestamp == 30 * S_PER_DAY


def test_watched_twice_is_watched_once(world: World) -> None:
    """Started again by Lambda, the function says the same and has stored no second sample."""
    world.add_ven("quiet", presenceTs=NOW - SILENT_S - 1)
    world.telemetry.put_new(row("quiet", NOW - SILENT_S - 1))
    assert handler({}, Context()) == handler({}, Context())
    samples = world.telemetry.query(FLEET_PARTITION, telemetry_range(0, int(NOW) + 60))
    assert len(list(samples)) == 1
