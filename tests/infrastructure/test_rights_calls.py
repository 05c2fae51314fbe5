"""Every call to AWS in a function's code has a statement in its role, and every statement has a call.

Of commands likewise: what one calls is in the table of rights, and what is there is called.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import typer.main

from tests.support import aws_calls, sar
from tests.support.aws_calls import CallGraph, call_graphs
from tests.support.template_rights import resolve, rights_of, role_of
from tests.support.template_rules import Template, many, of_type
from ven_twin.cli.app import app
from ven_twin.cli.tree import LaterCommand
from ven_twin.operations.rights import COMMAND_CALLS

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
WITHOUT_AWS = {"up", "cloud", "cost", "simulate", "can-hold", "house"}
"""Commands of the local cloud or of none."""
BY_CHILD = {"run": "certs fetch"}
"""Commands that call AWS by another command, in a process of its own."""


@pytest.fixture(scope="module")
def graphs() -> Sequence[CallGraph]:
    """The calls of every function's code, and those of the CLI's."""
    return call_graphs(("lambdas",), ("ven_twin/cli", "ven_twin/operations"))


@pytest.fixture(scope="module")
def graph(graphs: Sequence[CallGraph]) -> CallGraph:
    """The calls of every function's code."""
    return graphs[0]


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


def commands() -> dict[str, str]:
    """The full name of each command's function, by the words that run it."""
    commands = {}

    def walk(command: Any, words: tuple[str, ...]) -> None:
        command = command.command if isinstance(command, LaterCommand) else command
        for name, sub in getattr(command, "commands", {}).items():
            walk(sub, (*words, name))
        if command.callback is not None and not hasattr(command, "commands"):
            function = command.callback
            while hasattr(function, "__wrapped__"):
                function = function.__wrapped__
            commands[" ".join(words)] = f"{function.__module__}.{function.__qualname__}"

    walk(typer.main.get_command(app), ())
    return {words: name for words, name in commands.items() if words.split()[0] not in WITHOUT_AWS}


def test_every_command_has_its_calls() -> None:
    """A command that the table does not have would have no policy."""
    assert commands().keys() == COMMAND_CALLS.keys()


@pytest.mark.parametrize("command", COMMAND_CALLS)
def test_the_table_has_what_a_command_calls_and_nothing_else(
    command: str, graphs: Sequence[CallGraph]
) -> None:
    """By the command's code: an action that is lacking is refused on AWS, another one is too much."""
    graph = graphs[1]
    root = commands()[BY_CHILD.get(command, command)]
    assert root in graph.names(root), "the command has no code"
    called = graph.calls([root], beyond="ven_twin.operations.aggregator.by_api.")
    assert COMMAND_CALLS[command].keys() == called
