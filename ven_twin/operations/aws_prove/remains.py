"""Whatever a destroyed stage left in the account: looked for by name, in every service of the stack."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial

import msgspec

from contracts.store.stack import stack_name, ven_policy_name
from contracts.wire.ids import VenId
from ven_twin.operations.aggregator.cloud import Cloud
from ven_twin.operations.aggregator.cloud_errors import CloudError, explained, is_absent
from ven_twin.operations.aws_check.account import Account
from ven_twin.operations.aws_check.finding import Unanswered
from ven_twin.operations.aws_check.judge import removal_of
from ven_twin.operations.aws_check.names import Kind, names_of


class Remainder(msgspec.Struct, frozen=True):
    """Something that is left, and the command that removes it."""

    kind: str
    name: str
    removal: str


class _Listing(msgspec.Struct, frozen=True):
    """A list of what CloudFormation names itself: the call, where the names are, how one is removed."""

    kind: str
    service: str
    operation: str
    page_key: str
    name_key: str
    removal: str


_LISTINGS = (
    _Listing(
        "function",
        "lambda",
        "list_functions",
        "Functions",
        "FunctionName",
        "aws lambda delete-function --function-name",
    ),
    _Listing("table", "dynamodb", "list_tables", "TableNames", "", "aws dynamodb delete-table --table-name"),
    _Listing("queue", "sqs", "list_queues", "QueueUrls", "", "aws sqs delete-queue --queue-url"),
    _Listing(
        "log group",
        "logs",
        "describe_log_groups",
        "logGroups",
        "logGroupName",
        "aws logs delete-log-group --log-group-name",
    ),
    _Listing("role", "iam", "list_roles", "Roles", "RoleName", "aws iam delete-role --role-name"),
    _Listing(
        "alarm",
        "cloudwatch",
        "describe_alarms",
        "MetricAlarms",
        "AlarmName",
        "aws cloudwatch delete-alarms --alarm-names",
    ),
)


def certificates_of(cloud: Cloud) -> set[str]:
    """The ids of the certificates that have a policy of the stage: of its VENs, and of its claim."""
    ids = set[str]()
    for policy in (ven_policy_name(cloud.stage), f"ven-twin-{cloud.stage}-claim"):
        try:
            with explained():
                targets = cloud.client("iot").list_targets_for_policy(policyName=policy)["targets"]
        except CloudError as error:
            if not is_absent(error):
                raise
        else:
            ids |= {target.rpartition("/")[2] for target in targets}
    return ids


def delete_shadows(cloud: Cloud, ven_ids: Sequence[VenId]) -> None:
    """Delete the VENs' shadows: AWS does not document that they go with their things. Raises CloudError."""
    for ven_id in ven_ids:
        try:
            with explained():
                cloud.client("iot-data").delete_thing_shadow(thingName=ven_id)
        except CloudError as error:
            if not is_absent(error):
                raise


def remainders(
    cloud: Cloud, ven_ids: Sequence[VenId], certificates: Collection[str]
) -> tuple[list[Remainder], list[str]]:
    """Everything of the stage that is still there, and why some of it could not be looked for."""
    left: list[Remainder] = []
    silent: list[str] = []
    account, stack = Account(cloud), stack_name(cloud.stage)
    for kind in Kind:
        names = [resource for resource in names_of(cloud.stage, ven_ids) if resource.kind is kind]
        existing = account.existing(names)
        if isinstance(existing, Unanswered):
            silent.append(f"{kind}: {existing.why}")
        else:
            left += [Remainder(kind, item.resource.name, removal_of(item)) for item in existing]
    status = account.stack_status()
    if isinstance(status, Unanswered):
        silent.append(f"stack: {status.why}")
    elif status is not None:
        left.append(Remainder("stack", stack, f"aws cloudformation delete-stack --stack-name {stack}"))
    looks: dict[str, Callable[[], Iterable[Remainder]]] = {
        listing.kind: partial(_listed, cloud, listing, stack) for listing in _LISTINGS
    }
    looks["certificate"] = partial(_certificates, cloud, certificates)
    looks["shadow"] = partial(_shadows, cloud, ven_ids)
    for name, look in looks.items():
        try:
            left += look()
        except CloudError as error:
            silent.append(f"{name}: {error}")
    return left, silent


def _shadows(cloud: Cloud, ven_ids: Sequence[VenId]) -> Iterator[Remainder]:
    for ven_id in ven_ids:
        if cloud.shadow(ven_id):
            removal = f"aws iot-data delete-thing-shadow --thing-name {ven_id} /dev/stdout"
            yield Remainder("shadow", ven_id, removal)


def _listed(cloud: Cloud, listing: _Listing, stack: str) -> list[Remainder]:
    """Those of *listing* whose name has the stack's in it. Raises CloudError."""
    with explained():
        pages = cloud.client(listing.service).get_paginator(listing.operation).paginate()
        items = [item for page in pages for item in page.get(listing.page_key, [])]
    names = [str(item[listing.name_key]) if listing.name_key else str(item) for item in items]
    return [
        Remainder(listing.kind, name, f"{listing.removal} {name}")
        for name in names
        if f"{stack}-" in f"{name}-"
    ]


def _certificates(cloud: Cloud, certificates: Collection[str]) -> Iterator[Remainder]:
    for certificate_id in sorted(certificates):
        try:
            with explained():
                cloud.client("iot").describe_certificate(certificateId=certificate_id)
        except CloudError as error:
            if not is_absent(error):
                raise
        else:
            removal = (
                f"aws iot update-certificate --new-status INACTIVE --certificate-id {certificate_id} &&"
                f" aws iot delete-certificate --force-delete --certificate-id {certificate_id}"
            )
            yield Remainder("certificate", certificate_id, removal)
