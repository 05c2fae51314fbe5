"""The API with the real functions behind it: calls as API Gateway hands them over, invokes in process."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import pytest

from lambdas.api.handler import handler
from lambdas.dispatch_event.handler import handler as dispatch
from lambdas.issue_command.handler import handler as issue
from lambdas.settle_event.handler import handler as settle
from lambdas.shared import clients
from ven_twin.testing.function_world import Context

ENVIRONMENT = {"DISPATCH_FUNCTION": "dispatch", "ISSUE_FUNCTION": "issue", "SETTLE_FUNCTION": "settle"}
CALLER = "AIDAOPERATOR"


@dataclass
class Functions:
    """Takes the place of Lambda: invokes the slices' handlers; can be made to fail."""

    handlers: Mapping[str, Callable[[Any, Any], Any]]
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    error: Exception | None = None
    fails: bool = False

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """The answer of Lambda when it waits for the function."""
        request = json.loads(Payload)
        self.asked.append((FunctionName, request))
        if self.error is not None:
            raise self.error
        if self.fails:
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(b'{"errorMessage": "secret"}')}
        context = Context(aws_request_id=f"request-{len(self.asked)}")
        answer = self.handlers[FunctionName](request, context)
        return {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answer).encode())}


@dataclass(frozen=True)
class Answer:
    """The answer that a caller gets."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.text)


def event_of(
    method: str,
    path: str,
    *,
    query: str = "",
    headers: Mapping[str, str] | None = None,
    body: str | None = None,
    caller: str = CALLER,
) -> dict[str, Any]:
    """A call in payload format 2.0, as API Gateway makes it."""
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "api.example", **{k.lower(): v for k, v in (headers or {}).items()}},
        "requestContext": {
            "accountId": "123456789012",
            "http": {"method": method, "path": path, "sourceIp": "127.0.0.1"},
            "requestId": "req-1",
            "stage": "$default",
            "authorizer": {"iam": {"accountId": "123456789012", "userId": caller}},
        },
        "isBase64Encoded": False,
    }
    return event if body is None else {**event, "body": body}


class Api:
    """The API as a program calls it."""

    def __init__(self, functions: Functions) -> None:
        self.functions = functions

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        caller: str = CALLER,
        **query: Any,
    ) -> Answer:
        """One call; *body* is text, or becomes JSON."""
        sent = dict(headers or {})
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        if text is not None:
            sent = {"Content-Type": "application/json", **sent}
        event = event_of(method, path, query=urlencode(query), headers=sent, body=text, caller=caller)
        return self.send(event)

    def send(self, event: dict[str, Any]) -> Answer:
        """A call as the gateway hands it over."""
        context: Any = Context()
        answer = handler(event, context)
        return Answer(answer["statusCode"], answer["headers"], answer.get("body", ""))

    def get(self, path: str, **query: Any) -> Any:
        """The body of a GET that succeeds."""
        answer = self.call("GET", path, **query)
        assert answer.status == 200, answer.text
        return answer.json


def open_api(patch: pytest.MonkeyPatch) -> Api:
    """The API over the account, with the real functions behind it."""
    for name, value in ENVIRONMENT.items():
        patch.setenv(name, value)
    functions = Functions({"dispatch": dispatch, "issue": issue, "settle": settle})
    patch.setattr(clients, "functions", lambda: functions)
    return Api(functions)
