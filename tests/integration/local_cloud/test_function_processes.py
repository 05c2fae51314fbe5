"""Processes of functions: one folder of code for all, forked from one parent, each as if started alone."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest

from local_cloud.warm_start import WarmStart
from tests.integration.local_cloud.conftest import Emulator
from tests.support.waiting import GIVE_UP_S
from ven_twin.installation import cache_folder

ECHO = """
import os, sys
there = sorted({name.split(".")[0] for name in sys.modules})
print(os.getcwd(), os.environ["WORD"], len(os.environ), sys.argv, sys.path[0], "boto3" in there)
print(set(there) & {"contracts", "lambdas", "local_cloud", "cdk", "ven_twin", "msgspec"}, file=sys.stderr)
print(sys.stdin.readline().strip())
"""
HANDLER = """
import os, sys
there = "boto3" in sys.modules
def handler(event, context):
    if event.get("end"):
        os._exit(7)
    at, word = os.path.realpath(__file__), os.environ["WORD"]
    return {"at": at, "warm": there, "process": os.getpid(), "word": word}
"""

Start = Callable[..., Any]


@pytest.fixture
def warm() -> Iterator[WarmStart]:
    """Starts from a parent, which ends with the test."""
    starts = WarmStart()
    yield starts
    starts.end()


@pytest.fixture
def start(warm: WarmStart, tmp_path: Path) -> Start:
    """Starts a program, as the emulator does."""
    popen, programs = warm.starting(subprocess.Popen), (tmp_path / f"{number}.py" for number in range(99))

    def begin(text: str, **environment: str) -> Any:
        program = next(programs)
        program.write_text(text, encoding="utf-8")
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        command = [sys.executable, str(program)]
        return popen(command, cwd=str(tmp_path), env=environment, text=True, bufsize=1, **pipes)

    return begin


def _close(process: Any) -> None:
    for stream in (process.stdin, process.stdout, process.stderr):
        stream.close()


def test_a_fork_is_as_a_process_that_was_started(start: Start, tmp_path: Path) -> None:
    """A process has folder and environment of its function, and its program first on the path."""
    process = start(ECHO, WORD="one")
    process.stdin.write("said\n")
    process.stdin.flush()
    program = tmp_path / "0.py"
    assert process.stdout.readline() == f"{tmp_path} one 1 ['{program}'] {tmp_path} True\n"
    assert process.stdout.readline() == "said\n"
    assert process.stderr.read() == "set()\n"
    assert process.wait(GIVE_UP_S) == process.poll() == 0
    _close(process)


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("raise SystemExit(3)", 3, ""),
        ("raise SystemExit('no')", 1, ""),
        ("1 / 0", 1, "ZeroDivisionError"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, ""),
    ],
)
def test_its_end_is_told(start: Start, text: str, code: int, words: str) -> None:
    """By the exit code, or by the signal; a traceback is on its error stream."""
    process = start(text, WORD="")
    assert words in process.stderr.read()
    assert process.wait(GIVE_UP_S) == code
    _close(process)


@pytest.mark.parametrize(("end", "number"), [("terminate", signal.SIGTERM), ("kill", signal.SIGKILL)])
def test_it_is_ended_from_outside(start: Start, end: str, number: signal.Signals) -> None:
    """It runs until it is asked to end; a second time changes nothing."""
    process = start("import sys; print('here', flush=True); sys.stdin.read()", WORD="")
    assert process.stdout.readline() == "here\n"
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.01)
    getattr(process, end)()
    assert process.wait(GIVE_UP_S) == -number
    getattr(process, end)()
    _close(process)


def test_many_at_once_keep_apart(start: Start) -> None:
    """Each has the streams of its own, and the end of one is no other's."""
    text = "import os, sys; sys.stdout.write(os.environ['WORD'] + sys.stdin.read()); sys.stdout.flush()"
    running = [start(text, WORD=str(number)) for number in range(8)]
    for number, process in enumerate(running):
        process.stdin.write(f" {number}")
        process.stdin.close()
        assert process.stdout.read() == f"{number} {number}"
        assert process.wait(GIVE_UP_S) == 0
        _close(process)


def test_a_parent_that_was_killed_is_replaced(start: Start, warm: WarmStart) -> None:
    """Processes that it began go on, and the next one has another parent."""
    first = start("import sys; sys.stdin.read()", WORD="")
    assert warm.parent is not None
    warm.parent.kill()
    warm.parent.wait(GIVE_UP_S)
    second = start("print('here')", WORD="")
    assert second.stdout.read() == "here\n"
    assert second.wait(GIVE_UP_S) == 0
    os.kill(first.pid, 0)
    first.stdin.close()
    assert first.stdout.read() == ""
    for process in (first, second):
        _close(process)


def test_a_parent_that_ends_over_a_request_is_done_without(start: Start, warm: WarmStart) -> None:
    """A request that it took and never answered: the process is started as the emulator would."""
    first = start("import sys; sys.stdin.read()", WORD="")
    assert warm.parent is not None
    warm.parent.send_signal(signal.SIGSTOP)
    with ThreadPoolExecutor(1) as beside:
        second = beside.submit(start, "print('here')", WORD="")
        assert not wait([second], timeout=0.2).done
        warm.parent.kill()
        process = second.result(GIVE_UP_S)
    assert process.stdout.read() == "here\n"
    assert process.wait(GIVE_UP_S) == 0
    first.stdin.close()
    for one in (first, process):
        _close(one)


def _zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("code.py"), HANDLER)
    return buffer.getvalue()


def test_functions_share_their_code_and_start_with_boto3(emulator: Emulator) -> None:
    """Two functions of one zip have one folder, kept for the next cloud. A process that ends is replaced."""
    functions, roles = emulator.client("lambda"), emulator.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = roles.create_role(RoleName="functions", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
    answers, code = [], _zipped()
    for word in ("one", "two"):
        functions.create_function(
            FunctionName=word,
            Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
            Role=role,
            Handler="code.handler",
            Code={"ZipFile": code},
            Environment={"Variables": {"WORD": word}},
        )
        answers.append(_called(functions, word))
    one, two = answers
    assert one["at"] == two["at"]
    assert Path(one["at"]).is_relative_to(cache_folder() / "functions")
    assert (one["word"], two["word"]) == ("one", "two")
    assert one["process"] != two["process"]
    assert one["warm"] is two["warm"] is sys.platform.startswith("linux")
    assert "FunctionError" in functions.invoke(FunctionName="one", Payload=b'{"end": true}')
    assert _called(functions, "one")["process"] != one["process"]


def _called(functions: Any, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(functions.invoke(FunctionName=name, Payload=b"{}")["Payload"].read())
    return answer
