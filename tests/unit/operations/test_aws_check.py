"""The check of an account, judged from its answers: green, or wrong and what to do, or not answered."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ProfileNotFound,
    UnauthorizedSSOTokenError,
)
from botocore.stub import Stubber

from ven_twin.operations.aggregator.cloud import Access, Cloud
from ven_twin.operations.aggregator.cloud_errors import CloudError, explained
from ven_twin.operations.aws_check import judge
from ven_twin.operations.aws_check.account import Account, Caller
from ven_twin.operations.aws_check.check import check
from ven_twin.operations.aws_check.finding import Finding, Unanswered, Verdict
from ven_twin.operations.aws_check.names import Existing, Kind, NamedResource
from ven_twin.operations.aws_check.regions import judge_region, regions_by_service

SILENT = Unanswered("these credentials may not do it")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No region and no credentials but the test's own."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")


def is_wrong(finding: Finding, *words: str) -> bool:
    """True where the line is wrong and has *words* in its answer or in what to do."""
    text = f"{finding.subject} {finding.detail}: {finding.remedy}"
    return finding.verdict is Verdict.WRONG and bool(finding.remedy) and all(word in text for word in words)


def test_a_region_with_all_services_is_green() -> None:
    """Each of AWS's usual regions, of the other partitions' too."""
    available = regions_by_service()
    for region in ("us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1"):
        assert judge_region(region, "AWS_REGION", available).verdict is Verdict.GREEN


def test_a_region_without_aws_iot_is_named_with_those_that_have_it() -> None:
    """Zurich has no AWS IoT; the answer says so, where the region was set, and what is near."""
    finding = judge_region("eu-central-2", "AWS_REGION", regions_by_service())
    assert is_wrong(finding, "eu-central-2 (AWS_REGION)", "AWS IoT", "eu-central-1")
    assert "us-east-1" not in finding.remedy


def test_a_region_that_is_none_is_told_from_one_that_lacks_something() -> None:
    """A spelling mistake is no region without services."""
    assert is_wrong(judge_region("us-esat-1", "--region", regions_by_service()), "no region", "spelling")
    assert is_wrong(judge_region(None, "", regions_by_service()), "--region", "AWS_REGION")


def test_an_account_without_bootstrap_or_with_an_old_one_is_told_to_bootstrap() -> None:
    """The template needs version 6; none and 5 are not enough."""
    assert is_wrong(
        judge.judge_bootstrap(None, "eu-west-1"), "not bootstrapped in eu-west-1", "cdk bootstrap"
    )
    assert is_wrong(judge.judge_bootstrap(5, "eu-west-1"), "version 5", "cdk bootstrap")
    assert judge.judge_bootstrap(6, "eu-west-1").verdict is Verdict.GREEN
    assert judge.judge_bootstrap(SILENT, "eu-west-1").verdict is Verdict.UNANSWERED


def test_fewer_executions_than_a_new_account_has_are_too_few() -> None:
    """The answer has both figures and the request for more; what others have reserved is told apart."""
    assert is_wrong(judge.judge_concurrency((9, 9)), "9 at once", "--quota-code L-B99A9384")
    reserved = judge.judge_concurrency((1000, 9))
    assert is_wrong(reserved, "9 of them not reserved", "free some")
    assert judge.judge_concurrency((10, 10)).verdict is Verdict.GREEN
    assert judge.judge_concurrency(SILENT).verdict is Verdict.UNANSWERED


def test_a_quota_that_the_stack_would_exceed_is_wrong() -> None:
    """Up to the quota is green, one more is not, and the request for more names service and code."""
    assert judge.judge_count("tables", (20, 25), 5, service="dynamodb", code="L-1").verdict is Verdict.GREEN
    over = judge.judge_count("tables", (21, 25), 5, service="dynamodb", code="L-1")
    assert is_wrong(over, "21 of 25", "--service-code dynamodb --quota-code L-1 --desired-value 50")
    assert judge.judge_count("t", SILENT, 5, service="s", code="c").verdict is Verdict.UNANSWERED
    assert is_wrong(judge.judge_code_storage((75 * 1024**3, 75 * 1024**3)), "delete old versions")
    assert judge.judge_code_storage((0, 75 * 1024**3)).verdict is Verdict.GREEN


@pytest.mark.parametrize("status", [None, "CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_stack_that_a_deployment_can_go_on_from_is_green(status: str | None) -> None:
    """No stack, or one at rest."""
    assert judge.judge_stack(status, "dev").verdict is Verdict.GREEN


@pytest.mark.parametrize(
    ("status", "way"),
    [
        ("ROLLBACK_COMPLETE", "delete-stack --stack-name VenTwin-dev"),
        ("ROLLBACK_FAILED", "delete-stack"),
        ("DELETE_FAILED", "delete-stack"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"),
        ("UPDATE_IN_PROGRESS", "wait"),
    ],
)
def test_a_stack_that_takes_no_deployment_has_its_way_out(status: str, way: str) -> None:
    """Each state in which CloudFormation refuses says what to do."""
    assert is_wrong(judge.judge_stack(status, "dev"), "VenTwin-dev", status, way)


@pytest.mark.parametrize("kind", Kind)
def test_a_name_that_is_taken_has_a_line_with_the_command_that_frees_it(kind: Kind) -> None:
    """A thing, rule, secret and so on of a name that the stack needs; free ones are not in the way."""
    taken = [Existing(NamedResource(kind, "ven-1"))]
    (finding,) = judge.judge_names(kind, ["ven-1", "ven-2"], taken, ())
    assert is_wrong(finding, f"{kind} ven-1", "aws ")
    assert ("-c vens=" in finding.remedy) is (kind is Kind.THING)
    (free,) = judge.judge_names(kind, ["ven-1", "ven-2"], [], ())
    assert free.verdict is Verdict.GREEN
    (silent,) = judge.judge_names(kind, ["ven-1"], SILENT, ())
    assert silent.verdict is Verdict.UNANSWERED


def test_what_the_stages_stack_has_already_is_no_collision() -> None:
    """A second deployment goes on with its own resources, and still names a stranger."""
    there = [Existing(NamedResource(Kind.THING, name)) for name in ("ven-1", "ven-2")]
    (finding,) = judge.judge_names(Kind.THING, ["ven-1", "ven-2"], there, {"ven-1"})
    assert is_wrong(finding, "thing ven-2")
    (finding,) = judge.judge_names(Kind.THING, ["ven-1", "ven-2"], there, {"ven-1", "ven-2"})
    assert finding.verdict is Verdict.GREEN


def test_a_secret_on_its_way_out_holds_its_name() -> None:
    """Secrets Manager refuses the name until the secret is gone: force its deletion."""
    secret = Existing(NamedResource(Kind.SECRET, "ven-twin/dev/ven-1/tls"), deleted=True)
    (finding,) = judge.judge_names(Kind.SECRET, ["ven-twin/dev/ven-1/tls"], [secret], ())
    assert is_wrong(finding, "scheduled for deletion", "--force-delete-without-recovery")


def test_rights_that_are_lacking_are_named() -> None:
    """The first of them, how many more, and who can help."""
    denied = [f"sts:AssumeRole on role-{number}" for number in range(5)]
    finding = judge.judge_simulation("rights", denied, 5, "ask an administrator")
    assert is_wrong(finding, "role-0", "and 2 more", "administrator")
    assert judge.judge_simulation("rights", [], 5, "").verdict is Verdict.GREEN
    assert judge.judge_simulation("rights", SILENT, 5, "").verdict is Verdict.UNANSWERED
    assert is_wrong(judge.judge_refusals({"DescribeThing"}), "DescribeThing", "administrator")
    assert judge.judge_refusals(()).verdict is Verdict.GREEN


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (NoCredentialsError(), ("no AWS credentials", "aws configure")),
        (ProfileNotFound(profile="mine"), ("mine", "list-profiles")),
        (UnauthorizedSSOTokenError(), ("sign-in", "aws sso login")),
        (EndpointConnectionError(endpoint_url="https://sts.x"), ("cannot reach https://sts.x", "network")),
        (ConnectTimeoutError(endpoint_url="https://sts.x"), ("cannot reach https://sts.x", "network")),
    ],
)
def test_credentials_and_network_that_fail_say_what_to_do(error: Exception, words: tuple[str, ...]) -> None:
    """Missing credentials, an expired sign-in, a profile that is none, no network: one line each."""
    with pytest.raises(CloudError) as refused, explained():
        raise error
    assert all(word in str(refused.value) for word in words)
    assert "\n" not in str(refused.value)


def test_an_expired_token_stops_the_check_at_the_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The line says to sign in again; nothing else is asked, and nothing of it is green."""
    client = boto3.client("sts", region_name="eu-west-1")
    stub = Stubber(client)
    stub.add_client_error("get_caller_identity", "ExpiredToken", "The security token is expired")
    cloud = Cloud(Access("dev", region="eu-west-1"))
    monkeypatch.setattr(cloud, "client", {"sts": client}.__getitem__)
    with stub:
        findings = list(check(cloud, ["ven-1"]))
    assert findings[0].verdict is Verdict.GREEN
    assert is_wrong(findings[1], "credentials", "ExpiredToken", "sign in again")
    assert {finding.verdict for finding in findings[2:]} == {Verdict.UNANSWERED}
    client.close()


def test_a_region_that_is_wrong_stops_the_check_before_any_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a region that has no AWS IoT nothing is called at all."""
    cloud = Cloud(Access("dev", region="eu-central-2"))
    monkeypatch.setattr(cloud, "client", {}.__getitem__)
    first, *others = check(cloud, ["ven-1"])
    assert is_wrong(first, "eu-central-2 (--region)")
    assert others
    assert {finding.verdict for finding in others} == {Verdict.UNANSWERED}


@pytest.mark.parametrize(
    ("arn", "principal"),
    [
        ("arn:aws:iam::123456789012:root", None),
        ("arn:aws:iam::123456789012:user/ann", "arn:aws:iam::123456789012:user/ann"),
        ("arn:aws:sts::123456789012:assumed-role/Dev/ann", "arn:aws:iam::123456789012:role/sso/Dev"),
    ],
)
def test_a_session_is_simulated_as_its_role(
    arn: str, principal: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IAM simulates users and roles, a role with its path; the root of an account needs no simulation."""
    client = boto3.client("iam", region_name="eu-west-1")
    stub = Stubber(client)
    role = {
        "Path": "/sso/",
        "RoleName": "Dev",
        "RoleId": "AROA1234567890123456",
        "Arn": "arn:aws:iam::123456789012:role/sso/Dev",
        "CreateDate": "2026-01-01T00:00:00Z",
    }
    stub.add_response("get_role", {"Role": role}, {"RoleName": "Dev"})
    cloud = Cloud(Access("dev", region="eu-west-1"))
    monkeypatch.setattr(cloud, "client", {"iam": client}.__getitem__)
    with stub:
        assert Account(cloud).principal(Caller("123456789012", arn)) == principal
    client.close()


@pytest.mark.parametrize(
    ("code", "why", "refused"),
    [
        ("AccessDeniedException", "may not do GetAccountSettings", {"GetAccountSettings"}),
        ("InvalidAction", "does not know GetAccountSettings", set()),
        ("ServiceException", "ServiceException", set()),
    ],
)
def test_an_answer_that_does_not_come_is_no_green_line(
    code: str, why: str, refused: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused, unknown to this cloud, or failed: the line says which, and refusals are collected."""
    client = boto3.client("lambda", region_name="eu-west-1")
    stub = Stubber(client)
    stub.add_client_error("get_account_settings", code, "no")
    cloud = Cloud(Access("dev", region="eu-west-1"))
    monkeypatch.setattr(cloud, "client", {"lambda": client}.__getitem__)
    account = Account(cloud)
    with stub:
        settings = account.lambda_settings()
    assert isinstance(settings, Unanswered)
    assert why in settings.why
    assert account.refused == refused
    client.close()
