"""The command line for tests that call it a hundred times: each call is a process, which has boto3 already.

Importing boto3 is half of what most commands cost. `ven-twin` as its users start it runs in the tests of its
start, of twins and of `up`.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from local_cloud.warm_start import WarmStart
from ven_twin.testing.running_cloud import COMMAND_TIMEOUT_S

PROGRAM = Path(sys.prefix) / "bin" / "ven-twin"
warm = WarmStart()
_popen = warm.starting(subprocess.Popen) if sys.platform.startswith("linux") else subprocess.Popen


def ven_twin(
    *arguments: str, environment: Mapping[str, str], timeout_s: float = COMMAND_TIMEOUT_S
) -> subprocess.CompletedProcess[str]:
    """Run ``ven-twin`` in an *environment*. Raises TimeoutExpired."""
    command = [sys.executable, str(PROGRAM), *arguments]
    pipes: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    process = _popen(command, cwd=str(Path.cwd()), env=dict(environment), text=True, **pipes)
    process.stdin.close()
    output = [_Output(process.stdout), _Output(process.stderr)]
    try:
        code = process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
    return subprocess.CompletedProcess(command, code, *(stream.text() for stream in output))


class _Output:
    """The output of a process, read while it runs."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream, self._read = stream, [""]
        self._reader = threading.Thread(target=lambda: self._read.append(stream.read()), daemon=True)
        self._reader.start()

    def text(self) -> str:
        """All of it, once the process is over."""
        self._reader.join()
        self._stream.close()
        return self._read[-1]
