"""The judgements of the check: each from the account's answer alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from contracts.store.stack import stack_name
from ven_twin.operations.aws_check.finding import Finding, Unanswered, green, unanswered, wrong
from ven_twin.operations.aws_check.names import Existing, Kind

BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
BOOTSTRAP_LEAST = 6
"""Source: the template's own rule CheckBootstrapVersion."""
FUNCTIONS, ROLES, TABLES = 18, 23, 6
"""The stack's; a test counts them in the template."""
AT_ONCE = 10
"""What a new account has. An event, a claim and a rotation run with as much in the local cloud's bad weather
(`tests/e2e/test_weather.py`): who waits is tried again."""
CODE_BYTES = 50 * 1024 * 1024
"""The functions' code as Lambda stores it, one copy a function, with some room. Measured: 11 times 3.4 MB."""
CONCURRENCY_QUOTA = "L-B99A9384"
READY = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
        "REVIEW_IN_PROGRESS",
    }
)
"""States of a stack that a deployment goes on from. Source: CloudFormation User Guide, stack status codes."""


def judge_bootstrap(version: int | Unanswered | None, region: str) -> Finding:
    """Judge the version of the CDK's bootstrap, None where there is none."""
    subject = "CDK bootstrap"
    if isinstance(version, Unanswered):
        return unanswered(subject, version.why)
    if version is None:
        remedy = "an administrator runs npx cdk bootstrap, once an account and region"
        return wrong(subject, f"this account is not bootstrapped in {region}", remedy)
    if version < BOOTSTRAP_LEAST:
        remedy = "run npx cdk bootstrap again: it brings the bootstrap stack up to date"
        return wrong(subject, f"version {version}; the stack needs {BOOTSTRAP_LEAST} or later", remedy)
    return green(subject, f"version {version}; the stack needs {BOOTSTRAP_LEAST}")


def judge_concurrency(limits: tuple[int, int] | Unanswered) -> Finding:
    """Judge Lambda's executions at once: the account's, and those that no function has reserved."""
    subject = "Lambda concurrency"
    if isinstance(limits, Unanswered):
        return unanswered(subject, limits.why)
    total, free = limits
    detail = f"{total} at once in the account, {free} of them not reserved; the stack needs {AT_ONCE}"
    if free >= AT_ONCE:
        return green(subject, detail)
    if total >= AT_ONCE:
        return wrong(subject, detail, "free some: other functions of the account have reserved the rest")
    return wrong(
        subject,
        detail,
        "ask for 1000: aws service-quotas request-service-quota-increase --service-code lambda"
        f" --quota-code {CONCURRENCY_QUOTA} --desired-value 1000",
    )


def judge_code_storage(used_and_limit: tuple[int, int] | Unanswered) -> Finding:
    """Judge the bytes of code that Lambda stores for the account."""
    subject = "Lambda code storage"
    if isinstance(used_and_limit, Unanswered):
        return unanswered(subject, used_and_limit.why)
    used, limit = used_and_limit
    detail = f"{_mb(used)} of {_mb(limit)} used; the stack takes up to {_mb(CODE_BYTES)}"
    if used + CODE_BYTES <= limit:
        return green(subject, detail)
    return wrong(
        subject, detail, "delete old versions of functions, or ask for more in Service Quotas: Lambda"
    )


def judge_count(
    subject: str, used_and_quota: tuple[int, float] | Unanswered, more: int, *, service: str, code: str
) -> Finding:
    """Judge a quota on the number of something, of which the stack takes *more*.

    Args:
        subject: what is counted.
        used_and_quota: how many there are, and how many there may be.
        more: how many the stack adds.
        service: by Service Quotas' code.
        code: of the quota.
    """
    if isinstance(used_and_quota, Unanswered):
        return unanswered(subject, used_and_quota.why)
    used, quota = used_and_quota
    detail = f"{used} of {quota:g}; the stack adds {more}"
    if used + more <= quota:
        return green(subject, detail)
    remedy = (
        "delete some, or ask for more: aws service-quotas request-service-quota-increase"
        f" --service-code {service} --quota-code {code} --desired-value {int(quota) * 2}"
    )
    return wrong(subject, detail, remedy)


def judge_stack(status: str | Unanswered | None, stage: str) -> Finding:
    """Judge the state of the stage's stack, None where there is none."""
    name = stack_name(stage)
    subject = f"stack {name}"
    if isinstance(status, Unanswered):
        return unanswered(subject, status.why)
    if status is None:
        return green(subject, "not there yet: the deployment makes it")
    if status in READY:
        return green(subject, f"there, {status}: the deployment changes it")
    return wrong(subject, f"there, {status}", _mend_stack(status, name))


def _mend_stack(status: str, name: str) -> str:
    """The way out of a state in which CloudFormation takes no deployment."""
    if status.endswith("_IN_PROGRESS"):
        return "wait until it is done, and check again"
    if status == "UPDATE_ROLLBACK_FAILED":
        return f"aws cloudformation continue-update-rollback --stack-name {name}, and check again"
    return (
        f"delete it, as CloudFormation cannot change it: aws cloudformation delete-stack --stack-name {name}"
    )


def judge_names(
    kind: Kind, names: Sequence[str], existing: Sequence[Existing] | Unanswered, stacks: Collection[str]
) -> list[Finding]:
    """Judge the names of one kind: one line when all are free, or a line for each that is taken.

    Args:
        kind: of the resources.
        names: what the stack calls them.
        existing: those of these names that are there.
        stacks: names that the stage's stack has already, which a deployment goes on with.
    """
    subject = f"{kind} names"
    if isinstance(existing, Unanswered):
        return [unanswered(subject, existing.why)]
    foreign = [item for item in existing if item.resource.name not in stacks]
    if not foreign:
        free = len(names) - len(existing)
        return [green(subject, f"{free} free" + (f", {len(existing)} the stack's" if existing else ""))]
    return [_collision(item) for item in foreign]


def _collision(item: Existing) -> Finding:
    kind, name = item.resource.kind, item.resource.name
    if item.deleted:
        detail = "is scheduled for deletion, and holds its name until then"
        return wrong(f"{kind} {name}", detail, removal_of(item))
    other = "; else name other VENs by -c vens=" if kind is Kind.THING else ""
    remedy = f"if nothing needs it, take it away: {removal_of(item)}{other}"
    return wrong(f"{kind} {name}", "is there and is not the stack's", remedy)


_REMOVAL: Mapping[Kind, str] = {
    Kind.THING: "aws iot delete-thing --thing-name {name}",
    Kind.RULE: "aws iot delete-topic-rule --rule-name {name}",
    Kind.POLICY: "aws iot delete-policy --policy-name {name}",
    Kind.TEMPLATE: "aws iot delete-provisioning-template --template-name {name}",
    Kind.SECRET: "aws secretsmanager delete-secret --secret-id {name} --force-delete-without-recovery",
    Kind.GROUP: "aws scheduler delete-schedule-group --name {name}",
    Kind.DASHBOARD: "aws cloudwatch delete-dashboards --dashboard-names {name}",
}


def removal_of(item: Existing) -> str:
    """The command that takes a resource away."""
    return _REMOVAL[item.resource.kind].format(name=item.resource.name)


def judge_simulation(subject: str, denied: Sequence[str] | Unanswered, count: int, remedy: str) -> Finding:
    """Judge what a simulation denied, of *count* rights that were simulated."""
    if isinstance(denied, Unanswered):
        return unanswered(subject, denied.why)
    if denied:
        more = f" and {len(denied) - 3} more" if len(denied) > 3 else ""
        return wrong(subject, f"may not {', '.join(denied[:3])}{more}", remedy)
    return green(subject, f"all of {count} rights are allowed")


def judge_refusals(refused: Collection[str]) -> Finding:
    """Judge the calls of this check that the account refused for want of rights."""
    subject = "rights to check"
    if not refused:
        return green(subject, "every call of this check is allowed")
    remedy = "have an administrator attach the deployer's policy of docs/reference/policies.md"
    return wrong(subject, f"these credentials may not do {', '.join(sorted(refused))}", remedy)


def _mb(size: int) -> str:
    return f"{size / 1024**2:,.0f} MB"
