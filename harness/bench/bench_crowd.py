"""Twins in one process beside as many plain gmqtt sessions, each with a certificate of its own over TLS."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.bench.figure import Figure
from harness.crowd.__main__ import measure

VENS, REST_S, EVENT_S = 200, 30.0, 20.0
PLAIN = "a plain session"


def run() -> Iterator[Figure]:
    """Figures of 200 of each; `make crowd ARGS="--vens 1000"` is for more."""
    plain, twins = _phases("plain"), _phases("twins")
    rest, event = twins["at rest"], twins["in an event"]
    kb = rest["kb"], plain["at rest"]["kb"]
    yield Figure("a twin's memory, at rest", kb[0], "KB", "<= 2 x", kb[1], PLAIN)
    yield Figure("in an event", event["kb"], "KB", "<= 2 x", kb[1], PLAIN)
    yield Figure(f"{VENS} twins, connected after", twins["connected"]["connected_s"], "s", "<= 12 s")
    yield Figure(f"{VENS} twins, at rest", 100.0 * rest["share"], "% of a core")
    yield Figure(f"{VENS} twins, in an event", 100.0 * event["share"], "% of a core")
    yield Figure("event desired until the last acts", event["last_s"], "s", "<= 5 s")


def _phases(kind: str) -> dict[str, dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(measure(kind, Path(folder), VENS, REST_S, EVENT_S))
