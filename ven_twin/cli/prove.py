"""The steps of ``ven-twin aws prove``: deploy a throw-away stage, use it, destroy it whatever happens."""

from __future__ import annotations

import base64
import contextlib
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from contracts.api.resources import NewCommand
from contracts.errors import VenTwinError
from contracts.store import keys
from contracts.store.dead_letters import DeadLetterSource
from contracts.store.stack import claim_secret_name
from contracts.wire.ids import VenId
from contracts.wire.topics import Topics
from ven_twin.cli.certs import CHANGE_OVER_S, revoke_ven, rotate_ven, save_secret
from ven_twin.cli.claims import allow_ven, claim_identity
from ven_twin.cli.command import wait_for_ack
from ven_twin.cli.connection import LOCAL, cloud_folder, ven_folder
from ven_twin.cli.house_time import AFTERNOON
from ven_twin.cli.local_system import Say, TwinProcess, twin, uninterrupted
from ven_twin.cli.main_job import MainJob, run_event, wait_for_telemetry
from ven_twin.operations.aggregator.by_functions import DirectAggregator
from ven_twin.operations.aggregator.cloud import Cloud
from ven_twin.operations.aggregator.cloud_errors import explained
from ven_twin.operations.aws_prove.costs import Usage, cost_by_tag
from ven_twin.operations.aws_prove.deployment import Deployment
from ven_twin.operations.aws_prove.evidence import Evidence, ProofStep
from ven_twin.operations.aws_prove.remains import certificates_of, delete_shadows, remainders
from ven_twin.webkit.formatting import power

AWS_PATIENCE = 10.0
"""By how much longer than of the local cloud AWS's answers are waited for."""
DEAD_LETTER_S = 120.0
GONE_S = 20.0
CLAIM_S = 900.0
ACK_S = 20.0
CALLERS = 4
"""Callers of the load, each with one command at a time."""
POISON = b'{"timestamp": "yesterday"}'
TWIN_OPTIONS = (*AFTERNOON.options, "--report-interval", "1", "--no-web")


class LocalDeployment:
    """The local stage for *vens*, in the local cloud that runs."""

    def __init__(self, vens: tuple[VenId, ...]) -> None:
        self._vens = vens

    def deploy(self) -> None:
        """Deploy as ``ven-twin cloud deploy``."""
        from local_cloud import deploy
        from local_cloud.runtime import current

        deploy.deploy(current(cloud_folder()), self._vens)

    def destroy(self) -> None:
        """Delete the stack."""
        from local_cloud import deploy
        from local_cloud.runtime import current

        deploy.destroy(current(cloud_folder()))


class Proof:
    """One proof of a stage that does not exist yet.

    Attributes:
        evidence: filled as the steps are done.
    """

    def __init__(
        self,
        cloud: Cloud,
        deployment: Deployment,
        evidence: Evidence,
        *,
        vens: tuple[VenId, VenId],
        event_s: int,
        load_s: float,
        say: Say,
    ) -> None:
        self._cloud, self._deployment, self.evidence = cloud, deployment, evidence
        self._ven_id, self._claiming_id = vens
        self._event_s, self._load_s, self._say = event_s, load_s, say
        self._patience = 1.0 if cloud.stage == LOCAL else AWS_PATIENCE
        self._certificates = set[str]()
        self._commands = self._rows = self._updates = 0
        self._claimed = False

    def run(self) -> None:
        """Do every step, and destroy the stage also when one fails or Ctrl-C is pressed."""
        begun_s = time.monotonic()
        try:
            with self._step("deploy"):
                self._deployment.deploy()
            self._certificates |= certificates_of(self._cloud)
            self._use()
        except (VenTwinError, KeyboardInterrupt) as error:
            if all(step.worked for step in self.evidence.steps):  # between two steps
                took_s = round(time.monotonic() - begun_s, 2)
                why = str(error) or "interrupted"
                self.evidence.steps.append(ProofStep("the twin", took_s, worked=False, result=why))
        finally:
            with uninterrupted(self._say, "destroying the stage first", ": it would stay, and cost"):
                self._clean_up()
                self._count(time.monotonic() - begun_s)

    @contextlib.contextmanager
    def _step(self, name: str) -> Iterator[list[str]]:
        """A step, whose result is what the block puts into the list. Raises what the block raises."""
        self._say(name)
        result: list[str] = []
        begun_s, why = time.monotonic(), "broken off"
        worked = False
        try:
            yield result
            worked = True
        except VenTwinError as error:
            why = str(error)
            raise
        except KeyboardInterrupt:
            why = "interrupted"
            raise
        finally:
            took_s = round(time.monotonic() - begun_s, 2)
            text = "; ".join(result) if worked else why
            self.evidence.steps.append(ProofStep(name, took_s, worked, text))

    def _use(self) -> None:
        """Everything that is done with the stage while a twin runs."""
        begun = keys.telemetry_row_id(int(time.time()), "", 0)
        with twin(self._cloud, self._ven_id, TWIN_OPTIONS) as process:
            self._run_main_job(process)
            self._claim()
            with self._step("rotation") as result:
                folder = ven_folder(self._cloud.stage, self._ven_id) / "tls"
                wait_s = self._patience * CHANGE_OVER_S
                certificate_id = rotate_ven(self._cloud, self._ven_id, folder, wait_s)
                result.append(f"connected with certificate {certificate_id[:12]}…")
            self._load(process)
            self._redrive()
            self._rows = sum(1 for _ in self._cloud.telemetry_after(self._ven_id, begun))
            self._updates = int(self._cloud.shadow(self._ven_id).get("version", 0))

    def _run_main_job(self, process: TwinProcess) -> None:
        job = MainJob(ven_id=self._ven_id)
        with self._step("main job") as result:
            wait_for_telemetry(self._cloud, job, process, self._say, patience=self._patience)
            with explained():  # it becomes a dead letter while the other steps are done
                self._cloud.client("iot-data").publish(
                    topic=Topics(self._ven_id).telemetry, qos=1, payload=POISON
                )
            run_event(
                self._cloud,
                job,
                process,
                shed_kw=None,
                duration_s=self._event_s,
                say=self._say,
                patience=self._patience,
            )
            job.judge()
            if job.failures:
                raise VenTwinError("; ".join(job.failures))
            result += [
                f"delivered {power(job.delivered_kw)} of {power(job.requested_kw)} requested",
                f"active {job.dispatch_to_active_s:.2f} s after the dispatch",
                f"{job.telemetry_rows} rows in the event, settled, loads restored",
            ]

    def _claim(self) -> None:
        with self._step("claim") as result:
            kit = ven_folder(self._cloud.stage, self._claiming_id) / "kit"
            broker = save_secret(self._cloud, claim_secret_name(self._cloud.stage), kit)
            code, _ = allow_ven(self._cloud, self._claiming_id, CLAIM_S)
            self._claimed = True
            folder = kit.with_name("tls")
            certificate_id = claim_identity(
                self._claiming_id, kit, broker, folder, self._cloud.stage, code=code
            )
            result.append(f"{self._claiming_id} has certificate {certificate_id[:12]}…")
        self._certificates |= certificates_of(self._cloud)

    def _load(self, process: TwinProcess) -> None:
        """Commands without a pause from several callers, each waiting for its ack."""
        aggregator, until_s = DirectAggregator(self._cloud), time.monotonic() + self._load_s
        for service in ("lambda", "dynamodb"):
            self._cloud.client(service)  # made once, before the threads would make several

        over = threading.Event()

        def call() -> list[float]:
            took = []
            while time.monotonic() < until_s and not over.is_set():
                process.check()
                sent_s = time.monotonic()
                issued = aggregator.send_command(self._ven_id, NewCommand(op="ping"))
                ack = wait_for_ack(aggregator, self._ven_id, issued.correlation_id, self._patience * ACK_S)
                if ack is None or not ack.ok:
                    raise VenTwinError(f"command {issued.correlation_id} has no good ack")
                took.append(time.monotonic() - sent_s)
            return took

        with self._step("load") as result:
            with ThreadPoolExecutor(CALLERS) as callers:
                calls = [callers.submit(call) for _ in range(CALLERS)]
                try:
                    took = sorted(seconds for done in calls for seconds in done.result())
                finally:
                    over.set()
            self._commands = len(took)
            median_s, late_s = took[len(took) // 2], took[int(len(took) * 0.95)]
            result.append(
                f"{len(took)} commands in {self._load_s:g} s, all with acks; to the ack {median_s:.2f} s"
                f" at the median, {late_s:.2f} s at the 95th percentile"
            )

    def _redrive(self) -> None:
        from ven_twin.operations.dead_letters import DeadLetters

        queue, raw = DeadLetterSource.TELEMETRY, base64.b64encode(POISON).decode()
        dead = DeadLetters(self._cloud)
        with self._step("dead letter and redrive") as result:
            until_s = time.monotonic() + self._patience * DEAD_LETTER_S
            while not (letters := [one for one in dead.look(queue) if one.letter.raw == raw]):
                if time.monotonic() > until_s:
                    raise VenTwinError("a malformed message did not become a dead letter")
                time.sleep(1.0)
            (letter,) = letters
            gone, refused = dead.redrive(queue, [letter.message_id])
            if [one.message_id for one in gone] != [letter.message_id]:
                raise VenTwinError(f"the dead letter was not redriven: {refused}")
            result += [f"a malformed row was kept ({letter.letter.why})", "redriven into its queue"]

    def _clean_up(self) -> None:
        """Take the claimed VEN out, destroy the stage, and look for what is left."""
        with contextlib.suppress(VenTwinError), self._step("destroy"):
            with contextlib.suppress(VenTwinError):  # not there, or never claimed: its remains are looked for
                self._certificates |= certificates_of(self._cloud)
                if self._claimed:
                    revoke_ven(self._cloud, self._claiming_id)
            delete_shadows(self._cloud, (self._ven_id, self._claiming_id))
            self._deployment.destroy()
        vens = (self._ven_id, self._claiming_id)
        with contextlib.suppress(VenTwinError), self._step("nothing is left") as result:
            until_s = time.monotonic() + self._patience * GONE_S
            left, silent = remainders(self._cloud, vens, self._certificates)
            while left and time.monotonic() < until_s:
                time.sleep(1.0)
                left, silent = remainders(self._cloud, vens, self._certificates)
            self.evidence.left, self.evidence.silent = left, silent
            if left:
                raise VenTwinError(f"{len(left)} left: {', '.join(f'{one.kind} {one.name}' for one in left)}")
            result.append(f"{len(self._certificates)} certificates and everything else are gone")
        for ven_id in vens:
            shutil.rmtree(ven_folder(self._cloud.stage, ven_id), ignore_errors=True)

    def _count(self, seconds: float) -> None:
        self.evidence.usage = Usage(round(seconds, 1), self._rows, self._commands, self._updates)
        self.evidence.cost = cost_by_tag(self._cloud, datetime.now(UTC).date())
