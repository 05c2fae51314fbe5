"""The fleet at one moment: who counts, for what, and what is only known of long ago."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.api.fleet import FRESH_S, Fleet, VenStatus, fleet_at
from contracts.api.resources import TelemetryRow, Ven
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
