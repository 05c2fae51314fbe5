"""The progress of a large fleet: a bar while its VENs join, a line while they run."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ven_twin.cli.console import console
from ven_twin.webkit.formatting import power

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from ven_twin.cli.fleet_members import FleetCounts

LINE_EVERY_S = 30.0
"""Where there is no terminal, a line each so often."""


class FleetDisplay:
    """Shows a fleet of *vens* in place on a terminal, elsewhere by a line now and then."""

    def __init__(self, vens: int) -> None:
        self._vens = vens
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._step, self._done, self._printed_s = "", 0, 0.0

    @contextlib.contextmanager
    def shown(self) -> Iterator[None]:
        """Show it for as long as the block lasts."""
        from rich.progress import BarColumn, Progress, TextColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"))
        with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
            self._progress = progress
            yield

    def step(self, words: str, done: int, of: int) -> None:
        """So many of a step of joining are done."""
        self._show(words, done, of, f"{done} of {of}")

    def counts(self, counts: FleetCounts) -> None:
        """The fleet as it is counted."""
        if counts.opened < self._vens:
            self.step("warming houses up", counts.opened, self._vens)
        elif counts.connected < self._vens and self._step != RUNNING:
            self.step("connecting", counts.connected, self._vens)
        else:
            self._show(RUNNING, counts.connected, self._vens, running_line(counts, self._vens))

    def _show(self, step: str, done: int, of: int, words: str) -> None:
        if self._progress is None:
            return
        now_s = time.monotonic()
        if console.is_terminal:
            if self._task is None:
                self._task = self._progress.add_task(step, total=of, words=words)
            self._progress.update(self._task, description=step, completed=done, total=of, words=words)
        elif step != self._step or done == of != self._done or now_s - self._printed_s >= LINE_EVERY_S:
            console.print(words if step == RUNNING else f"{step}: {words}")
            self._printed_s = now_s
        self._step, self._done = step, done


RUNNING = "running"


def running_line(counts: FleetCounts, vens: int) -> str:
    """A fleet that runs, in a line."""
    return (
        f"{counts.connected} of {vens} connected, {counts.acting} in an event, {power(counts.used_kw)} drawn"
    )
