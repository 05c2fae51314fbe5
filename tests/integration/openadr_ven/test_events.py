"""The twin as a VEN of a VTN that is not ours: registration, events and what becomes of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.loopback_vtn import LoopbackVtn, serving_vtn
from tests.support.oadr_ven_stand import VenOnStand, acting, add_event, payloads, reports_of, until
from ven_twin.ven.mqtt.session_status import SessionState


async def test_from_registration_to_report(stand: VenOnStand, vtn: LoopbackVtn) -> None:
    """It registers once, sheds in the event and no longer, and reports its intervals when they are over."""
    with serving_vtn(vtn):
        async with stand.running() as twin:
            await until(lambda: twin.status.state is SessionState.CONNECTED)
            ((ven,), (resource,)) = (vtn.all("vens"), vtn.all("resources"))
            assert (ven["venName"], resource["resourceName"], resource["venID"]) == (
                "ven-1",
                "meter",
                ven["id"],
            )
            kinds = ["USAGE", "DEMAND", "BASELINE", "DELTA_USAGE", "OPERATING_STATE", "DATA_QUALITY"]
            wanted = [{"payloadType": kind} for kind in [*kinds, "STORAGE_CHARGE_LEVEL", "X_UNKNOWN"]]
            event_id = add_event(vtn, 3, 2, seconds=6, in_s=4, reportDescriptors=wanted)
            await until(lambda: acting(twin) == event_id)
            assert twin.snapshot().house.requested_kw[event_id] is not None
            await until(lambda: len(vtn.all("reports")) == 7)
            assert acting(twin) is None
        async with stand.running() as twin:
            await until(lambda: twin.status.state is SessionState.CONNECTED)
    assert len(vtn.all("vens")) == len(vtn.all("resources")) == 1
    assert len(vtn.all("reports")) == 7
    by_kind = {kind: payloads(*reports_of(vtn, kind)) for kind in kinds}
    for first, second in by_kind.values():
        assert first
        assert second
    for number in (0, 1):
        used_kwh, (demand_kw,) = by_kind["USAGE"][number]["USAGE"][0], by_kind["DEMAND"][number]["DEMAND"]
        assert used_kwh == pytest.approx(demand_kw * 6 / 3600, abs=2e-4)
        saved_kwh = by_kind["BASELINE"][number]["BASELINE"][0] * 6 / 3600 - used_kwh
        assert by_kind["DELTA_USAGE"][number]["DELTA_USAGE"][0] == pytest.approx(-saved_kwh, abs=3e-4)
        assert by_kind["OPERATING_STATE"][number]["OPERATING_STATE"] == ["RUNNING_CURTAILED"]
    assert {report["clientName"] for report in vtn.all("reports")} == {"ven-1"}
    assert {report["eventID"] for report in vtn.all("reports")} == {event_id}


async def test_an_event_that_is_deleted_is_cancelled(stand: VenOnStand, vtn: LoopbackVtn) -> None:
    """By DELETE, and by a change to no length; another goes on."""
    with serving_vtn(vtn):
        async with stand.running() as twin:
            first, second = add_event(vtn, 2, priority=0), add_event(vtn, 1, priority=1)
            await until(lambda: acting(twin) == first)
            vtn.delete("events", first)
            await until(lambda: acting(twin) == second)
            body = {
                **vtn.objects["events"][second],
                "intervalPeriod": {"start": "0001-01-01", "duration": "PT0S"},
            }
            vtn.put("events", second, **body)
            await until(lambda: acting(twin) is None)
            phases = {event.ended for event in twin.snapshot().engine.past}
            assert phases == {"cancelled"}


async def test_an_event_that_is_changed_is_acted_on_as_changed(stand: VenOnStand, vtn: LoopbackVtn) -> None:
    """The same event goes on with other terms."""
    with serving_vtn(vtn):
        async with stand.running() as twin:
            event_id = add_event(vtn, 1)
            await until(lambda: acting(twin) == event_id)
            body = vtn.objects["events"][event_id]
            body["intervals"][0]["payloads"] = [{"type": "IMPORT_CAPACITY_LIMIT", "values": [0.5]}]
            vtn.put("events", event_id, **body)

            def signal() -> Any:
                return twin.snapshot().state.schedule.events[event_id].event.intervals[0].signal  # type: ignore[index]

            await until(lambda: signal() == "importLimitKw")
            assert acting(twin) == event_id


async def test_many_events_come_page_by_page_and_one_that_is_none_spoils_no_other(
    stand: VenOnStand, vtn: LoopbackVtn
) -> None:
    """The last of 120 is acted on; a page that has not changed is not read again."""
    with serving_vtn(vtn):
        for number in range(119):
            vtn.add("events", programID="p" if number % 2 else 7, eventName=f"e{number}")
        event_id = add_event(vtn, 1)
        async with stand.running() as twin:
            await until(lambda: acting(twin) == event_id)
            await until(lambda: ("GET", "/events", 304) in vtn.calls)
            assert acting(twin) == event_id


async def test_only_events_of_the_program_that_is_named_are_acted_on(
    stand: VenOnStand, vtn: LoopbackVtn
) -> None:
    """Another program's event is none of this VEN's."""
    with serving_vtn(vtn):
        other = vtn.add("programs", programName="winter")
        summer = next(iter(vtn.objects["programs"]))
        period = {"start": "0001-01-01", "duration": "PT10M"}
        intervals = [{"id": 0, "payloads": [{"type": "SIMPLE", "values": [1]}]}]
        vtn.add("events", programID=other, intervals=intervals, intervalPeriod=period, priority=0)
        ours = vtn.add("events", programID=summer, intervals=intervals, intervalPeriod=period, priority=5)
        async with stand.running(program="summer") as twin:
            await until(lambda: acting(twin))
            assert list(twin.snapshot().state.schedule.events) == [ours]
