"""Certificates that change under a running VEN, and VENs that claim their first one."""

from __future__ import annotations

import json
import shutil
import stat
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from contracts.store.stack import StackOutput
from contracts.wire.topics import Topics, claim_client_id
from tests.e2e.conftest import until
from tests.e2e.test_policies import objections
from tests.support.waiting import GIVE_UP_S
from ven_twin.ven.identity import identity_files

if TYPE_CHECKING:
    import subprocess

    from tests.e2e.conftest import System


def certificates(system: System, ven_id: str) -> list[str]:
    """Ids of the certificates on a VEN's thing."""
    principals = system.cloud.client("iot").list_thing_principals(thingName=ven_id)["principals"]
    return [arn.rpartition("/")[2] for arn in principals]


def log_of(twin: subprocess.Popen[bytes]) -> str:
    """What a twin has logged."""
    text: str = twin.log.read_text()  # type: ignore[attr-defined]
    return text


def gaps(system: System, ven_id: str, since_ts: float) -> list[Any]:
    """Where a number is missing between two stored rows of the same run."""
    seqs: dict[str, list[int]] = {}
    for row in system.rows(ven_id, since_ts):
        if "bootId" in row and "usedPowerKw" in row and str(row["rowId"])[0].isdigit():
            seqs.setdefault(row["bootId"], []).append(int(row["seq"]))
    assert seqs
    return [
        (boot, one, other)
        for boot, of_run in seqs.items()
        for one, other in pairwise(sorted(of_run))
        if other - one != 1
    ]


def status(system: System, ven_id: str) -> dict[str, Any]:
    """What a VEN says of its session."""
    ack = system.json("cmd", ven_id, "--op", "get")
    data: dict[str, Any] = ack["data"]
    return data


async def test_a_certificate_is_rotated_under_a_running_ven(system: System, tmp_path: Path) -> None:
    """No number is missing, the only disconnect is the one that is meant, and the old one opens nothing."""
    since, folder = time.time(), tmp_path / "ven"
    twin = system.start_twin("ven-2", "--state", str(folder))
    until(lambda: "connected" in log_of(twin), "ven-2")  # rows may be those of the run before
    until(lambda: len(system.rows("ven-2", since)) >= 3, "telemetry of ven-2")
    before = status(system, "ven-2")
    assert before["connects"] == 1
    shutil.copytree(folder / "tls", tmp_path / "old")
    (old_id,) = certificates(system, "ven-2")
    done = system.json("certs", "rotate", "ven-2", "--out", str(folder / "tls"))
    assert certificates(system, "ven-2") == [done["certificateId"]]
    assert done["certificateId"] != old_id
    rotated = time.time()
    until(lambda: len(system.rows("ven-2", rotated)) >= 3, "telemetry after the rotation")
    after = status(system, "ven-2")
    assert after["connects"] == before["connects"] + 1
    assert after["unexpectedDisconnects"] == before["unexpectedDisconnects"]
    reasons = await objections(system, tmp_path / "old", "ven-2", None)
    assert "None" not in reasons
    assert gaps(system, "ven-2", since) == []
    assert system.ven("ven-2")["certificateId"] == done["certificateId"]
    assert not (folder / "tls" / ".previous").exists()
    twin.terminate()
    assert twin.wait(GIVE_UP_S) == 0


def test_a_ven_takes_up_a_rotation_that_it_was_not_told_of_on_its_host(
    system: System, tmp_path: Path
) -> None:
    """Begun in the cloud alone, as by schedule: the VEN fetches it, changes over, the next look ends it."""
    twin = system.start_twin("ven-2", "--state", str(tmp_path / "ven"))
    until(lambda: "connected" in log_of(twin), "ven-2")
    begun = system.cloud.invoke(StackOutput.ROTATE_VEN, {"op": "begin", "venId": "ven-2"})
    assert system.cloud.invoke(StackOutput.ROTATE_VEN, {"op": "begin", "venId": "ven-2"}) == begun
    assert len(certificates(system, "ven-2")) == 2

    def changed_over() -> bool:
        return system.reported("ven-2").get("certificateId") == begun["certificateId"]

    def ended() -> bool:
        swept = system.cloud.invoke(StackOutput.ROTATE_VEN, {"op": "sweep"})
        assert (swept["failed"], swept["begun"]) == (0, 0)
        return certificates(system, "ven-2") == [begun["certificateId"]]

    until(changed_over, "the change")
    until(
        ended, "the old certificate's end"
    )  # a look before the broker's word has come leaves it to the next
    twin.terminate()
    assert twin.wait(GIVE_UP_S) == 0


async def test_a_ven_of_the_stack_is_cut_off_at_once_and_comes_back(system: System, tmp_path: Path) -> None:
    """Its connection ends within seconds, its key opens nothing; a rotation lets it in again."""
    folder = tmp_path / "ven"
    twin = system.start_twin("ven-2", "--state", str(folder))
    until(lambda: "connected" in log_of(twin), "ven-2")
    in_force = system.ven("ven-2")["certificateId"]
    until(lambda: system.ven("ven-2").get("connectedCertificateId") == in_force, "the broker's word")
    until(lambda: system.ven("ven-2")["online"], "presence")
    shutil.copytree(folder / "tls", tmp_path / "old")
    cut = system.json("certs", "revoke", "ven-2", "--now")
    assert 0 < cut["certificatesOffS"] <= cut["connectionEndedS"] <= cut["tookS"]
    until(lambda: system.ven("ven-2")["online"] is False, "the end of the connection")
    assert "None" not in await objections(system, tmp_path / "old", "ven-2", None)
    assert system.ven("ven-2")["revokedTs"] > 0
    back = system.json("certs", "rotate", "ven-2", "--out", str(folder / "tls"))
    assert certificates(system, "ven-2") == [back["certificateId"]]
    assert "revokedTs" not in system.ven("ven-2")
    assert "None" not in await objections(system, tmp_path / "old", "ven-2", None)
    twin.terminate()
    assert twin.wait(GIVE_UP_S) == 0


async def test_a_ven_on_the_list_gets_in_by_claim_and_one_that_is_not_does_not(
    system: System, tmp_path: Path
) -> None:
    """Its own key 0600 in 0700; a VEN like the stack's: row, shadow, telemetry; one entry lets in once."""
    kit = tmp_path / "kit"
    where = system.json("certs", "claim-kit", "--out", str(kit))
    port = ["--endpoint", where["endpoint"], "--mqtt-port", str(where["port"])]
    code_file = tmp_path / "code"
    code_file.write_text("AAAA-BBBB")
    claim = ["certs", "claim", "--claim", str(kit), *port, "--code-file", str(code_file)]
    folder = tmp_path / "ven-9"
    refused = system.cli(*claim, "ven-9", "--out", str(folder / "tls"))
    assert refused.returncode == 1
    assert "certs allow" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert not folder.exists()
    assert system.ven("ven-9") == {}
    code = system.json("certs", "allow", "ven-9")["claimCode"]
    guessed = system.cli(*claim, "ven-9", "--out", str(folder / "tls"))
    assert (guessed.returncode, folder.exists()) == (1, False)
    assert code not in json.dumps(
        system.cloud.item(StackOutput.ALLOWED_VENS, {"venId": "ven-9"}), default=str
    )
    code_file.write_text(code + "\n")
    claimed = system.json(*claim, "ven-9", "--out", str(folder / "tls"))
    assert certificates(system, "ven-9") == [claimed["certificateId"]]
    assert system.ven("ven-9")["certificateId"] == claimed["certificateId"]
    tls = identity_files.load(folder / "tls")
    assert "BEGIN PRIVATE KEY" in tls.private_key.read_text()  # this command's; AWS's would say RSA
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder / "tls").iterdir()}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE((folder / "tls").stat().st_mode) == 0o700
    again = system.cli(*claim, "ven-9", "--out", str(tmp_path / "thief"))
    assert again.returncode == 1
    twin = system.start_twin("ven-9", "--certs", str(folder / "tls"), *port, "--state", str(folder))
    until(lambda: system.rows("ven-9"), "telemetry of ven-9")
    until(lambda: system.reported("ven-9").get("metrics"), "the shadow of ven-9")
    assert system.json("cmd", "ven-9", "--op", "ping")["ok"]
    twin.terminate()
    assert twin.wait(GIVE_UP_S) == 0
    assert system.cli("certs", "revoke", "ven-9").returncode == 0
    assert "None" not in await objections(system, folder / "tls", "ven-9", None)
    assert system.ven("ven-9") == {}


async def test_a_claim_certificate_can_do_nothing_but_claim(system: System, tmp_path: Path) -> None:
    """It publishes no telemetry, reads no command, touches no shadow, and is nobody's client id."""
    kit = tmp_path / "kit"
    system.json("certs", "claim-kit", "--out", str(kit))
    client = claim_client_id("ven-1")
    for topic in (Topics("ven-1").telemetry, Topics("ven-1").shadow("update"), "ven/cmd/ven-1"):
        assert any("not authorized" in reason for reason in await objections(system, kit, client, topic))
    for topic in (Topics("ven-1").command, "$aws/certificates/create/#", "ven/telemetry/+"):
        reasons = await objections(system, kit, client, None, (topic,))
        assert any("subscription refused" in reason for reason in reasons)
    assert "None" not in await objections(system, kit, "ven-1", None)
    assert identity_files.load(kit)


def test_no_key_is_in_the_template_the_outputs_or_the_shadow(system: System) -> None:
    """Keys are in secrets and in VENs' folders, nowhere else."""
    formation = system.cloud.client("cloudformation")
    template = formation.get_template(StackName="VenTwin-local")["TemplateBody"]
    stack = formation.describe_stacks(StackName="VenTwin-local")["Stacks"][0]
    said = json.dumps([template, stack["Outputs"], system.cloud.shadow("ven-1")], default=str)
    assert "PRIVATE KEY" not in said
