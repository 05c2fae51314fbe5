"""Starting the local cloud where its packages are not installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_cloud import process
from local_cloud.runtime import StartError


def test_a_missing_package_is_named_with_the_extra_and_nothing_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by a traceback in a log: the line says what to install."""
    monkeypatch.setattr(process, "PACKAGES", ("msgspec", "no_such_emulator"))
    with pytest.raises(StartError, match=r"pip install 'ven-twin\[local\]'.*\(missing: no_such_emulator\)$"):
        process.start(tmp_path / "cloud")
    assert not (tmp_path / "cloud").exists()
