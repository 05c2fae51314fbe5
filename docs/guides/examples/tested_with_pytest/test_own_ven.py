"""A VEN of one's own in the local cloud: here the Raspberry Pi of the guide, which runs beside the test."""

import subprocess
import sys
from pathlib import Path

import pytest

MY_VEN = Path(__file__).parents[1] / "raspberry_pi.py"


@pytest.fixture
def my_ven(local_cloud):
    """The VEN, once the cloud knows what it can shed."""
    identity = local_cloud.identity("my-ven")
    options = ["--ven-id", "my-ven", "--host", identity.host, "--port", str(identity.port)]
    options += ["--tls", str(identity.folder), "--interval", "1"]
    with subprocess.Popen([sys.executable, MY_VEN, *options]) as process:
        try:
            yield local_cloud.wait_for_offer("my-ven")
        finally:
            process.terminate()


def test_my_ven_takes_part_in_an_event(my_ven, dr_event):
    """It offers 2 kW, is called for 1 and delivers that."""
    assert my_ven == 2.0
    report = dr_event(shed_kw=1, duration="10s", target="my-ven")
    (part,) = report.vens
    assert part.acknowledged
    assert part.delivered["meter_before"].delivered_kw == pytest.approx(1.0, abs=0.3)
