"""A process of the twin's that speaks to somebody else: lines go in and out, and it ends with the twin."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from ven_twin.installation import module_command

LINE_MAX_BYTES = 4096
"""A longer line of a worker's is an error."""
END_S = 3.0
"""So long a worker has to take its leave, once its input has ended."""


@contextlib.asynccontextmanager
async def worker_process(module: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run *module* for as long as the block lasts. Raises OSError when it cannot be started."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *module_command(module),
        stdin=pipe,
        stdout=pipe,
        stderr=asyncio.subprocess.DEVNULL,
        limit=LINE_MAX_BYTES,
        start_new_session=True,  # Ctrl-C is the twin's
    )
    try:
        yield process
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Let the worker take its leave, and end it when that takes long or is cut short."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await _gone(process)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await _gone(process)


async def _gone(process: asyncio.subprocess.Process) -> None:
    """Wait for the worker's end. What it wrote is read to its end: asyncio waits for that too."""
    if process.stdout is not None:
        while await process.stdout.read(LINE_MAX_BYTES):
            pass
    await process.wait()
