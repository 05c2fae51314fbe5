"""The command that scores fitted houses needs OCHRE, and says so."""

import subprocess

import pytest

from harness.fitting import __main__ as fitting


def test_without_ochre_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without OCHRE, which cannot be installed there, the command says so and leaves the guide as it is."""

    def fails(house: str) -> None:
        raise subprocess.CalledProcessError(1, ["pip", house])

    monkeypatch.setattr(fitting, "HOUSES", {})
    monkeypatch.setattr(fitting.ochre_truths, "run", fails)
    before = fitting.PAGE.read_text(encoding="utf-8")
    with pytest.raises(SystemExit, match="OCHRE could not be installed or did not run"):
        fitting.main([])
    assert fitting.PAGE.read_text(encoding="utf-8") == before
