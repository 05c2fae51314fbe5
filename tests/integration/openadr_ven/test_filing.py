"""Reports of a VEN to a VTN that is not ours: of circuits, of an opt-out, and each once."""

from __future__ import annotations

import asyncio

from tests.support.loopback_vtn import LoopbackVtn, serving_vtn
from tests.support.oadr_ven_stand import VenOnStand, acting, add_event, payloads, reports_of, until
from ven_twin.ven.mqtt.session_status import SessionState


async def test_circuits_are_resources_and_reported_each(stand: VenOnStand, vtn: LoopbackVtn) -> None:
    """Energy of each circuit, and of the whole house what there is of it alone."""
    with serving_vtn(vtn):
        async with stand.running(reported_by="circuits") as twin:
            await until(lambda: twin.status.state is SessionState.CONNECTED)
            wanted = [{"payloadType": "USAGE"}, {"payloadType": "BASELINE"}]
            add_event(vtn, 1, seconds=3, in_s=4, reportDescriptors=wanted)
            await until(lambda: len(vtn.all("reports")) == 2)
            circuits = sorted(twin.snapshot().house.load_ids)
    assert sorted(each["resourceName"] for each in vtn.all("resources")) == circuits
    (usage,), (baseline,) = reports_of(vtn, "USAGE"), reports_of(vtn, "BASELINE")
    assert [each["resourceName"] for each in usage["resources"]] == circuits
    assert [each["resourceName"] for each in baseline["resources"]] == ["AGGREGATED_REPORT"]


async def test_an_opt_out_is_reported_at_once(stand: VenOnStand, vtn: LoopbackVtn) -> None:
    """And that the resident is in again; the event is left while it runs."""
    with serving_vtn(vtn):
        async with stand.running() as twin:
            event_id = add_event(vtn, 2)
            later = add_event(vtn, 1, in_s=7200)
            await until(lambda: acting(twin) == event_id)
            twin.opt_out("guests")
            await until(lambda: len(vtn.all("reports")) == 2)
            states = {
                report["eventID"]: payloads(report)[0]["OPERATING_STATE"] for report in vtn.all("reports")
            }
            assert states == {event_id: ["RUNNING_OPTED_OUT"], later: ["RUNNING_OPTED_OUT"]}
            assert acting(twin) is None
            twin.opt_in()
            again = await until(lambda: vtn.all("reports")[2:])
            assert again[0]["eventID"] == later
            assert payloads(again[0])[0]["OPERATING_STATE"] == ["RUNNING_NORMAL"]


async def test_a_report_whose_answer_was_lost_is_filed_once(stand: VenOnStand, vtn: LoopbackVtn) -> None:
    """It is looked for before it is sent again."""
    lost: list[str] = []

    def loses(method: str, path: str) -> bool:
        if (method, path) == ("POST", "/reports") and not lost:
            lost.append(path)
            return True
        return False

    vtn.after = loses
    with serving_vtn(vtn):
        async with stand.running():
            add_event(vtn, 1, seconds=2, in_s=4, reportDescriptors=[{"payloadType": "DEMAND"}])
            await until(lambda: lost)
            await until(lambda: vtn.called("GET", "/reports"))
            await asyncio.sleep(1.5)
    assert len(vtn.all("reports")) == 1
