"""VENs that are not in the stack: let in by a claim certificate, if they are on the list."""

from __future__ import annotations

import json

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_iot as iot
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from cdk.lambda_function import LambdaFunction
from cdk.policy import VenPolicy, policy_document
from cdk.shared_resources import on_things
from cdk.stage import Stage
from cdk.ven import empty_secret, issued_certificate, policy_removal
from contracts.store.claim_codes import CODE_PARAMETER
from contracts.store.stack import claim_secret_name, claim_template_name
from contracts.wire.topics import ProvisioningTopics, claim_client_id

SERIAL = "SerialNumber"
HOOK_VERSION = "2020-04-01"


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
            policy_document=claim_policy_document(Stack.of(self), stage),
        )
        secret = empty_secret(
            self,
            claim_secret_name(stage.name),
            "CA, certificate and private key with which a VEN asks for a certificate of its own",
        )
        certificate = issued_certificate(
            self,
            "ClaimCertificate",
            provision=provision,
            PolicyName=name,
            SecretId=secret.attr_id,
            TrustRootPem=trust_root_pem,
            Rotation=stage.rotation,
        )
        certificate.node.add_dependency(policy, policy_removal(self, policy, provision=provision))

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
        role = self._role(stage, policy, arn)
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

    def _role(self, stage: Stage, policy: VenPolicy, template: str) -> iam.Role:
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
        things, certificates = [arn("thing", stage.ven_id_pattern)], [arn("cert", "*")]
        for actions, resources, conditions in (
            (("CreateThing", "DescribeThing", "ListThingPrincipals"), things, {}),
            (("AttachThingPrincipal",), certificates, on_things(things)),
            (("DescribeCertificate", "UpdateCertificate", "AttachPolicy"), certificates, {}),
            (("GetPolicy",), [arn("policy", policy.name)], {}),
        ):
            role.add_to_policy(
                iam.PolicyStatement(
                    actions=[f"iot:{action}" for action in actions],
                    resources=resources,
                    conditions=conditions,
                )
            )
        return role


def claim_policy_document(stack: Stack, stage: Stage) -> dict[str, object]:
    """Connect as a VEN that claims, ask for a certificate, be registered with it. Nothing else at all.

    The one wildcard is in the client id, which no VEN's own can be: the claim is the same for all of them.
    """
    topics = ProvisioningTopics(claim_template_name(stage.name))
    return policy_document(
        stack,
        claim_client_id(stage.ven_id_pattern),
        publish=[topics.create, topics.certify, topics.register],
        subscribe=topics.subscriptions,
        receive=topics.subscriptions,
    )


def template_body(policy_name: str) -> dict[str, object]:
    """The provisioning template: a thing of the VEN's name, its certificate active, the VENs' policy."""
    certificate = {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"}
    return {
        "Parameters": {
            SERIAL: {"Type": "String"},
            # For the hook alone. The default is for a device that sends none: the hook answers it.
            CODE_PARAMETER: {"Type": "String", "Default": "none"},
            "AWS::IoT::Certificate::Id": {"Type": "String"},
        },
        "Resources": {
            "certificate": {"Type": "AWS::IoT::Certificate", "Properties": certificate},
            "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": SERIAL}}},
            "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": policy_name}},
        },
    }
