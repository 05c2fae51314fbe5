"""The documented policies: as AWS grants by them, as the stack names things, and as the page says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from harness.policies.documents import MANAGED_MAX, PAGE, page
from tests.support import sar
from tests.support.template_rights import ACCOUNT, REGION, arn_of
from tests.support.template_rules import Template, of_type
from ven_twin.operations import rights
from ven_twin.operations.rights import COMMAND_CALLS, USERS, User, document

PLACES = {"STAGE": "dev", "REGION": REGION, "ACCOUNT": ACCOUNT, "VEN": "ven-1", "PREFIX": "", "API": "a1b2c3"}
users = pytest.mark.parametrize("user", USERS, ids=lambda user: user.name)


def test_every_command_is_somebodys() -> None:
    """Each command is in the policy of at least one user."""
    assert {command for user in USERS for command in user.commands} == COMMAND_CALLS.keys()


@users
def test_a_policy_is_one_that_aws_grants_by(user: User) -> None:
    """Its actions exist and take the resources, and it fits into a managed policy."""
    policy: Any = document(user, PLACES)
    assert [why for statement in policy["Statement"] for why in sar.breaches(statement)] == []
    assert len(re.sub(r"\s", "", json.dumps(document(user)))) <= MANAGED_MAX


def test_a_policys_resources_are_the_stacks(dev: Template) -> None:
    """Each pattern fits exactly one resource of the stack, under the name that CloudFormation makes of it."""
    made = {
        arn_of(name, dev).replace(name, f"VenTwin-dev-{name}-1A2B3C4D5E6F")
        for kind in (
            "AWS::DynamoDB::GlobalTable",
            "AWS::Lambda::Function",
            "AWS::SQS::Queue",
            "AWS::SNS::Topic",
        )
        for name in of_type(dev, kind)
    }
    made |= {f"{arn}/index/byStart" for arn in made if "TablesEvents" in arn}
    patterns = {
        arn
        for calls in COMMAND_CALLS.values()
        for arns in calls.values()
        for arn in arns
        if re.search(r":(dynamodb|lambda|sns|sqs):", arn)
    }
    assert len(patterns) > 15
    for pattern in patterns:
        filled = re.sub("|".join(PLACES), lambda match: PLACES[match[0]], pattern)
        fitting = [arn for arn in made if re.fullmatch(re.escape(filled).replace(r"\*", ".*"), arn)]
        whole = [arn for arn in fitting if ("/index/" in arn) == ("/index/" in pattern)]
        assert len(whole) == 1, (pattern, fitting)


def test_the_reader_can_do_nothing_of_the_operators() -> None:
    """It starts no function, writes no table, and takes no message."""
    (reader,) = (user for user in USERS if user.name == "Reader")
    actions = {action for command in reader.commands for action in COMMAND_CALLS[command]}
    reads = ("Get", "BatchGet", "Query", "Scan", "Describe")
    assert all(action.rpartition(":")[2].startswith(reads) for action in actions)
    assert rights.BY_API not in actions


def test_the_page_is_what_the_table_makes() -> None:
    """docs/reference/policies.md is written by `make policies`, and by hand nowhere."""
    assert Path(PAGE).read_text(encoding="utf-8") == page()


def test_the_queues_of_dead_letters_are_the_templates(dev: Template) -> None:
    """Each queue of the stack is one that dead letters lie in, or one that they go back to."""
    names = [arn.rpartition("-")[2].rstrip("*") for arn in (*rights.DEAD, *rights.INLETS)]
    queues = of_type(dev, "AWS::SQS::Queue")
    by_queue = {
        queue: [name for name in names if re.fullmatch(f"{name}[0-9A-F]{{8}}", queue)] for queue in queues
    }
    assert {queue: matches for queue, matches in by_queue.items() if len(matches) != 1} == {}
    assert len(queues) == len(names)
