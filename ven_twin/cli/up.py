"""``ven-twin up``: everything, by one command."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from functools import partial
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.text import Text

from contracts.api.event_text import duration_text, parse_duration, parse_power
from contracts.errors import FieldError, VenTwinError
from contracts.store.stack import StackOutput
from contracts.wire.ids import VenId
from contracts.wire.topics import check_ven_id
from ven_twin.cli.connection import (
    LOCAL,
    BatchOption,
    ReportIntervalOption,
    TariffOption,
    VenArgument,
    batch_seconds,
    connect,
    ven_folder,
    with_options,
)
from ven_twin.cli.console import console
from ven_twin.cli.house_time import (
    AFTERNOON,
    HouseTime,
    house_time,
)
from ven_twin.cli.listen import print_telemetry
from ven_twin.cli.run import NoWebOption, PortOption
from ven_twin.cli.up_vtn import AROUND, Variables, variables_of_up
from ven_twin.folder_lock import one_at_a_time
from ven_twin.installation import HOME_VARIABLE, home, shown_command
from ven_twin.webkit.formatting import duration, power

if TYPE_CHECKING:
    from ven_twin.cli.local_system import TwinProcess
    from ven_twin.cli.main_job import MainJob
    from ven_twin.operations.aggregator.cloud import Cloud

OnceOption = Annotated[
    bool,
    typer.Option(
        "--once", help="End after one event; exit 0 only when all of it worked, 130 when it was interrupted."
    ),
]
ResultOption = Annotated[
    Path | None, typer.Option("--result", help="Write what came of it to this file, as JSON.")
]
KeepOption = Annotated[
    bool, typer.Option("--keep", help="Keep the cloud's state over a stop, and take it up again.")
]
ShedOption = Annotated[
    str | None, typer.Option("--shed-kw", help="Draw so much less; 60 % of what is on offer when left out.")
]
DurationOption = Annotated[
    str, typer.Option("--duration", help="The event's length, by the wall clock: 20s, 1m.")
]
HotSpeedOption = Annotated[
    float | None,
    typer.Option("--house-speed", help=f"House seconds to a wall second; {AFTERNOON.speed:g} when left out."),
]
HotStartOption = Annotated[
    str | None,
    typer.Option("--house-start", help="House time at the start, with its zone; 15 July when left out."),
]
HotSpanOption = Annotated[
    str | None,
    typer.Option(
        "--house-span",
        help="Live so much house time, then the same again; "
        f"{duration_text(round(AFTERNOON.span_s))} when left out, none: on and on.",
    ),
]

INTERRUPTED = 130
"""The exit code of what was interrupted before it was done, as of a shell."""
Request = tuple[float | None, int]
"""The kW to request, None for a share of the offer, and the seconds."""
PAST_DAYS = 21
"""So many days of a past have ten weekdays and five days of weekends, with a holiday or two among them."""


@partial(with_options, name="around", options=AROUND, make=variables_of_up)
def up(
    *,
    once: OnceOption = False,
    result: ResultOption = None,
    keep: KeepOption = False,
    ven_id: VenArgument = "ven-1",
    shed_kw: ShedOption = None,
    duration: DurationOption = "20s",
    house_speed: HotSpeedOption = None,
    house_start: HotStartOption = None,
    house_span: HotSpanOption = None,
    report_interval: ReportIntervalOption = "2s",
    batch: BatchOption = None,
    tariff: TariffOption = None,
    port: PortOption = None,
    no_web: NoWebOption = False,
    around: Callable[[], Variables],
) -> None:
    """Start the local cloud, the stack and a twin, run a DR event through them, settle it; stay up.

    The house has three weeks of past, so that a baseline has days to match, and lives a hot afternoon in
    July, five times as fast as yours, again and again.

    Examples:
        ven-twin up
        ven-twin up --once --result result.json
        ven-twin up --shed-kw 3kW --duration 1m --house-speed 10
        ven-twin up --home-assistant mqtt://127.0.0.1:1883
        ven-twin up --vtn local --vtn-poll 5s
    """
    from ven_twin.cli.event_view import load_tariff
    from ven_twin.cli.local_system import local_system, twin
    from ven_twin.cli.main_job import MainJob

    ven_id = check_ven_id(ven_id, "VEN")
    job, request = MainJob(ven_id=ven_id), _request(shed_kw, duration)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    lives = house_time(house_start, house_speed, house_span, afternoon=True)
    options = [*lives.options, "--report-interval", report_interval or "2s"]
    batch_seconds(batch, LOCAL)
    options += [] if batch is None else ["--batch", batch]
    options += ["--no-web"] if no_web else [] if port is None else ["--port", str(port)]
    if tariff is not None:
        load_tariff(tariff)
        options += ["--tariff", str(tariff)]
    variables = around()
    steps = _Steps()
    try:
        with (
            _only_up(ven_id),
            steps.shown(),
            local_system([ven_id], keep=keep, say=steps.say),
            contextlib.ExitStack() as stack,
        ):
            cloud = connect(LOCAL)
            _write_past(steps, cloud, ven_id, lives)
            process = stack.enter_context(twin(cloud, ven_id, options, variables(cloud, ven_id)))
            _run_job(steps, job, cloud, process, request, web=not no_web)
            _finish(steps, job, cloud, result)
            if not once:
                _stay(cloud, ven_id, lives, process)
    except KeyboardInterrupt:
        console.print("Stopped: the loads are restored, the cloud is down.")
        if once:
            raise typer.Exit(INTERRUPTED) from None
        return
    if job.failures:
        raise VenTwinError("; ".join(job.failures))


@contextlib.contextmanager
def _only_up(ven_id: VenId) -> Iterator[None]:
    """Refuse a second of the same VEN and home: it would take the VEN from the first, and end its cloud."""
    folder = ven_folder(LOCAL, ven_id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.ExitStack() as entered:
        try:
            entered.enter_context(one_at_a_time(folder, wait=False))
        except BlockingIOError:
            raise VenTwinError(
                f"ven-twin up runs {ven_id} already from {home()}: end it with Ctrl-C, name another VEN, "
                f"or set {HOME_VARIABLE} to another folder"
            ) from None
        yield


def _request(shed_kw: str | None, duration: str) -> Request:
    """The kW to request, and for how many seconds. Raises FieldError."""
    seconds = parse_duration(duration, "--duration")
    requested_kw = None if shed_kw is None else parse_power(shed_kw, "--shed-kw")
    if requested_kw is not None and not 0 < requested_kw <= 10_000:
        raise FieldError("--shed-kw", f"write more than 0 and at most 10000 kW, not {shed_kw}")
    return requested_kw, seconds


def _write_past(steps: _Steps, cloud: Cloud, ven_id: VenId, lives: HouseTime) -> None:
    """Write the past of the house, so that the program's own baseline settles."""
    from ven_twin.cli.history import Home, fill, fill_fleet

    steps.say(f"writing {PAST_DAYS} days of the house's past")
    filled = fill(cloud, Home(ven_id, "standard", None), PAST_DAYS, lives)
    fill_fleet(cloud, [filled])
    steps.done(f"{PAST_DAYS} days of the house's past are stored: {filled.rows} rows of telemetry")


def _run_job(
    steps: _Steps,
    job: MainJob,
    cloud: Cloud,
    process: TwinProcess,
    request: tuple[float | None, int],
    *,
    web: bool,
) -> None:
    """Wait for the twin, run the event through it, and judge the outcome."""
    from ven_twin.cli.main_job import run_event, wait_for_telemetry

    wait_for_telemetry(cloud, job, process, steps.say)
    steps.done(f"first telemetry stored {job.first_telemetry_s:.1f} s after the start")
    if process.page is not None:
        steps.done(f"the VEN's page is at {process.page}")
    elif web:
        console.print(_marked("yellow", "!", f"the VEN serves no page: its log, {process.log}, says why"))
    shed_kw, duration_s = request
    run_event(cloud, job, process, shed_kw=shed_kw, duration_s=duration_s, say=steps.say)
    job.judge()
    steps.stop()


def _marked(style: str, mark: str, text: str) -> Text:
    return Text.assemble((mark, style), f" {text}")


class _Steps:
    """The steps as they are done: a spinner on a terminal, a line a step elsewhere."""

    def __init__(self) -> None:
        self._status = console.status("")
        self._last = ""

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Show the spinner for as long as the block lasts."""
        self._status.start()
        try:
            yield
        finally:
            self._status.stop()

    def say(self, step: str, detail: str = "") -> None:
        """Show the step that is being done, and how far it is."""
        self._status.update(Text(f"{step}{detail} …"))
        if not console.is_terminal and step != self._last:
            console.print(f"… {step}{detail}")
        self._last = step

    def done(self, text: str) -> None:
        """This was done."""
        console.print(_marked("green", "✓", text))

    def stop(self) -> None:
        """No more steps."""
        self._status.stop()


def _finish(steps: _Steps, job: MainJob, cloud: Cloud, result: Path | None) -> None:
    from ven_twin.cli.event_view import show_report
    from ven_twin.operations.aggregator.by_functions import DirectAggregator

    if result is not None:
        result.write_bytes(msgspec.json.format(msgspec.json.encode(job), indent=2) + b"\n")
    steps.done(
        f"event {job.event_id} reported active {job.dispatch_to_active_s:.2f} s after the dispatch call"
    )
    steps.done(
        f"delivered {power(job.delivered_kw)} of {power(job.requested_kw)} requested; "
        f"baseline {power(job.baseline_kw)}"
    )
    if job.restored:
        steps.done("the loads are restored")
    for failure in job.failures:
        console.print(_marked("red", "✗", failure))
    show_report(DirectAggregator(cloud).report(job.event_id))


def _stay(cloud: Cloud, ven_id: VenId, lives: HouseTime, process: TwinProcess) -> None:
    """Say what can be done now, the page's address last, and print telemetry until Ctrl-C."""
    again = "" if lives.span_s == inf else f", and its {duration(lives.span_s)} come again and again"
    pace = "as fast as" if lives.speed == 1 else f"{lives.speed:g} times as fast as"
    console.print(
        f"\nThe system stays up. Time in the house passes {pace} yours{again}.\n"
        "In another terminal:\n"
        f"  {shown_command()} event create --shed-kw 3 --duration 1m\n"
        f"  {shown_command()} cmd {ven_id} --op ping\n"
        "Ctrl-C stops it."
    )
    if (vtn_url := cloud.optional_output(StackOutput.VTN_URL)) is not None:
        console.print(f"OpenADR 3.1.0: {vtn_url}")
    if process.page is not None:
        console.print(f"The VEN's page: {process.page}")
    console.print()
    print_telemetry(cloud, ven_id)
