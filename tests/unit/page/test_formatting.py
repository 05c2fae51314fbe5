"""Figures and times for people: the same texts on the terminal and on the pages."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from contracts.wire.events import Interval, Signal
from ven_twin.ven.page.ven_rules import ven_rules
from ven_twin.webkit import formatting
from ven_twin.webkit.static_files import KIT

NODE = Path(sys.executable).parent / "node"
PAGE = """
const { rules, calls, module } = JSON.parse(await new Response(process.stdin).text());
globalThis.fetch = async () => ({ ok: true, json: async () => rules });
const format = await import(module);
const texts = ([name, values]) => values.map((value) => format[name](...[value].flat()));
console.log(JSON.stringify(calls.map(texts)));
"""
"""Answers the page's own functions, with the rules that a server would send."""


def on_the_page(**calls: list[Any]) -> dict[str, list[str]]:
    """The texts that the page's functions make of values."""
    task = {
        "rules": msgspec.to_builtins(ven_rules()),
        "calls": list(calls.items()),
        "module": (KIT / "format.js").as_uri(),
    }
    command = [NODE, "--input-type=module", "-e", PAGE]
    environment = {**os.environ, "TZ": "UTC", "LC_ALL": "en_US.UTF-8"}
    done = subprocess.run(
        command, input=json.dumps(task), capture_output=True, text=True, check=True, env=environment
    )
    return dict(zip(calls, json.loads(done.stdout), strict=True))


def test_an_events_times_have_the_day_and_the_year_that_they_need() -> None:
    """None of today; that of the end where it is another; the year where it is not this one."""
    now = datetime.now(UTC)
    other = now.replace(year=now.year + 2, month=7, day=1, hour=17, minute=0, second=0, microsecond=0)
    today = now.replace(hour=0, minute=5, second=0, microsecond=0)
    pairs = [(other, timedelta(minutes=1)), (other, timedelta(hours=20)), (today, timedelta(minutes=9))]
    spans = [(start.timestamp(), (start + lasts).timestamp()) for start, lasts in pairs]
    assert on_the_page(period=[*map(list, spans)])["period"] == [
        f"Jul 1, {other.year} 17:00 to 17:01",
        f"Jul 1, {other.year} 17:00 to Jul 2, {other.year} 13:00",
        "00:05 to 00:14",
    ]


def test_pages_and_terminal_write_the_same() -> None:
    """Powers, shares, spans and countdowns, at their limits, at exact halves and at random."""
    rng = random.Random(7)
    spread = [rng.uniform(-1, 1) * 10 ** rng.randint(-3, 6) for _ in range(400)]
    halves = [n / 8 for n in range(-40, 41)]
    times = [abs(value) for value in [*spread, *halves]] + [
        s + d for s in LIMITS_S for d in (-1, -0.5, 0, 0.5, 1)
    ]
    values: dict[str, list[float]] = {
        "kw": [*spread, *halves],
        "percent": [*(value / 100 for value in spread), *halves],
        "span": times,
        "left": [-5.0, *times],
        "reductionCell": [*spread, *halves],
    }
    functions: dict[str, Any] = {name: getattr(formatting, IN_PYTHON.get(name, name)) for name in values}
    assert on_the_page(**values) == {name: list(map(functions[name], values[name])) for name in values}


IN_PYTHON = {"reductionCell": "reduction_cell"}
LIMITS_S = (90, 60 * 89.5, 60 * 90, 3600, 7200, 86_400, 2 * 86_400)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (formatting.kw(-0.004), "0.00"),
        (formatting.kw(-1.5), "−1.50"),
        (formatting.kw(None), ""),
        (formatting.percent(-0.05), "−5 %"),
        (formatting.percent(None), "–"),
        (formatting.power(4.5), "4.50 kW"),
        (formatting.power(None), "–"),
        (formatting.reduction(4.5), "4.50 kW"),
        (formatting.reduction(-4.5), "4.50 kW more"),
        (formatting.reduction(None), "–"),
        (formatting.reduction_cell(None), ""),
        (formatting.energy(0.01138), "0.0114"),
        (formatting.energy(0.0), "0.000"),
        (formatting.energy(-2.0), "−2.000"),
        (formatting.counted(1, "VEN"), "1 VEN"),
        (formatting.duration(90), "1 min 30 s"),
        (formatting.printable("a\x1b[2J"), "a�[2J"),
        (formatting.span(89.4), "89 s"),
        (formatting.span(90), "2 min"),
        (formatting.span(5400), "1 h 30 min"),
        (formatting.left(245), "4:05"),
        (formatting.left(3845), "1:04:05"),
        (formatting.left(187_300), "2 d 4 h"),
        (formatting.share_text(1.75, 2.0), "88 %"),
        (formatting.share_text(1.0, 0.0), ""),
        (formatting.opt_out_reason("mustRun"), "something must run"),
        (formatting.opt_out_reason("my own"), "my own"),
        (formatting.opt_out_reason(None), "no reason given"),
    ],
)
def test_a_figure_is_written_for_people(text: str, wanted: str) -> None:
    """With a true minus, no negative zero, and a unit that fits its size."""
    assert text == wanted


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        ([], "nothing"),
        ([(Signal.SHED_KW, 3.0)], "3.00 kW less"),
        ([(Signal.IMPORT_LIMIT_KW, 1.5)] * 2, "≤ 1.50 kW each, then 1 more step"),
        ([(Signal.LEVEL, 3.0)] * 3, "level 3, emergency, then 2 more steps"),
    ],
)
def test_a_request_is_its_first_step(steps: list[tuple[Signal, float]], wanted: str) -> None:
    """And says how many follow."""
    intervals = [Interval(signal=signal, value=value, duration_s=60) for signal, value in steps]
    assert formatting.request(intervals, of_fleet=True) == wanted
