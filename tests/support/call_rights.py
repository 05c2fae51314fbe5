"""Every call that a function makes in a test, held against the statements of its role in the template.

The types of ARNs are the SAR's (`tests.support.sar`); this is about their values: a table, secret, policy or
schedule of another name than the statement's is refused on AWS, and moto refuses nothing.
"""

from __future__ import annotations

import functools
import re
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from botocore.client import BaseClient

from tests.support import sar
from tests.support.aws_calls import ACTIONS, PREFIXES
from tests.support.template_rights import ACCOUNT, REGION, granted, resolve, rights_of
from tests.support.template_rules import Template, of_type

TESTS = Path(__file__).resolve().parents[1]
HANDLER = re.compile(r"/lambdas/(?P<function>[a-z_]+)/handler\.py$")
FORMS = {
    "iot": {
        "thingName": "thing/{}",
        "policyName": "policy/{}",
        "certificateId": "cert/{}",
        "topic": "topic/{}",
        "target": "{}",
        "principal": "{}",
        "clientId": "client/{}",
    },
    "dynamodb": {"TableName": "table/{}"},
    "kms": {"KeyId": "key/{}"},
    "lambda": {"FunctionName": "function:{}"},
    "scheduler": {"Name": "schedule/{GroupName}/{}"},
    "secretsmanager": {"SecretId": "secret:{}-AbCdEf"},
    "sns": {"TopicArn": "{}"},
    "sqs": {"QueueUrl": "{}"},
    "states": {"stateMachineArn": "{}"},
    "cloudformation": {"StackName": "{}"},
}
"""By service, the parameters of calls that name a resource, and how they stand in its ARN."""


@dataclass(frozen=True)
class RecordedCall:
    """A call to AWS by the function of a folder in `lambdas/`."""

    function: str
    action: str
    parameters: Mapping[str, Any]


class CallRecorder:
    """Notes which function makes which call, wherever in its code, in its threads too."""

    def __init__(self) -> None:
        self.calls: list[RecordedCall] = []
        self._thread = threading.local()

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Note every call of botocore from now on."""
        call, submit = BaseClient._make_api_call, ThreadPoolExecutor.submit  # type: ignore[attr-defined]

        def noted(client: BaseClient, operation: str, parameters: Mapping[str, Any]) -> Any:
            function = self._function_at_work()
            if function is not None:
                service = client.meta.service_model.service_name
                action = f"{PREFIXES.get(service, service)}:{operation}"
                self.calls += _judged(function, action, parameters)
            return call(client, operation, parameters)

        def submitted(pool: ThreadPoolExecutor, work: Any, /, *arguments: Any, **named: Any) -> Any:
            function = self._function_at_work()

            def work_for() -> Any:
                self._thread.function = function
                return work(*arguments, **named)

            return submit(pool, work_for)

        monkeypatch.setattr(BaseClient, "_make_api_call", noted)
        monkeypatch.setattr(ThreadPoolExecutor, "submit", submitted)

    def _function_at_work(self) -> str | None:
        """The function whose handler is on the stack, or gave this thread its work.

        None for a call that a test's own code makes, also from within a function into which it was put.
        """
        frame: FrameType | None = sys._getframe(2)
        while frame is not None:
            function, is_tests = _owner(frame.f_code.co_filename)
            if function is not None or is_tests:
                return function
            frame = frame.f_back
        return getattr(self._thread, "function", None)


@functools.cache
def _owner(file: str) -> tuple[str | None, bool]:
    """The function whose handler a *file* is, if any, and whether the file is a test's own code."""
    path = Path(file)
    match = HANDLER.search(path.as_posix())
    return match and match["function"], path.is_relative_to(TESTS) and path != Path(__file__)


def _judged(function: str, action: str, parameters: Mapping[str, Any]) -> list[RecordedCall]:
    """The calls as AWS judges them: a transaction by its items. Source: DynamoDB, IAM and transactions."""
    if action != "dynamodb:TransactWriteItems":
        return [RecordedCall(function, ACTIONS.get(action, action), parameters)]
    return [
        RecordedCall(function, f"dynamodb:{kind}Item", write)
        for item in parameters["TransactItems"]
        for kind, write in item.items()
    ]


class FunctionRights:
    """The statements of the functions' roles in a template, and its names in their environments."""

    def __init__(self, template: Template) -> None:
        functions = {
            match["function"]: made
            for made in of_type(template, "AWS::Lambda::Function").values()
            if (match := re.fullmatch(r"lambdas\.(?P<function>\w+)\.handler\.handler", made["Handler"]))
        }
        self._statements = {function: rights_of(template, function) for function in functions}
        self._variables = {
            function: resolve(made["Environment"]["Variables"], template)
            for function, made in functions.items()
        }

    def breaches(self, calls: Iterable[RecordedCall], environment: Mapping[str, str]) -> set[str]:
        """The calls that AWS would refuse: of an action or a resource that no statement of the role allows.

        Args:
            calls: those of a test.
            environment: the test's, whose names of resources stand for those in the functions' own.
        """
        return {
            f"{call.function} may not {call.action} on {arn}"
            for call in calls
            for arn in _resources(call, self._names(call.function, environment))
            if not granted(self._statements[call.function], call.action, arn, _keys(call))
        }

    def _names(self, function: str, environment: Mapping[str, str]) -> dict[str, str]:
        """The test's name of each resource in a function's environment → the template's."""
        variables = self._variables[function].items()
        return {environment[name]: value for name, value in variables if name in environment}


def _resources(call: RecordedCall, names: Mapping[str, str]) -> Iterator[str]:
    """The ARNs that AWS judges a call by, with the template's names; ``*`` for an action that takes none."""
    types = sar.resource_types(call.action)
    if not types:
        yield "*"
        return
    service = call.action.partition(":")[0]
    parameters = dict(call.parameters)
    if service == "dynamodb":
        tables = parameters.get("RequestItems") or [parameters["TableName"]]
        index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
        yield from (_arn(service, f"table/{names.get(table, table)}{index}") for table in tables)
        return
    arns = {
        _arn(service, form.format(names.get(value, value), **_group(parameters, names)))
        for name, form in FORMS[service].items()
        if isinstance(value := parameters.get(name), str)
    }
    fitting = {arn for arn in arns if sar.types_of(arn) & types}
    assert fitting, f"{call.action}: no resource is named by {sorted(parameters)}"
    yield from sorted(fitting)


def _keys(call: RecordedCall) -> dict[str, str]:
    """The condition keys that AWS has for a call."""
    if call.action in {"iot:AttachThingPrincipal", "iot:DetachThingPrincipal"}:
        return {"iot:thingArn": _arn("iot", f"thing/{call.parameters['thingName']}")}
    return {}


def _group(parameters: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, str]:
    group = parameters.get("GroupName", "default")
    return {"GroupName": names.get(group, group)}


def _arn(service: str, resource: str) -> str:
    return resource if resource.startswith("arn:") else f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"
