"""``make faults``: every scenario for every seed; exit 1 when the oracle finds a loss.

``ARGS="--seeds 3 --messages 1000 --only half-open"`` for less; ``python -m harness.faults reconnects`` for
the histogram of a thousand sessions that come back at once.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import logging
import sys
import tempfile
from pathlib import Path

import pytest
from rich.console import Console

from harness.faults import reconnects
from harness.faults.cloud_scenarios import CLOUD_SCENARIOS, run_cloud
from harness.faults.outcome import FaultOutcome, markdown, table
from harness.faults.restart_scenarios import RESTART_SCENARIOS, RestartRig, run_restart
from harness.faults.run import run_session
from harness.faults.session_scenarios import SCENARIOS, FaultScenario
from harness.faults.twin_scenarios import TWIN_SCENARIOS, run_twin

PLAIN_RATE = 150.0
CLOUD_MESSAGES_MAX = 1000
"""Of a run against moto, which takes milliseconds a row."""

console = Console(highlight=False, width=150)


def main() -> None:
    """Run the scenarios, print their outcomes, and exit 1 when a message was lost."""
    if sys.argv[1:2] == ["reconnects"]:
        reconnects.main(sys.argv[2:])
        return
    options = _options()
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # what is cut off is cut off by intent
    try:
        ours, plain = asyncio.run(_all(options))
    except pytest.skip.Exception as why:
        sys.exit(f"faults: {why}")
    for fault, seed in itertools.product(options.cloud, options.seed_range):
        ours.append(run_cloud(fault, seed, min(options.messages, CLOUD_MESSAGES_MAX)))
        _print_outcome(ours[-1])
    if options.restarts:
        ours += _restarted(options)
    console.print(table(f"The session: {options.seeds} seeds of {options.messages:,} messages", ours))
    if plain:
        title = f"Plain gmqtt 0.8.0, default settings: {options.plain_messages:,} messages"
        console.print(table(title, plain))
    if options.json:
        runs = {"session": [run.as_json() for run in ours], "plain": [run.as_json() for run in plain]}
        options.json.write_text(json.dumps(runs, indent=2) + "\n")
    if options.markdown:
        options.markdown.write_text(markdown(ours) + "\n\n" + markdown(plain) + "\n")
    failed = [outcome for outcome in ours if not outcome.holds]
    for outcome in failed:
        lost = f"{outcome.verdict.lost} lost, {outcome.verdict.invented} invented"
        console.print(f"[red]{outcome.scenario}, seed {outcome.seed}: {outcome.problem or lost}")
    if failed:
        sys.exit(1)


def _restarted(options: argparse.Namespace) -> list[FaultOutcome]:
    """The runs against a local cloud that restarts: one cloud for all of them, one run at a time."""
    outcomes = []
    with tempfile.TemporaryDirectory() as folder, RestartRig(Path(folder)).running() as rig:
        for name, seed in itertools.product(options.restarts, options.seed_range):
            outcomes.append(run_restart(rig, name, seed))
            _print_outcome(outcomes[-1])
    return outcomes


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="how many seeds, from --first-seed on")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--messages", type=int, default=10_000, help="of the session, a run")
    parser.add_argument("--rate", type=float, default=2000.0, help="messages a second; on AWS it is 90")
    parser.add_argument("--plain-messages", type=int, default=1500, help="of plain gmqtt, a run; 0 for none")
    parser.add_argument("--jobs", type=int, default=4, help="how many runs at a time")
    parser.add_argument("--only", action="append", default=[], help="scenarios with this in their name")
    parser.add_argument("--json", type=Path, help="write every run to this file")
    parser.add_argument("--markdown", type=Path, help="write the tables to this file")
    options = parser.parse_args()
    if options.seeds < 1 or options.messages < 20 or options.rate <= 0:
        parser.error("at least 1 seed and 20 messages, at a rate above 0")
    options.seed_range = range(options.first_seed, options.first_seed + options.seeds)
    options.chosen = [one for one in SCENARIOS if _wanted(one.name, options.only)]
    options.twin = [name for name in TWIN_SCENARIOS if _wanted(name, options.only)]
    options.cloud = [one for one in CLOUD_SCENARIOS if _wanted(one.name, options.only)]
    options.restarts = [name for name in RESTART_SCENARIOS if _wanted(name, options.only)]
    if not (options.chosen or options.twin or options.cloud or options.restarts):
        names = [*(one.name for one in SCENARIOS), *TWIN_SCENARIOS, *(one.name for one in CLOUD_SCENARIOS)]
        names += RESTART_SCENARIOS
        parser.error(f"no such scenario; there are: {'; '.join(names)}")
    return options


def _wanted(name: str, only: list[str]) -> bool:
    return not only or any(text in name for text in only)


async def _all(options: argparse.Namespace) -> tuple[list[FaultOutcome], list[FaultOutcome]]:
    turns = asyncio.Semaphore(options.jobs)

    async def one(scenario: FaultScenario, seed: int, *, plain: bool, folder: Path) -> FaultOutcome:
        # gmqtt waits 6 s before each reconnect, so that it is given more time.
        rate, messages = options.rate, options.messages
        if plain:
            rate, messages = PLAIN_RATE, options.plain_messages
        async with turns:
            outcome = await run_session(scenario, seed, messages, rate, folder, plain=plain)
        _print_outcome(outcome)
        return outcome

    async def whole(name: str, seed: int, folder: Path) -> FaultOutcome:
        async with turns:
            outcome = await run_twin(name, seed, folder)
        _print_outcome(outcome)
        return outcome

    with tempfile.TemporaryDirectory() as folder:
        ours = [
            one(scenario, seed, plain=False, folder=Path(folder) / f"{index}-{seed}")
            for index, scenario in enumerate(options.chosen)
            for seed in options.seed_range
        ]
        twins = [
            whole(name, seed, Path(folder) / f"twin-{index}-{seed}")
            for index, name in enumerate(options.twin)
            for seed in options.seed_range
        ]
        plain = [
            one(scenario, options.first_seed, plain=True, folder=Path(folder) / f"plain-{index}")
            for index, scenario in enumerate(options.chosen)
            if scenario.plainly and options.plain_messages
        ]
        done = await asyncio.gather(*ours, *twins, *plain)
    return done[: len(done) - len(plain)], done[len(done) - len(plain) :]


def _print_outcome(outcome: FaultOutcome) -> None:
    verdict = outcome.verdict
    sign = "✓" if outcome.holds else "✗"
    console.print(
        f"{sign} {outcome.scenario}, seed {outcome.seed}: {verdict.accepted:,} accepted,"
        f" {verdict.stored:,} stored, {verdict.lost:,} lost, {outcome.seconds:.1f} s"
        f" ({outcome.note})  {outcome.problem or ''}"
    )


if __name__ == "__main__":
    main()
