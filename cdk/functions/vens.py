"""The functions that give VENs their certificates."""

from __future__ import annotations

from cdk.lambda_function import LambdaFunction
from cdk.shared_resources import SharedResources
from contracts.store.stack import claim_secret_name

CERTIFICATE_ACTIONS = (
    "iot:AttachPolicy",
    "iot:DetachPolicy",
    "iot:AttachThingPrincipal",
    "iot:DetachThingPrincipal",
    "iot:DescribeCertificate",
    "iot:UpdateCertificate",
    "iot:DeleteCertificate",
)


def provision_ven(resources: SharedResources) -> LambdaFunction:
    """Custom resource: a VEN's certificate and key into Secrets Manager."""
    provision = resources.function(
        "provision_ven",
        "Custom resource: a VEN's certificate and key into Secrets Manager",
        timeout_s=60,
        VENS_TABLE=resources.tables.vens.table_name,
    )
    provision.allow(
        "iot:CreateKeysAndCertificate",
        on=["*"],  # knows no narrower resource: there is none before
    )
    provision.allow("iot:ListAttachedPolicies", on=resources.iot_arns("cert/*"))
    provision.allow(
        "iot:ListTargetsForPolicy", on=resources.iot_arns(f"policy/ven-twin-{resources.stage.name}-claim")
    )
    provision.allow(
        *CERTIFICATE_ACTIONS,
        on=resources.iot_arns("cert/*", "thing/*"),
    )
    provision.allow("iot:ListThingPrincipals", on=resources.iot_arns("thing/*"))
    # By pattern and not by name: a VEN is taken away after the policy has forgotten its name, and
    # eighty names would not fit into one.
    provision.allow(
        "secretsmanager:PutSecretValue",
        "secretsmanager:GetSecretValue",
        on=[resources.tls_secrets(), resources.secrets(claim_secret_name(resources.stage.name))],
    )
    resources.tables.vens.grant(
        provision.function, "dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"
    )
    return provision


def rotate_ven(resources: SharedResources) -> LambdaFunction:
    """Gives a VEN that runs another certificate, and takes the old one away."""
    rotate = resources.function(
        "rotate_ven",
        "Gives a VEN that runs another certificate, and takes the old one away",
        timeout_s=300,
        STAGE=resources.stage.name,
        VENS_TABLE=resources.tables.vens.table_name,
        VEN_POLICY=resources.policy.name,
        ROTATE_DAYS=str(resources.stage.rotate_days),
    )
    rotate.allow("iot:CreateKeysAndCertificate", on=["*"])
    rotate.allow("iot:ListAttachedPolicies", on=resources.iot_arns("cert/*"))
    rotate.allow(
        *CERTIFICATE_ACTIONS,
        on=resources.iot_arns("cert/*", "thing/*"),
    )
    rotate.allow(
        "iot:ListThingPrincipals",
        "iot:GetThingShadow",
        "iot:UpdateThingShadow",
        "iot:DeleteThing",
        on=resources.iot_arns("thing/*"),
    )
    rotate.allow(
        "secretsmanager:PutSecretValue", "secretsmanager:GetSecretValue", on=[resources.tls_secrets()]
    )
    resources.tables.vens.grant(
        rotate.function, "dynamodb:GetItem", "dynamodb:Scan", "dynamodb:UpdateItem", "dynamodb:DeleteItem"
    )
    return rotate


def admit_ven(resources: SharedResources) -> LambdaFunction:
    """Admits VENs that are provisioned by claim."""
    admit = resources.function(
        "admit_ven",
        "Says which VENs may be provisioned by claim",
        timeout_s=5,  # IoT Core waits no longer
        VENS_TABLE=resources.tables.vens.table_name,
        ALLOWED_TABLE=resources.allowed.table.table_name,
    )
    resources.allowed.table.grant(admit.function, "dynamodb:UpdateItem")
    resources.tables.vens.grant(admit.function, "dynamodb:UpdateItem")
    return admit
