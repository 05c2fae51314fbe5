"""One VEN's identity: its thing, its secret, and the certificate that `provision_ven` makes."""

from __future__ import annotations

from aws_cdk import CustomResource, Duration, RemovalPolicy
from aws_cdk import aws_iot as iot
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from cdk.policy import VenPolicy
from cdk.stage import Stage
from contracts.store.stack import DEFINITIONS_RESOURCE, VEN_IDS_RESOURCE, tls_secret_name
from contracts.wire.ids import VenId

ANSWER_WITHIN = Duration.minutes(15)
"""One attempt of the function at its longest and some more; CloudFormation's own default is an hour."""


def empty_secret(scope: Construct, name: str, description: str) -> secretsmanager.CfnSecret:
    """A secret without a value, which `provision_ven` fills."""
    secret = secretsmanager.CfnSecret(scope, "Tls", name=name, description=description)
    secret.apply_removal_policy(RemovalPolicy.DESTROY)
    return secret


def issued_certificate(
    scope: Construct, kind: str, *, provision: lambda_.Function, **properties: str | list[str]
) -> CustomResource:
    """The certificate that `provision_ven` makes, and whose key it puts into the secret."""
    certificate = CustomResource(
        scope,
        "Certificate",
        service_token=provision.function_arn,
        resource_type=f"Custom::{kind}",
        service_timeout=ANSWER_WITHIN,
        properties=properties,
    )
    certificate.node.add_dependency(provision)
    return certificate


def free_ids(scope: Construct, stage: Stage, *, provision: lambda_.Function) -> CustomResource:
    """The check that the VENs are no other stage's, and begin as they should; every thing waits for it."""
    check = CustomResource(
        scope,
        "FreeIds",
        service_token=provision.function_arn,
        resource_type=VEN_IDS_RESOURCE,
        service_timeout=ANSWER_WITHIN,
        properties={"VenIds": list(stage.vens), "VenIdPattern": stage.ven_id_pattern},
    )
    check.node.add_dependency(provision)
    return check


def definitions(scope: Construct, stage: Stage, *, provision: lambda_.Function) -> CustomResource:
    """The groups and programs of the context, as items that an operator may change later."""
    made = CustomResource(
        scope,
        "Definitions",
        service_token=provision.function_arn,
        resource_type=DEFINITIONS_RESOURCE,
        service_timeout=ANSWER_WITHIN,
        properties={
            "Groups": {name: list(vens) for name, vens in stage.groups.items()},
            "Programs": dict(stage.programs),
            "Calendars": dict(stage.calendars),
        },
    )
    made.node.add_dependency(provision)
    return made


def policy_removal(scope: Construct, policy: iot.CfnPolicy, *, provision: lambda_.Function) -> CustomResource:
    """The resource that goes after the certificates that depend on it, and takes *policy* away.

    Source: docs/decisions/0011. CloudFormation deletes no policy that is attached, or was a moment ago.
    """
    removal = CustomResource(
        scope,
        "Removal",
        service_token=provision.function_arn,
        resource_type="Custom::PolicyRemoval",
        service_timeout=ANSWER_WITHIN,
        properties={"PolicyName": policy.policy_name},
    )
    removal.node.add_dependency(policy, provision)
    return removal


class VenThing(Construct):
    """A VEN that exists before it ever connects.

    The secret is made empty here and filled by `provision_ven`: the private key is in no template,
    no output and no answer of the custom resource.
    """

    def __init__(
        self,
        scope: Construct,
        ven_id: VenId,
        *,
        stage: Stage,
        policy: VenPolicy,
        provision: lambda_.Function,
        trust_root_pem: str,
        free: CustomResource,
    ) -> None:
        super().__init__(scope, ven_id)
        thing = iot.CfnThing(self, "Thing", thing_name=ven_id)
        thing.node.add_dependency(free)
        secret = empty_secret(
            self, tls_secret_name(stage.name, ven_id), f"CA, certificate and private key of VEN {ven_id}"
        )
        certificate = issued_certificate(
            self,
            "VenCertificate",
            provision=provision,
            VenId=ven_id,
            PolicyName=policy.name,
            SecretId=secret.attr_id,  # the ARN, on AWS and on the local cloud alike
            TrustRootPem=trust_root_pem,
            Rotation=stage.rotation,
        )
        certificate.node.add_dependency(thing, policy)
