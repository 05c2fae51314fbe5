"""The whole system on one machine: the local cloud and the twins in it, started and stopped in order."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from contracts.errors import VenTwinError
from contracts.wire.ids import VenId
from ven_twin.cli.certs import save_identity
from ven_twin.cli.connection import LOCAL, cloud_folder, ven_folder
from ven_twin.installation import cli_command, home

if TYPE_CHECKING:
    from ven_twin.operations.aggregator.cloud import Cloud

TWIN_STOP_S = 10.0
TROUBLE = re.compile(r"\bERROR\b|\bWARNING\b|Traceback|timed out|[Ff]ailed")
"""A line of the local cloud's log that has a cause in it."""
LONGEST_LINE = 200


class Say(Protocol):
    """Shows the step that is being done, and how far it is."""

    def __call__(self, step: str, detail: str = "") -> None:
        """Show it."""


class TwinEndedError(VenTwinError):
    """Raised when a twin that was started ended by itself. Its log is named."""


class TwinProcess:
    """A twin in a process of its own, once it is started: ``ven-twin run``, its log in its folder.

    *variables* are of its environment, beside those of this process.
    """

    def __init__(
        self,
        cloud: Cloud,
        ven_id: VenId,
        options: Sequence[str],
        variables: Mapping[str, str] | None = None,
    ) -> None:
        folder = ven_folder(cloud.stage, ven_id)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.log = folder / "twin.log"
        self._cloud_log = cloud_folder() / "cloud.log" if cloud.stage == LOCAL else None
        endpoint, port = save_identity(cloud, ven_id, folder / "tls")
        where = ["--certs", str(folder / "tls"), "--endpoint", endpoint, "--mqtt-port", str(port)]
        self._environment = {**os.environ, **(variables or {})}
        self._command = [*cli_command(), "run", ven_id, *where, *options]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; an interrupt waits until it can be stopped."""
        with _interrupts_later(), self.log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the CLI, which stops the twin in order
            )

    @property
    def pid(self) -> int:
        """Its process; 0 before it is started."""
        return self._process.pid if self._process else 0

    def check(self) -> None:
        """Raises: TwinEndedError, when it no longer runs."""
        if self._process is not None and self._process.poll() is not None:
            raise TwinEndedError(f"the twin ended: {_last_line(self.log)} (its log is {self.log})")

    def troubles(self) -> str:
        """The last word of the twin, and the last trouble of the local cloud, with their logs."""
        words = [f"the twin: {_last_line(self.log)} (log: {self.log})"]
        if self._cloud_log is not None:
            trouble = _last_line(self._cloud_log, TROUBLE) or "no trouble is logged"
            words.append(f"the cloud: {trouble} (log: {self._cloud_log})")
        return "; ".join(words)

    @property
    def page(self) -> str | None:
        """Address of its page; None when it serves none."""
        try:
            return (self.log.parent / "page.url").read_text()
        except FileNotFoundError:
            return None

    def stop(self) -> None:
        """Have it restore its loads, say so, and end; nothing when it was never started."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(TWIN_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def forget_vens() -> None:
    """Let VENs begin anew with a local cloud that does: what they remember was said to another."""
    for path in (home() / "vens" / LOCAL).glob("*/outbox.sqlite*"):
        path.unlink(missing_ok=True)


@contextlib.contextmanager
def local_system(
    vens: Sequence[str], *, keep: bool, say: Say, ports: tuple[int | None, int | None] = (None, None)
) -> Iterator[None]:
    """The local cloud with the stack in it, for as long as the block lasts.

    One that runs already is used, and left running. *ports* are the gateway's and MQTT's, as `process.start`
    has them.
    """
    from local_cloud import deploy, process
    from local_cloud.runtime import NotRunningError, current

    folder = cloud_folder()
    try:
        runtime, ours = current(folder), False
    except NotRunningError:
        say("starting the local cloud")
        gateway_port, mqtt_port = ports
        runtime = process.start(folder, keep=keep, gateway_port=gateway_port, mqtt_port=mqtt_port)
        ours = True
    try:
        if ours and not keep:
            forget_vens()
        deploy.deploy(runtime, vens, progress=say)
        yield
    finally:
        if ours:
            try:
                say("stopping the local cloud")
            finally:  # also when nobody listens any more: a closed pipe must not leave a cloud behind
                process.stop(folder)


@contextlib.contextmanager
def twin(
    cloud: Cloud, ven_id: VenId, options: Sequence[str], variables: Mapping[str, str] | None = None
) -> Iterator[TwinProcess]:
    """A twin for as long as the block lasts."""
    process = TwinProcess(cloud, ven_id, options, variables)
    try:
        process.start()
        yield process
    finally:
        process.stop()


@contextlib.contextmanager
def _interrupts_later() -> Iterator[None]:
    """Interrupts in the block are taken up at its end, so that what it starts is in hand by then."""
    pending: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda at, _: pending.append(at)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for interrupt in pending:
            signal.raise_signal(interrupt)


def age_of_this_process_s() -> float:
    """Seconds since this process was started; 0 where the system does not say."""
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        up_s = float(Path("/proc/uptime").read_text().split()[0])
        return up_s - int(fields[19]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0


def wait_for(
    what: str,
    condition: Callable[[], object],
    *,
    timeout_s: float,
    twin_process: TwinProcess | None = None,
    poll_s: float = 0.05,
) -> float:
    """Wait until *condition* gives something true; how long that took, s.

    Raises:
        VenTwinError: it did not within *timeout_s*.
        TwinEndedError: the twin ended meanwhile.
    """
    begun = time.monotonic()
    while not condition():
        if twin_process is not None:
            twin_process.check()
        if time.monotonic() - begun > timeout_s:
            troubles = f"; {twin_process.troubles()}" if twin_process is not None else ""
            raise VenTwinError(f"{what} did not come within {timeout_s:.0f} s{troubles}")
        time.sleep(poll_s)
    return time.monotonic() - begun


def _last_line(path: Path, like: re.Pattern[str] | None = None) -> str:
    """The last line of a log, or the last that is *like* something; a text for a log without one."""
    try:
        lines = path.read_text(errors="replace").strip().splitlines()
    except FileNotFoundError:
        lines = []
    if like is not None:
        return next((line[:LONGEST_LINE] for line in reversed(lines) if like.search(line)), "")
    return lines[-1].removeprefix("ven-twin: ")[:LONGEST_LINE] if lines else "it said nothing"


@contextlib.contextmanager
def uninterrupted(say: Say, step: str, detail: str) -> Iterator[None]:
    """Whatever is pressed, the block is done to its end; *step* and *detail* are shown instead."""

    def wait(*_: object) -> None:
        say(step, detail)

    before = {number: signal.signal(number, wait) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
