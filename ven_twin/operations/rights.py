"""The calls of each command, on which resources, and the commands of each user of a stage."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

STACK = "VenTwin-STAGE"
_PLACE = re.compile(r"\b(STAGE|REGION|ACCOUNT|VEN|PREFIX|API)\b")


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:REGION:ACCOUNT:{resource}"


def _table(name: str) -> str:
    return _arn("dynamodb", f"table/{STACK}-{name}")


def _function(name: str) -> str:
    return _arn("lambda", f"function:{STACK}-{name}Function*")


def _queue(name: str) -> str:
    return _arn("sqs", f"{STACK}-{name}*")


OUTPUTS = _arn("cloudformation", f"stack/{STACK}/*")
TELEMETRY, VENS = _table("TablesTelemetry*"), _table("TablesVens*")
EVENTS, COMMANDS = _table("TablesEvents*"), _table("TablesCommands*")
BY_START, ALLOWED = _table("TablesEvents*/index/byStart"), _table("AllowedVensTable*")
ISSUE, DISPATCH, SETTLE = _function("IssueCommand"), _function("DispatchEvent"), _function("SettleEvent")
WATCH, ROTATE = _function("WatchFleet"), _function("RotateVen")
VTN_DISPATCH = _function("VtnDispatch")
VTN_CLIENTS = _function("VtnClients")
DEAD = tuple(
    _queue(name)
    for name in (
        "TelemetryInletDeadLetters",
        "VenInletDeadLetters",
        "ShadowInletDeadLetters",
        "OpenAdrDispatchOrdersDeadLetters",
        "OpenAdrNotificationsChangesDeadLetters",
        "OpenAdrNotificationsDeliveriesDeadLetters",
        "RuleErrors",
        "FailedStarts",
    )
)
INLETS = tuple(
    _queue(name)
    for name in (
        "TelemetryInletQueue",
        "VenInletQueue",
        "ShadowInletQueue",
        "OpenAdrDispatchOrdersQueue",
        "OpenAdrNotificationsChangesQueue",
        "OpenAdrNotificationsDeliveriesQueue",
    )
)
ONE_IDENTITY = _arn("secretsmanager", "secret:ven-twin/STAGE/VEN/tls-*")
IDENTITIES = _arn("secretsmanager", "secret:ven-twin/STAGE/*/tls-*")
CLAIM = _arn("secretsmanager", "secret:ven-twin/STAGE/claim-*")
TOPIC = _arn("sns", f"{STACK}-Notifications*")
VEN_THINGS = _arn("iot", "thing/PREFIX*")
ANYTHING = "*"
"""For an action that takes no resource."""

LOAD_TEST_OUTPUTS = _arn("cloudformation", f"stack/{STACK}-LoadTest/*")
LOAD_TEST = (_arn("batch", "job-queue/*"), _arn("batch", "job-definition/*"))
"""CloudFormation names both, and not after the stack."""

Calls = Mapping[str, tuple[str, ...]]
"""Resources (ARNs with STAGE, REGION, ACCOUNT, VEN, PREFIX and API to be filled in) by the action on them."""


def _calls(**by_action: str | tuple[str, ...]) -> Calls:
    """Calls by their actions, ``dynamodb_GetItem``; all of them look up the stack's outputs first."""
    looked_up = {"cloudformation_DescribeStacks": OUTPUTS, **by_action}
    return _bare(**looked_up)


def _bare(**by_action: str | tuple[str, ...]) -> Calls:
    return MappingProxyType(
        {
            action.replace("_", ":", 1): (on,) if isinstance(on, str) else on
            for action, on in by_action.items()
        }
    )


_COUNTS = {"sqs_GetQueueAttributes": DEAD}
_LOOK = _calls(dynamodb_Scan=VENS, dynamodb_BatchGetItem=TELEMETRY, dynamodb_Query=EVENTS, **_COUNTS)
_SUBSCRIBERS = {"sns_ListSubscriptionsByTopic": TOPIC, "sns_GetSubscriptionAttributes": ANYTHING}
_PEEK = {"sqs_ReceiveMessage": DEAD, "sqs_ChangeMessageVisibility": DEAD}
_DISPATCHES = _calls(lambda_InvokeFunction=DISPATCH)

_CHECKS = _bare(
    sts_GetCallerIdentity=ANYTHING,
    ssm_GetParameter=_arn("ssm", "parameter/cdk-bootstrap/hnb659fds/version"),
    cloudformation_DescribeStacks=OUTPUTS,
    cloudformation_ListStackResources=OUTPUTS,
    cloudformation_ListStacks=ANYTHING,
    lambda_GetAccountSettings=ANYTHING,
    iam_GetAccountSummary=ANYTHING,
    servicequotas_GetServiceQuota=(
        _arn("servicequotas", "dynamodb/L-F98FE922"),
        _arn("servicequotas", "cloudformation/L-0485CB21"),
    ),
    dynamodb_ListTables=ANYTHING,
    iot_DescribeThing=VEN_THINGS,
    iot_ListTopicRules=ANYTHING,
    iot_GetPolicy=_arn("iot", "policy/ven-twin-STAGE-*"),
    iot_DescribeProvisioningTemplate=_arn("iot", "provisioningtemplate/ven-twin-STAGE"),
    secretsmanager_DescribeSecret=_arn("secretsmanager", "secret:ven-twin/STAGE/*"),
    scheduler_GetScheduleGroup=_arn("scheduler", "schedule-group/ven-twin-STAGE"),
    cloudwatch_ListDashboards=ANYTHING,
    iam_GetRole="arn:aws:iam::ACCOUNT:role/*",
    iam_SimulatePrincipalPolicy=("arn:aws:iam::ACCOUNT:role/*", "arn:aws:iam::ACCOUNT:user/*"),
    iam_SimulateCustomPolicy=ANYTHING,
)

_PROVES: Calls = MappingProxyType(
    {
        **_CHECKS,
        **_bare(
            dynamodb_GetItem=(VENS, COMMANDS),
            dynamodb_Query=(TELEMETRY, EVENTS),
            dynamodb_BatchWriteItem=ALLOWED,
            lambda_InvokeFunction=(DISPATCH, ISSUE, ROTATE),
            lambda_ListFunctions=ANYTHING,
            secretsmanager_GetSecretValue=(IDENTITIES, CLAIM),
            iot_DescribeEndpoint=ANYTHING,
            iot_GetThingShadow=_arn("iot", "thing/STAGE-ven-*"),
            iot_DeleteThingShadow=_arn("iot", "thing/STAGE-ven-*"),
            iot_Publish=_arn("iot", "topic/ven/telemetry/STAGE-ven-*"),
            iot_ListTargetsForPolicy=_arn("iot", "policy/ven-twin-STAGE-*"),
            iot_DescribeCertificate=_arn("iot", "cert/*"),
            sqs_ReceiveMessage=DEAD[:1],
            sqs_ChangeMessageVisibility=DEAD[:1],
            sqs_DeleteMessage=DEAD[:1],
            sqs_SendMessage=INLETS[:1],
            sqs_ListQueues=ANYTHING,
            iam_ListRoles=ANYTHING,
            logs_DescribeLogGroups=ANYTHING,
            cloudwatch_DescribeAlarms=_arn("cloudwatch", "alarm:*"),
            ce_GetCostAndUsage="arn:aws:billing::ACCOUNT:billingview/*",
        ),
    }
)

COMMAND_CALLS: Mapping[str, Calls] = MappingProxyType(
    {
        "event list": _calls(dynamodb_Query=BY_START),
        "event show": _calls(dynamodb_Query=EVENTS, lambda_InvokeFunction=SETTLE),
        "event create": _DISPATCHES,
        "event revise": _calls(dynamodb_Query=EVENTS, lambda_InvokeFunction=DISPATCH),
        "event cancel": _DISPATCHES,
        "event delete": _DISPATCHES,
        "event report": _calls(dynamodb_Query=EVENTS, lambda_InvokeFunction=SETTLE),
        "group list": _calls(dynamodb_Query=EVENTS),
        "group show": _calls(dynamodb_GetItem=EVENTS, dynamodb_Query=EVENTS),
        "group set": _calls(dynamodb_Query=EVENTS, lambda_InvokeFunction=DISPATCH),
        "group add": _DISPATCHES,
        "group remove": _DISPATCHES,
        "group delete": _DISPATCHES,
        "program list": _calls(dynamodb_Query=EVENTS),
        "program show": _calls(dynamodb_Query=EVENTS),
        "program set": _calls(dynamodb_Query=EVENTS, lambda_InvokeFunction=DISPATCH),
        "program delete": _DISPATCHES,
        "notify add": _calls(
            dynamodb_Query=EVENTS,
            **_SUBSCRIBERS,
            sns_Subscribe=TOPIC,
        ),
        "notify list": _calls(**_SUBSCRIBERS),
        "notify remove": _calls(**_SUBSCRIBERS, sns_Unsubscribe=ANYTHING),
        "notify test": _calls(**_SUBSCRIBERS, sns_Publish=TOPIC),
        "fleet status": _LOOK,
        "fleet watch": _calls(
            dynamodb_Scan=VENS,
            dynamodb_BatchGetItem=TELEMETRY,
            dynamodb_Query=(EVENTS, BY_START),
            **_COUNTS,
        ),
        "fleet serve": _calls(
            dynamodb_Scan=VENS,
            dynamodb_BatchGetItem=TELEMETRY,
            dynamodb_GetItem=EVENTS,
            dynamodb_Query=(EVENTS, BY_START, TELEMETRY),
            lambda_InvokeFunction=(DISPATCH, SETTLE),
            **_COUNTS,
        ),
        "fleet run": _calls(
            dynamodb_Scan=VENS,
            dynamodb_Query=TELEMETRY,
            dynamodb_BatchWriteItem=(TELEMETRY, ALLOWED),
            lambda_InvokeFunction=ROTATE,
            secretsmanager_GetSecretValue=(IDENTITIES, CLAIM),
            iot_DescribeEndpoint=ANYTHING,
        ),
        "listen": _calls(dynamodb_Scan=VENS, dynamodb_GetItem=VENS, dynamodb_Query=TELEMETRY),
        "cmd": _calls(lambda_InvokeFunction=ISSUE, dynamodb_GetItem=COMMANDS),
        "ven quarantine": _calls(lambda_InvokeFunction=ISSUE),
        "conform": _calls(
            dynamodb_GetItem=(VENS, EVENTS, COMMANDS),
            dynamodb_Query=(TELEMETRY, EVENTS),
            dynamodb_BatchGetItem=TELEMETRY,
            lambda_InvokeFunction=(ISSUE, DISPATCH),
            iot_GetThingShadow=VEN_THINGS,
            iot_UpdateThingShadow=VEN_THINGS,
        ),
        "dlq list": _calls(**_PEEK),
        "dlq redrive": _calls(
            **_PEEK,
            sqs_DeleteMessage=DEAD,
            sqs_SendMessage=INLETS,
            lambda_InvokeFunction=(DISPATCH, SETTLE, WATCH, VTN_DISPATCH),
        ),
        "history backfill": _calls(
            dynamodb_Scan=VENS, dynamodb_Query=TELEMETRY, dynamodb_BatchWriteItem=TELEMETRY
        ),
        "certs allow": _calls(dynamodb_GetItem=VENS, dynamodb_BatchWriteItem=ALLOWED),
        "certs rotate": _calls(
            lambda_InvokeFunction=ROTATE,
            secretsmanager_GetSecretValue=IDENTITIES,
            iot_DescribeEndpoint=ANYTHING,
        ),
        "certs revoke": _calls(lambda_InvokeFunction=ROTATE),
        "fleet remove": _calls(dynamodb_Scan=VENS, lambda_InvokeFunction=ROTATE),
        "oadr client make": _calls(lambda_InvokeFunction=VTN_CLIENTS),
        "oadr client list": _calls(lambda_InvokeFunction=VTN_CLIENTS),
        "oadr client show": _calls(lambda_InvokeFunction=VTN_CLIENTS),
        "oadr client rotate": _calls(lambda_InvokeFunction=VTN_CLIENTS),
        "oadr client scopes": _calls(lambda_InvokeFunction=VTN_CLIENTS),
        "oadr client disable": _calls(lambda_InvokeFunction=VTN_CLIENTS),
        "oadr client enable": _calls(lambda_InvokeFunction=VTN_CLIENTS),
        "oadr client remove": _calls(lambda_InvokeFunction=VTN_CLIENTS),
        "oadr events": _calls(dynamodb_Query=EVENTS),
        "oadr token": _calls(),
        "oadr url": _calls(),
        "fleet load-test": _bare(
            cloudformation_DescribeStacks=LOAD_TEST_OUTPUTS,
            batch_DescribeJobDefinitions=ANYTHING,
            batch_SubmitJob=LOAD_TEST,
            servicequotas_GetServiceQuota=_arn("servicequotas", "fargate/L-36FBB829"),
        ),
        "certs claim-kit": _bare(secretsmanager_GetSecretValue=CLAIM, iot_DescribeEndpoint=ANYTHING),
        "certs claim": _bare(),
        "certs fetch": _bare(secretsmanager_GetSecretValue=ONE_IDENTITY, iot_DescribeEndpoint=ANYTHING),
        "aws check": _CHECKS,
        "aws prove": _PROVES,
        "run": _bare(secretsmanager_GetSecretValue=ONE_IDENTITY, iot_DescribeEndpoint=ANYTHING),
    }
)
"""The calls of each command that reaches a stage by its tables and functions, without ``--api``."""

BY_API = "execute-api:Invoke"
READS = (
    "event list",
    "group list",
    "group show",
    "program list",
    "program show",
    "oadr events",
    "fleet status",
    "fleet watch",
    "listen",
)
OPERATES = (
    *READS,
    "event show",
    "event create",
    "event revise",
    "event cancel",
    "event delete",
    "event report",
    "group set",
    "group add",
    "group remove",
    "group delete",
    "program set",
    "program delete",
    "notify add",
    "notify list",
    "notify remove",
    "notify test",
    "fleet serve",
    "cmd",
    "ven quarantine",
    "conform",
    "dlq list",
    "dlq redrive",
)
KEEPS_FLEET = (
    "certs allow",
    "certs claim-kit",
    "certs rotate",
    "certs revoke",
    "fleet run",
    "fleet remove",
    "fleet load-test",
    "history backfill",
)
KEEPS_CLIENTS = tuple(
    f"oadr client {verb}"
    for verb in ("make", "list", "show", "rotate", "scopes", "disable", "enable", "remove")
)


@dataclass(frozen=True, slots=True)
class User:
    """A user of a stage.

    Attributes:
        name: a heading's.
        what: one sentence.
        commands: the commands that it may run.
        calls: its calls beside those of the commands.
    """

    name: str
    what: str
    commands: tuple[str, ...] = ()
    calls: Calls = field(default_factory=dict)


USERS = (
    User("Reader", "Looks at the fleet, its telemetry and the list of events, and changes nothing.", READS),
    User(
        "Operator",
        "Runs DR events and commands, and looks after dead letters. A sweep of certificates that failed "
        "to start comes by itself within the hour: `dlq redrive` of its letter is refused.",
        OPERATES,
    ),
    User(
        "Fleet administrator",
        "Lets VENs in and out, changes their certificates, and writes a made-up past. Whoever also runs "
        "events has the operator's policy beside it.",
        KEEPS_FLEET,
    ),
    User(
        "OpenADR administrator",
        "Makes clients of the VTN and takes them away, and can so give itself every scope.",
        (*KEEPS_CLIENTS, "oadr token", "oadr url"),
    ),
    User(
        "VEN host",
        "Runs a twin, or fetches its identity, for one VEN; the twin itself has no AWS credentials.",
        ("run", "certs fetch", "certs claim"),
    ),
    User(
        "Reader by the API",
        "The reader's calls with `--api`, and nothing of the tables.",
        calls={BY_API: (_arn("execute-api", "API/$default/GET/*"),)},
    ),
    User(
        "Operator by the API",
        "The operator's calls with `--api`.",
        calls={BY_API: (_arn("execute-api", "API/$default/*/*"),)},
    ),
    User(
        "Prover",
        "Proves an account by a throw-away stage, and deploys and destroys that; `STAGE` is `prove*`.",
        ("aws check", "aws prove"),
        calls={"sts:AssumeRole": ("arn:aws:iam::ACCOUNT:role/cdk-hnb659fds-*",)},
    ),
    User(
        "Deployer",
        "Takes up the roles that `cdk bootstrap` made; CloudFormation acts with its own.",
        ("aws check",),
        calls={"sts:AssumeRole": ("arn:aws:iam::ACCOUNT:role/cdk-hnb659fds-*",)},
    ),
)


def rights_of(user: User, places: Mapping[str, str] | None = None) -> dict[str, tuple[str, ...]]:
    """The resources by each action of *user*, with *places* put in for the words that stand for them."""
    resources: dict[str, set[str]] = defaultdict(set)
    for calls in (*(COMMAND_CALLS[command] for command in user.commands), user.calls):
        for action, arns in calls.items():
            resources[action].update(_filled(arn, places or {}) for arn in arns)
    return {action: tuple(sorted(arns)) for action, arns in resources.items()}


def document(user: User, places: Mapping[str, str] | None = None) -> dict[str, object]:
    """The policy of *user*, with *places* put in for the words that stand for them."""
    actions: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for action, arns in rights_of(user, places).items():
        actions[arns].add(action)
    statements = [
        {"Effect": "Allow", "Action": _one_or_many(sorted(named)), "Resource": _one_or_many(list(arns))}
        for arns, named in sorted(actions.items(), key=lambda item: min(item[1]))
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _filled(arn: str, places: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda match: places.get(match[0], match[0]), arn)


def _one_or_many(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values
