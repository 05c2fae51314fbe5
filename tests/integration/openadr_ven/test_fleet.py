"""A fleet of twins at a VTN, without AWS: one client of them all, and each VEN's events for it alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.loopback_vtn import CLIENT, LoopbackVtn, serving_vtn
from tests.support.oadr_ven_stand import VenOnStand, add_event, until
from tests.support.waiting import GIVE_UP_S


def start_fleet(url: str, secret: Path, home: Path, log: Path) -> subprocess.Popen[bytes]:
    """Two VENs of one client, each in a process of its own."""
    options = ["--vens", "house-1,house-2", "--processes", "2", "--houses", "flat", "--vtn-poll", "1s"]
    link = ["--vtn", url, "--client-id", CLIENT, "--client-secret-file", str(secret)]
    command = [sys.executable, "-m", "ven_twin.cli", "fleet", "run", *options, *link]
    with log.open("wb") as output:
        environment = {**os.environ, "VEN_TWIN_HOME": str(home)}
        return subprocess.Popen(command, env=environment, stdout=output, stderr=output)


async def test_vens_of_one_client_act_on_their_events_alone(
    stand: VenOnStand, vtn: LoopbackVtn, tmp_path: Path
) -> None:
    """The VTN lists to each what any VEN of the client may see; an event without targets is for all."""
    vtn.add("vens", venName="house-1", clientID=CLIENT, targets=["north"])
    vtn.add("vens", venName="house-2", clientID=CLIENT, targets=["south"])
    for name in ("house-1", "house-2"):
        (ven,) = (row["id"] for row in vtn.all("vens") if row["venName"] == name)
        vtn.add("resources", resourceName="meter", venID=ven, clientID=CLIENT, targets=[f"meter-{name}"])
    log = tmp_path / "fleet.log"
    with serving_vtn(vtn):
        north = add_event(vtn, 1, in_s=3600, targets=["north"])
        south = add_event(vtn, 1, in_s=7200, targets=["south", "east"])
        meter = add_event(vtn, 1, in_s=10800, targets=["meter-house-1"])
        everybody = add_event(vtn, 2)
        fleet = start_fleet(vtn.url, stand.secret, tmp_path, log)
        try:

            def says(ven: str, words: str) -> bool:
                lines = log.read_text().splitlines()
                return any(f"  {ven}" in f"  {line}" and words in line for line in lines)

            for ven, event_id in (
                ("house-1", everybody),
                ("house-2", everybody),
                ("house-1", north),
                ("house-1", meter),
                ("house-2", south),
            ):
                await until(lambda ven=ven, event_id=event_id: says(ven, event_id))  # type: ignore[misc]
            assert not says("house-2", north)
            assert not says("house-2", meter)
            assert not says("house-1", south)
        finally:
            fleet.send_signal(signal.SIGINT)
            assert fleet.wait(GIVE_UP_S) == 0, log.read_text()
    assert "Traceback" not in log.read_text()
    assert sorted(row["venName"] for row in vtn.all("vens")) == ["house-1", "house-2"]
    assert (tmp_path / "vens" / "openadr" / "house-1" / "openadr.sqlite").exists()
