"""The commands, put together."""

from __future__ import annotations

import signal
import sys

import typer

from contracts.errors import VenTwinError, WireError
from ven_twin.cli import (
    aws,
    can_hold,
    certs,
    claims,
    cloud,
    command,
    conform,
    dlq,
    event,
    fleet,
    history,
    house,
    listen,
    run,
    simulate,
    up,
    ven,
)
from ven_twin.cli.console import echo

app = typer.Typer(
    name="ven-twin",
    help="A demand-response VEN and the cloud that drives it: locally without an account, or on AWS.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("up")(up.up)
app.add_typer(cloud.app, name="cloud")
app.command("run")(run.run)
certs.app.add_typer(claims.app)
app.add_typer(certs.app, name="certs")
app.command("cmd")(command.cmd)
app.add_typer(ven.app, name="ven")
app.add_typer(event.app, name="event")
app.add_typer(fleet.app, name="fleet")
app.add_typer(history.app, name="history")
app.command("listen")(listen.listen)
app.command("conform")(conform.conform)
app.add_typer(dlq.app, name="dlq")
app.add_typer(aws.app, name="aws")
app.add_typer(house.app, name="house")
app.command("simulate")(simulate.simulate)
app.command("can-hold")(can_hold.can_hold)


def main() -> None:
    """Run the CLI. A user's mistake, or a cloud that is not there, is one line and exit 1 or 2."""
    # A shell that starts this in the background has interrupts ignored; an orderly end needs them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        app()
    except VenTwinError as error:
        echo(f"ven-twin: {error}", err=True)
        sys.exit(2 if isinstance(error, WireError) else 1)
    except KeyboardInterrupt:
        sys.exit(130)
