"""A VEN whose VTN is down, busy or has a clock of its own."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.support.loopback_vtn import LoopbackVtn, serving_vtn
from tests.support.oadr_ven_stand import VenOnStand, acting, add_event, until
from ven_twin.ven.mqtt.session_status import SessionState
from ven_twin.ven.page.health import health


async def test_a_vtn_that_is_down_changes_nothing_and_is_found_again(
    stand: VenOnStand, vtn: LoopbackVtn
) -> None:
    """Events that were read are acted on; a report waits until the VTN is back, and is filed once."""
    with serving_vtn(vtn):
        port = int(vtn.url.split(":")[2].split("/")[0])
        attached = stand.running()
        twin = await attached.__aenter__()
        event_id = add_event(vtn, 2, seconds=4, in_s=4, reportDescriptors=[{"payloadType": "USAGE"}])
        await until(lambda: twin.snapshot().state.schedule.events)
    await until(lambda: acting(twin) == event_id)
    await until(lambda: twin.status.state is SessionState.BACKOFF)
    assert not health(twin.snapshot(), None).answers_events
    await until(lambda: acting(twin) is None)
    with serving_vtn(vtn, port=port):
        (report,) = await until(lambda: vtn.all("reports"))
        await until(lambda: twin.status.state is SessionState.CONNECTED)
        assert health(twin.snapshot(), None).answers_events
        await attached.__aexit__(None, None, None)
    assert report["eventID"] == event_id
    assert len(vtn.all("reports")) == 1


async def test_a_pause_that_the_vtn_asks_for_is_kept(
    stand: VenOnStand, vtn: LoopbackVtn, caplog: pytest.LogCaptureFixture
) -> None:
    """After 429 and 503 nothing is asked until Retry-After is over."""
    answered: list[float] = []

    def busy(method: str, path: str) -> Any:
        if (method, path) != ("GET", "/events"):
            return None
        answered.append(time.monotonic())
        status = {1: 429, 2: 503}.get(len(answered))
        return (
            None if status is None else (status, {"Retry-After": "2"}, {"title": "later", "status": status})
        )

    vtn.hook = busy
    with serving_vtn(vtn):
        async with stand.running() as twin:
            await until(lambda: twin.status.state is SessionState.CONNECTED)
    assert answered[1] - answered[0] >= 2
    assert answered[2] - answered[1] >= 2
    assert "429" in caplog.text


async def test_a_pause_after_a_report_is_one_for_polls_too(stand: VenOnStand, vtn: LoopbackVtn) -> None:
    """A VTN counts a client's calls, whatever they are for; the report is filed afterwards."""
    refused: list[float] = []
    polled: list[float] = []

    def busy(method: str, path: str) -> Any:
        if (method, path) == ("GET", "/events"):
            polled.append(time.monotonic())
        if (method, path) != ("POST", "/reports") or refused:
            return None
        refused.append(time.monotonic())
        return 429, {"Retry-After": "4"}, {"title": "later", "status": 429}

    vtn.hook = busy
    with serving_vtn(vtn):
        async with stand.running():
            add_event(vtn, 1, seconds=2, in_s=4, reportDescriptors=[{"payloadType": "DEMAND"}])
            await until(lambda: vtn.all("reports"))
            await until(lambda: polled[-1] > refused[0])
    between = [at_s - refused[0] for at_s in polled if at_s > refused[0]]
    assert min(between) >= 4
    assert len(vtn.all("reports")) == 1


async def test_a_clock_that_is_far_off_is_named_and_nothing_breaks(
    stand: VenOnStand, vtn: LoopbackVtn
) -> None:
    """A VTN whose Date is ten minutes ahead, or is none, is asked and answered all the same."""
    vtn.skew_s = 600.0
    vtn.ignores_active = True
    with serving_vtn(vtn):
        async with stand.running() as twin:
            event_id = add_event(vtn, 1, seconds=3, in_s=4, reportDescriptors=[{"payloadType": "USAGE"}])
            await until(lambda: acting(twin) == event_id)
            await until(lambda: vtn.all("reports"))
            assert twin.snapshot().clock_skew_s == pytest.approx(600, abs=5)
