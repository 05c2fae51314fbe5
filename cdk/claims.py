"""VENs that are not in the stack: let in by a claim certificate, if they are on the list."""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import CustomResource, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.lambda_function import LambdaFunction
from cdk.policy import VenPolicy
from cdk.stage import Stage
from cdk.ven import ANSWER_WITHIN, empty_secret
from contracts.store import keys
from contracts.store.stack import claim_secret_name, claim_template_name
from contracts.wire.topics import ProvisioningTopics, claim_client_id

SERIAL = "SerialNumber"
HOOK_VERSION = "2020-04-01"


class AllowedVens(Construct):
    """The list of VENs that may claim a certificate, each once and for a while."""

    def __init__(self, scope: Construct, *, stage: Stage) -> None:
        super().__init__(scope, "AllowedVens")
        self.table = dynamodb.TableV2(
            self,
            "Table",
            partition_key=dynamodb.Attribute(
                name=keys.ALLOWED_VENS.partition, type=dynamodb.AttributeType.STRING
            ),
            billing=dynamodb.Billing.on_demand(),
            time_to_live_attribute=keys.TTL_ATTRIBUTE,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=stage.keep_tables,
            removal_policy=RemovalPolicy.RETAIN if stage.keep_tables else RemovalPolicy.DESTROY,
        )


class Claims(Construct):
    """The claim certificate, the template that registers a VEN, and the function that admits it before."""

    def __init__(
        self,
        scope: Construct,
        *,
        stage: Stage,
        policy: VenPolicy,
        admit: LambdaFunction,
        provision: lambda_.Function,
        trust_root_pem: str,
    ) -> None:
        super().__init__(scope, "Claims")
        self._certificate(stage, provision, trust_root_pem)
        self._template(stage, policy, admit)

    def _certificate(self, stage: Stage, provision: lambda_.Function, trust_root_pem: str) -> None:
        """Made like a VEN's, by `provision_ven`: its key is in the secret and nowhere else."""
        name = f"ven-twin-{stage.name}-claim"
        policy = iot.CfnPolicy(
            self,
            "Policy",
            policy_name=name,
            policy_document=claim_policy_document(Stack.of(self), stage.name),
        )
        secret = empty_secret(
            self,
            claim_secret_name(stage.name),
            "CA, certificate and private key with which a VEN asks for a certificate of its own",
        )
        certificate = CustomResource(
            self,
            "Certificate",
            service_token=provision.function_arn,
            resource_type="Custom::ClaimCertificate",
            service_timeout=ANSWER_WITHIN,
            properties={
                "PolicyName": name,
                "SecretId": secret.attr_id,
                "TrustRootPem": trust_root_pem,
                "Rotation": stage.rotation,
            },
        )
        certificate.node.add_dependency(policy, provision)

    def _template(self, stage: Stage, policy: VenPolicy, admit: LambdaFunction) -> None:
        name, stack = claim_template_name(stage.name), Stack.of(self)
        arn = stack.format_arn(service="iot", resource="provisioningtemplate", resource_name=name)
        permission = lambda_.CfnPermission(
            self,
            "Asks",
            action="lambda:InvokeFunction",
            function_name=admit.function.function_name,
            principal="iot.amazonaws.com",
            source_account=stack.account,
            source_arn=arn,
        )
        role = self._role(policy, arn)
        template = iot.CfnProvisioningTemplate(
            self,
            "Template",
            template_name=name,
            template_type="FLEET_PROVISIONING",
            description="Registers a VEN that came with the claim certificate",
            enabled=True,
            provisioning_role_arn=role.role_arn,
            pre_provisioning_hook=iot.CfnProvisioningTemplate.ProvisioningHookProperty(
                target_arn=admit.function.function_arn, payload_version=HOOK_VERSION
            ),
            template_body=json.dumps(template_body(policy.name)),
        )
        template.node.add_dependency(permission, role, policy)

    def _role(self, policy: VenPolicy, template: str) -> iam.Role:
        """The rights of IoT Core on behalf of the template: make things, and give them this one policy."""
        stack = Stack.of(self)

        def arn(kind: str, name: str) -> str:
            return stack.format_arn(service="iot", resource=kind, resource_name=name)

        role = iam.Role(
            self,
            "Role",
            assumed_by=iam.ServicePrincipal(
                "iot.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": stack.account, "aws:SourceArn": template}},
            ),
        )
        for actions, resources in (
            (("CreateThing", "DescribeThing", "ListThingPrincipals"), [arn("thing", "*")]),
            (("AttachThingPrincipal",), [arn("thing", "*"), arn("cert", "*")]),
            (("DescribeCertificate", "UpdateCertificate"), [arn("cert", "*")]),
            (("GetPolicy",), [arn("policy", policy.name)]),
            (("AttachPolicy",), [arn("policy", policy.name), arn("cert", "*")]),
        ):
            role.add_to_policy(
                iam.PolicyStatement(actions=[f"iot:{action}" for action in actions], resources=resources)
            )
        return role


def claim_policy_document(stack: Stack, stage_name: str) -> dict[str, Any]:
    """Connect as a VEN that claims, ask for a certificate, be registered with it. Nothing else at all.

    The one wildcard is in the client id, which no VEN's own can be: the claim is the same for all of them.
    """
    topics = ProvisioningTopics(claim_template_name(stage_name))

    def arns(kind: str, names: list[str]) -> list[str]:
        return [stack.format_arn(service="iot", resource=kind, resource_name=name) for name in names]

    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "iot:Connect",
                "Resource": arns("client", [claim_client_id("*")]),
            },
            {
                "Effect": "Allow",
                "Action": "iot:Publish",
                "Resource": arns("topic", [topics.create, topics.register]),
            },
            {
                "Effect": "Allow",
                "Action": "iot:Subscribe",
                "Resource": arns("topicfilter", list(topics.subscriptions)),
            },
            {
                "Effect": "Allow",
                "Action": "iot:Receive",
                "Resource": arns("topic", list(topics.subscriptions)),
            },
        ],
    }


def template_body(policy_name: str) -> dict[str, Any]:
    """The provisioning template: a thing of the VEN's name, its certificate active, the VENs' policy."""
    certificate = {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"}
    return {
        "Parameters": {SERIAL: {"Type": "String"}, "AWS::IoT::Certificate::Id": {"Type": "String"}},
        "Resources": {
            "certificate": {"Type": "AWS::IoT::Certificate", "Properties": certificate},
            "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": SERIAL}}},
            "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": policy_name}},
        },
    }
