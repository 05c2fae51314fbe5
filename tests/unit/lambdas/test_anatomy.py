"""Every function has the same rooms."""

from __future__ import annotations

from pathlib import Path

import pytest

LAMBDAS = Path(__file__).resolve().parents[3] / "lambdas"
FUNCTIONS = sorted(path.parent.name for path in LAMBDAS.glob("*/handler.py"))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_has_a_handler_logic_adapters_and_settings(function: str) -> None:
    """One function read, the rooms of every other can be guessed."""
    rooms = {path.stem for path in (LAMBDAS / function).iterdir()}
    assert {"handler", "logic", "adapters", "settings"} <= rooms
