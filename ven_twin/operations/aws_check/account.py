"""The account's answers: every call of the check, each of which reads and none of which writes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

import msgspec
from botocore.exceptions import ClientError

from contracts.store.stack import stack_name
from ven_twin.operations.aggregator.cloud import Cloud
from ven_twin.operations.aggregator.cloud_errors import DENIED, CloudError, error_code, explained
from ven_twin.operations.aws_check.finding import Unanswered
from ven_twin.operations.aws_check.judge import BOOTSTRAP_PARAMETER
from ven_twin.operations.aws_check.names import Existing, Kind, NamedResource

Answer = TypeVar("Answer")
TABLES_QUOTA, STACKS_QUOTA = "L-F98FE922", "L-0485CB21"
"""Service Quotas' codes."""
ABSENT = frozenset(
    {"ResourceNotFoundException", "ResourceNotFound", "ParameterNotFound", "ValidationError", "NoSuchEntity"}
)
"""Codes of a service that does not have what was looked up."""


class Caller(msgspec.Struct, frozen=True):
    """The caller, as AWS knows it by its credentials."""

    account: str
    arn: str


class LambdaSettings(msgspec.Struct, frozen=True):
    """The account's limits of Lambda, and its use of them."""

    total: int
    unreserved: int
    code_bytes: int
    code_limit: int


class Account:
    """An account in a region. What it does not answer is an `Unanswered` with the reason.

    Attributes:
        refused: the calls that it refused for want of rights, by their names.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self.refused: set[str] = set()

    def _looked_up(self, look: Callable[[], Answer]) -> Answer | Unanswered | None:
        """The answer of *look*; None where the service does not have it."""
        try:
            with explained():
                return look()
        except CloudError as error:
            cause = error.__cause__
            if not isinstance(cause, ClientError):
                return Unanswered(str(error))
            code = error_code(cause)
            if code in ABSENT:
                return None
            if code in DENIED:
                self.refused.add(cause.operation_name)
                return Unanswered(f"these credentials may not do {cause.operation_name}")
            return Unanswered(str(error))

    def caller(self) -> Caller:
        """The caller. Raises CloudError without credentials that are good, or without a network."""
        with explained():
            identity = self._cloud.client("sts").get_caller_identity()
        return Caller(identity["Account"], identity["Arn"])

    def bootstrap_version(self) -> int | Unanswered | None:
        """The version of the CDK's bootstrap, or None."""

        def look() -> int:
            parameter = self._cloud.client("ssm").get_parameter(Name=BOOTSTRAP_PARAMETER)
            return int(parameter["Parameter"]["Value"])

        return self._looked_up(look)

    def stack_status(self) -> str | Unanswered | None:
        """The state of the stage's stack, or None."""

        def look() -> str:
            name = stack_name(self._cloud.stage)
            status: str = self._cloud.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0][
                "StackStatus"
            ]
            return status

        return self._looked_up(look)

    def stack_names(self) -> frozenset[str]:
        """The physical names of the stack's resources that are there; none without a stack."""

        def look() -> frozenset[str]:
            pages = self._cloud.client("cloudformation").get_paginator("list_stack_resources")
            return frozenset(
                _bare_name(resource.get("PhysicalResourceId", ""))
                for page in pages.paginate(StackName=stack_name(self._cloud.stage))
                for resource in page["StackResourceSummaries"]
                if resource["ResourceStatus"] != "DELETE_COMPLETE"
            )

        names = self._looked_up(look)
        return frozenset() if names is None or isinstance(names, Unanswered) else names

    def lambda_settings(self) -> LambdaSettings | Unanswered:
        """Lambda's limits in the account."""

        def look() -> LambdaSettings:
            settings = self._cloud.client("lambda").get_account_settings()
            limit, usage = settings["AccountLimit"], settings["AccountUsage"]
            return LambdaSettings(
                limit["ConcurrentExecutions"],
                limit["UnreservedConcurrentExecutions"],
                usage["TotalCodeSize"],
                limit["TotalCodeSize"],
            )

        return certain(self._looked_up(look))

    def roles(self) -> tuple[int, float] | Unanswered:
        """The account's IAM roles, and how many it may have."""

        def look() -> tuple[int, float]:
            summary = self._cloud.client("iam").get_account_summary()["SummaryMap"]
            return summary["Roles"], summary["RolesQuota"]

        return certain(self._looked_up(look))

    def tables(self) -> tuple[int, float] | Unanswered:
        """The region's tables, and how many there may be."""

        def look() -> tuple[int, float]:
            quota = self._quota("dynamodb", TABLES_QUOTA)
            pages = self._cloud.client("dynamodb").get_paginator("list_tables").paginate()
            return sum(len(page["TableNames"]) for page in pages), quota

        return certain(self._looked_up(look))

    def stacks(self) -> tuple[int, float] | Unanswered:
        """The region's stacks, and how many there may be."""

        def look() -> tuple[int, float]:
            quota = self._quota("cloudformation", STACKS_QUOTA)
            pages = self._cloud.client("cloudformation").get_paginator("list_stacks").paginate()
            summaries = [summary for page in pages for summary in page["StackSummaries"]]
            return sum(summary["StackStatus"] != "DELETE_COMPLETE" for summary in summaries), quota

        return certain(self._looked_up(look))

    def _quota(self, service: str, code: str) -> float:
        quotas = self._cloud.client("service-quotas")
        quota: float = quotas.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"]
        return quota

    def existing(self, resources: Sequence[NamedResource]) -> list[Existing] | Unanswered:
        """Those of *resources*, all of one kind, that are there."""
        if resources and resources[0].kind in (Kind.RULE, Kind.DASHBOARD):
            return self._listed(resources[0].kind, {resource.name for resource in resources})
        there = []
        for resource in resources:
            answer = self._looked_up(partial(self._existing, resource))
            if isinstance(answer, Unanswered):
                return answer
            if answer is not None:
                there.append(answer)
        return there

    def _existing(self, resource: NamedResource) -> Existing:
        """The resource. Raises ClientError when it is not there."""
        name = resource.name
        match resource.kind:
            case Kind.THING:
                self._cloud.client("iot").describe_thing(thingName=name)
            case Kind.POLICY:
                self._cloud.client("iot").get_policy(policyName=name)
            case Kind.TEMPLATE:
                self._cloud.client("iot").describe_provisioning_template(templateName=name)
            case Kind.GROUP:
                self._cloud.client("scheduler").get_schedule_group(Name=name)
            case Kind.SECRET:
                secret = self._cloud.client("secretsmanager").describe_secret(SecretId=name)
                return Existing(resource, deleted="DeletedDate" in secret)
            case Kind.RULE | Kind.DASHBOARD:
                raise AssertionError(f"a {resource.kind} is looked for in the list of all")
        return Existing(resource)

    def _listed(self, kind: Kind, names: Collection[str]) -> list[Existing] | Unanswered:
        """As `existing`, from a list: AWS IoT answers for an absent rule as for a caller without rights."""

        def look() -> list[Existing]:
            if kind is Kind.RULE:
                pages = self._cloud.client("iot").get_paginator("list_topic_rules").paginate()
                there = [rule["ruleName"] for page in pages for rule in page["rules"]]
            else:
                pages = self._cloud.client("cloudwatch").get_paginator("list_dashboards").paginate()
                there = [board["DashboardName"] for page in pages for board in page["DashboardEntries"]]
            return [Existing(NamedResource(kind, name)) for name in there if name in names]

        return certain(self._looked_up(look))

    def principal(self, caller: Caller) -> str | Unanswered | None:
        """The ARN by which IAM knows *caller*; None for the account's root, which may do everything."""
        if caller.arn.endswith(":root"):
            return None
        if ":assumed-role/" not in caller.arn:
            return caller.arn
        role = caller.arn.split("/")[1]

        def look() -> str:
            arn: str = self._cloud.client("iam").get_role(RoleName=role)["Role"]["Arn"]
            return arn

        return certain(self._looked_up(look))

    def denied_to(self, principal: str, rights: Mapping[str, Sequence[str]]) -> list[str] | Unanswered:
        """Those of *rights* (resources by action) that *principal* does not have."""
        pages = self._cloud.client("iam").get_paginator("simulate_principal_policy")

        def look() -> list[str]:
            return [
                why
                for action, arns in rights.items()
                for page in pages.paginate(PolicySourceArn=principal, ActionNames=[action], ResourceArns=arns)
                for why in _denied(page["EvaluationResults"])
            ]

        return certain(self._looked_up(look))

    def denied_by(self, policy: str, rights: Mapping[str, Sequence[str]]) -> list[str] | Unanswered:
        """Those of *rights* (resources by action) that *policy*, as JSON, does not grant."""
        pages = self._cloud.client("iam").get_paginator("simulate_custom_policy")

        def look() -> list[str]:
            return [
                why
                for action, arns in rights.items()
                for page in pages.paginate(PolicyInputList=[policy], ActionNames=[action], ResourceArns=arns)
                for why in _denied(page["EvaluationResults"])
            ]

        return certain(self._looked_up(look))


def certain(answer: Answer | Unanswered | None) -> Answer | Unanswered:
    """An answer of a lookup for which absence is no answer."""
    return Unanswered("the account has none") if answer is None else answer


def _denied(results: Sequence[Mapping[str, str]]) -> Iterator[str]:
    for result in results:
        if result["EvalDecision"] != "allowed":
            yield f"{result['EvalActionName']} on {result['EvalResourceName']}"


def _bare_name(physical_id: str) -> str:
    """The name in a physical id, which is an ARN for a secret, with six characters at its end."""
    secret = physical_id.rpartition(":secret:")
    return secret[2].rpartition("-")[0] if secret[1] else physical_id
