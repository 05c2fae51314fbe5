"""The commands, put together. Each module is imported when its command runs, so that all start fast."""

from __future__ import annotations

import signal
import sys
from typing import Annotated, Any

import typer

from contracts.errors import VenTwinError
from ven_twin.cli.console import echo
from ven_twin.cli.exit_codes import ExitCode
from ven_twin.cli.tree import CommandGroup, Group, LaterCommand
from ven_twin.cli.usage import error_line, file_line, is_usage, usage_line

COMMANDS = {
    "Try it on this machine": {
        "up": ("up:up", "Start the local cloud, the stack and a twin, run a DR event through them; stay up."),
        "simulate": ("simulate:simulate", "Live through days of a house offline, with a trace and plots."),
        "can-hold": ("can_hold:can_hold", "Can the house hold X kW for so long? Tried offline."),
        "house": ("house:app", "A house of your own: drawn, or fitted to its meter."),
    },
    "Clouds": {
        "cloud": ("cloud:app", "The local cloud: an AWS emulator on loopback with the stack deployed."),
        "aws": ("aws:app", "An AWS account: checked before a deployment, proved by a throw-away stage."),
        "cost": ("cost:cost", "What VENs and their stack cost in a month on AWS, by part and by option."),
    },
    "Events and the fleet": {
        "event": ("event:app", "DR events: create, look at, revise, cancel, delete, report."),
        "group": (
            "group:app",
            "Groups of VENs that events may target: list, show, set, add, remove, delete.",
        ),
        "program": (
            "program:app",
            "Programs, the rules that events are settled by: list, show, set, delete.",
        ),
        "notify": ("notify:app", "Notifications of events and alarms: add, list, remove, test."),
        "fleet": ("fleet:app", "The VENs together: status, one screen, a page, many twins at once."),
        "oadr": (
            "oadr:app",
            "The stage's VTN of OpenADR: its address, events and clients, and a token to try it with.",
        ),
        "listen": ("listen:listen", "Print telemetry as it is stored."),
        "dlq": ("dlq:app", "Dead letters: messages that could not be handled."),
    },
    "One VEN": {
        "run": ("run:run", "Run a twin: a house behind MQTT over mutual TLS, driven by its shadow."),
        "cmd": ("command:cmd", "Send one operation to a VEN and print its ack."),
        "ven": ("ven:app", "Leave a VEN out that misbehaves, and let it in again."),
        "certs": ("claims:app", "A VEN's certificate and key: fetched, rotated, claimed, revoked."),
        "history": ("history:app", "A past for a twin, so that baselines have days to match."),
        "conform": ("conform:conform", "Try a VEN by small, short events and commands, and write a report."),
    },
}
"""By section: the command's name, where it is, and the line of help that stands before it is imported."""


class Root(Group):
    """All commands of ``ven-twin``."""

    sections = {title: list(commands) for title, commands in COMMANDS.items()}  # noqa: RUF012 - read alone

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for commands in COMMANDS.values():
            for name, (where, text) in commands.items():
                self.add_command(LaterCommand(name, f"ven_twin.cli.{where}", text))


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        echo(f"ven-twin {version('ven-twin')}")
        raise typer.Exit


app = CommandGroup(
    "A demand-response VEN and the cloud that drives it: locally without an account, or on AWS.",
    Root,
    completion=True,
    name="ven-twin",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options of no command."""


def main() -> None:
    """Run the CLI. A user's mistake, or a cloud that is not there, is one line; see `ExitCode`."""
    # A shell that starts this in the background has interrupts ignored; an orderly end needs them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code = app(prog_name="ven-twin", standalone_mode=False)
    except typer.TyperException as error:
        echo(usage_line(error), err=True)
        code = ExitCode.USAGE
    except typer.Abort:
        echo("ven-twin: nothing was done", err=True)
        code = ExitCode.FAILED
    except VenTwinError as error:
        echo(error_line(error), err=True)
        code = ExitCode.USAGE if is_usage(error) else ExitCode.FAILED
    except OSError as error:
        echo(file_line(error), err=True)
        code = ExitCode.FAILED
    except KeyboardInterrupt:
        code = ExitCode.INTERRUPTED
    sys.exit(code)
