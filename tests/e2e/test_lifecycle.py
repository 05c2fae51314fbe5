"""Starting, keeping, deploying for real, and leaving nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from contracts.store.stack import tls_secret_name
from contracts.wire.ids import VenId
from local_cloud import deploy, process
from tests.e2e.conftest import start_cloud, until
from tests.support.waiting import GIVE_UP_S
from ven_twin.testing.running_cloud import cloud_of

ROOT = Path(__file__).resolve().parents[2]
CDK = ROOT / "node_modules" / ".bin" / "cdk"


def _environment(home: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    return {**kept, "VEN_TWIN_HOME": str(home), "NO_COLOR": "1", "COLUMNS": "160"}


def _ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.mark.parametrize(("once", "code"), [([], 0), (["--once"], 130)], ids=["stays", "once"])
def test_up_ends_by_ctrl_c_with_everything_stopped(tmp_path: Path, once: list[str], code: int) -> None:
    """Ctrl-C in the middle of starting leaves no cloud; an orderly end, but no success of --once."""
    with subprocess.Popen(
        [sys.executable, "-m", "ven_twin.cli", "up", *once],
        env=_environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # As a shell starts what runs in its background, so that this is an orderly end there, too.
        preexec_fn=_ignore_interrupts,  # noqa: PLW1509 - no threads here
    ) as running:
        try:
            log = tmp_path / "vens" / "local" / "ven-1" / "twin.log"
            until(log.exists, "the twin")
            running.send_signal(signal.SIGINT)
            output, _ = running.communicate(timeout=GIVE_UP_S)
            left = process.stop(tmp_path / "cloud")
        finally:
            running.kill()
            process.stop(tmp_path / "cloud")
    assert running.returncode == code, output
    assert "Traceback" not in output
    assert not left, "the local cloud still ran"


def test_a_cloud_that_is_kept_starts_again_with_the_same_certificate(tmp_path: Path) -> None:
    """State outlives a stop when asked: nothing is deployed again, and the VEN's identity still serves."""
    runtime = start_cloud(tmp_path, keep=True)
    try:
        outputs = deploy.deploy(runtime, ["ven-1"])
        before = cloud_of(runtime).tls(tls_secret_name("local", VenId("ven-1")))
        process.stop(tmp_path / "cloud")
        runtime = start_cloud(tmp_path, keep=True)
        steps: list[str] = []
        again = deploy.deploy(runtime, ["ven-1"], progress=lambda step, _: steps.append(step))
        assert again.keys() == outputs.keys()
        assert steps
        assert not any("deploying" in step for step in steps)
        assert cloud_of(runtime).tls(tls_secret_name("local", VenId("ven-1"))) == before
        assert process.trust_root_pem(runtime) == before["CA_CERT_PEM"]
    finally:
        process.stop(tmp_path / "cloud")


def test_without_a_cloud_the_answer_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    """Nobody gets a traceback for a cloud that does not run, or for credentials that are not there."""
    for arguments, hint in [
        (["event", "list"], "ven-twin cloud start"),
        (["cmd", "ven-1", "--op", "ping"], "ven-twin cloud start"),
        (["run", "ven-1"], "ven-twin cloud start"),
        (["event", "list", "--stage", "dev", "--region", "eu-west-1"], "credentials"),
        (["run", "ven-1", "--certs", str(tmp_path), "--endpoint", "localhost"], "missing"),
    ]:
        done = subprocess.run(
            [sys.executable, "-m", "ven_twin.cli", *arguments],
            env={**_environment(tmp_path), "AWS_EC2_METADATA_DISABLED": "true", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=GIVE_UP_S,
        )
        assert done.returncode == 1, (arguments, done)
        assert hint in done.stderr
        assert "Traceback" not in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.skipif(not CDK.exists(), reason="the CDK CLI is not installed: run make setup")
def test_the_real_cdk_cli_deploys_diffs_and_destroys_without_a_trace(tmp_path: Path) -> None:
    """Bootstrap, deploy, diff and destroy work; destroy leaves no certificate, thing, rule or secret."""
    runtime = start_cloud(tmp_path)
    cloud = cloud_of(runtime)
    environment = {
        **runtime.client_environment(),
        "PATH": f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "AWS_ENDPOINT_URL_S3": runtime.endpoint_url,
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CI": "true",
    }

    def cdk(*arguments: str, app: Sequence[str] = ("--app", str(tmp_path / "cdk.out"))) -> str:
        options = [*app, "-c", "stage=local", "-c", "vens=ven-1,ven-2"]
        done = subprocess.run(
            [str(CDK), *arguments, *options, "--no-notices", "--no-version-reporting"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=GIVE_UP_S,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout + done.stderr

    try:
        cdk("synth", "--quiet", app=["--output", str(tmp_path / "cdk.out")])
        cdk("bootstrap", "aws://000000000000/us-east-1")
        parameters = f"TrustRootPem={process.trust_root_pem(runtime)}"
        cdk("deploy", "--require-approval", "never", "--parameters", parameters)
        identity = cloud.tls(tls_secret_name(cloud.stage, VenId("ven-2")))
        assert identity["CLIENT_CERT_PEM"].startswith("-----BEGIN CERTIFICATE")
        assert "no differences" in cdk("diff")
        cdk("destroy", "--force")
        iot = cloud.client("iot")
        assert iot.list_certificates()["certificates"] == []
        assert iot.list_things()["things"] == []
        assert iot.list_policies()["policies"] == []
        assert iot.list_topic_rules()["rules"] == []
        assert cloud.client("secretsmanager").list_secrets()["SecretList"] == []
        assert cloud.client("scheduler").list_schedules()["Schedules"] == []
    finally:
        process.stop(tmp_path / "cloud")
