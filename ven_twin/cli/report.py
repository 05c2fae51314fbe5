"""Events and their reports for a person's eyes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from contracts.events import Phase
from ven_twin.cli.console import clock_time, kw

console = Console(highlight=False)
BASELINES = {"clone": "uncurtailed clone", "meter_before": "meter before"}


def phase_of(event: Mapping[str, Any], now_ts: float) -> Phase:
    """Where an event's record stands at *now_ts*."""
    if "cancelledTs" in event:
        return Phase.CANCELLED
    end_ts = event["startTs"] + sum(interval["durationS"] for interval in event["intervals"])
    if now_ts >= end_ts:
        return Phase.COMPLETED
    return (
        Phase.ACTIVE
        if now_ts >= event["startTs"]
        else Phase.NEAR
        if now_ts > event["startTs"] - 3600
        else Phase.FAR
    )


def list_events(events: Iterable[Mapping[str, Any]]) -> None:
    """One line an event."""
    table = Table(box=None, pad_edge=False)
    for name in ("event", "phase", "start", "asks for", "VENs"):
        table.add_column(name, justify="right" if name == "VENs" else "left")
    for event in events:
        table.add_row(
            event["eventId"],
            str(phase_of(event, time.time())),
            clock_time(event["startTs"]),
            _asks(event["intervals"]),
            str(len(event["assignments"])),
        )
    console.print(
        table if table.row_count else "There are no events. Create one: ven-twin event create --help"
    )


def show(parts: Mapping[str, Any]) -> None:
    """An event and how each VEN has answered."""
    event = parts["event"]
    console.print(
        f"[bold]{event['eventId']}[/]  {phase_of(event, time.time())}, revision {event['revision']}, "
        f"{clock_time(event['startTs'])}, {_asks(event['intervals'])}"
    )
    table = Table(box=None, pad_edge=False)
    for name in ("VEN", "share", "answered", "shed"):
        table.add_column(name)
    for part in parts["vens"]:
        phases = [str(phase) for phase in Phase if str(phase) in part]
        shed_kw = part.get("completed", part.get("active", {})).get("actualShedKw")
        share = ", ".join(f"{value:.2f}" for value in part.get("values", []))
        table.add_row(part["venId"], share, " → ".join(phases) or "not yet", kw(shed_kw))
    console.print(table)
    if parts["report"] is None:
        console.print("Not settled yet.")
    else:
        show_report(parts["report"])


def show_report(settled: Mapping[str, Any]) -> None:
    """What an event delivered, against each baseline, by VEN."""
    seconds = settled["endTs"] - settled["startTs"]
    title = f"{settled['eventId']}: asked {kw(settled['askedKw'])} for {seconds:.0f} s"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("VEN", "by baseline", "of kW", "delivered kW", "kWh", "of asked", "data"):
        left = name in {"VEN", "by baseline"}
        table.add_column(name, justify="left" if left else "right", no_wrap=True)
    for ven in settled["vens"]:
        for name, found in ven["delivered"].items():
            quality = f"{ven['quality']['coverage']:.0%}"
            table.add_row(ven["venId"], BASELINES.get(name, name), *_figures(found, ven["askedKw"]), quality)
    if len(settled["vens"]) != 1:
        for name, found in settled["delivered"].items():
            table.add_row("all", BASELINES.get(name, name), *_figures(found, settled["askedKw"]), "")
    console.print(table)
    for note in [
        *settled.get("notes", []),
        *(f"{v['venId']}: {n}" for v in settled["vens"] for n in v.get("notes", [])),
    ]:
        console.print(f"  {note}")


def _figures(found: Mapping[str, Any], asked_kw: float) -> tuple[str, str, str, str]:
    share = f"{found['deliveredKw'] / asked_kw:.0%}" if asked_kw else "–"
    return f"{found['baselineKw']:.2f}", f"{found['deliveredKw']:.2f}", f"{found['deliveredKwh']:.4f}", share


def _asks(intervals: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(f"{i['signal']} {i['value']:g} for {i['durationS']} s" for i in intervals)
