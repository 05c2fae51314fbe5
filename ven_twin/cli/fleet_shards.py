"""A fleet of several processes: each is a child of the one that the user has started, and reports to it.

    child ── counts, lines for people, at last its reasons ──▶ parent ──▶ the terminal

The parent alone writes to the terminal: it has a bar there, which a child's line would be written into.
"""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from ven_twin.cli.console import log_line
from ven_twin.cli.fleet_members import FleetCounts, Members, Tell, run_members


def spread(shards: Sequence[Members], tell: Tell) -> list[str]:
    """As `run_members`, each of *shards* in a process of its own; an interrupt ends all of them."""
    made = multiprocessing.get_context("spawn")
    children, counts = list[SpawnProcess](), dict[Connection, FleetCounts]()

    def end(*_: object) -> None:
        for child in children:
            child.terminate()

    try:
        for shard in shards:
            ours, theirs = made.Pipe(duplex=False)
            child = made.Process(target=_child, args=(shard, theirs))
            child.start()
            theirs.close()
            children.append(child)
            counts[ours] = FleetCounts()
        with _interrupts(end):
            return _listen(counts, tell)
    except KeyboardInterrupt:  # before all had begun
        end()
        return _listen(counts, tell)
    finally:
        for child in children:
            child.join()


@contextlib.contextmanager
def _interrupts(end: Callable[..., None]) -> Iterator[None]:
    """Have an interrupt call *end* alone: an exception could cut a message of a child in two."""
    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _ToParent:
    """The child's end of the pipe; any of its threads may send, and a parent that is gone is told nothing."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe, self._lock = pipe, threading.Lock()

    def send(self, message: FleetCounts | str | list[str]) -> None:
        """Send counts, a line or the reasons."""
        with self._lock, contextlib.suppress(BrokenPipeError):
            self._pipe.send(message)


class LineSender(io.TextIOBase):
    """A standard error that *send*s each line of it once it is whole."""

    def __init__(self, send: Callable[[str], None]) -> None:
        self._send, self._begun = send, ""

    def write(self, text: str) -> int:
        """Send the lines that *text* ends; the rest waits for its end."""
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._send(line)
        return len(text)


def _child(members: Members, pipe: Connection) -> None:
    """The process of a shard; the parent is the one that an interrupt is for."""
    from contracts.errors import VenTwinError

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = _ToParent(pipe)
    sys.stderr = LineSender(parent.send)
    try:
        reasons = run_members(members, parent.send)
    except VenTwinError as error:
        reasons = [str(error)]
    parent.send(reasons)


def _listen(counts: dict[Connection, FleetCounts], tell: Tell) -> list[str]:
    """Log the children's lines and tell the sum of their counts until each has ended; the reasons of all."""
    reasons: list[str] = []
    running = set(counts)
    while running:
        for pipe in wait([*running]):
            assert isinstance(pipe, Connection)  # noqa: S101 - these are what is waited for
            try:
                message = pipe.recv()
            except EOFError:
                running.discard(pipe)
                continue
            if isinstance(message, FleetCounts):
                counts[pipe] = message
            elif isinstance(message, str):
                log_line(message)
            else:
                reasons += message
        total = FleetCounts()
        for one in counts.values():
            total = total.and_of(one)
        tell(total)
    return reasons
