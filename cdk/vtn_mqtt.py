"""MQTT for the VTN's clients: topics of AWS IoT, to which bearer tokens let in.

    client ── username: its id, password: its token ──▶ AWS IoT ──▶ vtn_authorizer ──▶ policies

Only where a deployment names the broker: its address is the account's, which no template can look up.
"""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from constructs import Construct

from cdk.lambda_function import LambdaFunction
from cdk.shared_resources import SharedResources
from contracts.openadr.notifiers import topic_root

NONE = "none"
"""In place of a broker, where there is none."""


class VtnMqtt(Construct):
    """The authorizer of AWS IoT, and its function.

    Attributes:
        authorizer: the function.
        uri: of the broker, or `NONE`.
        username: what a client connects as, or `NONE`: its id, and the authorizer's name for AWS IoT.
        root: the first levels of the topics, or `NONE`.
    """

    def __init__(self, scope: Construct, resources: SharedResources, **token_settings: str) -> None:
        super().__init__(scope, "Mqtt")
        stage = resources.stage
        root, name = topic_root(stage.name), f"ven-twin-{stage.name}-oadr"
        is_on = stage.oadr_mqtt_uri is not None
        self.uri = stage.oadr_mqtt_uri or NONE
        self.username = f"{{clientID}}?x-amz-customauthorizer-name={name}" if is_on else NONE
        self.root = root if is_on else NONE
        self.authorizer = _function(resources, root, token_settings)
        if is_on:
            self._authorize(name)

    def _authorize(self, name: str) -> None:
        """Have AWS IoT ask the function. A token is signed itself, and needs no signature beside it."""
        function = self.authorizer.function
        authorizer = iot.CfnAuthorizer(
            self,
            "Authorizer",
            authorizer_name=name,
            authorizer_function_arn=function.function_arn,
            signing_disabled=True,
            status="ACTIVE",
        )
        function.add_permission(
            "AskedByIot",
            principal=iam.ServicePrincipal("iot.amazonaws.com"),
            source_arn=authorizer.attr_arn,
        )

    def functions(self) -> dict[str, LambdaFunction]:
        """The function by the name of its alarm; none where nobody is let in."""
        return {} if self.root == NONE else {"VtnAuthorizer": self.authorizer}

    def topics(self, resources: SharedResources) -> list[str]:
        """The ARNs of the stage's topics, on which nothing is published where no broker is named."""
        return resources.iot_arns(f"topic/{topic_root(resources.stage.name)}/*")


def _function(resources: SharedResources, root: str, token_settings: dict[str, str]) -> LambdaFunction:
    stack = resources.stack
    return resources.function(
        "vtn_authorizer",
        "Lets clients of the VTN to MQTT by their tokens",
        {"vtn": "Query"},
        timeout_s=5,  # AWS IoT waits no longer
        memory_mb=1024,  # five seconds are for a cold start too
        MQTT_ROOT=root,
        IOT_ARN=f"arn:{stack.partition}:iot:{stack.region}:{stack.account}",
        **token_settings,
    )
