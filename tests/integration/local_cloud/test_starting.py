"""A local cloud that cannot be started leaves no process behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_cloud import process
from local_cloud.runtime import Runtime


def test_a_start_that_cannot_be_written_down_ends_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the disk full there is no runtime file to stop it by; it is stopped all the same."""
    begun: list[Runtime] = []

    def full(runtime: Runtime, _folder: Path) -> None:
        begun.append(runtime)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(process, "remember", full)
    with pytest.raises(OSError, match="No space left"):
        process.start(tmp_path, gateway_port=process.free_port(), mqtt_port=process.free_port())
    (runtime,) = begun
    assert not runtime.alive()
    assert runtime.pid not in process._children
