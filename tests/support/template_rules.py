"""Our own rules over a template: each takes the template and returns its breaches, a line for one.

cdk-nag has no rules for AWS IoT, and none of the rule packs knows what the local cloud can run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

Template = dict[str, Any]
Rule = Callable[[Template], list[str]]

OWN_THING = "${iot:Connection.Thing.ThingName}"
BELOW_ITS_SHADOW = re.compile(
    rf"(?:topic/\$aws/things/{re.escape(OWN_THING)}/shadow/|topicfilter/\$aws/things/{re.escape(OWN_THING)}/shadow/get/)\*$"
)
"""The one place for a wildcard in a VEN's policy."""

SQL_FUNCTIONS = frozenset(
    {
        "topic",
        "timestamp",
        "clientid",
        "principal",
        "newuuid",
        "traceid",
        "encode",
        "replace",
        "regexp_matches",
        "isundefined",
    }
)
"""What the local cloud evaluates; any other function is Undefined there."""
SQL_SHAPE = re.compile(r"SELECT (?P<what>.+?) FROM '(?P<topic>[^']+)'(?: WHERE (?P<where>.+))?", re.DOTALL)
SQL_REFUSED = re.compile(r"\bCASE\b|\bSELECT\b|\[|\$\{", re.IGNORECASE)
ACTIONS = frozenset({"Sqs", "Lambda", "Republish", "DynamoDBv2", "Sns"})
"""What the local cloud carries out; any other action is skipped there without a word."""

ANY_RESOURCE = {
    "iot:CreateCertificateFromCsr": "makes what has no name before",
    "iot:ListCertificates": "reads; knows no resource type",
    "iot:ListPrincipalThings": "reads; the local cloud does not see the certificate in the call",
    "iot:ListAttachedPolicies": "reads; knows no resource type",
}
"""Actions that may stand on ``*``, and why."""
NO_RESOURCE_TYPE = frozenset(
    {"iot:CreateCertificateFromCsr", "iot:ListAttachedPolicies", "iot:ListCertificates"}
)
"""Actions that a statement on any ARN does not allow. Source: Service Authorization Reference, AWS IoT."""
LEAST_RECEIVES = 5
"""Source: AWS Lambda Developer Guide, using Lambda with SQS, configuring a queue."""
SECRETS_IN = re.compile(
    r"-----BEGIN|\bMII[A-Za-z0-9+/]{40,}|\bAKIA[0-9A-Z]{16}|SecretString|GenerateSecretString"
)


def of_type(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    """Properties of the resources of *kind*, by logical id."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def many(value: Any) -> list[Any]:
    """A list, also of what stands alone; empty for what is absent."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def flat(value: Any) -> str:
    """An ARN or name in one string, whatever joins it: references become ``<Name>``."""
    if isinstance(value, str):
        return value
    ((function, given),) = value.items()
    if function == "Fn::Join":
        return str(given[0]).join(flat(part) for part in given[1])
    return f"<{'.'.join(given) if isinstance(given, list) else given}>"


def statements(template: Template, role: str) -> Iterator[dict[str, Any]]:
    """The statements of every policy that hangs on the role *role*."""
    for policy in of_type(template, "AWS::IAM::Policy").values():
        if {"Ref": role} in policy.get("Roles", []):
            yield from policy["PolicyDocument"]["Statement"]
    yield from (
        statement
        for policy in template["Resources"][role]["Properties"].get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
    )


def ven_policy_is_own_things_only(template: Template) -> list[str]:
    """A VEN reaches nothing but what its own thing's name leads to: no other variable, no wildcard but two.

    Those stand below its own shadow, where they let it have answers to itself and nothing of another.
    """
    faults = []
    policies = {
        name: policy
        for name, policy in of_type(template, "AWS::IoT::Policy").items()
        if not policy["PolicyName"].endswith("-claim")
    }
    for name, policy in policies.items():
        for statement in policy["PolicyDocument"]["Statement"]:
            for text in [*many(statement["Action"]), *map(flat, many(statement["Resource"]))]:
                rest = BELOW_ITS_SHADOW.sub("", text).replace(OWN_THING, "")
                if re.search(r"[*+#?]|\$\{", rest):
                    faults.append(f"{name}: wildcard or foreign variable in {text}")
            resources = map(flat, many(statement["Resource"]))
            faults += [
                f"{name}: {other} is not the thing's own" for other in resources if OWN_THING not in other
            ]
            attached = {"Bool": {"iot:Connection.Thing.IsAttached": ["true"]}}
            if "iot:Connect" in many(statement["Action"]) and statement.get("Condition") != attached:
                faults.append(f"{name}: connects without the certificate being attached to the thing")
    return faults or ([] if policies else ["no AWS::IoT::Policy"])


def claim_certificate_only_claims(template: Template) -> list[str]:
    """The certificate that every device carries opens this template's provisioning topics alone."""
    faults = []
    claims = {
        name: policy
        for name, policy in of_type(template, "AWS::IoT::Policy").items()
        if policy["PolicyName"].endswith("-claim")
    }
    for name, policy in claims.items():
        for statement in policy["PolicyDocument"]["Statement"]:
            for text in map(flat, many(statement["Resource"])):
                kind, _, rest = text.rpartition(":")[2].partition("/")
                if (kind, rest) == ("client", "claim.*"):
                    continue
                reserved = rest.startswith(
                    (
                        "$aws/certificates/create/json",
                        "$aws/certificates/create-from-csr/json",
                        "$aws/provisioning-templates/ven-twin-",
                    )
                )
                if kind not in {"topic", "topicfilter"} or not reserved or re.search(r"[*+#?]", rest):
                    faults.append(f"{name}: opens {text}")
            faults += [f"{name}: {action}" for action in many(statement["Action"]) if "*" in action]
    return faults or ([] if claims else ["no policy of the claim"])


def rules_have_error_actions(template: Template) -> list[str]:
    """A message that a rule's action cannot take goes where someone can look at it."""
    return [
        f"{name}: no error action"
        for name, rule in of_type(template, "AWS::IoT::TopicRule").items()
        if not rule["TopicRulePayload"].get("ErrorAction")
    ]


def rules_run_on_the_local_cloud(template: Template) -> list[str]:
    """The local stage tests the deployed ones, so no rule may use what the local cloud skips."""
    faults = []
    for name, rule in of_type(template, "AWS::IoT::TopicRule").items():
        payload = rule["TopicRulePayload"]
        faults += [f"{name}: {breach}" for breach in sql_breaches(payload["Sql"])]
        for action in [*payload["Actions"], *many(payload.get("ErrorAction"))]:
            faults += [f"{name}: action {kind}" for kind in action if kind not in ACTIONS]
            if "${" in json.dumps(action.get("Republish", {})):
                faults.append(f"{name}: substitution template in a republish")
    return faults


def sql_breaches(sql: str) -> list[str]:
    """The clauses of *sql* that the local cloud cannot run."""
    match = SQL_SHAPE.fullmatch(sql)
    if match is None:
        return ["not of the shape: select, from a quoted topic, where"]
    spoken = re.sub(r"'[^']*'", "''", f"{match['what']} {match['where'] or ''}")
    faults = [f"uses {part.group()}" for part in SQL_REFUSED.finditer(spoken)]
    used = {name.lower() for name in re.findall(r"([A-Za-z_]\w*)\s*\(", spoken)}
    return faults + [f"calls {name}()" for name in sorted(used - SQL_FUNCTIONS - {"and", "or", "not"})]


def functions_have_roles_of_their_own(template: Template) -> list[str]:
    """A function can do what it needs and not what another one needs."""
    faults, seen = [], set[str]()
    for name, function in of_type(template, "AWS::Lambda::Function").items():
        role = function["Role"]["Fn::GetAtt"][0]
        if role in seen:
            faults.append(f"{name}: shares {role}")
        seen.add(role)
        if template["Resources"][role]["Properties"].get("ManagedPolicyArns"):
            faults.append(f"{name}: managed policies on {role}")
        for statement in statements(template, role):
            actions = many(statement["Action"])
            faults += [f"{name}: allows {action}" for action in actions if "*" in action]
            if "*" in many(statement["Resource"]):
                faults += [f"{name}: {action} on *" for action in actions if action not in ANY_RESOURCE]
            else:
                faults += [f"{name}: {action} on an ARN" for action in actions if action in NO_RESOURCE_TYPE]
    return faults


def feeding_queues_wait_and_redrive(template: Template) -> list[str]:
    """A message is not tried again while it is being handled, and is kept when it cannot be handled."""
    faults = []
    queues, functions = of_type(template, "AWS::SQS::Queue"), of_type(template, "AWS::Lambda::Function")
    mappings = of_type(template, "AWS::Lambda::EventSourceMapping")
    for name, mapping in mappings.items():
        queue = mapping["EventSourceArn"]["Fn::GetAtt"][0]
        timeout_s = functions[mapping["FunctionName"]["Ref"]]["Timeout"]
        redrive = queues[queue].get("RedrivePolicy", {})
        if not redrive.get("deadLetterTargetArn"):
            faults.append(f"{queue}: no redrive policy")
        if redrive.get("maxReceiveCount", 0) < LEAST_RECEIVES:
            faults.append(
                f"{queue}: a few throttled receives make a dead letter of what nothing is wrong with"
            )
        if queues[queue].get("VisibilityTimeout", 30) < timeout_s:
            faults.append(f"{queue}: visible again before its function's {timeout_s} s are over")
        if mapping.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            faults.append(f"{name}: one bad message fails the batch")
    return faults or ([] if mappings else ["no event source mapping"])


def tables_forget_and_recover(template: Template) -> list[str]:
    """Personal data is not kept for ever, and a table can be put back to any second of the last weeks."""
    faults = []
    tables = of_type(template, "AWS::DynamoDB::GlobalTable")
    for name, table in tables.items():
        if not table.get("TimeToLiveSpecification", {}).get("Enabled"):
            faults.append(f"{name}: no time-to-live")
        kept = [replica.get("PointInTimeRecoverySpecification", {}) for replica in table["Replicas"]]
        if not all(recovery.get("PointInTimeRecoveryEnabled") for recovery in kept):
            faults.append(f"{name}: no point-in-time recovery")
    return faults or ([] if tables else ["no table"])


def template_holds_no_secret(template: Template) -> list[str]:
    """No key, certificate, access key or secret value is in what is uploaded and kept by CloudFormation."""
    faults = sorted(set(SECRETS_IN.findall(json.dumps(template))))
    readable = [
        name for name in template.get("Outputs", {}) if re.search(r"pem|secret|key", name, re.IGNORECASE)
    ]
    return [f"holds {text}" for text in faults] + [f"output {name}" for name in readable]


def queues_refuse_plain_http(template: Template) -> list[str]:
    """Nothing that a house measures crosses a network unencrypted, on the way into a queue or out of it."""
    denied = set()
    for policy in of_type(template, "AWS::SQS::QueuePolicy").values():
        for statement in policy["PolicyDocument"]["Statement"]:
            plain = statement.get("Condition", {}).get("Bool", {}).get("aws:SecureTransport") == "false"
            if statement["Effect"] == "Deny" and statement["Action"] == "sqs:*" and plain:
                denied |= {queue["Ref"] for queue in policy["Queues"]}
    return [
        f"{name}: takes plain HTTP" for name in of_type(template, "AWS::SQS::Queue") if name not in denied
    ]


def services_act_for_us_only(template: Template) -> list[str]:
    """AWS IoT and the Scheduler take up a role on behalf of this account's own rules and schedules only."""
    faults = []
    for name, role in of_type(template, "AWS::IAM::Role").items():
        for statement in role["AssumeRolePolicyDocument"]["Statement"]:
            if statement["Principal"].get("Service") == "lambda.amazonaws.com":
                continue
            keys = {key for test in statement.get("Condition", {}).values() for key in test}
            if keys < {"aws:SourceAccount", "aws:SourceArn"}:
                faults.append(f"{name}: can be taken up on behalf of anyone")
    return faults


def dead_letters_raise_an_alarm(template: Template) -> list[str]:
    """A message that could not be handled is seen by a person, not found by chance."""
    watched = {
        dimension["Value"]["Fn::GetAtt"][0]
        for alarm in of_type(template, "AWS::CloudWatch::Alarm").values()
        if alarm["MetricName"] == "ApproximateNumberOfMessagesVisible"
        for dimension in alarm["Dimensions"]
    }
    fed = {
        mapping["EventSourceArn"]["Fn::GetAtt"][0]
        for mapping in of_type(template, "AWS::Lambda::EventSourceMapping").values()
    }
    return [
        f"{name}: nobody is told"
        for name in of_type(template, "AWS::SQS::Queue")
        if name not in watched | fed
    ]


def logs_are_not_kept_for_ever(template: Template) -> list[str]:
    """Each function has a log group of its own with an end to its retention, which goes with the stack."""
    groups = of_type(template, "AWS::Logs::LogGroup")
    faults = []
    for name, function in of_type(template, "AWS::Lambda::Function").items():
        group = function.get("LoggingConfig", {}).get("LogGroup", {}).get("Ref")
        if group not in groups or not groups[group].get("RetentionInDays"):
            faults.append(f"{name}: logs without end")
        elif template["Resources"][group].get("DeletionPolicy") != "Delete":
            faults.append(f"{name}: logs outlive the stack")
    return faults


RULES: tuple[Rule, ...] = (
    ven_policy_is_own_things_only,
    claim_certificate_only_claims,
    rules_have_error_actions,
    rules_run_on_the_local_cloud,
    functions_have_roles_of_their_own,
    feeding_queues_wait_and_redrive,
    tables_forget_and_recover,
    template_holds_no_secret,
    queues_refuse_plain_http,
    services_act_for_us_only,
    dead_letters_raise_an_alarm,
    logs_are_not_kept_for_ever,
)
