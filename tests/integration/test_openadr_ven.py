"""The twin as a VEN of a VTN that is not ours: from its registration to its reports, over all that fails."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import FieldError
from tests.support.loopback_vtn import CLIENT, SECRET, LoopbackVtn, problem, serving_vtn
from tests.support.mosquitto import free_port
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.pki import Authority
from ven_twin.ven.clock import VenClock
from ven_twin.ven.mqtt.backoff import Backoff
from ven_twin.ven.mqtt.session_status import SessionState
from ven_twin.ven.openadr.bridge import being_ven_of
from ven_twin.ven.openadr.link import VtnLink, read_link
from ven_twin.ven.page.health import health
from ven_twin.ven.runtime import Twin
from ven_twin.ven.settings import TwinSettings

AFTERNOON_TS = 1_784_154_600.0


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between attempts are short."""
    monkeypatch.setattr(Backoff, "next_delay_s", lambda _: 0.1)


@pytest.fixture
def vtn() -> LoopbackVtn:
    """A VTN with a program."""
    vtn = LoopbackVtn()
    vtn.add("programs", programName="summer")
    return vtn


class VenOnStand:
    """A twin without AWS in a folder of its own, with a VTN."""

    def __init__(self, folder: Path, vtn: LoopbackVtn) -> None:
        self.folder, self.vtn = folder / "ven", vtn
        self.secret = folder / "secret"
        self.secret.write_text(SECRET)
        self.secret.chmod(0o600)
        self.steady = time.monotonic

    def link(self, **options: Any) -> VtnLink:
        """The link by the options of the command."""
        return read_link(
            self.vtn.url,
            client_id=CLIENT,
            secret_file=self.secret,
            poll_s=options.pop("poll_s", 1.0),
            **options,
        )

    def open(self) -> Twin:
        """The twin, which does not run yet."""
        settings = TwinSettings(
            ven_id="ven-1",  # type: ignore[arg-type]
            endpoint="",
            state_dir=self.folder,
            house_start_ts=AFTERNOON_TS,
            house_speed=10,
        )
        return Twin.open(settings, None, ven_clock=VenClock())

    @asynccontextmanager
    async def running(self, **options: Any) -> AsyncIterator[Twin]:
        """The twin, running; it ends in good order."""
        twin = self.open()
        async with being_ven_of(twin, self.link(**options), self.folder):
            running = asyncio.ensure_future(twin.run())
            try:
                yield twin
            finally:
                twin.stop()
                await running

    @asynccontextmanager
    async def killed(self) -> AsyncIterator[Twin]:
        """The twin, running; it ends as by SIGKILL: what is not on disk is gone."""
        twin = self.open()
        attached = contextlib.AsyncExitStack()
        await attached.enter_async_context(being_ven_of(twin, self.link(), self.folder))
        running = asyncio.ensure_future(twin.run())
        try:
            yield twin
        finally:
            twin._watchers.clear()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await attached.aclose()


@pytest.fixture
def stand(tmp_path: Path, vtn: LoopbackVtn) -> VenOnStand:
    """A VEN that can be started."""
    return VenOnStand(tmp_path, vtn)


async def until(ready: Callable[[], Any]) -> Any:
    """Wait for the thing; what it gave."""
    begun_s = time.monotonic()
    while not (value := ready()):
        assert time.monotonic() - begun_s < GIVE_UP_S
        await asyncio.sleep(0.05)
    return value


def add_event(vtn: LoopbackVtn, *levels: int, seconds: int = 600, in_s: float = 0.0, **fields: Any) -> str:
    """An event of an interval for each level, from now or in a while; its id."""
    start = datetime.fromtimestamp(int(time.time() + in_s), UTC).isoformat()
    intervals = [
        {"id": n, "payloads": [{"type": "SIMPLE", "values": [level]}]} for n, level in enumerate(levels)
    ]
    period = {"start": start, "duration": f"PT{seconds}S"}
    (program,) = vtn.objects["programs"]
    return vtn.add("events", programID=program, intervals=intervals, intervalPeriod=period, **fields)


def acting(twin: Twin) -> str | None:
    """The event that is acted on."""
    return twin.snapshot().house.acting


def payloads(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The payloads of a report's intervals, by type; of one resource."""
    (resource,) = report["resources"]
    return [
        {payload["type"]: payload["values"] for payload in interval["payloads"]}
        for interval in resource["intervals"]
    ]


def reports_of(vtn: LoopbackVtn, kind: str) -> list[dict[str, Any]]:
    """The reports with payloads of a type."""
    return [report for report in vtn.all("reports") if report["payloadDescriptors"][0]["payloadType"] == kind]


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


async def test_a_vtn_that_is_down_changes_nothing_and_is_found_again(
    stand: VenOnStand, vtn: LoopbackVtn
) -> None:
    """What was read is acted on; a report waits until the VTN is back, and is filed once."""
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


async def test_tls_is_verified_and_the_secret_stays(
    stand: VenOnStand, vtn: LoopbackVtn, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A certificate of nobody's authority gets nothing; with --vtn-ca it is the one VTN."""
    authority = Authority()
    pair = authority.issue("localhost")
    (tmp_path / "server.pem").write_text(pair.certificate + pair.key)
    (tmp_path / "ca.pem").write_text(authority.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    with serving_vtn(vtn, context):
        async with stand.running() as twin:
            await until(lambda: "not trusted" in caplog.text)
            await until(lambda: twin.status.state is SessionState.BACKOFF)
        assert vtn.calls == []
        async with stand.running(ca=tmp_path / "ca.pem") as twin:
            await until(lambda: twin.status.state is SessionState.CONNECTED)
    assert vtn.tokens
    for secret in (SECRET, *vtn.tokens):
        assert secret not in caplog.text


async def test_basic_is_taken_where_the_form_is_not(stand: VenOnStand, vtn: LoopbackVtn) -> None:
    """And a token that is not taken any more is fetched anew."""
    vtn.basic_only = True
    with serving_vtn(vtn):
        async with stand.running() as twin:
            await until(lambda: twin.status.state is SessionState.CONNECTED)
            vtn.tokens.clear()
            event_id = add_event(vtn, 1)
            await until(lambda: acting(twin) == event_id)
    assert len(vtn.tokens) == 1


async def test_a_wrong_secret_is_refused_and_not_repeated_in_words(
    stand: VenOnStand, vtn: LoopbackVtn, caplog: pytest.LogCaptureFixture
) -> None:
    """The VTN's answer has the secret in it; the log has not."""
    stand.secret.write_text("another secret, wrong")
    with serving_vtn(vtn):
        async with stand.running() as twin:
            await until(lambda: twin.status.state is SessionState.REFUSED)
            assert "401" in str(twin.status.reason)
    assert "another secret" not in caplog.text


async def test_a_client_that_may_not_register_acts_all_the_same(stand: VenOnStand, vtn: LoopbackVtn) -> None:
    """Its events are not those of a VEN's object."""
    vtn.hook = lambda _, path: problem(403, "no scope") if path == "/vens" else None
    with serving_vtn(vtn):
        async with stand.running() as twin:
            event_id = add_event(vtn, 1)
            await until(lambda: acting(twin) == event_id)


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


def test_an_address_that_can_be_read_on_the_way_is_refused(stand: VenOnStand) -> None:
    """Plain http goes to this machine alone, and a secret that others can read is used for nothing."""
    for url in (
        "http://vtn.example.org/3.1.0",
        "ftp://localhost/",
        "https://user:word@vtn.example.org/",
        "vtn",
    ):
        with pytest.raises(FieldError, match="--vtn"):
            read_link(url, client_id="c", secret_file=stand.secret)
    stand.secret.chmod(0o644)
    with pytest.raises(FieldError, match="chmod 600"):
        read_link("https://vtn.example.org/", client_id="c", secret_file=stand.secret)


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


def page(port: int, path: str) -> Any:
    """What the VEN's page answers; None where it does not, or not with 200."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=GIVE_UP_S) as answer:
            return json.load(answer)
    except OSError:
        return None
