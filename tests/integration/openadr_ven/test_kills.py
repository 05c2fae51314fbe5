"""A VEN that is killed in an event of a VTN goes on with it, and reports once."""

from __future__ import annotations

import asyncio
import subprocess
import sys

from tests.support.loopback_vtn import CLIENT, LoopbackVtn, serving_vtn
from tests.support.mosquitto import free_port
from tests.support.oadr_ven_stand import VenOnStand, acting, add_event, page, payloads, reports_of, until
from tests.support.waiting import GIVE_UP_S
from ven_twin.ven.mqtt.session_status import SessionState


async def test_a_ven_that_is_killed_in_an_event_reports_once(stand: VenOnStand, vtn: LoopbackVtn) -> None:
    """It goes on with the event; what it had measured counts, and the time that it was off is estimated."""
    with serving_vtn(vtn):
        async with stand.killed() as twin:
            event_id = add_event(vtn, 2, seconds=15, in_s=2, reportDescriptors=[{"payloadType": "USAGE"}])
            await until(lambda: acting(twin) == event_id)
        assert not vtn.all("reports")
        await asyncio.sleep(1.0)  # of fifteen seconds: a quick start alone may be too little to count
        async with stand.killed() as twin:
            await until(lambda: acting(twin) == event_id)
            await until(lambda: vtn.all("reports"))
        async with stand.running() as twin:
            await until(lambda: twin.status.state is SessionState.CONNECTED)
    (report,) = vtn.all("reports")
    (interval,) = payloads(report)
    assert interval["DATA_QUALITY"] == ["ESTIMATED"]
    assert interval["USAGE"][0] > 0


async def test_a_process_that_is_killed_in_an_event_goes_on_and_reports_once(
    stand: VenOnStand, vtn: LoopbackVtn
) -> None:
    """By the command, without AWS, by SIGKILL: its page is healthy, and the VTN has one report of each."""
    port = free_port()
    with serving_vtn(vtn):
        options = ["--vtn", vtn.url, "--client-id", CLIENT, "--client-secret-file", str(stand.secret)]
        options += ["--vtn-poll", "1s", "--state", str(stand.folder), "--port", str(port)]
        command = [sys.executable, "-m", "ven_twin.cli", "run", "ven-1", *options]

        def start() -> subprocess.Popen[bytes]:
            return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def in_event() -> bool:
            state = page(port, "/api/state")
            return state is not None and any(event["inForce"] for event in state["events"])

        first = start()
        try:
            await until(lambda: page(port, "/health"))
            wanted = [{"payloadType": kind} for kind in ("USAGE", "OPERATING_STATE")]
            add_event(vtn, 3, seconds=25, in_s=4, reportDescriptors=wanted)
            await until(in_event)
            first.kill()
            first.wait()
            second = start()
            try:
                await until(in_event)
                await until(lambda: len(vtn.all("reports")) == 2)
            finally:
                second.kill()
                second.wait()
            third = start()
            try:
                await until(lambda: page(port, "/health"))
            finally:
                third.terminate()
                assert third.wait(GIVE_UP_S) == 0
        finally:
            first.kill()
            first.wait()
    assert len(vtn.all("reports")) == 2
    assert payloads(*reports_of(vtn, "OPERATING_STATE"))[0]["OPERATING_STATE"] == ["RUNNING_CURTAILED"]
