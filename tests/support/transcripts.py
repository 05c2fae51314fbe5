"""What the local cloud holds of what was said: rows, shadows, dead letters, the functions' logs."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from tests.support.leaks import leaks
from ven_twin.operations.aggregator.cloud import Cloud

_LINE = re.compile(r"^[A-Za-z0-9+/=]{40,}$", re.MULTILINE)


def let_out(cloud: Cloud) -> list[str]:
    """Where something of a secret stands outside the vault, whose values are what is looked for."""
    secrets = {line for value in _vault(cloud) for line in _LINE.findall(value)}
    return [f"{where}: {what}" for where, said in _said(cloud) for what in leaks(said, secrets)]


def _vault(cloud: Cloud) -> Iterator[str]:
    vault = cloud.client("secretsmanager")
    for secret in vault.list_secrets()["SecretList"]:
        raw = vault.get_secret_value(SecretId=secret["ARN"]).get("SecretString", "{}")
        with contextlib.suppress(ValueError):
            yield from (value for value in json.loads(raw).values() if isinstance(value, str))


def _said(cloud: Cloud) -> Iterator[tuple[str, str]]:
    dynamodb, logs = cloud.client("dynamodb"), cloud.client("logs")
    for table in dynamodb.list_tables()["TableNames"]:
        for page in dynamodb.get_paginator("scan").paginate(TableName=table):
            yield table, json.dumps(page["Items"], default=str)
    for thing in cloud.client("iot").list_things()["things"]:
        yield f"shadow of {thing['thingName']}", json.dumps(cloud.shadow(thing["thingName"]))
    yield from _letters(cloud)
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        with contextlib.suppress(ClientError):
            for page in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
                yield name, "\n".join(event["message"] for event in page["events"])


def _letters(cloud: Cloud) -> Iterator[tuple[str, Any]]:
    sqs = cloud.client("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
        yield url, json.dumps([message["Body"] for message in answer.get("Messages", [])])
