"""Every call to AWS in a function's code has a statement in its role, and every statement has a call."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support import aws_calls, sar
from tests.support.aws_calls import CallGraph, call_graph
from tests.support.template_rights import resolve, rights_of, role_of
from tests.support.template_rules import Template, many, of_type

ROOT = Path(__file__).resolve().parents[2]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "lambdas").glob("*/handler.py"))

LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
FEED = {
    "sqs:ReceiveMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueUrl",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
}
DESTINATION = {"sqs:SendMessage", "sqs:GetQueueUrl", "sqs:GetQueueAttributes"}


@pytest.fixture(scope="module")
def graph() -> CallGraph:
    """The calls of every function's code."""
    return call_graph("lambdas")


def of_the_service(template: Template, function: str) -> set[str]:
    """Actions that Lambda does with the role: its log, the queue that feeds it, where its failures go."""
    (logical_id,) = (
        name
        for name, made in of_type(template, "AWS::Lambda::Function").items()
        if made["Role"]["Fn::GetAtt"][0] == role_of(template, function)
    )
    actions = set(LOGS)
    for kind, more in (
        ("AWS::Lambda::EventSourceMapping", FEED),
        ("AWS::Lambda::EventInvokeConfig", DESTINATION),
    ):
        if any(
            resolve(each["FunctionName"], template) == logical_id for each in of_type(template, kind).values()
        ):
            actions |= more
    return actions


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_what_its_code_calls_and_nothing_else(
    function: str, graph: CallGraph, dev: Template
) -> None:
    """A call without a statement fails on AWS; a statement without a call is a right for nobody's use.

    That both hold is also what says that no call was overlooked: it would leave its statement without one.
    """
    called = graph.calls(graph.names(f"lambdas.{function}."))
    needed = called | {more for action in called for more in sar.dependent_actions(action)}
    allowed = {action for statement in rights_of(dev, function) for action in many(statement["Action"])}
    assert needed | of_the_service(dev, function) == allowed


def test_every_client_is_of_a_service_that_is_looked_for() -> None:
    """A client of another service would be none that the calls are looked up for."""
    tree = ast.parse((ROOT / "lambdas/shared/clients.py").read_text(encoding="utf-8"))
    made = {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "_client"
        if isinstance(call.args[0], ast.Constant)
    }
    assert made
    assert made <= set(aws_calls.SERVICES)


def test_only_one_place_makes_a_functions_clients() -> None:
    """boto3 is named in `lambdas/shared/clients.py` alone, so that no call goes by another way."""
    naming = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "lambdas").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
        if name.split(".")[0] in {"boto3", "botocore", "urllib3", "requests"}
    }
    callbacks = "lambdas/shared/callbacks.py"  # calls strangers by urllib3, and never AWS
    assert naming == {"lambdas/shared/clients.py", callbacks}
