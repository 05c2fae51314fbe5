"""A reader who types the commands of pages, in order, in one folder with one local cloud."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.doc_commands.reading import DocCommand, DocFile, steps
from harness.doc_commands.rules import PLACEHOLDERS, ROOT, VENS_RUN, WATCHES, reason_not_run
from ven_twin.installation import CACHE_VARIABLE, HOME_VARIABLE

COMMAND_TIMEOUT_S = 240.0
_OF_VTN = re.compile(r"--vtn\b")
"""A VEN of a VTN alone is in no list of the stage's VENs."""
READY_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 240.0
LOOK_S = 0.3
MQTT_PORT, PAGE = "8883", "http://127.0.0.1:8080"
"""As docs write them; another is taken where these are in use."""
_VEN_PAGE = re.compile(r"page: (http://127\.0\.0\.1:\d+)")
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")


@dataclass(frozen=True)
class DocResult:
    """The end of a command: its exit code and output, or the *reason* why it was not run."""

    command: DocCommand
    exit_code: int = 0
    seconds: float = 0.0
    output: str = ""
    reason: str | None = None
    trouble: str | None = None

    @property
    def failed(self) -> bool:
        """True when it ended otherwise than the page says."""
        return self.reason is None and (self.trouble is not None or self.exit_code != self.command.exit_code)


@dataclass
class _Terminal:
    """A command that goes on, in a terminal of its own."""

    command: DocCommand
    process: subprocess.Popen[bytes]
    log: Path

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self) -> int:
        """Press Ctrl-C; the exit code."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
        try:
            return self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            return self.process.wait()


@dataclass
class Reader:
    """The folder, the shell's environment, the open terminals, and what placeholders stand for."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    terminals: list[_Terminal] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        (self.folder / ".venv").symlink_to(sys.prefix)
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "VEN_TWIN_"))
        }
        self.environment = {
            **inherited,
            "HOME": str(self.folder),
            "PATH": f"{sys.prefix}/bin:{os.environ['PATH']}",
            "SHELL": "/bin/bash",
            "NO_COLOR": "1",
            "COLUMNS": "120",
            HOME_VARIABLE: str(self.folder / ".ven-twin"),
            CACHE_VARIABLE: str(ROOT / ".cache"),
        }

    def read(self, page: Path) -> Iterator[DocResult]:
        """Do what a page says; the end of each command."""
        for step in steps(page):
            if isinstance(step, DocFile):
                (self.folder / step.name).write_text(step.text, encoding="utf-8")
            elif reason := reason_not_run(step):
                yield DocResult(step, reason=reason)
            else:
                yield from self._type(step)

    def leave(self) -> Iterator[DocResult]:
        """Press Ctrl-C in each terminal, the latest first, and stop the cloud; each VEN's end."""
        while self.terminals:
            yield self._close(self.terminals.pop())
        self._shell("ven-twin cloud stop")

    def _type(self, command: DocCommand) -> Iterator[DocResult]:
        text = self._filled(command.text)
        if re.search(r"\bven-twin cloud (start|stop)\b", text):
            up = any(
                "up" in terminal.command.text or "make" in terminal.command.text
                for terminal in self.terminals
            )
            while self.terminals and (up or "stop" in text):
                yield self._close(self.terminals.pop())
        begun = time.monotonic()
        try:
            if VENS_RUN.search(text) or WATCHES.search(text):
                code, output = self._open(command, text)
            else:
                if "event report" in text:
                    self._wait_for_the_end()
                code, output = self._shell(text)
        except (TimeoutError, subprocess.TimeoutExpired, OSError) as error:
            yield DocResult(command, seconds=time.monotonic() - begun, trouble=str(error))
            return
        for name, pattern in PLACEHOLDERS.items():
            if printed := pattern.search(output):
                self.values[name] = printed[1]
        yield DocResult(command, code, time.monotonic() - begun, output)

    def _filled(self, text: str) -> str:
        """A line with its placeholders' values, and the ports that are in use."""
        for name, value in self.values.items():
            text = re.sub(rf"\b{name}\b", value, text)
        if MQTT_PORT in text and (port := self._json("cloud status").get("mqttPort")):
            text = text.replace(MQTT_PORT, str(port))
        if PAGE in text:
            shown = (_VEN_PAGE.search(terminal.text()) for terminal in self.terminals)
            text = text.replace(PAGE, next((address[1] for address in shown if address), PAGE))
        return text

    def _shell(self, text: str) -> tuple[int, str]:
        """Run a line in the reader's shell, which keeps what it exports; exit code and output."""
        read, write = os.pipe()
        with os.fdopen(read, "rb") as environment:
            try:
                done = subprocess.run(
                    ["bash", "-c", f"{text}\ncode=$?\nenv -0 >&{write}\nexit $code"],
                    cwd=self._place(text),
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    check=False,
                    pass_fds=(write,),
                    timeout=COMMAND_TIMEOUT_S,
                )
            finally:
                os.close(write)
            exported = environment.read().decode()
        pairs = (pair.partition("=") for pair in exported.split("\0") if "=" in pair)
        self.environment = {name: value for name, _, value in pairs} or self.environment
        return done.returncode, done.stdout

    def _place(self, text: str) -> Path:
        """The folder of a command: the checkout for those that need its files."""
        return ROOT if text.startswith(("make ", "npx ")) else self.folder

    def _open(self, command: DocCommand, text: str) -> tuple[int, str]:
        """Start what goes on in a terminal of its own, and wait until it shows what it is for."""
        log = self.folder / f"terminal-{command.page.stem}-{command.line}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {text}"],
                cwd=self._place(text),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        terminal = _Terminal(command, process, log)
        self.terminals.append(terminal)
        if WATCHES.search(text):
            self._wait(terminal, lambda: self._has_shown(terminal, text))
            self.terminals.remove(terminal)
            return terminal.stop(), terminal.text()
        if re.search(r"\b(up|make run)\b", text):
            self._wait(terminal, lambda: "Ctrl-C stops it" in terminal.text())
        elif (count := re.search(r"--count (\d+)", text)) is not None:
            self._wait(terminal, lambda: f"{count[1]} of {count[1]} connected" in terminal.text())
        elif _OF_VTN.search(text):
            self._wait(terminal, lambda: "this VEN is one of" in terminal.text())
        else:
            self._wait(terminal, self._vens_are_there)
        return 0, terminal.text()

    def _has_shown(self, terminal: _Terminal, text: str) -> bool:
        if "fleet serve" not in text:
            return bool(terminal.text().strip())
        address = _ADDRESS.search(terminal.text())
        if address is None:
            return False
        with urllib.request.urlopen(address[0], timeout=10) as answer:  # noqa: S310 - loopback
            return bool(answer.status == 200)

    def _vens_are_there(self) -> bool:
        """True when each VEN that was started is online, and says what it can shed."""
        started = [
            name
            for terminal in self.terminals
            if not _OF_VTN.search(terminal.command.text)
            for name in re.findall(r"ven-twin run (\S+)", terminal.command.text)
        ]
        vens = {ven["venId"]: ven for ven in self._json("fleet status").get("vens", [])}
        return bool(vens) and all("offersKw" in vens.get(name, {}) for name in started or vens)

    def _wait(self, terminal: _Terminal, ready: Callable[[], bool]) -> None:
        until = time.monotonic() + READY_TIMEOUT_S
        while not ready():
            if terminal.process.poll() is not None:
                raise OSError(f"it ended with {terminal.process.returncode}: {terminal.text()[-500:]}")
            if time.monotonic() > until:
                raise TimeoutError(f"nothing came within {READY_TIMEOUT_S:g} s: {terminal.text()[-500:]}")
            time.sleep(LOOK_S)

    def _wait_for_the_end(self) -> None:
        """Wait until the event is over, as the reader does."""
        shown = self._json(f"event show {self.values.get('EVENT', '')}").get("event", {})
        if "endTs" in shown and shown.get("phase") != "cancelled":
            time.sleep(max(0.0, shown["endTs"] - time.time()) + 1)

    def _json(self, words: str) -> dict[str, Any]:
        _, output = self._shell(f"ven-twin {words} --json 2>/dev/null")
        with contextlib.suppress(json.JSONDecodeError):
            answer: dict[str, Any] = json.loads(output)
            return answer
        return {}

    def _close(self, terminal: _Terminal) -> DocResult:
        begun = time.monotonic()
        code = terminal.stop()
        if code == -signal.SIGINT and terminal.command.text.startswith("make "):
            code = 0  # make itself goes by the signal, when what it ran has ended in order
        return DocResult(terminal.command, code, time.monotonic() - begun, terminal.text())


def read_chain(folder: Path, chain: Sequence[Path]) -> Iterator[DocResult]:
    """Do what the pages of a chain say; the end of each command, and of each that went on."""
    reader = Reader(folder)
    try:
        for page in chain:
            yield from reader.read(page)
    finally:
        ends = list(reader.leave())
    yield from ends
