"""Runs a session scenario for a seed, and has the oracle judge it."""

from __future__ import annotations

import contextlib
import random
import time
import zlib
from pathlib import Path

from harness.faults.outcome import FaultOutcome
from harness.faults.rig import Rig
from harness.faults.session_scenarios import LOSSES, FaultScenario, disk_full, small_disk
from ven_twin.ven.mqtt.send_window import IN_FLIGHT_MAX

GAP_MIN = 2.0 * IN_FLIGHT_MAX
"""Messages between two strikes at the least. A link that ends, time after time, before anything of a whole
window is acknowledged lets nobody get on."""


async def run_session(
    scenario: FaultScenario, seed: int, messages: int, rate: float, folder: Path, *, plain: bool = False
) -> FaultOutcome:
    """One run of *scenario*, whose files go to *folder*; with *plain* gmqtt stands in the session's place."""
    rng = random.Random(zlib.crc32(scenario.name.encode()) * 1000 + seed)
    options = {**scenario.options, "rate": rate, "plain": plain}
    note = f"plain gmqtt, {rate:g}/s" if plain else f"{rate:g}/s"
    with contextlib.ExitStack() as stack:
        if scenario.run is disk_full:
            disk, kind = stack.enter_context(small_disk(folder / "disk"))
            options["outbox"] = str(disk / "outbox.db")
            note += f", disk: {kind}"
        rig = Rig(folder, rng, messages, options, scenario.blind, scenario.policy)
        began_s, problem = time.monotonic(), None
        async with rig:
            rig.proxy.fault = scenario.fault(rng, max(GAP_MIN, messages / LOSSES))
            try:
                await scenario.run(rig)
            except AssertionError as error:
                problem = str(error)
            await rig.broker.terminate()  # all that it took is on its way to the cloud's end now
            await rig.ingestion.ended()
            verdict, result = rig.verdict()
            if result is None and problem is None and not plain:
                problem = f"the producer did not end: {_last_line(folder)}"
            if result and result.put_aside:
                note += f"; put aside: {', '.join(sorted({reason for _, _, reason in result.put_aside}))}"
            connects = len(rig.proxy.links)
    return FaultOutcome(scenario.name, seed, verdict, connects, time.monotonic() - began_s, problem, note)


def _last_line(folder: Path) -> str:
    lines = (folder / "producer.log").read_text().strip().splitlines()
    return lines[-1] if lines else "its log is empty"
