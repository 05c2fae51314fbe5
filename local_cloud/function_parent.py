"""The parent of the functions' processes: it has boto3 already, and each of them is a fork of it.

Started as a file by `local_cloud.warm_start`. It imports what a Lambda runtime brings, and nothing of the
project: of that a function has what is in its bundle. A request is one message on the socket whose
descriptor is the first argument, with four descriptors: the three of the process, and a pipe that is told the
process's number, and in the end its exit code.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import sys
from typing import Any

MESSAGE_MAX_BYTES = 1 << 20
DESCRIPTORS = 4
BESIDE_MAX = 4096
"""No descriptor is above, but of processes that are not over; the limit of open files can be a million."""


def main() -> None:
    """Fork for each request, until whoever asks is gone."""
    sys.path.pop(0)  # the folder of this file
    _bring_what_a_runtime_brings()
    control = socket.socket(fileno=int(sys.argv[1]))
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    running: dict[int, int] = {}
    with selectors.DefaultSelector() as ready:
        ready.register(control, selectors.EVENT_READ)
        ready.register(woken, selectors.EVENT_READ)
        while True:
            for key, _ in ready.select():
                if key.fileobj is not control:
                    os.read(woken, 4096)
                elif not _begin(control, running):
                    return
            _tell_who_ended(running)


def _bring_what_a_runtime_brings() -> None:
    """Import boto3 and what it imports when it makes its first client."""
    import boto3  # noqa: PLC0415 - after the path is set

    nobody = boto3.session.Session("none", "none", region_name="us-east-1")
    nobody.client("dynamodb")
    gc.collect()
    gc.freeze()


def _begin(control: socket.socket, running: dict[int, int]) -> bool:
    """Take a request and fork; False when there will be no more."""
    message, descriptors, _, _ = socket.recv_fds(control, MESSAGE_MAX_BYTES, DESCRIPTORS)
    if not message:
        return False
    *streams, status = descriptors
    number = os.fork()
    if number == 0:
        _become(json.loads(message), streams)
    for descriptor in streams:
        os.close(descriptor)
    running[number] = status
    os.write(status, f"{number}\n".encode())
    return True


def _become(request: dict[str, Any], streams: list[int]) -> None:
    """Be the process that was asked for; never returns."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for place, descriptor in enumerate(streams):
        os.dup2(descriptor, place)
    os.closerange(3, BESIDE_MAX)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    program = request["program"]
    sys.argv = [program, *request["arguments"]]
    sys.path.insert(0, os.path.dirname(program))  # noqa: PTH120 - as Python itself does
    code = 1
    try:
        runpy.run_path(program, run_name="__main__")
        code = 0
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:  # noqa: BLE001 - whatever it is, it ends the process and is shown
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _tell_who_ended(running: dict[int, int]) -> None:
    while running:
        number, state = os.waitpid(-1, os.WNOHANG)
        if number == 0:
            return
        status = running.pop(number)
        with contextlib.suppress(OSError):  # nobody waits for it any more
            os.write(status, str(os.waitstatus_to_exitcode(state)).encode())
        os.close(status)


if __name__ == "__main__":
    main()
