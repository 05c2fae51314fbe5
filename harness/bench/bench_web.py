"""The VEN's page: how soon it is there, what it weighs, what an open page costs it and the twin."""

from __future__ import annotations

import asyncio
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from harness.bench.bench_system import _cpu_s, _rss_mb
from harness.bench.figure import Figure
from tests.support import lived_history
from tests.support.browser_world import World

LOADS = 7
EVENTS = 7
PAGES = 20
WATCHED_S = 20.0
UPDATES = 3600
WARM_UP = 300
AT_REST = ("--report-interval", "5")
UPLOT = Path(__file__).parents[2] / "ven_twin/webkit/static/uplot/uPlot.iife.min.js"
FCP = """new Promise(done => new PerformanceObserver(list => done(list.getEntries().at(-1).startTime))
  .observe({type: 'paint', buffered: true}))"""
WEIGHT = """performance.getEntries().filter(e => e.entryType === 'navigation' || e.entryType === 'resource')
  .reduce((sum, e) => sum + e.transferSize, 0)"""
WEEK = """async () => {
  const words = document.getElementById('range-words');
  const drawn = new Promise(resolve => {
    const observer = new MutationObserver(() => {
      if (!words.textContent.startsWith('The last week, in')) return;
      observer.disconnect();
      requestAnimationFrame(() => requestAnimationFrame(resolve));
    });
    observer.observe(words, {childList: true});
  });
  const begun = performance.now();
  document.querySelector("[data-span='604800']").click();
  await drawn;
  return performance.now() - begun;
}"""
"""From a click to the frame in which a week of history is drawn, ms."""
ACCELERATED = """
window.EventSource = class {
  constructor() {
    window.stream = this;
    fetch('/api/state').then(a => a.json()).then(s => { this.last = s; this.next(); });
  }
  close() {}
  next() {
    const s = this.last = structuredClone(this.last), drift = Math.random();
    s.ts += 1;
    s.power.gridKw += drift - 0.5; s.power.baselineKw += drift - 0.5; s.ven.houseTs += 1;
    for (const circuit of s.circuits) { circuit.powerKw = drift; circuit.breakerLoad = drift; }
    s.events = s.ts % 60 < 30 ? [] : [{eventId: 'e' + Math.floor(s.ts / 60), phase: 'active', inForce: true,
      startTs: s.ts - 5, endTs: s.ts + 60, priority: 0, askedKw: 3, deliveredKw: drift, deliveredKwh: drift,
      intervals: [{startTs: s.ts - 5, endTs: s.ts + 60, signal: 'shedKw', value: 3}]}];
    this.onmessage({data: JSON.stringify(s)});
  }
};
window.hour = async updates => {
  for (let n = 0; n < updates; n++) {
    stream.next();
    if (n % 10 === 0) await new Promise(requestAnimationFrame);
  }
};
"""
"""Gives a page an hour of updates, one a second of its own time, in as long as it takes to show them."""


def run() -> Iterator[Figure]:
    """Every figure."""
    yield from asyncio.run(_figures())


async def _figures() -> list[Figure]:
    figures: list[Figure] = []
    async with _world("--no-web") as bare:
        without_mb = _rss_mb(bare.ven.pid)
    async with _world() as world:
        pid = world.ven.pid
        rest = await _share(pid)
        figures.append(
            Figure("twin with its page", _rss_mb(pid), "MB", "<= 60 MB", without_mb, "without the page")
        )
        figures.append(Figure("twin with its page, at rest", rest, "% of a core", "<= 2 %"))
        async with _open_pages(world, PAGES):
            watched = await _share(pid)
        figures.append(
            Figure(
                f"{PAGES} open pages",
                watched - rest,
                "% of a core",
                "<= 3 %",
                rest,
                "the twin with none open",
            )
        )
        figures.append(
            Figure(
                f"twin after {PAGES} pages", _rss_mb(pid), "MB", "<= 60 MB", without_mb, "without the page"
            )
        )
        figures += await _in_the_browser(world)
    return figures


async def _in_the_browser(world: World) -> list[Figure]:
    async with async_playwright() as playwright:
        path = shutil.which("chromium")
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            one_line = f"{world.url}/live"
            plain_ms = statistics.median([await paint_ms(browser, one_line) for _ in range(LOADS)])
            page_ms = statistics.median([await paint_ms(browser, world.url) for _ in range(LOADS)])
            seen_s = [await _seen_s(browser, world, number) for number in range(EVENTS)]
            loaded_kb = await weight_kb(browser, world.url, f"{world.url}/api/events")
            grown_mb = await _grown_mb(browser, world.url)
            lived_history.fill(world.folder / "ven" / "history.sqlite", time.time() - 60.0)
            total_ms = statistics.median([await _week_ms(browser, world.url, "total") for _ in range(LOADS)])
            circuits_ms = statistics.median(
                [await _week_ms(browser, world.url, "circuits") for _ in range(LOADS)]
            )
        finally:
            await browser.close()
    chart_kb = UPLOT.stat().st_size / 1024
    return [
        Figure("first paint", page_ms, "ms", "<= 300 ms", plain_ms, "one line of the same server"),
        Figure("event desired to seen, median", statistics.median(seen_s), "s", "<= 1 s"),
        Figure("event desired to seen, worst", max(seen_s), "s", "<= 1 s"),
        Figure("page weight", loaded_kb, "kB", "<= 150 kB", chart_kb, "uPlot alone"),
        Figure("a week of history, clicked to drawn", total_ms, "ms", "<= 500 ms"),
        Figure("the same by circuit", circuits_ms, "ms", "<= 500 ms"),
        Figure("page's memory, an hour of updates", grown_mb, "MB more", "< 10 MB"),
    ]


async def paint_ms(browser: Browser, url: str) -> float:
    """First contentful paint in a browser that has nothing of it yet."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(url)
    ms = float(await page.evaluate(FCP))
    await context.close()
    return ms


async def _seen_s(browser: Browser, world: World, number: int) -> float:
    """From the cloud's word to the banner and the curtailed circuit on an open page."""
    page = await browser.new_page()
    await page.goto(world.url)
    await page.locator(".event:not(.active) #opt-out:enabled").wait_for()
    await asyncio.sleep(random.uniform(0.0, 1.0))  # anywhere in the second between two updates
    begun_s = time.perf_counter()
    await world.cloud.event(f"bench-{number}", kw=0.1, duration_s=60)
    await page.locator(".event.active").wait_for()
    await page.locator(".circuits .curtailed").first.wait_for()
    seen_s = time.perf_counter() - begun_s
    await world.calm()
    await page.close()
    return seen_s


async def weight_kb(browser: Browser, url: str, last: str) -> float:
    """The weight of a page in a browser that has nothing of it yet, once it has called *last*, KB."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(url)
    await page.wait_for_function("url => performance.getEntriesByName(url).length", arg=last)
    kb = float(await page.evaluate(WEIGHT)) / 1024
    await context.close()
    return kb


async def _week_ms(browser: Browser, url: str, shown: str) -> float:
    """Of a page that has not shown it before."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(url)
    await page.locator("#range-words", has_text="The last 15 min").wait_for()
    await page.locator("#range-shown").select_option(shown)
    ms = float(await page.evaluate(WEEK))
    await context.close()
    return ms


async def _grown_mb(browser: Browser, url: str) -> float:
    """The growth by an hour of updates of a page that has been open for five minutes."""
    page = await browser.new_page()
    await page.add_init_script(ACCELERATED)
    await page.goto(url)
    await page.locator(".circuits li").first.wait_for()
    await page.evaluate(f"hour({WARM_UP})")
    before_mb = await _heap_mb(page)
    await page.evaluate(f"hour({UPDATES})")
    after_mb = await _heap_mb(page)
    return after_mb - before_mb


async def _heap_mb(page: Page) -> float:
    session = await page.context.new_cdp_session(page)
    await session.send("HeapProfiler.collectGarbage")
    used = await session.send("Runtime.getHeapUsage")
    await session.detach()
    return float(used["usedSize"]) / 1e6


@asynccontextmanager
async def _world(*options: str) -> AsyncIterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), options=(*AT_REST, *options))
        try:
            await world.start()
            yield world
        finally:
            await world.stop()


@asynccontextmanager
async def _open_pages(world: World, count: int) -> AsyncIterator[None]:
    """So many that listen to the stream, as pages do; what comes is read and dropped."""
    readers = [asyncio.create_task(_listen(world.web_port)) for _ in range(count)]
    try:
        yield
    finally:
        for reader in readers:
            reader.cancel()
        await asyncio.gather(*readers, return_exceptions=True)


async def _listen(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        while await reader.read(65536):
            pass
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _share(pid: int) -> float:
    """CPU of a process, % of a core."""
    before_s = _cpu_s(pid)
    await asyncio.sleep(WATCHED_S)
    return (_cpu_s(pid) - before_s) / WATCHED_S * 100.0
