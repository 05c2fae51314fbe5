"""The resident's page in a browser, before a real VEN: its views, and the effects of clicks."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Seen
from tests.support.browser_world import World, until
from tests.support.waiting import GIVE_UP_MS, GIVE_UP_S

pytestmark = pytest.mark.asyncio(loop_scope="session")
AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
LONG = "evt-" + "a-very-long-name-of-an-event-" * 2
PHONE = {
    "viewport": {"width": 375, "height": 812},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}

NARROW = {**PHONE, "viewport": {"width": 320, "height": 640}}
"""The narrowest that WCAG's reflow asks for."""


async def until_so(result: Callable[[], Awaitable[bool]], what: str, give_up_s: float = GIVE_UP_S) -> None:
    """Wait until it is so."""
    begun = time.monotonic()
    while not (so := await result()):
        assert time.monotonic() - begun < give_up_s, f"{what} did not come within {give_up_s:g} s"
        await asyncio.sleep(0.1)
    assert so


async def shed_kw(page: Page) -> float:
    """The kW that the circuits' rows say were taken off."""
    words = await page.locator(".circuits .curtailed .kw").all_inner_texts()
    return sum(abs(float(text.split()[0].replace("−", "-"))) for text in words)


VIOLATIONS = "axe.run(document, {resultTypes: ['violations']}).then(result => result.violations)"
"""Every rule is run; of those that pass no elements are listed, which takes longer than to find them."""


async def findings(seen: Seen) -> list[str]:
    """The findings of axe that are moderate or worse."""
    if not AXE.exists():
        pytest.skip(f"{AXE} is not there: npm ci")
    await seen.page.evaluate(f"{AXE.read_text()};0")
    violations: list[dict[str, Any]] = await seen.page.evaluate(VIOLATIONS)
    return [
        f"{rule['id']}: {node['target']} {node.get('failureSummary', '')}"
        for rule in violations
        if rule["impact"] in {"moderate", "serious", "critical"}
        for node in rule["nodes"]
    ]


async def test_an_event_is_seen_as_it_comes(world: World, open_page: Any) -> None:
    """Desired by the cloud, it stands in banner, chart and circuits; and when it is over, in the history."""
    seen = await open_page()
    await seen.says("#event", "No event")
    await seen.shot("no-event")
    await world.cloud.event("e-seen", kw=3.0, duration_s=6)
    await seen.says("#event-title", "Event: ends in")
    await seen.page.locator(".circuits li.curtailed").first.wait_for()
    await seen.says("#legend", "Target")
    await seen.says("#event-requested", "3.00")
    left = await seen.text("#event-left")
    assert left in {"0:03", "0:04", "0:05", "0:06"}
    why = await seen.page.locator(".circuits li.curtailed .why span").all_inner_texts()
    assert why
    assert all(why)
    await seen.shot("event")
    await seen.says("#history", "e-seen")
    await seen.says("#history", "completed")
    await seen.says("#event", "No event")
    share = await seen.page.locator("#history tr", has_text="e-seen").locator("td").last.inner_text()
    assert 80 <= int(share.split()[0]) <= 120


async def test_an_opt_out_releases_the_loads_and_the_shadow_says_so(world: World, open_page: Any) -> None:
    """By keyboard alone: reason and end chosen, loads released, reported; and back in again."""
    seen = await open_page()
    await world.cloud.event("e-left", kw=3.0, duration_s=120)
    await seen.page.locator(".circuits li.curtailed").first.wait_for()
    await seen.page.locator("#opt-out").focus()
    await seen.page.keyboard.press("Enter")
    await seen.page.locator("#opt-out-dialog").wait_for()
    await seen.shot("opt-out")
    await seen.page.locator("#opt-out-reason").select_option("mustRun")
    await seen.page.locator("#opt-out-until").select_option("3600")
    await seen.page.locator("#opt-out-dialog button[value=yes]").focus()
    await seen.page.keyboard.press("Enter")
    await seen.says("#event-title", "Opted out of events")
    await seen.says("#event-words", "something must run")
    await seen.page.locator(".circuits li.curtailed").first.wait_for(state="detached")
    opt_out = await until(lambda: world.cloud.reported.get("optOut") or None, "the reported opt-out")
    assert opt_out["reason"] == "mustRun"
    assert opt_out["untilTs"] == pytest.approx(time.time() + 3600, abs=30)
    await until(
        lambda: any(message.get("phase") == "optedOut" for message in world.cloud.messages), "the ack"
    )
    await seen.shot("opted-out")
    await seen.page.locator("#opt-in").click()
    await until(lambda: world.cloud.reported.get("optOut") is False, "the reported opt-in")
    await seen.says("#event-title", "You left this event")
    await seen.says("#history tr", "something must run")


async def test_a_switch_in_an_event_takes_the_circuit_out_of_it(world: World, open_page: Any) -> None:
    """Let to run, it is curtailed no more and says why; the shadow names it; switched off, it is off."""
    seen = await open_page()
    await world.cloud.event("e-hand", kw=3.0, duration_s=120)
    row = seen.page.locator(".circuits li[data-key=batt1].curtailed")
    await row.get_by_role("button", name="Let it run: Battery").click()
    row = seen.page.locator(".circuits li[data-key=batt1].byhand")
    await row.wait_for()
    await expect(row).to_contain_text("out of this event")
    await until(lambda: world.cloud.reported["ven"].get("byHand") == {"batt1": "e-hand"}, "byHand")
    switch = seen.page.get_by_role("switch", name="Outlets")
    await switch.focus()
    await seen.page.keyboard.press("Space")
    await seen.page.locator(".circuits li[data-key=misc1].off").wait_for()
    await expect(seen.page.get_by_role("switch", name="Outlets")).to_have_attribute("aria-checked", "false")
    await until(lambda: world.cloud.reported["loads"].get("misc1", {}).get("enabled") is False, "the load")
    await seen.shot("by-hand")


async def test_an_event_made_on_the_page_runs_and_is_restored(world: World, open_page: Any) -> None:
    """The same way as the command: announced to the cloud, ended by restore."""
    seen = await open_page()
    await seen.page.locator("#try-kw").fill("2.5")
    await seen.page.get_by_role("button", name="Start event").click()
    await seen.says("#event-title", "Event: ends in")
    await seen.says("#event-requested", "2.50")
    await until(
        lambda: any(
            message.get("phase") == "active" and message["event_id"].startswith("page-")
            for message in world.cloud.messages
        ),
        "the announcement",
    )
    await seen.page.get_by_role("button", name="Restore all loads").click()
    await seen.says("#event-title", "No event")
    await seen.says("#history", "cancelled")


async def test_what_the_ven_refuses_is_shown(world: World, open_page: Any) -> None:
    """In the VEN's own words, and nothing is done."""
    del world
    seen = await open_page()
    await seen.page.locator("#try").evaluate("form => { form.noValidate = true }")
    await seen.page.locator("#try-kw").fill("0")
    await seen.page.get_by_role("button", name="Start event").click()
    await seen.says("#problem", "kw")
    seen.errors = [error for error in seen.errors if "400" not in error]


async def test_three_events_with_long_names(world: World, open_page: Any) -> None:
    """The one in force stands above, the others below it; nothing hangs over on a phone."""
    now = int(time.time())
    await world.cloud.desire(
        drEvents={
            f"{LONG[:60]}-1": _event(now, 300, priority=1),
            f"{LONG[:60]}-2": _event(now, 600, priority=2),
            f"{LONG[:60]}-3": _event(now + 1800, 600, priority=3),
        }
    )
    for name, options in (
        ("three", {}),
        ("three-dark", {"color_scheme": "dark"}),
        ("three-phone", PHONE),
        ("three-phone-dark", {**PHONE, "color_scheme": "dark"}),
        ("three-narrow", NARROW),
    ):
        seen = await open_page(**options)
        await seen.says("#event-words", f"{LONG[:60]}-1")
        await expect(seen.page.locator("#event-others li")).to_have_count(2)
        await seen.says("#event-others li:nth-child(1)", "waits for the one above")
        await seen.says("#event-others li:nth-child(2)", "starts in 2")
        width = await seen.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert width[0] <= width[1], "the page can be moved sideways"
        over = await seen.page.evaluate(OVERFLOWING)
        assert over == []
        assert await findings(seen) == []
        await seen.shot(name)


OVERFLOWING = """[...document.querySelectorAll('main *, header *')].filter(node => {
  const box = node.getBoundingClientRect();
  return box.width && !node.closest('.scroll, .sr, .uplot') && box.right > innerWidth + 1;
}).map(node => node.outerHTML.slice(0, 120))"""


def _event(start_ts: int, duration_s: int, *, priority: int) -> dict[str, Any]:
    interval = {"durationS": duration_s, "signal": "shedKw", "value": 2.0}
    return {"revision": 0, "startTs": start_ts, "intervals": [interval], "priority": priority}


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, PHONE])
async def test_axe_finds_nothing(world: World, open_page: Any, options: dict[str, Any]) -> None:
    """At peace, with the dialog open, and opted out."""
    del world
    seen = await open_page(**options)
    await seen.says("#event", "No event")
    assert await findings(seen) == []
    await seen.page.locator("#opt-out").click()
    assert await findings(seen) == []
    await seen.page.locator("#opt-out-dialog button[value=yes]").click()
    await seen.says("#event", "Opted out")
    assert await findings(seen) == []


CHART = """async () => {
  const { TimeChart } = await import('/static/kit/chart.js');
  const [host, legend] = [document.createElement('div'), document.createElement('div')];
  document.body.append(host, legend);
  const line = { column: 'usedKw', label: 'Used', colour: '--ink', key: '', look: { width: 1 } };
  const chart = new TimeChart(host, legend, { lines: [line], areas: [] });
  chart.nowTs = () => 5300;
  chart.load({ ts: [5000, 5001, 5001.5, 5200], columns: { usedKw: [1, 2, null, 3] } });
  chart.push(5300, { usedKw: 4 });
  const spans = [300, 900, 3600].map((span) => {
    chart.show(span);
    return chart.window();
  });
  chart.show(200, [5000, 5200]);
  return { data: chart.data(), spans, stretch: chart.window() };
}"""
HISTORY = """async () => {
  const { showHistory } = await import('/static/history.js');
  const event = { eventId: 'e', startTs: 5000, endTs: 5000, ended: 'cancelled', reason: null,
    askedKw: 2, askedKwh: 0, deliveredKw: 1.76, deliveredKwh: 0.014 };
  const short = { ...event, eventId: 'f', endTs: 5001, askedKwh: 0.0002 };
  const whole = { ...event, eventId: 'g', endTs: 6000, ended: 'completed', askedKwh: 0.016 };
  showHistory([event, short, whole]);
  return [...document.querySelectorAll('#history tr')].map((row) =>
    [...row.querySelectorAll('td')].slice(4).map((node) => node.textContent));
}"""


async def test_the_chart_is_as_wide_as_its_span_and_a_gap_stays_a_gap(open_page: Any) -> None:
    """However little is known: no line goes over a time of which nothing is."""
    seen = await open_page()
    drawn = await seen.page.evaluate(CHART)
    ts, used_kw = drawn["data"]
    assert used_kw == [1, 2, None, 3, None, 4]
    assert ts == [5000, 5001, 5001.5, 5200, pytest.approx(5201, abs=0.1), 5300]
    assert [start for start, _ in drawn["spans"]] == [5000, 4400, 1700]
    assert drawn["stretch"] == [5000, 5200]
    assert all(end >= 5300 for _, end in drawn["spans"])


async def test_there_is_no_share_of_an_event_that_did_not_run(open_page: Any) -> None:
    """Cancelled before its start or at once it requested nothing, whatever was metered meanwhile."""
    seen = await open_page()
    await seen.says("#history-title", "Events that are over")
    assert await seen.page.evaluate(HISTORY) == [
        ["0.014", "–"],
        ["0.014", "–"],
        ["0.014 of 0.016", "88 %"],
    ]


async def test_every_control_is_reached_by_keyboard(world: World, open_page: Any) -> None:
    """Tab goes through all of them, and each shows that it has the focus."""
    del world
    seen = await open_page()
    await seen.page.locator(".circuits li").first.wait_for()
    wanted = await seen.page.evaluate(
        """[...document.querySelectorAll('a, button, select, input')]
        .filter(n => n.checkVisibility() && !n.disabled).length"""
    )
    reached = set()
    for _ in range(wanted + 2):
        await seen.page.keyboard.press("Tab")
        reached.add(
            await seen.page.evaluate(
                """(() => { const n = document.activeElement;
                n.dataset.reached ??= Math.random();
                return [n.dataset.reached, n.tagName, getComputedStyle(n).outlineStyle].join(' ') })()"""
            )
        )
    controls = {entry for entry in reached if entry.split()[1] in {"A", "BUTTON", "SELECT", "INPUT"}}
    assert len(controls) == wanted
    assert all(entry.split()[2] != "none" for entry in controls)


async def test_a_broker_that_dies_is_shown(world: World, open_page: Any) -> None:
    """Not connected to the cloud is one thing; when it is back, so does the page say."""
    seen = await open_page()
    await expect(seen.page.locator("#cloud")).to_have_text("Connected")
    await world.mosquitto.terminate()
    try:
        await seen.says("#offline", "The VEN is not connected to the cloud.")
        await seen.says("#cloud", "Not connected")
        await seen.says("#event", "No event is known here")
        await seen.says("#event", "one may have been made since")
        await expect(seen.page.locator("#lost")).to_be_hidden()
        assert await findings(seen) == []
        await seen.shot("offline")
    finally:
        await world.mosquitto.start()
    await seen.page.locator("#offline").wait_for(state="hidden", timeout=GIVE_UP_MS)


async def test_a_ven_that_dies_is_shown(world: World, open_page: Any) -> None:
    """The page has lost the VEN: that is another thing, and it comes back by itself."""
    seen = await open_page()
    await world.end_ven()
    try:
        await seen.says("#lost", "This page has lost the VEN.")
        await seen.says("#event-title", "No event at")
        await expect(seen.page.locator("#offline")).to_be_hidden()
        await seen.shot("lost")
    finally:
        await world.start_ven()
    await seen.page.locator("#lost").wait_for(state="hidden", timeout=GIVE_UP_MS)
    await seen.says("#cloud", "Connected")


async def test_another_site_cannot_reach_the_ven(world: World, browser: Any) -> None:
    """A page of another origin in the same browser neither reads nor changes anything."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto("data:text/html,<p>another site</p>")
    for path, options in (
        ("/api/state", {}),
        (
            "/api/opt-out",
            {"method": "POST", "body": '{"reason":"x"}', "headers": {"content-type": "application/json"}},
        ),
        ("/api/opt-out", {"method": "POST", "body": '{"reason":"x"}', "mode": "no-cors"}),
    ):
        fetched = f"fetch({json.dumps(world.url + path)}, {json.dumps(options)})"
        came = await page.evaluate(f"{fetched}.then(answer => answer.text()).catch(() => '')")
        assert came == ""
    await context.close()
    assert not world.cloud.reported.get("optOut")
