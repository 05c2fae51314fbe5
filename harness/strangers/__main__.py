"""``make strangers``: run VENs in the older shapes for ten minutes, or for ``ARGS="--minutes 3"``.

Both versions of MQTT with both levels of QoS, a row a second from each, and every two minutes a ping, a shed
of a load and an event of a minute. In the end the cloud has to have every row and every ack.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from rich.console import Console

from contracts.store.stack import StackOutput
from contracts.wire.ids import VenId
from harness.strangers.generated_client import unread_answers
from local_cloud import deploy, process
from tests.e2e.conftest import System, start_cloud, until
from tests.support.older_ven import KINDS, OlderVen
from tests.support.strangers import EVENT_S, command_all, missing, older_vens, queued
from ven_twin.cli.certs import save_identity
from ven_twin.testing.running_cloud import cloud_of

ROUND_S = 120.0
"""Between two rounds of commands: an event of a minute, and as long without one."""
SETTLES_WITHIN_S = 120.0

console = Console(highlight=False, soft_wrap=True)


def main() -> None:
    """Run the VENs, print what the cloud has of each, and exit 1 when something is missing."""
    parser = argparse.ArgumentParser(prog="strangers", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long; ten by default")
    options = parser.parse_args()
    if options.minutes < 2:
        parser.error(f"--minutes: at least 2, got {options.minutes:g}")
    with tempfile.TemporaryDirectory() as folder:
        objections = run(Path(folder), options.minutes)
    if objections:
        sys.exit("strangers: " + "; ".join(objections))


def run(home: Path, minutes: float) -> list[str]:
    """Run the VENs for *minutes* in a local cloud whose files are in *home*; returns the objections."""
    runtime = start_cloud(home)
    system = System(home, runtime, cloud_of(runtime))
    try:
        deploy.deploy(runtime, [VenId(ven_id) for ven_id in KINDS])
        for ven_id in KINDS:
            save_identity(system.cloud, VenId(ven_id), home / ven_id)
        vens = older_vens(system, speed=1.0)
        try:
            for ven in vens:
                ven.start()
            rounds = _command(system, vens, minutes)
        finally:
            for ven in vens:
                ven.stop()
        objections = _judged(system, vens, rounds)
        console.print("  a client generated from the API's document: ", end="")
        unread = unread_answers(system, home / "client", vens[0].ven_id)
        console.print("reads every answer" if not unread else f"does not read {', '.join(unread)}")
        return objections + unread
    finally:
        process.stop(home / "cloud")


def _command(system: System, vens: list[OlderVen], minutes: float) -> int:
    """Send rounds of commands for *minutes*, each with time for its event; returns how many."""
    begun_s, rounds = time.monotonic(), 0
    while (at_s := time.monotonic() - begun_s) < minutes * 60.0:
        if at_s >= rounds * ROUND_S and at_s + EVENT_S + 5.0 < minutes * 60.0:
            for ven in vens:
                command_all(system, ven, _event_id(ven, rounds))
            rounds += 1
            console.print(
                f"{at_s / 60.0:5.1f} min   round {rounds}   {sum(len(v.sent) for v in vens)} rows sent"
            )
        time.sleep(1.0)
    return rounds


def _event_id(ven: OlderVen, number: int) -> str:
    return f"{ven.ven_id}-{number}"


def _is_whole(system: System, ven: OlderVen, event_ids: list[str]) -> bool:
    return not missing(system, ven, event_ids)


def _judged(system: System, vens: list[OlderVen], rounds: int) -> list[str]:
    """Print each VEN's figures; returns the objections."""
    objections = []
    for ven in vens:
        event_ids = [_event_id(ven, number) for number in range(rounds)]
        try:
            until(partial(_is_whole, system, ven, event_ids), ven.ven_id, SETTLES_WITHIN_S)
        except AssertionError:
            objections += missing(system, ven, event_ids)
        shed = [row for row in system.rows(ven.ven_id) if row["shedPowerKw"]]
        console.print(
            f"  {ven.ven_id:12} {len(system.rows(ven.ven_id))} of {len(ven.sent)} rows, {len(ven.acked)} of "
            f"{3 * rounds} acks, {rounds} events of {EVENT_S} s, {len(shed)} s of them shed"
        )
        objections += [f"{ven.ven_id}: {error}" for error in ven.errors]
        if ven.obeyed_s != [EVENT_S] * rounds or abs(len(shed) - EVENT_S * rounds) > rounds:
            objections.append(f"{ven.ven_id}: obeyed {ven.obeyed_s} s, shed in {len(shed)} rows")
        if len(ven.acked) != 3 * rounds:
            objections.append(f"{ven.ven_id}: {len(ven.acked)} acks to {3 * rounds} commands")
    undone, dead = queued(system, StackOutput.INLETS), queued(system, StackOutput.DEAD_LETTERS)
    console.print(f"  messages not done {undone}, dead letters {dead}")
    return objections + ([f"{undone} messages not done, {dead} dead letters"] if undone or dead else [])


if __name__ == "__main__":
    main()
