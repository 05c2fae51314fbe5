"""The state machine of large plans, synthesized: within the stage's pace, with three rights, and valid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

from cdk.shadow_map import TOLERATED_PERCENT
from contracts.store.stack import stack_name
from tests.infrastructure.conftest import CONTEXT, Compose, stage
from tests.support import cfn_lint
from tests.support.template_rights import every_statement
from tests.support.template_rules import Template, many, of_type

MACHINE = "AWS::StepFunctions::StateMachine"


@pytest.fixture(scope="module")
def large(compose: Compose, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The template of a stage in a larger region."""
    folder = tmp_path_factory.mktemp("large")
    app = App(context=CONTEXT, outdir=str(folder), auto_synth=False)
    compose(app, stage("dev", shadow_requests_per_s="4000"))
    app.synth(skip_validation=True)
    template: Template = json.loads((Path(folder) / f"{stack_name('dev')}.template.json").read_text())
    return template


def machine(template: Template) -> dict[str, Any]:
    """The properties of the one state machine."""
    (properties,) = of_type(template, MACHINE).values()
    return dict(properties)


def definition(template: Template) -> Any:
    """Its definition."""
    return json.loads(machine(template)["DefinitionString"])


def threshold(template: Template) -> str:
    """The threshold that `dispatch_event` has in its environment."""
    return next(
        str(function["Environment"]["Variables"]["MAP_ABOVE_VENS"])
        for function in of_type(template, "AWS::Lambda::Function").values()
        if function["Handler"] == "lambdas.dispatch_event.handler.handler"
    )


def test_it_is_a_distributed_map_of_standard_children_at_the_stages_pace(large: Template) -> None:
    """Eighteen writers of a hundred a second beside the queue's two: half of 4,000."""
    assert machine(large)["StateMachineType"] == "STANDARD"
    state = definition(large)["States"]["Map"]
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert state["ItemProcessor"]["ProcessorConfig"] == config
    assert state["MaxConcurrency"] == 18
    assert state["ToleratedFailurePercentage"] == TOLERATED_PERCENT
    assert threshold(large) == "10000"


def test_where_the_queue_takes_the_half_by_itself_it_is_there_and_never_started(dev: Template) -> None:
    """MaxConcurrency is never 0, which Step Functions takes for no limit."""
    assert definition(dev)["States"]["Map"]["MaxConcurrency"] == 1
    assert threshold(dev) == "0"


def test_a_slice_is_tried_again_and_then_left_to_the_queue(large: Template) -> None:
    """After any error; no slice is lost within the tolerated share."""
    states = definition(large)["States"]["Map"]["ItemProcessor"]["States"]
    (retry,) = states["Write"]["Retry"]
    (catch,) = states["Write"]["Catch"]
    assert retry["ErrorEquals"] == catch["ErrorEquals"] == ["States.ALL"]
    assert retry["MaxAttempts"] >= 5
    assert states[catch["Next"]]["Resource"] == "arn:aws:states:::sqs:sendMessage"


def test_its_role_writes_by_the_one_function_and_into_the_one_queue(large: Template) -> None:
    """And starts executions of the machine itself, as the children of a distributed map are."""
    rights = {
        action: json.dumps(statement["Resource"])
        for name, statement in every_statement(large)
        if name.startswith("ShadowMapPolicy")
        for action in many(statement["Action"])
    }
    assert rights.keys() == {"lambda:InvokeFunction", "sqs:SendMessage", "states:StartExecution"}
    assert all("*" not in arn for arn in rights.values())
    assert "WriteShadows" in rights["lambda:InvokeFunction"]
    assert "ShadowInletQueue" in rights["sqs:SendMessage"]
    assert "ShadowMapMachine" in rights["states:StartExecution"]


def test_its_definition_is_held_against_the_language(large: Template) -> None:
    """By cfn-lint, which finds nothing in it, and finds what is broken."""
    region = ["us-east-1"]
    assert [str(match) for match in cfn_lint.matches(large, region)] == []
    machines = {name: each for name, each in large["Resources"].items() if each["Type"] == MACHINE}
    broken = json.loads(json.dumps({"Resources": machines}))
    assert "E3601" not in {match.rule.id for match in cfn_lint.matches(broken, region)}
    (properties,) = of_type(broken, MACHINE).values()
    wrong = json.loads(properties["DefinitionString"])
    wrong["States"]["Map"]["MaxConcurrency"] = "many"
    del wrong["States"]["Map"]["ItemProcessor"]["StartAt"]
    properties["DefinitionString"] = json.dumps(wrong)
    assert "E3601" in {match.rule.id for match in cfn_lint.matches(broken, region)}
