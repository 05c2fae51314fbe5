"""The local cloud's tables without botocore: signed as botocore signs, paged and refused as boto3 does."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import RemoteDisconnected
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, EndpointConnectionError

from ven_twin.operations.aggregator import local_tables
from ven_twin.operations.aggregator.cloud import Access, Cloud
from ven_twin.operations.aggregator.cloud_errors import CloudError
from ven_twin.operations.aggregator.local_tables import LocalCalls, LocalTables, stack_outputs

CALLS = LocalCalls("http://127.0.0.1:9", "us-east-1", "AKIDEXAMPLE", "a-secret")
AT = datetime(2026, 7, 14, 17, tzinfo=UTC)
Answers = list[tuple[int, bytes]]


@pytest.mark.parametrize("service", ["dynamodb", "cloudformation"])
def test_a_call_is_signed_as_botocore_signs_it(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same signature over the same request."""
    body, headers = b'{"TableName": "x"}', {"X-Amz-Target": "T", "Content-Type": "application/x-amz-json-1.0"}
    sent = CALLS._signed(service, "127.0.0.1:9", body, headers, AT)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: AT)
    request = AWSRequest("POST", CALLS.endpoint_url, data=body, headers=headers)
    SigV4Auth(Credentials("AKIDEXAMPLE", "a-secret"), service, "us-east-1").add_auth(request)
    assert sent["authorization"] == request.headers["Authorization"]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    """The answers of a cloud, in turn."""
    coming: Answers = []
    monkeypatch.setattr(LocalCalls, "_post", lambda *_: coming.pop(0))
    monkeypatch.setattr("time.sleep", lambda _: None)
    yield coming
    assert coming == []


def page(items: list[int], last: int | None = None) -> tuple[int, bytes]:
    """A page of a table."""
    rest = {} if last is None else {"LastEvaluatedKey": {"k": {"N": str(last)}}}
    return 200, json.dumps({"Items": [{"k": {"N": str(item)}} for item in items]} | rest).encode()


def fault(code: str, status: int = 400) -> tuple[int, bytes]:
    """A refusal as DynamoDB writes it."""
    return status, json.dumps({"__type": f"com.amazonaws#{code}", "message": "why"}).encode()


@pytest.mark.parametrize(
    ("lost", "calls"),
    [
        ([RemoteDisconnected(), ConnectionResetError()], 3),
        ([RemoteDisconnected()] * 9, 4),
        ([ConnectionRefusedError()], 1),
    ],
    ids=["dropped", "dropped for good", "nobody listens"],
)
def test_a_dropped_connection_is_made_again_and_one_that_nobody_takes_is_not(
    lost: list[Exception], calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by boto3: what passes is waited out, and a cloud that is gone is said at once."""
    made: list[Exception] = []

    def post(*_: object) -> tuple[int, bytes]:
        if len(made) < len(lost):
            made.append(lost[len(made)])
            raise made[-1]
        made.append(Exception("answered"))
        return page([1])

    monkeypatch.setattr(LocalCalls, "_post", post)
    monkeypatch.setattr("time.sleep", lambda _: None)
    outcome = contextlib.nullcontext() if calls == 3 else pytest.raises(EndpointConnectionError)
    with outcome:
        LocalTables(CALLS).scan(TableName="x")
    assert len(made) == calls


def test_a_table_is_read_to_its_last_page(answers: Answers) -> None:
    """Each page goes on where the one before ended."""
    answers += [page([1, 2], last=2), page([3])]
    pages = LocalTables(CALLS).get_paginator("scan").paginate(TableName="x")
    assert [item["k"]["N"] for one in pages for item in one["Items"]] == ["1", "2", "3"]


def test_a_busy_cloud_is_called_again(answers: Answers) -> None:
    """As boto3 does: what is throttled or fails is tried some more."""
    answers += [fault("ThrottlingException"), fault("InternalServerError", 500), page([1])]
    assert LocalTables(CALLS).query(TableName="x")["Items"] == [{"k": {"N": "1"}}]


def test_a_refusal_is_boto3s(answers: Answers) -> None:
    """At once, with its code, so that it is explained in the same words."""
    answers += [fault("AccessDeniedException")]
    with pytest.raises(ClientError, match="AccessDeniedException") as refused:
        LocalTables(CALLS).get_item(TableName="x", Key={})
    assert refused.value.operation_name == "GetItem"


def test_the_stacks_outputs_are_read(answers: Answers) -> None:
    """From CloudFormation's XML."""
    member = "<member><OutputKey>VensTable</OutputKey><OutputValue>vens&amp;x</OutputValue></member>"
    answers.append((200, f"<a><Outputs>{member}</Outputs></a>".encode()))
    assert stack_outputs(CALLS, "VenTwin-local") == {"VensTable": "vens&x"}


def test_a_cloud_without_the_stack_says_how_to_deploy_it(answers: Answers) -> None:
    """The words are those of AWS's refusal."""
    text = "<ErrorResponse><Error><Code>ValidationError</Code><Message>no</Message></Error></ErrorResponse>"
    answers.append((400, text.encode()))
    access: dict[str, Any] = {"region": "us-east-1", "access_key_id": "a", "secret_access_key": "b"}
    cloud = Cloud(Access("local", endpoint_url="http://127.0.0.1:9", **access))
    with pytest.raises(CloudError, match="there is no stack VenTwin-local here: deploy it first"):
        cloud._read_outputs()


def test_a_cloud_that_is_gone_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As botocore tells it."""

    class Gone:
        def __init__(self, *_: object, **__: object) -> None: ...

        def request(self, *_: object) -> None:
            raise ConnectionRefusedError

        def close(self) -> None: ...

    monkeypatch.setattr(local_tables.http.client, "HTTPConnection", Gone)
    with pytest.raises(EndpointConnectionError, match=r"127\.0\.0\.1:9"):
        CALLS.post("dynamodb", "Scan", b"", {})
