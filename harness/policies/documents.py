"""The policies as documents of IAM, and the page that shows them."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from harness.policies.rights import COMMAND_CALLS, USERS, User

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "policies.md"
MANAGED_MAX = 6144
"""Characters of a managed policy, white space not counted. Source: IAM User Guide, quotas."""
_PLACE = re.compile(r"\b(STAGE|REGION|ACCOUNT|VEN|API)\b")

_HEAD = """# Policies

Made by `make policies` from `harness/policies/rights.py`, which has the calls of each command; the tests hold
it to the commands' code and to the Service Authorization Reference, and run the commands with these rights
and no others on the local cloud. Put your own for `REGION`, `ACCOUNT`, `STAGE` (`dev` or `prod`), `VEN` and
`API` (the id at the start of the output `ApiUrl`); in another partition than `aws`, that too. Each fits into
a managed policy of 6,144 characters; the inline policies of a user hold 2,048 together.

Not run against an AWS account: names that CloudFormation makes end at random, and these patterns rely on how
they begin.

| command | actions beside `cloudformation:DescribeStacks` | user |
|---|---|---|
"""


def document(user: User, places: Mapping[str, str] | None = None) -> dict[str, object]:
    """The policy of *user*, with *places* put in for the words that stand for them."""
    resources: dict[str, set[str]] = defaultdict(set)
    for calls in (*(COMMAND_CALLS[command] for command in user.commands), user.calls):
        for action, arns in calls.items():
            resources[action].update(_filled(arn, places or {}) for arn in arns)
    actions: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for action, filled in resources.items():
        actions[tuple(sorted(filled))].add(action)
    statements = [
        {"Effect": "Allow", "Action": _one_or_many(sorted(named)), "Resource": _one_or_many(list(arns))}
        for arns, named in sorted(actions.items(), key=lambda item: min(item[1]))
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def page() -> str:
    """The whole page."""
    blocks = [f"## {user.name}\n\n{user.what}\n\n{_runs(user)}{_json(user)}" for user in USERS]
    return "\n".join([_HEAD + "\n".join(_rows()) + "\n", *blocks])


def write() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def _rows() -> list[str]:
    rows = []
    for command, calls in COMMAND_CALLS.items():
        actions = ", ".join(f"`{action}`" for action in calls if action != "cloudformation:DescribeStacks")
        users = ", ".join(user.name for user in USERS if command in user.commands)
        rows.append(f"| `{command}` | {actions or '–'} | {users} |")
    return rows


def _runs(user: User) -> str:
    if not user.commands:
        return ""
    return f"Runs {', '.join(f'`{command}`' for command in user.commands)}.\n\n"


def _json(user: User) -> str:
    return f"```json\n{json.dumps(document(user), indent=1)}\n```\n"


def _filled(arn: str, places: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda match: places.get(match[0], match[0]), arn)


def _one_or_many(values: list[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else values
