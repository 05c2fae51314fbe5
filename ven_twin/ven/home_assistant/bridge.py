"""The twin's end of the pipe to the process that speaks to the home's broker.

The twin waits for nothing here: a state that the pipe does not take is left out, an order is judged and
carried out as the resident's own, at most one in `ORDER_EVERY_S`. A process that ends is started again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from importlib.metadata import PackageNotFoundError, version

import msgspec

from contracts.wire import codec
from ven_twin.ven.clock import monotonic_s
from ven_twin.ven.errors import NotStoredError
from ven_twin.ven.home_assistant.broker import HomeBroker
from ven_twin.ven.home_assistant.discovery import home_state
from ven_twin.ven.home_assistant.worker import ORDER_EVERY_S, Task, WorkerLine
from ven_twin.ven.page.presenter import ven_view
from ven_twin.ven.runtime import Twin
from ven_twin.ven.worker_process import worker_process

WORKER = "ven_twin.ven.home_assistant.worker"
STATE_EVERY_S = 2.0
RESTART_S = 30.0
PIPE_MAX_BYTES = 64 * 1024
"""A pipe that holds more than this is not read, and gets no more."""
REASON = "notParticipating"
"""OpenADR's word for a resident who opts out without telling why."""

logger = logging.getLogger(__name__)


class HomeAssistantBridge:
    """Shows a twin in Home Assistant for as long as `run` runs."""

    def __init__(self, twin: Twin, broker: HomeBroker) -> None:
        self._twin = twin
        self._broker = broker
        self._process: asyncio.subprocess.Process | None = None
        self._shown = b""
        self._shown_s = 0.0
        twin.watch(self._on_tick)

    async def run(self) -> None:
        """Keep a worker running until cancelled."""
        while True:
            try:
                await self._worker()
            except (OSError, ValueError) as error:  # it cannot be started, or writes no lines
                logger.warning("Home Assistant is left out for now: %s", error)
            await asyncio.sleep(RESTART_S)

    async def _worker(self) -> None:
        async with worker_process(WORKER) as process:
            task = Task(ven_id=self._twin.snapshot().state.ven_id, version=_version(), broker=self._broker)
            self._process, self._shown = process, b""
            try:
                _send(process, codec.encode(task))
                self._on_tick()
                await self._read(process)
                logger.warning("what speaks to Home Assistant's broker has ended; it is started again")
            finally:
                self._process = None

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        """Carry orders out and log what there is to log, until the worker ends."""
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        while line := await process.stdout.readline():
            try:
                worker_line = msgspec.json.decode(line, type=WorkerLine)
            except msgspec.MsgspecError as error:
                raise ValueError(f"its worker writes something else: {error}") from None
            if worker_line.log is not None:
                logger.info("%s", worker_line.log)
            if worker_line.opt_out is not None:
                self._order(opt_out=worker_line.opt_out)
                await asyncio.sleep(ORDER_EVERY_S)

    def _order(self, *, opt_out: bool) -> None:
        """Opt out or in, if that changes anything."""
        snapshot = self._twin.snapshot()
        if snapshot.state.settings.opted_out(snapshot.now_ts) is opt_out:
            return
        try:
            if opt_out:
                self._twin.opt_out(REASON)
            else:
                self._twin.opt_in()
        except NotStoredError as error:
            logger.warning("the opt-out of Home Assistant is not done: %s", error)

    def _on_tick(self) -> None:
        """Hand the state on when it has changed. Never raises: the twin goes on without Home Assistant."""
        try:
            now_s = monotonic_s()
            if self._process is None or (self._shown and now_s - self._shown_s < STATE_EVERY_S):
                return
            state = codec.encode(home_state(ven_view(self._twin.snapshot())))
            if state != self._shown and _send(self._process, state):
                self._shown, self._shown_s = state, now_s
        except Exception:
            logger.exception("the VEN's state could not be sent to Home Assistant")


def _send(process: asyncio.subprocess.Process, line: bytes) -> bool:
    """Write a line, unless the pipe is full or closed; tells whether it was written."""
    pipe = process.stdin
    if pipe is None or pipe.is_closing() or pipe.transport.get_write_buffer_size() > PIPE_MAX_BYTES:
        return False
    pipe.write(line + b"\n")
    return True


@contextlib.asynccontextmanager
async def bridging(twin: Twin, broker: HomeBroker) -> AsyncIterator[None]:
    """Show *twin* in the Home Assistant at *broker* for as long as the block lasts."""
    running = asyncio.ensure_future(HomeAssistantBridge(twin, broker).run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _version() -> str:
    try:
        return version("ven-twin")
    except PackageNotFoundError:
        return "unknown"
