"""The fleet at one moment: who counts, for what, and what is only known of long ago."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from contracts.api.fleet import FRESH_S, Fleet, VenStatus, fleet_at, uncalled_vens
from contracts.api.resources import TelemetryRow, Ven
from contracts.wire.forecast import ForecastPoint
from contracts.wire.ids import VenId
from contracts.wire.offers import OfferLevel
from contracts.wire.shadow import OptOut

NOW = 1_800_000_000.0


def ven(ven_id: str, **fields: Any) -> Ven:
    """A VEN that is online and offers 4 kW for an hour, unless *fields* say otherwise."""
    known = {"online": True, "enabled": True, "shed_availability_kw": 4.0, "sustain_s": 3600.0}
    return Ven(ven_id=ven_id, **{**known, **fields})


def row(age_s: float = 10.0, **fields: Any) -> TelemetryRow:
    """A row in which 5 kW would have been drawn and 3.5 kW were."""
    powers = {"used_power_kw": 3.5, "baseline_power_kw": 5.0, "shed_power_kw": 1.5}
    return TelemetryRow(
        timestamp=int(NOW - age_s), boot_id="b", seq=1, received_ts=NOW - age_s, **{**powers, **fields}
    )


def standings(fleet: Fleet) -> dict[str, VenStatus]:
    """Each VEN's standing."""
    return {each.ven_id: each.status for each in fleet.vens}


@pytest.mark.parametrize(
    ("fields", "latest", "standing"),
    [
        ({}, None, VenStatus.READY),
        ({}, row(event_id="e"), VenStatus.SHEDDING),
        ({}, row(FRESH_S + 1, event_id="e"), VenStatus.READY),
        ({"online": False}, row(event_id="e"), VenStatus.OFFLINE),
        ({"online": None}, None, VenStatus.NEVER_SEEN),
        ({"enabled": False}, None, VenStatus.DISABLED),
        ({"opt_out": OptOut()}, row(event_id="e"), VenStatus.OPTED_OUT),
        ({"opt_out": OptOut(until_ts=int(NOW) + 1)}, None, VenStatus.OPTED_OUT),
        ({"opt_out": OptOut(until_ts=int(NOW))}, None, VenStatus.READY),
    ],
)
def test_a_ven_stands_as_it_is_now(
    fields: dict[str, Any], latest: TelemetryRow | None, standing: VenStatus
) -> None:
    """Presence before opt-out before shedding; an opt-out ends at its end; an old row says nothing of now."""
    fleet = fleet_at([ven("v", **fields)], {"v": latest} if latest else {}, now_ts=NOW)
    assert standings(fleet) == {"v": standing}


def test_what_is_delivered_is_against_the_baseline_of_the_same_row() -> None:
    """Also when it is negative: a VEN that draws more than uncurtailed delivers less than nothing."""
    asked = {"event_id": "e", "requested_reduction_kw": 2.0}
    latest = {"a": row(**asked), "b": row(**asked, used_power_kw=5.5)}
    fleet = fleet_at([ven("a"), ven("b")], latest, now_ts=NOW)
    assert (fleet.requested_kw, fleet.delivered_kw) == (4.0, 1.0)
    (event,) = fleet.events
    assert (event.event_id, event.vens, event.requested_kw, event.delivered_kw) == ("e", 2, 4.0, 1.0)


def test_a_ven_counts_for_no_event_that_has_not_called_it() -> None:
    """Whatever its row says it adds nothing to that event, nor to the sums; an unknown one is its word."""
    latest = {
        name: row(event_id=event_id, requested_reduction_kw=9.0) for name, event_id in EVENTS_OF.items()
    }
    looks: list[str] = []

    def called_by(event_id: str) -> frozenset[VenId] | None:
        looks.append(event_id)
        return frozenset({VenId("called")}) if event_id == "e" else None

    uncalled = uncalled_vens(latest, called_by)
    fleet = fleet_at(map(ven, EVENTS_OF), latest, now_ts=NOW, uncalled=uncalled)
    assert sorted(looks) == ["by-command", "e"]
    assert standings(fleet)["liar"] is VenStatus.READY
    assert [(event.event_id, event.vens) for event in fleet.events] == [("by-command", 1), ("e", 1)]
    assert (fleet.shedding, fleet.requested_kw, fleet.delivered_kw) == (2, 18.0, 3.0)


EVENTS_OF = {"called": "e", "liar": "e", "commanded": "by-command"}


def test_flexibility_is_of_those_who_can_be_counted_on() -> None:
    """Neither offline nor opted out nor disabled; one that sheds offers what it sheds already, too."""
    vens = [
        ven("sheds"),
        ven("ready", sustain_s=900.0),
        ven("silent", shed_availability_kw=None),
        ven("out", opt_out=OptOut()),
        ven("off", online=False),
        ven("disabled", enabled=False),
    ]
    fleet = fleet_at(vens, {"sheds": row(event_id="e")}, now_ts=NOW)
    assert fleet.flexibility_kw == 8.0
    assert {each.minutes: each.kw for each in fleet.holds} == {15: 8.0, 60: 4.0, 240: 0.0}
    assert (fleet.total, fleet.online, fleet.shedding, fleet.opted_out) == (6, 5, 1, 1)


def test_the_list_is_cut_and_the_sums_are_not() -> None:
    """Those that shed come first, then by their numbers; what is left off is counted."""
    vens = [ven(f"ven-{number}") for number in (10, 9, 2, 1)]
    fleet = fleet_at(vens, {"ven-10": row(event_id="e")}, now_ts=NOW, limit=3)
    assert [each.ven_id for each in fleet.vens] == ["ven-10", "ven-1", "ven-2"]
    assert (fleet.left_off, fleet.flexibility_kw) == (1, 16.0)


def test_a_row_speaks_of_now_for_five_minutes_from_when_it_came() -> None:
    """By the cloud's receipt time where there is one, and by the VEN's own clock where there is none."""
    rows = {
        "300": row(300.0, event_id="e"),
        "301": row(301.0, event_id="e"),
        "late": msgspec.structs.replace(row(1000.0, event_id="e"), received_ts=NOW - 10.0),
        "clock": msgspec.structs.replace(row(20.0, event_id="e"), received_ts=None),
        "ahead": row(-50.0, event_id="e"),
    }
    shown = {each.ven_id: each for each in fleet_at(map(ven, rows), rows, now_ts=NOW).vens}
    assert [ven_id for ven_id in rows if shown[ven_id].status is VenStatus.SHEDDING] == [
        "300",
        "late",
        "clock",
        "ahead",
    ]
    assert [shown[ven_id].row_age_s for ven_id in rows] == [300.0, 301.0, 10.0, 20.0, 0.0]


def test_an_offer_counts_for_the_times_that_it_is_sustained() -> None:
    """A quarter of an hour, an hour and four; to the second, and a VEN that does not say for none of them."""
    sustained = {899.9: 1.0, 900.0: 2.0, 3600.0: 4.0, 14_399.0: 8.0, 14_400.0: 16.0, None: 32.0}
    vens = [ven(f"v{s}", sustain_s=s, shed_availability_kw=kw) for s, kw in sustained.items()]
    fleet = fleet_at(vens, {}, now_ts=NOW)
    assert [(each.minutes, each.kw) for each in fleet.holds] == [(15, 30.0), (60, 28.0), (240, 16.0)]


def test_an_offer_by_duration_counts_for_the_time_that_it_is_kept() -> None:
    """3 kW for a quarter of an hour and 1 kW for an hour are both held; nothing is for four."""
    levels = (OfferLevel(3.0, 900.0), OfferLevel(1.0, 3600.0))
    fleet = fleet_at([ven("v", shed_availability_kw=3.0, sustain_s=900.0, offers=levels)], {}, now_ts=NOW)
    assert [(each.minutes, each.kw) for each in fleet.holds] == [(15, 3.0), (60, 1.0), (240, 0.0)]


def test_sums_are_to_the_watt() -> None:
    """A thousandth of a kW, rounded: no sum shows the dust of its floats."""
    vens = [ven(f"v{kw}", shed_availability_kw=kw) for kw in (0.1, 0.2, 0.0004)]
    assert fleet_at(vens, {}, now_ts=NOW).flexibility_kw == 0.3
    assert fleet_at([ven("v", shed_availability_kw=1.2346)], {}, now_ts=NOW).flexibility_kw == 1.235


def test_vens_are_listed_by_name_and_by_number() -> None:
    """Names in the order of letters, whatever their length, and ven-9 before ven-10."""
    in_order = ["7", "aab-2", "ab", "ab-9", "ab-10", "ab-10a", "b-1", "b-1-2", "b-1-10"]
    fleet = fleet_at(map(ven, reversed(in_order)), {}, now_ts=NOW)
    assert [each.ven_id for each in fleet.vens] == in_order


def test_those_that_shed_are_listed_event_by_event() -> None:
    """And within an event by their numbers; VENs without an event come after them."""
    events = {"ven-1": "b", "ven-2": "a", "ven-10": "a", "ven-3": None}
    rows = {ven_id: row(event_id=event_id) for ven_id, event_id in events.items()}
    fleet = fleet_at(map(ven, events), rows, now_ts=NOW)
    assert [each.ven_id for each in fleet.vens] == ["ven-2", "ven-10", "ven-1", "ven-3"]


def test_a_fleet_of_which_all_is_listed_leaves_none_off() -> None:
    """The page shows how many it leaves off, and nothing where there is no such number."""
    fleet = fleet_at([ven("a")], {}, now_ts=NOW)
    assert "leftOff" not in msgspec.to_builtins(fleet)
    assert fleet == msgspec.convert(msgspec.to_builtins(fleet), Fleet)


def test_an_empty_fleet_is_nothing() -> None:
    """No VEN, no sum, no error."""
    fleet = fleet_at([], {}, now_ts=NOW)
    assert (fleet.total, fleet.flexibility_kw, fleet.vens, fleet.events) == (0, 0.0, (), ())


@pytest.mark.parametrize(
    ("limit", "listed", "left_off"), [(None, 3, 0), (4, 3, 0), (3, 3, 0), (2, 2, 1), (1, 1, 2)]
)
def test_vens_beyond_the_limit_are_counted_and_not_listed(
    limit: int | None, listed: int, left_off: int
) -> None:
    """The totals are over all of them."""
    fleet = fleet_at([ven("a"), ven("b"), ven("c")], {}, now_ts=NOW, limit=limit)
    assert (len(fleet.vens), fleet.left_off, fleet.total) == (listed, left_off, 3)


def test_a_ven_that_does_not_shed_shows_its_power_and_its_offer_and_no_event() -> None:
    """Its latest row is of no event, or too old to speak of now."""
    rows = {"ready": row(), "old": row(FRESH_S + 1, event_id="e", requested_reduction_kw=2.0)}
    for shown in fleet_at([ven("ready"), ven("old")], rows, now_ts=NOW).vens:
        assert (shown.event_id, shown.requested_kw, shown.delivered_kw) == (None, None, None)
        assert (shown.used_kw, shown.offers_kw, shown.sustain_s) == (3.5, 4.0, 3600.0)


def test_a_forecast_adds_up_those_that_can_be_counted_on() -> None:
    """By time, of VENs that are online and take part; the past and another day are left out."""
    soon, later = int(NOW) + 600, int(NOW) + 4200
    points = (
        ForecastPoint(int(NOW) - 60, 9.0, 9.0),
        ForecastPoint(soon, 2.0, 1.0),
        ForecastPoint(later, 3.0, 3.0),
    )
    vens = [
        ven("a", forecast=points),
        ven("b", forecast=(ForecastPoint(soon, 1.5, 0.5), ForecastPoint(int(NOW) + 90_000, 5.0, 5.0))),
        ven("out", opt_out=OptOut(), forecast=points),
        ven("off", online=False, forecast=points),
    ]
    ahead = fleet_at(vens, {}, now_ts=NOW).forecast
    assert [(at.ts, at.likely_kw, at.sure_kw, at.vens) for at in ahead] == [
        (soon, 3.5, 1.5, 2),
        (later, 3.0, 3.0, 1),
    ]


def test_a_ven_with_times_of_its_own_hides_no_others() -> None:
    """The times that most VENs name are shown, whatever one of them tells."""
    common = tuple(ForecastPoint(int(NOW) + 3600 * hour, 1.0, 1.0) for hour in range(1, 7))
    odd = tuple(ForecastPoint(int(NOW) + second, 10_000.0, 10_000.0) for second in range(1, 25))
    vens = [ven("odd", forecast=odd), ven("a", forecast=common), ven("b", forecast=common)]
    ahead = fleet_at(vens, {}, now_ts=NOW).forecast
    assert [at.ts for at in ahead] == [point.ts for point in common]
    assert {at.likely_kw for at in ahead} == {2.0}
