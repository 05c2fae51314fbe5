"""A local cloud that restarts, its functions killed, while a VEN's key is rotated or a VEN claims its first.

The cloud keeps its state over a stop, as AWS does; what is cut is everything under way: the functions'
processes by SIGKILL, the MQTT connections, the calls of the operator. Each scenario ends as an operator ends
it: by doing again what was cut, until the cloud says that it is done.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from contracts.api.requests import RotationOp, RotationRequest
from contracts.errors import VenTwinError
from contracts.store import keys
from contracts.store.stack import StackOutput, claim_secret_name, tls_secret_name, ven_policy_name
from contracts.wire.codec import JsonDict
from contracts.wire.ids import VenId
from harness.faults.oracle import OracleVerdict
from harness.faults.outcome import FaultOutcome
from local_cloud import deploy, process
from local_cloud.ports import free_port
from local_cloud.runtime import MQTT_NAME, REGION, STAGE, current
from tests.support.waiting import GIVE_UP_S
from ven_twin.cli.certs import save_secret
from ven_twin.cli.claims import allow_ven, claim_identity
from ven_twin.operations.aggregator.cloud import Access, Cloud
from ven_twin.ven.identity import identity_files

CUT_WITHIN_S = 4.0
"""A rotation and a claim last a second or three."""
KILL_EVERY_S = 0.2
ROTATED = VenId("ven-1")
SPARE = ("--house-speed", "5", "--report-interval", "1", "--no-web")
T = TypeVar("T")


class ScenarioError(AssertionError):
    """The scenario did not end as it should. The message says what stands."""


@dataclass
class RestartRig:
    """A kept local cloud with the stack of one VEN, on ports that stay the same.

    Attributes:
        folder: its files.
        steps: what the operator is at, for the note of a run.
    """

    folder: Path
    steps: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Choose the ports, once."""
        self._ports = (free_port(), free_port())
        self._restarts = 0
        self.vens = {ROTATED}
        self._twins: dict[VenId, subprocess.Popen[bytes]] = {}

    @contextlib.contextmanager
    def running(self) -> Iterator[RestartRig]:
        """Have the cloud run, with the stack in it."""
        try:
            self._start()
            deploy.deploy(current(self._home), [ROTATED])
            yield self
        finally:
            for ven_id in list(self._twins):
                self.stop_twin(ven_id)
            process.stop(self._home)

    @property
    def cloud(self) -> Cloud:
        """The operator's side of the cloud that runs now; each start has other keys."""
        runtime = current(self._home)
        return Cloud(
            Access(
                STAGE,
                region=REGION,
                endpoint_url=runtime.endpoint_url,
                access_key_id=runtime.access_key_id,
                secret_access_key=runtime.secret_access_key,
                mqtt=self.broker,
            )
        )

    @property
    def broker(self) -> tuple[str, int]:
        """Name and port that VENs connect to."""
        return MQTT_NAME, self._ports[1]

    def restart(self) -> None:
        """Kill the functions' processes, stop the cloud and start it again.

        A function whose cloud is gone would try its calls again for a while, and the stop would wait for it.
        The code that the cloud has unpacked is put aside, as removing it takes longer than all the rest.
        """
        stopped, scratch = threading.Event(), self._home.absolute() / process.SCRATCH

        def kill() -> None:
            while not stopped.is_set():
                kill_processes(str(scratch))
                stopped.wait(KILL_EVERY_S)

        self._restarts += 1
        scratch.rename(self.folder / f"scratch-{self._restarts}")

        killer = threading.Thread(target=kill)
        killer.start()
        process.stop(self._home)
        stopped.set()
        killer.join()
        self._start()

    def start_twin(self, ven_id: VenId, *options: str) -> None:
        """Start the twin of a VEN as a user does."""
        with (self.folder / f"{ven_id}.log").open("ab") as log:
            self._twins[ven_id] = subprocess.Popen(
                [sys.executable, "-m", "ven_twin.cli", "run", ven_id, *SPARE, *options],
                env={**os.environ, "VEN_TWIN_HOME": str(self.folder), "NO_COLOR": "1"},
                stdout=log,
                stderr=log,
            )

    def stop_twin(self, ven_id: VenId) -> None:
        """End a twin in order: what it has left to say goes out."""
        twin = self._twins.pop(ven_id)
        twin.terminate()
        twin.wait(GIVE_UP_S)

    def stop_twins_but(self, ven_id: VenId) -> None:
        """End every twin but one."""
        for other in set(self._twins) - {ven_id}:
            self.stop_twin(other)

    @property
    def has_twins(self) -> bool:
        """True when a twin runs."""
        return bool(self._twins)

    def until(self, step: str, ready: Callable[[], T]) -> T:
        """Repeat *ready*, whatever fails in it, until it has something. Raises ScenarioError."""
        self.steps.append(step)
        give_up_at, last = time.monotonic() + GIVE_UP_S, "nothing"
        while time.monotonic() < give_up_at:
            try:
                if result := ready():
                    return result
            except (VenTwinError, BotoCoreError, ClientError, OSError, KeyError) as error:
                last = f"{type(error).__name__}: {error}"
            time.sleep(0.1)
        raise ScenarioError(f"{step} did not come within {GIVE_UP_S:g} s; last: {last}")

    def rows(self, ven_id: VenId, since_ts: float) -> dict[str, list[int]]:
        """The numbers of a VEN's stored rows since a time, by run of the twin, in order."""
        seqs: dict[str, list[int]] = {}
        for row in self.cloud.telemetry_after(ven_id, keys.telemetry_row_id(int(since_ts), "", 0)):
            if "bootId" in row and "usedPowerKw" in row and str(row["rowId"])[0].isdigit():
                seqs.setdefault(str(row["bootId"]), []).append(int(row["seq"]))
        return {boot: sorted(of_run) for boot, of_run in seqs.items()}

    def certificates(self, ven_id: VenId) -> set[str]:
        """The active certificates that open the door of a VEN's thing."""
        iot = self.cloud.client("iot")
        ids = {arn.rpartition("/")[2] for arn in iot.list_thing_principals(thingName=ven_id)["principals"]}
        active = {
            one["certificateId"]
            for one in iot.list_certificates(pageSize=250)["certificates"]
            if one["status"] == "ACTIVE"
        }
        return ids & active

    def strays(self) -> set[str]:
        """The certificates with the VENs' policy that are on no VEN's thing."""
        iot = self.cloud.client("iot")
        targets = iot.list_targets_for_policy(policyName=ven_policy_name(STAGE))["targets"]
        return {arn.rpartition("/")[2] for arn in targets}.difference(*map(self.certificates, self.vens))

    def recorded(self, ven_id: VenId) -> str | None:
        """The certificate that is in force by the VENs' table."""
        row = self.cloud.item(StackOutput.VENS_TABLE, {keys.VENS.partition: ven_id}) or {}
        return row.get("certificateId")

    def reported(self, ven_id: VenId) -> str | None:
        """The certificate that the VEN reports to be connected with."""
        state: JsonDict = self.cloud.shadow(ven_id).get("state", {}).get("reported", {})
        return state.get("certificateId")

    def rotation(self, op: RotationOp, ven_id: VenId) -> JsonDict:
        """The answer of `rotate_ven`. Raises VenTwinError with its refusal."""
        answer = self.cloud.invoke(StackOutput.ROTATE_VEN, RotationRequest(op=op, ven_id=ven_id))
        if not answer.get("ok", True):
            raise VenTwinError(str(answer.get("error")))
        return answer

    @property
    def _home(self) -> Path:
        return self.folder / "cloud"

    def _start(self) -> None:
        gateway_port, mqtt_port = self._ports
        process.start(self._home, keep=True, gateway_port=gateway_port, mqtt_port=mqtt_port)


def kill_processes(folder: str) -> int:
    """SIGKILL every process whose command names a file in *folder*; how many there were."""
    listed = subprocess.run(["ps", "-axo", "pid=,args="], capture_output=True, text=True, check=True)
    lines = (line.split(maxsplit=1) for line in listed.stdout.splitlines())
    victims = [int(line[0]) for line in lines if len(line) == 2 and f"{folder}/" in line[1]]
    for pid in victims:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return len(victims)


def rotated(rig: RestartRig, _seed: int) -> VenId:
    """An operator rotates the key of a VEN that runs: begin, then finish until it has changed over."""
    rig.until("begin", lambda: rig.rotation(RotationOp.BEGIN, ROTATED))
    rig.until("finish", lambda: rig.rotation(RotationOp.FINISH, ROTATED)["changedOver"])
    rig.steps.append("done")
    return ROTATED


def claimed(rig: RestartRig, seed: int) -> VenId:
    """An operator puts a VEN on the list, and the VEN claims; refused, both do it again."""
    ven_id = VenId(f"claimed-{seed}")
    rig.vens.add(ven_id)
    kit, out = rig.folder / "kit", rig.folder / ven_id / "tls"

    def claim() -> str:
        code, _ = allow_ven(rig.cloud, ven_id, 3600)
        return claim_identity(ven_id, kit, rig.broker, out, STAGE, code=code)

    rig.until("kit", lambda: save_secret(rig.cloud, claim_secret_name(STAGE), kit))
    rig.until("claim", claim)
    rig.steps.append("done")
    host, port = rig.broker
    where = ("--certs", str(out), "--endpoint", host, "--mqtt-port", str(port))
    rig.start_twin(ven_id, *where, "--state", str(rig.folder / ven_id))
    return ven_id


RESTART_SCENARIOS: dict[str, Callable[[RestartRig, int], VenId]] = {
    "restart: cloud restarts in a key rotation": rotated,
    "restart: cloud restarts in a claim": claimed,
}


def run_restart(rig: RestartRig, name: str, seed: int) -> FaultOutcome:
    """One run: the scenario in a thread of its own, the restart at a time that the seed draws."""
    began_s, since_ts, problem = time.monotonic(), time.time(), None
    rng = random.Random(f"{name}{seed}")
    if not rig.has_twins:
        rig.start_twin(ROTATED)
        rig.until("the first rows", lambda: rig.rows(ROTATED, since_ts))
    rig.steps.clear()
    rows: dict[str, list[int]] = {}
    cut_after_s = rng.uniform(0.0, CUT_WITHIN_S)
    with ThreadPoolExecutor(1) as operator:
        acting = operator.submit(RESTART_SCENARIOS[name], rig, seed)
        time.sleep(cut_after_s)
        cut_in = rig.steps[-1] if rig.steps else "nothing"
        rig.restart()
        try:
            rows = _at_rest(rig, acting.result(), since_ts)
        except ScenarioError as error:
            problem = str(error)
    rig.stop_twins_but(ROTATED)
    stored = sum(map(len, rows.values()))
    lost = sum(other - one - 1 for of_run in rows.values() for one, other in pairwise(of_run))
    verdict = OracleVerdict(stored + lost, stored, 0, 0, lost, 0, 0, 0)
    note = f"cut after {cut_after_s:.1f} s, in: {cut_in}"
    return FaultOutcome(name, seed, verdict, 1, time.monotonic() - began_s, problem, note)


def _at_rest(rig: RestartRig, ven_id: VenId, since_ts: float) -> dict[str, list[int]]:
    """The VEN's rows, once it is connected by its one certificate and every row has come.

    Raises:
        ScenarioError: it is not, or has another certificate beside.
    """
    rig.until("the certificate in force", lambda: rig.reported(ven_id) == rig.recorded(ven_id))
    only = {rig.recorded(ven_id)}
    if (valid := rig.certificates(ven_id)) != only:
        raise ScenarioError(f"{len(valid)} certificates are valid, in force is {only}")
    if strays := rig.strays():
        raise ScenarioError(f"{len(strays)} certificates with the VENs' policy are no VEN's")
    folder = (
        rig.folder / ven_id / "tls" if ven_id != ROTATED else rig.folder / "vens" / STAGE / ven_id / "tls"
    )
    if {identity_files.fingerprint(identity_files.load(folder))} != only:
        raise ScenarioError("the VEN's folder has another certificate than is in force")
    if ven_id == ROTATED:
        save_secret(rig.cloud, tls_secret_name(STAGE, ven_id), rig.folder / "secret")
        if {identity_files.fingerprint(identity_files.load(rig.folder / "secret"))} != only:
            raise ScenarioError("the VEN's secret has another certificate than is in force")
    connected_ts = time.time()
    rig.until("rows after it all", lambda: sum(map(len, rig.rows(ven_id, connected_ts).values())) >= 3)
    rig.until("every row", lambda: _whole(rig.rows(ven_id, since_ts)))
    return rig.rows(ven_id, since_ts)


def _whole(rows: dict[str, list[int]]) -> bool:
    return all(other - one == 1 for of_run in rows.values() for one, other in pairwise(of_run))
