"""The operator's page in a browser, before a real fleet: its views, and the effects of clicks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from contracts.wire.ids import VenId
from local_cloud import process
from tests.browser.conftest import Seen, chromium
from tests.browser.test_page import NARROW, OVERFLOWING, PHONE, findings, until_so
from tests.browser.test_page_history import change
from tests.e2e.conftest import until
from tests.support.browser_fleet import Fleet
from tests.support.waiting import GIVE_UP_MS, GIVE_UP_S

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """The fleet, for as long as the module."""
    chromium()
    built = Fleet(tmp_path_factory.mktemp("operator"))
    try:
        built.start()
        yield built
    finally:
        built.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(browser: Browser, fleet: Fleet) -> AsyncIterator[Any]:
    """Opens pages of the fleet; at the end none may have met an error."""
    contexts, opened = [], []

    async def open_one(**options: Any) -> Seen:
        context = await browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        contexts.append(context)
        seen = Seen(await context.new_page())
        opened.append(seen)
        await seen.page.goto(fleet.url)
        await seen.page.locator("#vens tr").first.wait_for()
        return seen

    yield open_one
    for context in contexts:
        await context.close()
    assert [error for seen in opened for error in seen.errors if "status of 4" not in error] == []


async def figure(seen: Seen, selector: str) -> float:
    """A figure on the page."""
    words = await seen.text(selector)
    return float(words.replace("kW", "").replace("−", "-"))


async def create(seen: Seen, *, share: int, minutes: str) -> str:
    """Fill in the form for an event that starts now, and send it; the event's id, once it runs."""
    await seen.page.locator("#new-event:enabled").click()
    await seen.page.locator(f"[data-share='{share}']").click()
    await seen.page.locator(".minutes").fill(minutes)
    await seen.page.locator("#form-send").click()
    await seen.page.locator("#form-dialog").wait_for(state="hidden")
    await seen.says("#problem", "is created")
    event_id = (await seen.text("#problem")).split()[0]
    await seen.says(".running p", event_id)
    return event_id


async def until_revision(seen: Seen, revision: int) -> None:
    """The page knows of a change that was made elsewhere, or a moment ago."""

    async def known() -> bool:
        script = "fetch('/api/state').then(a => a.json()).then(state => state.events[0].revision)"
        result: int = await seen.page.evaluate(script)
        return result >= revision

    await until_so(known, f"revision {revision}")


async def look(seen: Seen, event_id: str) -> None:
    """Open the details of an event."""
    await seen.page.get_by_role("button", name=f"Details of {event_id}").first.click()
    await seen.page.locator("#detail-vens tr").first.wait_for()


async def test_an_event_is_created_and_delivered(fleet: Fleet, open_page: Any) -> None:
    """As a share of what is on offer; banner, totals, chart and VENs show it, and so does the terminal."""
    seen = await open_page()
    await seen.says("#cloud", "Cloud answers")
    await seen.says("#online", "3 of 3")
    await expect(seen.page.locator("#vens .status.ready")).to_have_count(3)
    offered_kw = await figure(seen, "#flexibility")
    event_id = await create(seen, share=50, minutes="5")
    assert fleet.event(event_id)["askedKw"] == pytest.approx(offered_kw / 2, rel=0.3)

    async def delivered() -> bool:
        requested_kw, delivered_kw = await figure(seen, "#requested"), await figure(seen, "#delivered")
        return requested_kw > 0 and delivered_kw >= 0.8 * requested_kw

    await until_so(delivered, "the delivery")
    await seen.page.locator("#vens .status.shedding").first.wait_for()
    await seen.says("#legend", "Delivered")
    await seen.shot("fleet-event")
    screen = fleet.system.cli("fleet", "watch", "--once").stdout
    assert event_id in screen
    assert "ends in" in screen
    await look(seen, event_id)
    await seen.says("#detail-vens", "active")
    fleet.system.json("event", "delete", event_id)


async def test_a_change_that_somebody_else_made_is_not_overwritten(fleet: Fleet, open_page: Any) -> None:
    """A revision of what is no more is refused, and says so; of what there is it is done."""
    seen = await open_page()
    event_id = await create(seen, share=50, minutes="5")
    await look(seen, event_id)
    await seen.page.locator("#detail-revise").click()
    fleet.system.json("event", "revise", event_id, "--priority", "5")
    await seen.page.locator(".value").fill("1")
    await seen.page.locator("#form-send").click()
    await seen.says("#form-wrong", "changed the event meanwhile")
    await seen.page.locator("#form-close").click()
    await until_revision(seen, 1)
    await look(seen, event_id)
    await seen.page.locator("#detail-revise").click()
    await seen.page.locator(".value").fill("1.2")
    await seen.page.locator("#form-send").click()
    await seen.page.locator("#form-dialog").wait_for(state="hidden")
    event = fleet.event(event_id)
    assert (event["askedKw"], event["priority"]) == (1.2, 5)
    fleet.system.json("event", "delete", event_id)


async def test_an_event_is_cancelled_reported_and_deleted(fleet: Fleet, open_page: Any) -> None:
    """Each after a confirmation; the report with its plots stands in the page, and in one of its own."""
    seen = await open_page()
    event_id = await create(seen, share=25, minutes="5")
    await until_so(lambda: _sheds(seen), "shedding")
    await look(seen, event_id)
    await seen.page.locator("#detail-cancel").click()
    await seen.page.locator("#sure-dialog button[value=no]").click()
    assert fleet.event(event_id)["phase"] == "active"
    await seen.page.locator("#detail-cancel").click()
    await seen.page.locator("#sure-yes").click()
    await seen.says("#detail-left", "cancelled")
    frame = seen.page.frame_locator("#report-frame")
    await frame.get_by_text("Requested and delivered").wait_for(timeout=GIVE_UP_MS)
    await expect(seen.page.locator("#report-frame")).to_be_visible()
    await seen.shot("fleet-report")
    for options in ({}, {"color_scheme": "dark"}, PHONE):
        alone = await open_page(**options)
        await alone.page.goto(f"{fleet.url.rstrip('/')}/events/{event_id}/report")
        await alone.page.get_by_text("Requested and delivered").wait_for()
        assert await findings(alone) == []
    await seen.page.locator("#events .result:visible").first.wait_for(timeout=GIVE_UP_MS)
    assert fleet.event(event_id)["phase"] == "cancelled"
    await seen.page.locator("#detail-delete").click()
    await seen.page.locator("#sure-yes").click()
    await seen.page.locator("#detail-dialog").wait_for(state="hidden")
    await seen.says("#events-empty", "None yet")
    assert event_id not in fleet.system.cli("event", "list").stdout


async def _sheds(seen: Seen) -> bool:
    return await figure(seen, "#delivered") > 0


async def test_a_group_is_shown_and_chosen_as_soon_as_it_is_made(fleet: Fleet, open_page: Any) -> None:
    """With its VENs, beside the programs; and the form, opened then, has both to choose from."""
    seen = await open_page()
    fleet.system.json("group", "set", "north", "ven-1", "ven-3")
    fleet.system.json("program", "set", "peak", "--baseline", "caiso_10_of_10")
    try:
        await seen.page.locator("#show-groups").click()
        group = seen.page.locator("#groups summary")
        await expect(group).to_have_text("north · 2 VENs")
        await group.click()
        await expect(seen.page.locator("#groups p")).to_have_text("ven-1, ven-3")
        await expect(seen.page.locator("#programs-rows tr")).to_have_count(2)
        await seen.says("#programs-rows", "caiso_10_of_10")
        assert await findings(seen) == []
        await seen.page.locator("#groups-close").click()
        fleet.system.json("group", "set", "south", "ven-2")
        await seen.page.locator("#new-event:enabled").click()
        await seen.page.locator("[name=who][value=some]").check()
        await seen.page.get_by_label("south (group of 1)").check()
        await expect(seen.page.locator("#programs option[value=peak]")).to_have_count(1)
        await seen.page.locator(".value").fill("0.1")
        await seen.page.locator("#form-send").click()
        await seen.says("#problem", "is created")
        event_id = (await seen.text("#problem")).split()[0]
        assert fleet.event(event_id)["targets"] == ["south"]
        fleet.system.json("event", "cancel", event_id)
        fleet.system.json("event", "delete", event_id)
    finally:
        for arguments in (("group", "delete", "north"), ("group", "delete", "south")):
            fleet.system.cli(*arguments)
        fleet.system.cli("program", "delete", "peak")


async def test_what_the_cloud_refuses_is_shown_at_the_field(open_page: Any) -> None:
    """Of what the page cannot know by itself, such as the programs; and nothing is lost from the form."""
    seen = await open_page()
    await seen.page.locator("#new-event").click()
    await seen.page.locator(".value").fill("")
    await seen.page.locator("#form-send").click()
    await seen.says("#form-wrong", "how much?")
    await expect(seen.page.locator(".value")).to_have_attribute("aria-invalid", "true")
    await seen.page.locator(".value").fill("1.5")
    await seen.page.locator("#form-more summary").click()
    await seen.page.locator("#form-program").fill("nothing")
    await seen.page.locator("#form-send").click()
    await seen.says("#form-wrong", "no program")
    await expect(seen.page.locator("#form-program")).to_have_attribute("aria-invalid", "true")
    await expect(seen.page.locator("#form-program")).to_have_attribute("aria-describedby", "form-wrong")
    await expect(seen.page.locator(".value")).to_have_value("1.5")


async def test_an_opt_out_is_shown_with_its_reason_and_listed(fleet: Fleet, open_page: Any) -> None:
    """In the totals, in the VEN's line with its end, by the filter and by its words."""
    seen = await open_page()
    fleet.system.desire("ven-2", {"optOut": {"reason": "mustRun", "untilTs": 4_000_000_000}})
    try:
        row = seen.page.locator("#vens tr[data-key=ven-2]")
        why = row.locator("[data-cell=why]", has_text="something must run, until")
        await why.wait_for(timeout=GIVE_UP_MS)
        await seen.says("#away-words", "1 opted out")
        await seen.page.get_by_role("button", name="Opted out").click()
        await expect(seen.page.locator("#vens tr")).to_have_count(1)
        await seen.page.get_by_role("button", name="All", exact=True).click()
        await seen.page.get_by_role("searchbox").fill("must run")
        await expect(seen.page.locator("#vens tr")).to_have_count(1)
        await seen.page.get_by_role("searchbox").fill("")
        await seen.page.get_by_role("button", name="VEN", exact=True).click()
        await seen.page.get_by_role("button", name="VEN", exact=True).click()
        await expect(seen.page.locator("#vens [data-cell=ven]")).to_have_text(["ven-3", "ven-2", "ven-1"])
        await expect(seen.page.locator("th[aria-sort=descending]")).to_have_count(1)
    finally:
        fleet.system.desire("ven-2", {"optOut": None})


async def test_the_history_of_a_ven_is_read_from_what_is_stored(fleet: Fleet, open_page: Any) -> None:
    """A page that was opened late shows what was before it, of the fleet and of one VEN, and saves it."""
    fleet.system.cli("history", "backfill", "--days", "1", "--house-start", "2026-07-15T22:30:00Z")
    seen = await open_page()
    await change(seen, seen.page.locator("[data-span='86400']").click(), 86_400)
    power = await change(seen, seen.page.locator("#range-shown").select_option("power"))
    assert len(power["ts"]) > 100
    await seen.says("#range-words", "The last day, in means of 5 min")
    ven = await change(seen, seen.page.locator("#range-shown").select_option("ven:ven-1"))
    assert len(ven["ts"]) > 100
    await seen.says("#chart-title", "Used by ven-1")
    await seen.says("#legend", "Used")
    await seen.shot("fleet-ven-day")
    assert await findings(seen) == []
    async with seen.page.expect_download() as coming:
        await seen.page.locator("#range-csv").click()
    head, *rows = (await (await coming.value).path()).read_text().splitlines()
    assert head == "start_utc,duration_s,used_kw,baseline_kw,target_kw"
    assert len(rows) > 100
    until(lambda: fleet.system.cloud.circuits_row(VenId("ven-1")), "the snapshot of circuits")
    await _shows_circuits(seen)


async def _shows_circuits(seen: Seen) -> None:
    """A VEN's day by circuit: by the names of its panel, what it generates below 0, and as a file."""
    circuits = await change(seen, seen.page.locator("#range-detail").select_option("circuits"))
    assert len(circuits["ts"]) > 100
    assert circuits["labels"]["hvac1"] == "Heat pump"
    assert any(value is not None and value > 0.1 for value in circuits["columns"]["hvac1"])
    await seen.says("#chart-title", "Circuits of ven-1")
    await seen.says("#legend", "Heat pump")
    await seen.shot("fleet-ven-circuits")
    assert await findings(seen) == []
    async with seen.page.expect_download() as coming:
        await seen.page.locator("#range-csv").click()
    head, *rows = (await (await coming.value).path()).read_text().splitlines()
    assert head.split(",")[:2] == ["start_utc", "duration_s"]
    assert head.split(",")[2:] == [f"{name}_kw" for name in circuits["columns"]]
    assert len(rows) > 100
    used = await change(seen, seen.page.locator("#range-shown").select_option("power"))
    assert list(used["columns"]) == ["usedKw", "baselineKw"]
    await expect(seen.page.locator("#range-detail")).to_be_hidden()


async def test_an_event_stands_in_the_calendar(fleet: Fleet, open_page: Any) -> None:
    """On its day, at its time; a click has its details. Another month has none of it."""
    seen = await open_page()
    event_id = await create(seen, share=25, minutes="5")
    entry = seen.page.locator(".calendar .entry", has_text="kW").and_(
        seen.page.get_by_role("button", name=event_id)
    )
    await entry.wait_for()
    await expect(seen.page.locator(".calendar td.today .entry.running")).to_have_count(1)
    await seen.page.locator("#month-before").click()
    await expect(entry).to_have_count(0)
    await seen.page.locator("#month-now").click()
    await entry.click()
    await seen.page.locator("#detail-vens tr").first.wait_for()
    await seen.says("#detail-title", event_id)
    fleet.system.json("event", "delete", event_id)


async def test_a_month_of_long_ago_has_its_events(fleet: Fleet, open_page: Any) -> None:
    """However many came after it, in the calendar and for the chart; one that is deleted there is gone."""
    seen = await open_page()
    event_id = await create(seen, share=25, minutes="5")
    now = datetime.now(UTC)
    old_month = (now.replace(day=1) - timedelta(days=45)).replace(day=3, hour=12, minute=0, second=0)
    old_ts = int(old_month.timestamp())
    between = [int(now.timestamp()) - 60 * number for number in range(10, 130)]
    [old_id, *_] = fleet.copy_event(event_id, [old_ts, *between])
    await seen.says("#events-count", "the newest 100")
    entry = seen.page.get_by_role("button", name=old_id)
    await expect(entry).to_have_count(0)
    turns = (now.year - old_month.year) * 12 + now.month - old_month.month
    for _ in range(turns):
        await seen.page.locator("#month-before").click()
    await seen.says("#month-words", "1 event in this month")
    await seen.shot("fleet-old-month")
    path = f"/api/history?from={old_ts - 600}&to={old_ts + 600}"
    history = await seen.page.evaluate(f"fetch('{path}').then(answer => answer.json())")
    assert history["events"] == [{"eventId": old_id, "startTs": old_ts, "endTs": old_ts + 300}]
    await entry.click()
    await seen.says("#detail-title", old_id)
    await expect(seen.page.locator("#report-frame")).to_be_visible(timeout=GIVE_UP_MS)
    await seen.page.locator("#detail-delete").click()
    await seen.page.locator("#sure-yes").click()
    await seen.says("#month-words", "No event in this month")
    await expect(entry).to_have_count(0)
    for ts in between:
        fleet.delete_event(f"past-{ts}")
    fleet.system.json("event", "delete", event_id)


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, PHONE, NARROW])
async def test_axe_finds_nothing(open_page: Any, options: dict[str, Any]) -> None:
    """On the page, in the form with all of it open, and nothing hangs over."""
    seen = await open_page(**options)
    assert await findings(seen) == []
    width = await seen.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1], "the page can be moved sideways"
    assert await seen.page.evaluate(OVERFLOWING) == []
    sizes = "(({ scrollWidth, clientWidth }) => [scrollWidth, clientWidth])"
    table = await seen.page.evaluate(f"{sizes}(document.getElementById('vens-scroll'))")
    assert table[0] <= table[1], "a column of the VENs is cut off"
    await seen.page.locator("#new-event").click()
    await seen.page.locator("#form-more summary").click()
    await seen.page.locator("[name=who][value=some]").check()
    await seen.shot("fleet-form")
    assert await findings(seen) == []


async def test_a_server_that_dies_is_shown(fleet: Fleet, open_page: Any) -> None:
    """The page has lost its server; when that is back, so is the page."""
    seen = await open_page()
    port = fleet.url.rpartition(":")[2]
    fleet.server.terminate()
    assert fleet.server.wait(GIVE_UP_S) == 0
    await seen.says("#lost", "This page has lost its server.")
    fleet.serve(port)
    await seen.page.locator("#lost").wait_for(state="hidden", timeout=GIVE_UP_MS)
    await seen.says("#cloud", "Cloud answers")


async def test_a_cloud_that_dies_is_shown(fleet: Fleet, open_page: Any) -> None:
    """By the page, which keeps what it has seen, and by the terminal in a line. It is gone: the last test."""
    seen = await open_page()
    process.stop(fleet.home / "cloud")
    await seen.says("#offline", "The cloud cannot be reached.")
    await seen.says("#cloud", "Cloud not reached")
    await seen.says("#none", "No event ran at")
    await expect(seen.page.locator("#new-event")).to_be_disabled()
    await expect(seen.page.locator("#vens tr")).to_have_count(3)
    await expect(seen.page.locator("#lost")).to_be_hidden()
    await seen.shot("fleet-offline")
    done = fleet.system.cli("fleet", "watch", "--once")
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    # Its chart may have been read just then.
    seen.errors = [error for error in seen.errors if "status of 502" not in error]
