"""The local cloud's tables and stack without botocore, whose start takes longer than a whole command.

The calls are DynamoDB's and CloudFormation's own, signed (AWS Signature Version 4), and what goes wrong is
raised as botocore raises it. AWS itself is called by boto3: its regions, profiles and retries are botocore's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

ATTEMPTS = 4
READ_TIMEOUT_S = 130.0
_BUSY = re.compile(r"Throttling|ThroughputExceeded|RequestLimit")
_OUTPUT = re.compile(r"<member>\s*<OutputKey>([^<]*)</OutputKey>\s*<OutputValue>([^<]*)</OutputValue>")
_FAULT = re.compile(r"<Code>([^<]*)</Code>\s*<Message>([^<]*)</Message>")


@dataclass(frozen=True, slots=True)
class LocalCalls:
    """Signed calls to the local cloud at *endpoint_url*."""

    endpoint_url: str
    region: str
    access_key_id: str
    secret_access_key: str

    def post(self, service: str, operation: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        """The answer to a call; a cloud that is busy, fails or drops the connection is called again.

        Raises:
            ClientError: the call was refused.
            EndpointConnectionError: there is no cloud any more.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                status, answer = self._post(service, body, headers)
            except (OSError, http.client.HTTPException) as error:
                # Nobody listens there: that does not pass.
                if attempt == ATTEMPTS or isinstance(error, ConnectionRefusedError):
                    from botocore.exceptions import EndpointConnectionError  # noqa: PLC0415 - in trouble only

                    raise EndpointConnectionError(endpoint_url=self.endpoint_url) from error
                time.sleep(0.1 * 2**attempt)
                continue
            if status < 300:
                return answer
            code, message = _fault(answer)
            if attempt == ATTEMPTS or not (status >= 500 or _BUSY.search(code)):
                break
            time.sleep(0.1 * 2**attempt)
        from botocore.exceptions import ClientError  # noqa: PLC0415 - in trouble only

        raise ClientError({"Error": {"Code": code, "Message": message}}, operation)

    def _post(self, service: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        address = urlsplit(self.endpoint_url)
        connection = http.client.HTTPConnection(address.netloc, timeout=READ_TIMEOUT_S)
        try:
            signed = self._signed(service, address.netloc, body, headers, datetime.now(UTC))
            connection.request("POST", "/", body, signed)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _signed(
        self, service: str, host: str, body: bytes, headers: Mapping[str, str], now: datetime
    ) -> dict[str, str]:
        """*headers* with the signature. Source: AWS, Create a signed AWS API request."""
        at = f"{now:%Y%m%dT%H%M%SZ}"
        sent = {**{name.lower(): value for name, value in headers.items()}, "host": host, "x-amz-date": at}
        names = ";".join(sorted(sent))
        lines = [f"{name}:{sent[name]}" for name in sorted(sent)]
        canonical = "\n".join(["POST", "/", "", *lines, "", names, hashlib.sha256(body).hexdigest()])
        scope = f"{now:%Y%m%d}/{self.region}/{service}/aws4_request"
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        key = b"AWS4" + self.secret_access_key.encode()
        for text in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{digest}"):
            key = hmac.new(key, text.encode(), hashlib.sha256).digest()
        credential = f"Credential={self.access_key_id}/{scope}"
        proof = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={key.hex()}"
        return {**sent, "authorization": proof}


@dataclass(frozen=True, slots=True)
class LocalTables:
    """A client of DynamoDB in the local cloud: every operation by its name in boto3, and its pages."""

    calls: LocalCalls

    def __getattr__(self, name: str) -> Any:
        operation = "".join(word.title() for word in name.split("_"))
        return partial(self._call, operation)

    def _call(self, operation: str, **arguments: object) -> dict[str, Any]:
        headers = {
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
        }
        body = json.dumps(arguments, default=_in_base64).encode()
        answer = self.calls.post("dynamodb", operation, body, headers)
        value: dict[str, Any] = json.loads(answer)
        return value

    def get_paginator(self, name: str) -> LocalPages:
        """The pages of an operation, as boto3 has them."""
        return LocalPages(getattr(self, name))


@dataclass(frozen=True, slots=True)
class LocalPages:
    """The pages of an operation that goes on where the last page ended."""

    operation: Any

    def paginate(self, **arguments: object) -> Iterator[dict[str, Any]]:
        """Each page."""
        while True:
            page = self.operation(**arguments)
            yield page
            if (last := page.get("LastEvaluatedKey")) is None:
                return
            arguments["ExclusiveStartKey"] = last


def _in_base64(value: bytes) -> str:
    """A binary attribute as DynamoDB's JSON has it."""
    return base64.b64encode(value).decode()


def stack_outputs(calls: LocalCalls, stack: str) -> dict[str, str]:
    """The outputs of a stack. Raises as `LocalCalls.post`."""
    form = {"Action": "DescribeStacks", "Version": "2010-05-15", "StackName": stack}
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    answer = calls.post("cloudformation", "DescribeStacks", urlencode(form).encode(), headers)
    from xml.sax.saxutils import unescape  # noqa: PLC0415 - a few milliseconds, for an output with an ampersand

    return {key: unescape(value) for key, value in _OUTPUT.findall(answer.decode())}


def _fault(answer: bytes) -> tuple[str, str]:
    """The code and the message of a refusal, in JSON or XML."""
    text = answer.decode(errors="replace")
    if match := _FAULT.search(text):
        return match[1], match[2]
    try:
        value = json.loads(text)
    except ValueError:
        value = {}
    value = value if isinstance(value, dict) else {}
    code = str(value.get("__type", "InternalFailure")).rpartition("#")[2]
    return code, str(value.get("message") or value.get("Message") or "no reason given")
