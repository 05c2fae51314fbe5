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


def provision_ven(parts: SharedResources) -> LambdaFunction:
    """Custom resource: a VEN's certificate and key into Secrets Manager."""
    part = parts.slice(
        "provision_ven",
        "Custom resource: a VEN's certificate and key into Secrets Manager",
        timeout_s=60,
        VENS_TABLE=parts.tables.vens.table_name,
    )
    part.allow(
        "iot:CreateKeysAndCertificate",
        on=["*"],  # knows no narrower resource: there is none before
    )
    part.allow("iot:ListAttachedPolicies", on=parts.iot_arns("cert/*"))
    part.allow("iot:ListTargetsForPolicy", on=parts.iot_arns(f"policy/ven-twin-{parts.stage.name}-claim"))
    part.allow(
        *CERTIFICATE_ACTIONS,
        on=parts.iot_arns("cert/*", "thing/*"),
    )
    part.allow("iot:ListThingPrincipals", on=parts.iot_arns("thing/*"))
    # By pattern and not by name: a VEN is taken away after the policy has forgotten its name, and
    # eighty names would not fit into one.
    part.allow(
        "secretsmanager:PutSecretValue",
        "secretsmanager:GetSecretValue",
        on=[parts.tls_secrets(), parts.secrets(claim_secret_name(parts.stage.name))],
    )
    parts.tables.vens.grant(part.function, "dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
    return part


def rotate_ven(parts: SharedResources) -> LambdaFunction:
    """Gives a VEN that runs another certificate, and takes the old one away."""
    part = parts.slice(
        "rotate_ven",
        "Gives a VEN that runs another certificate, and takes the old one away",
        timeout_s=300,
        VENS_TABLE=parts.tables.vens.table_name,
        VEN_POLICY=parts.policy.name,
        ROTATE_DAYS=str(parts.stage.rotate_days),
    )
    part.allow("iot:CreateKeysAndCertificate", on=["*"])
    part.allow("iot:ListAttachedPolicies", on=parts.iot_arns("cert/*"))
    part.allow(
        *CERTIFICATE_ACTIONS,
        on=parts.iot_arns("cert/*", "thing/*"),
    )
    part.allow(
        "iot:ListThingPrincipals",
        "iot:GetThingShadow",
        "iot:UpdateThingShadow",
        "iot:DeleteThing",
        on=parts.iot_arns("thing/*"),
    )
    part.allow("secretsmanager:PutSecretValue", "secretsmanager:GetSecretValue", on=[parts.tls_secrets()])
    parts.tables.vens.grant(
        part.function, "dynamodb:GetItem", "dynamodb:Scan", "dynamodb:UpdateItem", "dynamodb:DeleteItem"
    )
    return part


def admit_ven(parts: SharedResources) -> LambdaFunction:
    """Says which VENs may be provisioned by claim."""
    part = parts.slice(
        "admit_ven",
        "Says which VENs may be provisioned by claim",
        timeout_s=5,  # IoT Core waits no longer
        VENS_TABLE=parts.tables.vens.table_name,
        ALLOWED_TABLE=parts.allowed.table.table_name,
    )
    parts.allowed.table.grant(part.function, "dynamodb:UpdateItem")
    parts.tables.vens.grant(part.function, "dynamodb:UpdateItem")
    return part
