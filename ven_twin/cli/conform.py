"""``ven-twin conform``: the conformance suite for any VEN, through the cloud that it is connected to."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from contracts.api.event_text import parse_duration
from contracts.errors import FieldError
from contracts.wire.topics import check_ven_id
from ven_twin.cli.connection import LOCAL, JsonOption, VenArgument, split_names, with_cloud
from ven_twin.cli.console import console, echo, print_json

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.cloud import Cloud
    from ven_twin.operations.conformance.cases import CaseResult

AWS_PATIENCE = 3.0
"""By how much longer than of the local cloud AWS's answers are waited for."""
SHORTEST_S = 10
MARKS = {
    "passed": Text("✓", "green"),
    "failed": Text("✗", "red"),
    "not applicable": Text("–", "dim"),
    "not shown": Text("?", "yellow"),
}


@with_cloud
def conform(
    ven_id: VenArgument,
    *,
    only: Annotated[
        str | None,
        typer.Option("--only", help="Cases by their ids, such as ping,event-late; all when left out."),
    ] = None,
    offline: Annotated[
        bool,
        typer.Option("--offline", help="Also the cases for which you disconnect the VEN when it is time."),
    ] = False,
    duration: Annotated[str, typer.Option("--duration", help="The event's length, 10s to 1m.")] = "20s",
    out: Annotated[
        Path | None, typer.Option("--out", help="The page; its JSON goes beside it. conform-VEN-DATE.md.")
    ] = None,
    cloud: Callable[[], Cloud],
    json_output: JsonOption = False,
) -> None:
    """Try a VEN by small, short events and commands, and write a report. Exit 1 when it does not conform.

    It makes events named conform-…, desires a report interval and an opt-out, and removes all of that.

    Examples:
        ven-twin conform ven-1
        ven-twin conform ven-1 --only ping,clock
    """
    from ven_twin.cli.local_system import uninterrupted
    from ven_twin.operations.aggregator.by_functions import DirectAggregator
    from ven_twin.operations.conformance.cases import chosen_cases, judge, trials_of
    from ven_twin.operations.conformance.report import ConformanceReport, conforms, page
    from ven_twin.operations.conformance.suite import LONGEST_S, Suite

    checked_id = check_ven_id(ven_id, "VEN")
    cases = chosen_cases(split_names(only, "--only") if only is not None else ())
    length_s = parse_duration(duration, "--duration")
    if not SHORTEST_S <= length_s <= LONGEST_S:
        raise FieldError("--duration", f"takes {SHORTEST_S} s to {LONGEST_S} s, such as 20s")
    stack = cloud()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    suite = Suite(
        stack,
        DirectAggregator(stack),
        checked_id,
        trials=trials_of(cases, offline=offline),
        length_s=length_s,
        patience=1.0 if stack.stage == LOCAL else AWS_PATIENCE,
        say=_say,
    )
    begun_ts = time.time()
    try:
        timeline = suite.run()
    finally:
        with uninterrupted(_say, "removing the events first", ": the VEN would act on them"):
            for left in suite.clean_up():
                echo(f"not removed: {left}", err=True)
    results = judge(cases, timeline)
    report = ConformanceReport(
        ven_id=checked_id,
        stage=stack.stage,
        begun_at=_iso(begun_ts),
        ended_at=_iso(timeline.ended_ts),
        conforms=conforms(results),
        cases=results,
    )
    path = out or Path(f"conform-{checked_id}-{report.begun_at[:10]}.md")
    _write(path, page(report), report)
    print_json(report) if json_output else _show(results, path)
    if not report.conforms:
        raise typer.Exit(1)


def _write(path: Path, text: str, report: object) -> None:
    """The page at *path*, and the JSON beside it."""
    import msgspec

    path.write_text(text, encoding="utf-8")
    encoded = msgspec.json.format(msgspec.json.encode(report))
    path.with_suffix(".json").write_bytes(encoded + b"\n")


def _show(cases: Sequence[CaseResult], path: Path) -> None:
    """The table, for a person's eyes."""
    from ven_twin.operations.conformance.report import conforms, summary

    table = Table(box=None, pad_edge=False)
    for name in ("", "case", "seen", "required of a VEN"):
        table.add_column(name, overflow="fold")
    for case in cases:
        requirement = case.requirement if case.required else f"(advised) {case.requirement}"
        seen = case.seen if case.verdict in {"passed", "failed"} else f"{case.verdict}: {case.seen}"
        table.add_row(MARKS[case.verdict], case.case_id, seen, requirement)
    console.print(table)
    verdict = "conforms" if conforms(cases) else "does not conform"
    echo(
        f"The VEN {verdict}: {summary(cases)}. The report is in {path} and {path.with_suffix('.json').name}."
    )


def _iso(at_ts: float) -> str:
    return datetime.fromtimestamp(at_ts, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _say(step: str, detail: str = "") -> None:
    """Show a step."""
    echo(f"… {step}{detail}", err=True)
