"""The page that shows the policies."""

from __future__ import annotations

import json
from pathlib import Path

from ven_twin.operations.rights import COMMAND_CALLS, USERS, User, document

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "policies.md"
MANAGED_MAX = 6144
"""Characters of a managed policy, white space not counted. Source: IAM User Guide, quotas."""

_HEAD = """# Policies

Made by `make policies` from `ven_twin/operations/rights.py`, which has the calls of each command; the tests
hold it to the commands' code and to the Service Authorization Reference, and run the commands with these
rights and no others on the local cloud. Put your own for `REGION`, `ACCOUNT`, `STAGE` (`dev` or `prod`),
`VEN`, `PREFIX` (the stage's `ven_id_prefix`; nothing when it has none) and `API` (the id at the start of the
output `ApiUrl`); in another partition than `aws`, that too. Each fits into a managed policy of 6,144
characters; the inline policies of a user hold 2,048 together.

Not run against an AWS account: names that CloudFormation makes end at random, and these patterns rely on how
they begin.

| command | actions beside `cloudformation:DescribeStacks` | user |
|---|---|---|
"""


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
