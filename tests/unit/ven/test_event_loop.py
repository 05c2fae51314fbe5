"""The event loop of a process with many VENs."""

from __future__ import annotations

import asyncio
import sys

import pytest

from ven_twin.ven.event_loop import run_many


async def _loop_module() -> str:
    return type(asyncio.get_running_loop()).__module__


@pytest.mark.skipif(sys.platform == "win32", reason="it is not made for Windows")
def test_many_vens_run_in_uvloop() -> None:
    """Where it is installed, as a checkout has it."""
    assert run_many(_loop_module()).startswith("uvloop")


def test_without_uvloop_asyncio_runs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform that has none runs a fleet all the same."""
    monkeypatch.setitem(sys.modules, "uvloop", None)
    assert run_many(_loop_module()).startswith("asyncio")
