"""Processes of functions that start with boto3 in them, as forks of one parent.

The emulator starts a Python process for each execution environment of a function, and a stack has dozens.
Importing boto3 is most of what such a start costs, a third of a second of a processor. On AWS it is there
already, in the runtime. Where processes cannot be forked as here, each is started as the emulator would.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import IO, Any

from local_cloud.overrides import Original, replace

PARENT = Path(__file__).with_name("function_parent.py")


class ForkedProcess:
    """A fork of the parent, as far as the emulator asks of a ``subprocess.Popen``.

    *status* is the pipe that tells its exit code in the end; the three streams are text.
    """

    def __init__(self, pid: int, status: int, streams: Sequence[IO[str]]) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self.stdin, self.stdout, self.stderr = streams
        self._status = status
        self._turn = threading.Lock()

    def poll(self) -> int | None:
        """The exit code; None while it runs."""
        return self._ended(0.0)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once it is over. Raises TimeoutExpired after *timeout*, s."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return code

    def terminate(self) -> None:
        """Ask it to end."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _ended(self, timeout_s: float | None) -> int | None:
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while self.returncode is None:
            with self._turn:
                if self.returncode is None and _is_readable(self._status, 0.0):
                    # The pipe of a parent that was killed is closed without a word.
                    self.returncode = int(os.read(self._status, 16) or -signal.SIGKILL)
                    os.close(self._status)
            if self.returncode is None:
                left_s = 1.0 if until is None else min(1.0, until - time.monotonic())
                if left_s <= 0:
                    return None
                _is_readable(self._status, left_s)
        return self.returncode


class WarmStart:
    """Starts processes of functions from a parent, which it starts when there is none.

    Attributes:
        parent: the process that they are forks of; None before the first.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._control: socket.socket | None = None
        self.parent: subprocess.Popen[bytes] | None = None

    def starting(self, popen: Original) -> Original:
        """The emulator's *popen*, by a fork where the program is a file of Python's."""

        def begin(command: Sequence[str], **options: Any) -> Any:
            if command[0] == sys.executable and not command[1].startswith("-"):
                with contextlib.suppress(OSError):
                    return self._forked(command[1:], options["cwd"], options["env"])
            return popen(command, **options)

        return begin

    def end(self) -> None:
        """End the parent; what it began goes on."""
        with self._turn:
            if self._control is not None:
                self._control.close()
                self._control = None
        if self.parent is not None:
            self.parent.wait()

    def _forked(self, command: Sequence[str], folder: str, environment: Mapping[str, str]) -> ForkedProcess:
        """A fork that runs *command* in *folder*. Raises OSError when there can be none."""
        program, *arguments = command
        named = {"program": program, "arguments": arguments, "cwd": folder, "env": dict(environment)}
        request = json.dumps(named).encode()
        (stdin, ours_in), (ours_out, stdout) = os.pipe(), os.pipe()
        (ours_err, stderr), (ours_status, status) = os.pipe(), os.pipe()
        theirs, ours = (stdin, stdout, stderr, status), (ours_in, ours_out, ours_err, ours_status)
        try:
            try:
                with self._turn:
                    self._send(request, theirs)
            finally:
                _close(theirs)  # with one of them open here, nothing would tell that the parent has ended
            pid = _first_line(ours_status)
        except OSError:
            _close(ours)
            raise
        streams = [os.fdopen(ours_in, "w", buffering=1), os.fdopen(ours_out), os.fdopen(ours_err)]
        return ForkedProcess(pid, ours_status, streams)

    def _send(self, request: bytes, descriptors: Sequence[int]) -> None:
        if self._control is not None:
            try:
                socket.send_fds(self._control, [request], list(descriptors))
            except ConnectionError:
                self._control.close()
            else:
                return
        self._control = self._new_parent()
        socket.send_fds(self._control, [request], list(descriptors))

    def _new_parent(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self.parent = subprocess.Popen(
                [sys.executable, str(PARENT), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        return ours


def _first_line(descriptor: int) -> int:
    """The number in the first line of a pipe. Raises ConnectionError when it was closed before."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(descriptor, 1)
        if not byte:
            raise ConnectionError("the functions' parent ended")
        line += byte
    return int(line)


def _is_readable(descriptor: int, timeout_s: float) -> bool:
    ready = select.poll()  # a descriptor of a large fleet's cloud is above what select can wait for
    ready.register(descriptor, select.POLLIN)
    try:
        return bool(ready.poll(timeout_s * 1000))
    except OSError:  # closed meanwhile: another thread has seen the end
        return True


def _close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


def start_warm(lambda_runtime: ModuleType) -> None:
    """Let functions' processes start with boto3. *lambda_runtime* is the emulator's module."""
    if not sys.platform.startswith("linux"):  # elsewhere a fork may not call the system's libraries
        return
    warm = WarmStart()
    replace(
        lambda_runtime,
        "subprocess",
        lambda module: SimpleNamespace(**{**vars(module), "Popen": warm.starting(module.Popen)}),
    )
