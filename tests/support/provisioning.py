"""CloudFormation as `provision_ven` sees it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from contracts.store.stack import ven_policy_name
from lambdas.provision_ven.handler import handler
from lambdas.shared import clients
from ven_twin.testing.function_world import Context, World

SECRET = "ven-twin/local/house-1/tls"
POLICY = "ven-twin-local-ven"


@dataclass
class Stack:
    """CloudFormation, as the function sees it."""

    world: World
    answers: list[dict[str, Any]] = field(default_factory=list)
    requests: int = 0
    context: Context = field(default_factory=Context)
    status: str = "DELETE_IN_PROGRESS"

    def ask(self, kind: str, *, physical_id: str | None = None, request_id: str = "", **given: Any) -> Any:
        """One request; returns the answer that went out."""
        self.requests += 1
        wanted = {"VenId": "house-1", "PolicyName": POLICY, "SecretId": SECRET, "TrustRootPem": "ROOT"}
        event = {
            "RequestType": kind,
            "RequestId": request_id or f"request-{self.requests}",
            "ResponseURL": "https://cloudformation.example/answer",
            "StackId": "stack",
            "LogicalResourceId": "House1",
            "ResourceType": given.get("type", "Custom::VenCertificate"),
            "ResourceProperties": {"ServiceToken": "arn", **wanted, **given.get("new", {})},
        }
        if physical_id:
            event["PhysicalResourceId"] = physical_id
        if kind == "Update":
            event["OldResourceProperties"] = {"ServiceToken": "arn", **wanted, **given.get("old", {})}
        handler(event, self.context)
        return self.answers[-1]

    def create(self, **given: Any) -> Any:
        """A Create."""
        return self.ask("Create", **given)

    @property
    def certificates(self) -> dict[str, str]:
        """Every certificate there is, and whether it is active."""
        found = clients.iot().list_certificates()["certificates"]
        return {each["certificateId"]: each["status"] for each in found}

    @property
    def attached(self) -> set[str]:
        """Certificates of the thing."""
        return self.world.certificates.of_thing("house-1")

    @property
    def secret(self) -> dict[str, str]:
        """The secret's value."""
        value: dict[str, str] = json.loads(
            clients.secrets().get_secret_value(SecretId=SECRET)["SecretString"]
        )
        return value

    @property
    def ven(self) -> dict[str, Any]:
        """The VEN's row."""
        return self.world.ven("house-1")


def thing_of(ven_id: str, *, stage: str | None = None) -> None:
    """A thing of the account, with a certificate that has the policy of *stage*."""
    iot = clients.iot()
    iot.create_thing(thingName=ven_id)
    if stage is None:
        return
    name = ven_policy_name(stage)
    document = {"Version": "2012-10-17", "Statement": []}
    iot.create_policy(policyName=name, policyDocument=json.dumps(document))
    arn = iot.create_keys_and_certificate(setAsActive=True)["certificateArn"]
    iot.attach_policy(policyName=name, target=arn)
    iot.attach_thing_principal(thingName=ven_id, principal=arn)
