"""An account, checked before a deployment, at the local cloud in an account's place."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local_cloud import process
from local_cloud.runtime import Runtime
from tests.e2e.conftest import cloud_of, start_cloud
from tests.support.waiting import GIVE_UP_S


class Home:
    """A user's folder, with a local cloud in it that nothing is deployed to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.runtime: Runtime = start_cloud(path)
        self.cloud = cloud_of(self.runtime)

    def environment(self) -> dict[str, str]:
        """The environment of a user who takes the local cloud for an account."""
        return {
            **self.runtime.client_environment(),
            "VEN_TWIN_HOME": str(self.path),
            "NO_COLOR": "1",
            "COLUMNS": "200",
        }

    def cli(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run ``ven-twin`` as this user."""
        return subprocess.run(
            [sys.executable, "-m", "ven_twin.cli", *arguments],
            env={**self.environment(), **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=GIVE_UP_S,
        )

    def checked(self, *arguments: str, code: int) -> dict[str, dict[str, Any]]:
        """The lines of ``aws check`` by their subjects."""
        done = self.cli("aws", "check", *arguments, "--json")
        assert done.returncode == code, done.stdout + done.stderr
        return {line["subject"]: line for line in json.loads(done.stdout)}

    def everything(self) -> dict[str, list[Any]]:
        """What there is in the cloud, of each kind that the stack makes."""
        client = self.cloud.client
        return {
            "stacks": client("cloudformation").list_stacks()["StackSummaries"],
            "things": client("iot").list_things()["things"],
            "certificates": client("iot").list_certificates()["certificates"],
            "policies": client("iot").list_policies()["policies"],
            "rules": client("iot").list_topic_rules()["rules"],
            "secrets": client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"],
            "schedules": client("scheduler").list_schedules()["Schedules"],
            "functions": client("lambda").list_functions()["Functions"],
            "tables": client("dynamodb").list_tables()["TableNames"],
            "queues": client("sqs").list_queues().get("QueueUrls", []),
            "groups": client("logs").describe_log_groups()["logGroups"],
            "roles": client("iam").list_roles()["Roles"],
        }


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """The folder and its cloud."""
    path = tmp_path_factory.mktemp("home")
    built = Home(path)
    try:
        yield built
    finally:
        process.stop(path / "cloud")


def test_an_account_without_bootstrap_and_with_foreign_names_is_told_so(home: Home) -> None:
    """Each obstacle has its line and its way out, exit 1; the check itself has made nothing."""
    secrets = home.cloud.client("secretsmanager")
    home.cloud.client("iot").create_thing(thingName="ven-2")
    secrets.create_secret(Name="ven-twin/dev/claim", SecretString="{}")
    secrets.delete_secret(SecretId="ven-twin/dev/claim", RecoveryWindowInDays=7)
    before = home.everything()
    try:
        lines = home.checked("--vens", "ven-1,ven-2", code=1)
        assert lines["CDK bootstrap"]["verdict"] == "wrong"
        assert "npx cdk bootstrap" in lines["CDK bootstrap"]["remedy"]
        assert "delete-thing --thing-name ven-2" in lines["thing ven-2"]["remedy"]
        assert "scheduled for deletion" in lines["secret ven-twin/dev/claim"]["detail"]
        assert lines["stack VenTwin-dev"]["verdict"] == "green"
        assert lines["Lambda concurrency"]["verdict"] == "green"
        assert lines["DynamoDB tables"]["verdict"] == "not answered"
        assert home.everything() == before
    finally:
        home.cloud.client("iot").delete_thing(thingName="ven-2")
        secrets.delete_secret(SecretId="ven-twin/dev/claim", ForceDeleteWithoutRecovery=True)


def test_the_table_shows_what_is_wrong_and_what_to_do(home: Home) -> None:
    """For a person: a mark, the answer, the remedy, and one sentence that sums up. No traceback."""
    done = home.cli("aws", "check", AWS_REGION="eu-central-2")
    assert done.returncode == 1
    assert "eu-central-2 (AWS_REGION) has no AWS IoT" in done.stdout
    assert "take a region that has them: eu-central-1" in done.stdout
    assert "Nothing was created" in done.stdout
    assert done.stderr == ""


def test_credentials_that_are_none_stop_the_check(home: Home, tmp_path: Path) -> None:
    """Unknown keys, and no keys at all: a line at the credentials, and nothing else is green."""
    done = home.cli("aws", "check", AWS_SECRET_ACCESS_KEY="another")
    assert done.returncode == 1
    assert "sign in again" in done.stdout
    assert "Traceback" not in done.stderr
    nobody = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = subprocess.run(
        [sys.executable, "-m", "ven_twin.cli", "aws", "check", "--region", "eu-west-1"],
        env={**nobody, "HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=GIVE_UP_S,
    )
    assert done.returncode == 1
    assert "no AWS credentials" in done.stdout
    assert done.stdout.count("✓") == 1


def test_an_account_that_is_ready_is_green(home: Home) -> None:
    """Bootstrapped and free of namesakes: exit 0, and the next command is named."""
    ssm = home.cloud.client("ssm")
    ssm.put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String", Overwrite=True)
    try:
        done = home.cli("aws", "check", "--stage", "dev", "--vens", "ven-1,ven-2")
        assert done.returncode == 0, done.stdout
        assert "✗" not in done.stdout
        assert "npx cdk deploy -c stage=dev -c vens=ven-1,ven-2" in done.stdout
    finally:
        ssm.delete_parameter(Name="/cdk-bootstrap/hnb659fds/version")
