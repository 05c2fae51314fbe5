"""The whole check: the region first, then the credentials, then everything that these can be asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from contracts.wire.ids import VenId
from ven_twin.operations.aggregator.cloud import Cloud
from ven_twin.operations.aggregator.cloud_errors import CloudError
from ven_twin.operations.aws_check import judge
from ven_twin.operations.aws_check.account import STACKS_QUOTA, TABLES_QUOTA, Account, Caller
from ven_twin.operations.aws_check.finding import Finding, Unanswered, Verdict, green, unanswered, wrong
from ven_twin.operations.aws_check.names import Kind, names_of
from ven_twin.operations.aws_check.regions import judge_region, regions_by_service
from ven_twin.operations.rights import USERS, document, rights_of

CREDENTIALS = "credentials"
LOCAL = "local"
LATER = ("CDK bootstrap", "stack", "names", "quotas", "rights")
"""The subjects that need a region and credentials."""
DEPLOYER_ROLES = ("deploy-role", "file-publishing-role", "lookup-role")
"""Roles of the bootstrap that a deployment takes up. Source: the manifest of a synthesis."""


def check(cloud: Cloud, vens: Sequence[VenId]) -> Iterator[Finding]:
    """Every line of the check of *cloud*'s stage for *vens*, as soon as it is known."""
    region, source = cloud.region
    regional = judge_region(region, source, regions_by_service())
    yield regional
    if region is None or regional.verdict is not Verdict.GREEN:
        yield unanswered(CREDENTIALS, "first the region")
        yield from (unanswered(subject, "first the region") for subject in LATER)
        return
    account = Account(cloud)
    try:
        caller = account.caller()
    except CloudError as error:
        yield _bad_credentials(error)
        yield from (unanswered(subject, "first the credentials") for subject in LATER)
        return
    yield green(CREDENTIALS, f"{caller.arn} in account {caller.account}")
    if cloud.stage == LOCAL:
        yield green("CDK bootstrap", "the local cloud is deployed to without")
    else:
        yield judge.judge_bootstrap(account.bootstrap_version(), region)
    status = account.stack_status()
    yield judge.judge_stack(status, cloud.stage)
    yield from _names(account, cloud.stage, vens)
    yield from _quotas(account, new=status is None)
    yield from _rights(account, caller, _places(cloud.stage, region, caller, vens))
    yield judge.judge_refusals(account.refused)


def _bad_credentials(error: CloudError) -> Finding:
    detail, _, remedy = str(error).partition(": ")
    return wrong(CREDENTIALS, detail, remedy or "run aws sts get-caller-identity, which has to answer")


def _names(account: Account, stage: str, vens: Sequence[VenId]) -> Iterator[Finding]:
    stacks = account.stack_names()
    for kind in Kind:
        resources = [resource for resource in names_of(stage, vens) if resource.kind is kind]
        names = [resource.name for resource in resources]
        yield from judge.judge_names(kind, names, account.existing(resources), stacks)


def _quotas(account: Account, *, new: bool) -> Iterator[Finding]:
    """The quotas; a stack that is there already takes nothing more."""
    roles, tables, stacks = (judge.ROLES, judge.TABLES, 1) if new else (0, 0, 0)
    settings = account.lambda_settings()
    if isinstance(settings, Unanswered):
        yield judge.judge_concurrency(settings)
        yield judge.judge_code_storage(settings)
    else:
        yield judge.judge_concurrency((settings.total, settings.unreserved))
        yield judge.judge_code_storage((settings.code_bytes, settings.code_limit))
    yield judge.judge_count("IAM roles", account.roles(), roles, service="iam", code="L-FE177D64")
    yield judge.judge_count(
        "DynamoDB tables", account.tables(), tables, service="dynamodb", code=TABLES_QUOTA
    )
    yield judge.judge_count(
        "CloudFormation stacks", account.stacks(), stacks, service="cloudformation", code=STACKS_QUOTA
    )


def _places(stage: str, region: str, caller: Caller, vens: Sequence[VenId]) -> Mapping[str, str]:
    ven_id = vens[0]  # begins with the stage's prefix, whatever that is
    places = {"STAGE": stage, "REGION": region, "ACCOUNT": caller.account, "API": "a1b2c3d4e5"}
    return {**places, "VEN": ven_id, "PREFIX": ven_id}


def _rights(account: Account, caller: Caller, places: Mapping[str, str]) -> Iterator[Finding]:
    partition = caller.arn.split(":")[1]
    yield _deployers(account, caller, partition, places)
    for user in USERS:
        policy = json.dumps(document(user, places)).replace("arn:aws:", f"arn:{partition}:")
        rights = {
            action: [_one_of(arn.replace("arn:aws:", f"arn:{partition}:")) for arn in arns]
            for action, arns in rights_of(user, places).items()
        }
        yield judge.judge_simulation(
            f"policy of the {user.name}",
            account.denied_by(policy, rights),
            sum(len(arns) for arns in rights.values()),
            "take the policy of docs/reference/policies.md as it stands; an organization may forbid more",
        )


def _deployers(account: Account, caller: Caller, partition: str, places: Mapping[str, str]) -> Finding:
    subject = "rights of these credentials"
    principal = account.principal(caller)
    if isinstance(principal, Unanswered):
        return unanswered(subject, principal.why)
    if principal is None:
        return green(subject, "the account's root may do everything; deploy with less")
    if places["STAGE"] == LOCAL:
        return unanswered(subject, "the local cloud is deployed to by its root, not by roles of a bootstrap")
    roles = [
        f"arn:{partition}:iam::{caller.account}:role/cdk-hnb659fds-{name}-{caller.account}-{places['REGION']}"
        for name in DEPLOYER_ROLES
    ]
    return judge.judge_simulation(
        subject,
        account.denied_to(principal, {"sts:AssumeRole": roles}),
        len(roles),
        "have an administrator attach the deployer's policy of docs/reference/policies.md",
    )


def _one_of(arn: str) -> str:
    """One resource of those that a pattern stands for."""
    return arn if arn == "*" else re.sub(r"\*", "x", arn)
