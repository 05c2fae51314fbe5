"""A twin of the local system: in hand from its start, whenever it is interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest

from contracts.errors import VenTwinError
from contracts.wire.ids import VenId
from ven_twin.cli import local_system
from ven_twin.operations.aggregator.cloud import Cloud


def test_what_does_not_come_names_the_last_words_of_twin_and_cloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cause may stand in either log: the line that matters is in the error, and where there is more."""
    (tmp_path / "vens").mkdir()
    (tmp_path / "vens" / "twin.log").write_text("connected to localhost as ven-1\n")
    (tmp_path / "cloud.log").write_text(
        "INFO all is well\nLambda StoreTelemetry timed out after 10s\nINFO next\n"
    )
    monkeypatch.setattr(local_system, "ven_folder", lambda *_: tmp_path / "vens")
    monkeypatch.setattr(local_system, "cloud_folder", lambda: tmp_path)
    monkeypatch.setattr(local_system, "save_identity", lambda *_: ("localhost", 8883))
    cloud = cast("Cloud", type("NoCloud", (), {"stage": "local"}))
    process = local_system.TwinProcess(cloud, VenId("ven-1"), [])
    with pytest.raises(VenTwinError) as raised:
        local_system.wait_for("telemetry", lambda: False, timeout_s=0.0, twin_process=process)
    words = str(raised.value)
    assert words.startswith("telemetry did not come within 0 s; the twin: connected to localhost as ven-1")
    assert "the cloud: Lambda StoreTelemetry timed out after 10s" in words
    assert str(tmp_path / "cloud.log") in words


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_twin_that_is_interrupted_while_it_starts_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """Ctrl-C comes when the process is there and nobody has it yet: it ends all the same."""
    started: list[subprocess.Popen[bytes]] = []
    real_start = subprocess.Popen

    def start(_: list[str], **options: Any) -> subprocess.Popen[bytes]:
        process = real_start([sys.executable, "-c", "import time; time.sleep(60)"], **options)
        started.append(process)
        signal.raise_signal(number)
        return process

    monkeypatch.setattr(local_system, "ven_folder", lambda *_: tmp_path)
    monkeypatch.setattr(local_system, "save_identity", lambda *_: ("localhost", 8883))
    monkeypatch.setattr(subprocess, "Popen", start)
    before = {at: signal.signal(at, signal.default_int_handler) for at in (signal.SIGINT, signal.SIGTERM)}
    cloud = cast("Cloud", type("NoCloud", (), {"stage": "local"}))
    try:
        with pytest.raises(KeyboardInterrupt), local_system.twin(cloud, VenId("ven-1"), []):
            pytest.fail("the block was entered")
        (process,) = started
        assert process.poll() is not None
        assert signal.getsignal(number) is signal.default_int_handler
    finally:
        for at, handler in before.items():
            signal.signal(at, handler)
        for process in started:
            process.kill()
