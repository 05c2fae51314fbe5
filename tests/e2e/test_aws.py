"""An account, checked before a deployment and proved by a throw-away stage: the local cloud in its place."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from local_cloud import process
from local_cloud.runtime import REGION, Runtime, remember
from tests.e2e.conftest import start_cloud, until
from tests.support import leaks
from tests.support.forked_cli import ven_twin
from tests.support.waiting import GIVE_UP_S
from ven_twin.operations.rights import USERS, document
from ven_twin.testing.running_cloud import cloud_of

ACCOUNT = "000000000000"
SHORT = ("--event", "8s", "--load", "3s")
CLI = (sys.executable, "-m", "ven_twin.cli")


class Home:
    """A user's folder, with a local cloud in it that nothing is deployed to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.runtime: Runtime = start_cloud(path)
        self.cloud = cloud_of(self.runtime)
        self.acting = self.runtime

    def act_as_prover(self) -> None:
        """Go on as a principal with the prover's policy, and what the bootstrap's roles may do to a stack.

        The local cloud takes no template from a bootstrap's role, so the principal brings it itself.
        """
        iam = self.cloud.client("iam")
        (prover,) = (user for user in USERS if user.name == "Prover")
        deploys = {
            "Effect": "Allow",
            "Action": ["cloudformation:*", "s3:*", "ssm:PutParameter"],
            "Resource": "*",
        }
        policies = {
            "documented": document(
                prover, {"STAGE": "local", "PREFIX": "local-", "REGION": REGION, "ACCOUNT": ACCOUNT}
            ),
            "deploys": {"Version": "2012-10-17", "Statement": [deploys]},
        }
        iam.create_user(UserName="prover")
        for name, policy in policies.items():
            iam.put_user_policy(UserName="prover", PolicyName=name, PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName="prover")["AccessKey"]
        leaks.known.add(key["SecretAccessKey"])
        self.acting = msgspec.structs.replace(
            self.runtime, access_key_id=key["AccessKeyId"], secret_access_key=key["SecretAccessKey"]
        )
        self.path /= "prover"
        remember(self.acting, self.path / "cloud")

    def environment(self) -> dict[str, str]:
        """The environment of a user who takes the local cloud for an account."""
        return {
            **self.acting.client_environment(),
            "VEN_TWIN_HOME": str(self.path),
            "NO_COLOR": "1",
            "COLUMNS": "200",
        }

    def cli(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run ``ven-twin`` as this user."""
        environment = {**self.environment(), **environment}
        return ven_twin(*arguments, environment=environment, timeout_s=GIVE_UP_S)

    def checked(self, *arguments: str, code: int) -> dict[str, dict[str, Any]]:
        """The lines of ``aws check`` by their subjects."""
        done = self.cli("aws", "check", *arguments, "--json")
        assert done.returncode == code, done.stdout + done.stderr
        return {line["subject"]: line for line in json.loads(done.stdout)}

    def everything(self) -> dict[str, list[Any]]:
        """Everything in the cloud, of each kind that the stack makes."""
        client = self.cloud.client
        return {
            "stacks": [
                stack
                for stack in client("cloudformation").list_stacks()["StackSummaries"]
                if stack["StackStatus"] != "DELETE_COMPLETE"
            ],
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


@dataclass(frozen=True)
class Proving:
    """A proof that runs while the other tests do: most of it is waiting for a dead letter."""

    home: Home
    before: dict[str, list[Any]]
    page: Path
    running: subprocess.Popen[str]


@pytest.fixture(scope="module", autouse=True)
def proving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proving]:
    """The proof, in a folder and a cloud of its own."""
    path = tmp_path_factory.mktemp("proving")
    page, built = path / "evidence.md", Home(path)
    try:
        before = built.everything()
        built.act_as_prover()
        with subprocess.Popen(
            [*CLI, "aws", "prove", "--stage", "local", "--yes", "--json", *SHORT, "--out", str(page)],
            env=built.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as running:
            try:
                yield Proving(built, before, page, running)
            finally:
                running.terminate()  # which destroys in order, if it is not over
    finally:
        process.stop(path / "cloud")


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
        [*CLI, "aws", "check", "--region", "eu-west-1"],
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


def test_a_proof_that_is_interrupted_still_destroys(home: Home, tmp_path: Path) -> None:
    """Ctrl-C while the twin runs: exit 1, the page says what was reached, and the account is as before."""
    before = home.everything()
    page = tmp_path / "evidence.md"
    with subprocess.Popen(
        [*CLI, "aws", "prove", "--stage", "local", "--yes", "--out", str(page)],
        env=home.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as running:
        until(lambda: home.cloud.client("iot").list_things()["things"], "the stack")
        until((home.path / "vens/local/local-ven-1/twin.log").exists, "the twin")
        running.send_signal(signal.SIGINT)
        output, _ = running.communicate(timeout=GIVE_UP_S)
    assert running.returncode == 1, output
    assert "Traceback" not in output
    assert "interrupted" in output
    assert "Not proved" in page.read_text()
    assert home.everything() == before


def test_a_proof_touches_no_stage_that_is_there(home: Home, tmp_path: Path) -> None:
    """A stage that exists, or one that people use, is refused before anything is made or spent."""
    formation = home.cloud.client("cloudformation")
    done = home.cli("aws", "prove", "--stage", "dev", "--yes")
    assert done.returncode == 2, done.stdout + done.stderr
    assert "no throw-away stage" in done.stderr
    template = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
    formation.create_stack(StackName="VenTwin-local", TemplateBody=template)
    try:
        done = home.cli("aws", "prove", "--stage", "local", "--yes", "--out", str(tmp_path / "page.md"))
        assert done.returncode == 1
        assert "there is a stack VenTwin-local" in done.stderr
        assert not (tmp_path / "page.md").exists()
        status = formation.describe_stacks(StackName="VenTwin-local")["Stacks"][0]["StackStatus"]
        assert status == "CREATE_COMPLETE"
    finally:
        formation.delete_stack(StackName="VenTwin-local")


def test_a_proof_asks_before_it_spends(home: Home) -> None:
    """The estimate is shown, and nothing is made unless the answer is yes."""
    before = home.everything()
    done = subprocess.run(
        [*CLI, "aws", "prove", "--stage", "local"],
        env=home.environment(),
        input="n\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=GIVE_UP_S,
    )
    assert done.returncode == 1
    assert "By list prices of" in done.stdout
    assert "Deploy stage local" in done.stderr
    assert home.everything() == before


def test_a_proof_runs_everything_and_leaves_nothing(proving: Proving) -> None:
    """Deployed, used and destroyed at the local cloud: each step worked, and the page has its figures."""
    output, errors = proving.running.communicate(timeout=GIVE_UP_S)
    assert proving.running.returncode == 0, output + errors
    evidence = json.loads(output)
    names = ["deploy", "main job", "claim", "rotation", "load", "dead letter and redrive", "destroy"]
    assert [step["name"] for step in evidence["steps"]] == [*names, "nothing is left"]
    assert all(step["worked"] for step in evidence["steps"])
    assert not [line for line in evidence["silent"] if "may not do" in line]
    assert evidence["usage"]["commands"] > 0
    assert evidence["usage"]["rows"] > 0
    assert evidence["usage"]["shadowUpdates"] > 0
    assert evidence["cost"] == "not answered: this cloud does not know GetCostAndUsage"
    text = proving.page.read_text()
    assert text.startswith(f"# Stage local, begun {evidence['begunAt']}")
    assert "Proved" in text
    assert "Not proved" not in text
    assert "PRIVATE KEY" not in text
    assert proving.home.everything() == proving.before
    assert not list(proving.home.path.glob("vens/local/local-ven-*"))
