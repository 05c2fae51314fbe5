"""An AWS account as far as the functions call it, with answers that make them do the most they can."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

import msgspec

from contracts.wire.codec import JsonObject
from contracts.wire.ids import VenId
from harness.functions.tables import CannedTable, projected

STACK = "<Stacks><member><StackStatus>{status}</StackStatus></member></Stacks>"
DESCRIBED = (
    '<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">'
    f"<DescribeStacksResult>{STACK}</DescribeStacksResult></DescribeStacksResponse>"
)
PUBLISHED = (
    b'<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">'
    b"<PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>"
)
ARN = "arn:aws:iot:us-east-1:123456789012:"


class AwsCall(NamedTuple):
    """A request: the service that it is signed for (empty without a signature), and what it holds."""

    service: str
    method: str
    path: str
    target: str
    body: bytes

    @property
    def operation(self) -> str:
        """The name in its target, or its method and the kind of its path."""
        return self.target.partition(".")[2] or f"{self.method} /{self.path.split('/')[1]}"


class Reply(NamedTuple):
    """An answer; *error* is the service's name for a refusal."""

    body: bytes
    status: int = 200
    error: str = ""


@dataclass
class CannedAccount:
    """The account.

    Attributes:
        tables: DynamoDB's, by name.
        things: False where no VEN has a thing yet.
        certificates: the ids of those that every thing, and every policy, has.
        detached: the ARNs of those that a policy was detached from.
        policy: the policy that every certificate has.
        certificate_pem: what a new certificate looks like.
        secret: the value of every secret.
        shadow: every thing's shadow.
        conflicts: how often a delete of a policy or certificate is refused before it is done.
        public_key: of the key of KMS, DER.
        invoked: the answer of every function that is invoked.
        calls: how often each operation was called, and how many connections there were for it.
    """

    tables: dict[str, CannedTable] = field(default_factory=dict)
    things: bool = True
    certificates: tuple[str, ...] = ()
    detached: set[str] = field(default_factory=set)
    policy: str = "ven-twin-dev-ven"
    certificate_pem: str = ""
    secret: str = "{}"
    shadow: JsonObject = field(default_factory=dict)
    conflicts: int = 0
    public_key: bytes = b""
    invoked: JsonObject = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)

    def answer(self, call: AwsCall) -> Reply:
        """The answer to *call*."""
        self.count(f"{call.service} {call.operation}")
        services: dict[str, Callable[[AwsCall], Reply]] = {
            "dynamodb": self._dynamodb,
            "iotdata": self._iot_data,
            "iot": self._iot,
            "secretsmanager": lambda _: _json({"SecretString": self.secret, "Name": "tls"}),
            "scheduler": lambda _: _json({"ScheduleArn": f"{ARN}schedule"}),
            "sqs": lambda _: _json({"MessageId": "1"}),
            "sns": lambda _: Reply(PUBLISHED),
            "kms": self._kms,
            "lambda": lambda _: _json(self.invoked),
            "cloudformation": lambda _: Reply(DESCRIBED.format(status="DELETE_IN_PROGRESS").encode()),
            "": lambda _: Reply(b""),
        }
        return services[call.service](call)

    def _kms(self, call: AwsCall) -> Reply:
        """A signature, or the public key that it belongs to."""
        if call.operation == "GetPublicKey":
            return _json({"PublicKey": base64.b64encode(self.public_key).decode()})
        return _json({"Signature": base64.b64encode(bytes(256)).decode()})

    def count(self, name: str) -> None:
        """Count a call, or a connection."""
        self.calls[name] = self.calls.get(name, 0) + 1

    def _dynamodb(self, call: AwsCall) -> Reply:
        operation, query = call.operation, msgspec.json.decode(call.body)
        if operation == "TransactWriteItems":
            for write in query["TransactItems"]:
                for name, one in write.items():
                    self.tables[one["TableName"]].write_one(name, one)
            return _json({})
        if "RequestItems" not in query:
            return _json(self.tables[query["TableName"]].answer(operation, query))
        ((name, request),) = query["RequestItems"].items()
        table = self.tables[name]
        if operation == "BatchWriteItem":
            table.write(request)
            return _json({"UnprocessedItems": {}})
        items = (table.find(key) for key in request["Keys"])
        present = [projected(item, request) for item in items if item is not None]
        return _json({"Responses": {name: present}, "UnprocessedKeys": {}})

    def _iot_data(self, call: AwsCall) -> Reply:
        return _json(self.shadow if call.method == "GET" else {})

    def _iot(self, call: AwsCall) -> Reply:
        route = f"{call.method} {unquote(call.path)}"
        for pattern, answer in IOT_ANSWERS.items():
            if re.match(pattern, route):
                return answer(self, call)
        return _json({})

    def arns(self) -> list[str]:
        """The certificates' ARNs."""
        return [f"{ARN}cert/{certificate}" for certificate in self.certificates]

    def new_certificate(self, _: AwsCall) -> Reply:
        """A certificate."""
        certificate = "f" * 64
        return _json(
            {
                "certificateId": certificate,
                "certificateArn": f"{ARN}cert/{certificate}",
                "certificatePem": self.certificate_pem,
            }
        )

    def principals(self, _: AwsCall) -> Reply:
        """The certificates of a thing, if there is one."""
        if not self.things:
            return Reply(b'{"message":"no such thing"}', 404, "ResourceNotFoundException")
        return _json({"principals": self.arns()})

    def describe(self, call: AwsCall) -> Reply:
        """A certificate."""
        certificate = call.path.rpartition("/")[2]
        return _json({"certificateDescription": {"certificateArn": f"{ARN}cert/{certificate}"}})

    def detach(self, call: AwsCall) -> Reply:
        """A policy is detached from a certificate."""
        self.detached.add(msgspec.json.decode(call.body)["target"])
        return _json({})

    def targets(self, _: AwsCall) -> Reply:
        """The certificates that a policy is attached to still."""
        return _json({"targets": [arn for arn in self.arns() if arn not in self.detached]})

    def delete(self, _: AwsCall) -> Reply:
        """A delete, refused as long as there are conflicts left."""
        if self.conflicts:
            self.conflicts -= 1
            return Reply(b'{"message":"in use"}', 409, "DeleteConflictException")
        return _json({})


IOT_ANSWERS: dict[str, Callable[[CannedAccount, AwsCall], Reply]] = {
    r"POST /certificates": CannedAccount.new_certificate,
    r"GET /things/[^/]+/principals": CannedAccount.principals,
    r"POST /attached-policies/": lambda account, _: _json(
        {"policies": [{"policyName": account.policy, "policyArn": f"{ARN}policy/{account.policy}"}]}
    ),
    r"POST /policy-targets/": CannedAccount.targets,
    r"POST /target-policies/": CannedAccount.detach,
    r"GET /policies/[^/]+/version": lambda _, __: _json(
        {"policyVersions": [{"versionId": f"{n}", "isDefaultVersion": n == 1} for n in range(1, 6)]}
    ),
    r"GET /certificates/": CannedAccount.describe,
    r"DELETE /(?:certificates|policies)/[^/]+$": CannedAccount.delete,
}


def _json(value: JsonObject) -> Reply:
    return Reply(msgspec.json.encode(value))


def ids(count: int, prefix: str = "ven") -> list[VenId]:
    """The ids of *count* VENs."""
    return [VenId(f"{prefix}-{number:06d}") for number in range(count)]
