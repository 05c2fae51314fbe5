"""The guard over the functions' tests: a call that its role does not allow is a breach, in a thread too."""

from __future__ import annotations

import json
import os

import pytest

from lambdas.dispatch_event.handler import handler as dispatch
from lambdas.issue_command.handler import handler
from lambdas.shared import parallel
from tests.support.call_rights import CallRecorder, FunctionRights
from tests.support.template_rules import Template
from ven_twin.testing.function_world import Context, World


@pytest.fixture
def recorder(world: World, monkeypatch: pytest.MonkeyPatch) -> CallRecorder:
    """The calls of a command to a VEN, and those of the test around it."""
    world.add_ven("house-1")
    recorder = CallRecorder()
    recorder.install(monkeypatch)
    parallel.over(["house-1"], world.ven)
    answer = handler({"venId": "house-1", "op": "ping", "correlationId": "c-1"}, Context())
    assert answer["ok"]
    return recorder


def test_the_functions_calls_are_noted_and_the_tests_are_not(recorder: CallRecorder) -> None:
    """Three calls of the function; the rows that the test reads are nobody's."""
    actions = [call.action for call in recorder.calls]
    assert actions == ["dynamodb:GetItem", "dynamodb:PutItem", "iot:Publish"]


@pytest.mark.parametrize(
    ("granted", "instead", "refused"),
    [
        ("topic/ven/cmd/", "topic/ven/ack/", "iot:Publish"),
        ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:PutItem"),
        ('"Effect": "Allow"', '"Effect": "Deny"', "dynamodb:GetItem"),
    ],
)
def test_a_call_beyond_the_role_is_a_breach(
    recorder: CallRecorder, template: Template, granted: str, instead: str, refused: str
) -> None:
    """A topic, an action or an effect that is another in the template than in the code."""
    planted = FunctionRights(json.loads(json.dumps(template).replace(granted, instead)))
    assert any(refused in breach for breach in planted.breaches(recorder.calls, os.environ))


def test_a_call_in_a_functions_thread_is_the_functions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shadows are written by several threads, each with the rights of the function that started it."""
    for ven_id in ("house-1", "house-2"):
        world.add_ven(ven_id)
    recorder = CallRecorder()
    recorder.install(monkeypatch)
    request = {"eventId": "e1", "intervals": [{"durationS": 600, "signal": "shedKw", "value": 8.0}]}
    assert dispatch(request, Context())["ok"]
    shadows = [call for call in recorder.calls if call.action == "iot:UpdateThingShadow"]
    assert [call.function for call in shadows] == ["dispatch_event", "dispatch_event"]
