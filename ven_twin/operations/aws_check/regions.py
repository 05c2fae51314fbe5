"""The region of a deployment: known to botocore, and with every service that the stack is made of."""

from __future__ import annotations

from collections.abc import Mapping

import botocore.session

from ven_twin.operations.aws_check.finding import Finding, green, wrong

SERVICES = {
    "iot": "AWS IoT",
    "iot-data": "AWS IoT's data plane",
    "scheduler": "EventBridge Scheduler",
    "apigatewayv2": "HTTP APIs",
    "lambda": "Lambda",
    "dynamodb": "DynamoDB",
    "sqs": "SQS",
    "secretsmanager": "Secrets Manager",
    "cloudformation": "CloudFormation",
}
"""The stack's services by botocore's names."""
SUBJECT = "region"


def regions_by_service() -> dict[str, frozenset[str]]:
    """The regions of each service, of botocore's endpoints in all partitions."""
    session = botocore.session.get_session()
    partitions = session.get_available_partitions()
    return {
        service: frozenset(
            region for name in partitions for region in session.get_available_regions(service, name)
        )
        for service in SERVICES
    }


def judge_region(region: str | None, source: str, available: Mapping[str, frozenset[str]]) -> Finding:
    """Judge the region that *source* names by the regions *available* of each service."""
    if region is None:
        return wrong(
            SUBJECT,
            "none is set",
            "give --region, or set AWS_REGION or AWS_DEFAULT_REGION, such as us-east-1",
        )
    lacking = [SERVICES[service] for service, regions in available.items() if region not in regions]
    if len(lacking) == len(available):
        return wrong(
            SUBJECT, f"{region} ({source}) is no region of AWS", "check the spelling: us-east-1, say"
        )
    if lacking:
        whole = frozenset.intersection(*available.values())
        near = sorted(name for name in whole if name.split("-")[0] == region.split("-")[0]) or sorted(whole)
        remedy = f"take a region that has them: {', '.join(near[:6])}"
        return wrong(SUBJECT, f"{region} ({source}) has no {', '.join(lacking)}", remedy)
    return green(SUBJECT, f"{region} ({source}) has all of the stack's services")
