"""The operator's side of the cloud: the same calls against the local cloud and AWS."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from contracts.store import keys
from contracts.store.batch_rows import ROW_ID, reach, rows_of, rows_within
from contracts.store.items import Item, from_item, to_item
from contracts.store.stack import (
    SECRET_CA,
    SECRET_CERTIFICATE,
    SECRET_PRIVATE_KEY,
    StackOutput,
    stack_name,
)
from contracts.wire import codec
from contracts.wire.codec import JsonDict
from contracts.wire.ids import EventId, VenId
from contracts.wire.telemetry_batch import SAMPLES
from ven_twin.operations.aggregator.batches import BATCH_MAX_KEYS, WRITE_MAX_ITEMS, read_batch, write_batch
from ven_twin.operations.aggregator.cloud_errors import CloudError, explained, is_absent
from ven_twin.operations.aggregator.local_tables import LocalCalls, LocalTables, stack_outputs


@dataclass(frozen=True, slots=True)
class Access:
    """Access to a stage's cloud: how clients are made, and where VENs connect."""

    stage: str
    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None
    mqtt: tuple[str, int] | None = None


REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


def environment_region() -> str | None:
    """The region that ``AWS_REGION`` names, as for the CDK CLI; boto3 reads ``AWS_DEFAULT_REGION`` alone."""
    return os.environ.get("AWS_REGION") or None


class Cloud:
    """One stage's stack: its tables, functions, secrets and shadows.

    Every method raises CloudError, with what to do, when there are no credentials, no network, no stack or
    no permission.
    """

    def __init__(self, access: Access) -> None:
        self.stage = access.stage
        self._access = access
        self._local = _local_calls(access)
        self._clients: dict[str, Any] = {}
        if self._local is None:
            _ = self._session  # a profile that there is not is told at once
        else:
            self._clients["dynamodb"] = LocalTables(self._local)
        self._outputs: dict[str, str] | None = None

    @cached_property
    def _session(self) -> Any:
        import boto3  # noqa: PLC0415 - it takes longer to start than what is read of the local cloud's tables

        access = self._access
        with explained():
            return boto3.Session(
                profile_name=access.profile,
                region_name=access.region or environment_region(),
                aws_access_key_id=access.access_key_id,
                aws_secret_access_key=access.secret_access_key,
            )

    @property
    def profile(self) -> str | None:
        """The AWS profile that was named."""
        return self._access.profile

    @property
    def region(self) -> tuple[str | None, str]:
        """The region, and where it was set; None where it is nowhere."""
        name: str | None = self._session.region_name
        if self._access.endpoint_url:
            return name, "the local cloud's"
        if self._access.region:
            return name, "--region"
        variables = (variable for variable in REGION_VARIABLES if os.environ.get(variable))
        return name, next(variables, "the profile")

    def client(self, service: str) -> Any:
        """A client, made once. It gives up on an unreachable endpoint within seconds."""
        if service not in self._clients:
            from botocore.config import Config  # noqa: PLC0415 - as boto3

            config = Config(
                connect_timeout=5, read_timeout=130, retries={"max_attempts": 3, "mode": "standard"}
            )
            with explained():
                self._clients[service] = self._session.client(
                    service, endpoint_url=self._access.endpoint_url, config=config
                )
        return self._clients[service]

    def output(self, name: StackOutput) -> str:
        """An output of the stack: a table's or a function's name."""
        value = self.optional_output(name)
        if value is None:
            raise CloudError(f"stack {stack_name(self.stage)} has no output {name}: deploy it again")
        return value

    def optional_output(self, name: StackOutput) -> str | None:
        """The same; None of a stack of an earlier release, which has it not yet."""
        if self._outputs is None:
            self._outputs = self._read_outputs()
        return self._outputs.get(name)

    def _read_outputs(self) -> dict[str, str]:
        name = stack_name(self.stage)
        missing = f"there is no stack {name} here: deploy it first ({_deploy_hint(self.stage)})"
        with explained(missing=missing):
            if self._local is not None:
                return stack_outputs(self._local, name)
            stack = self.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def invoke(self, function: StackOutput, request: Mapping[str, object] | msgspec.Struct) -> JsonDict:
        """Call a function and return what it answers.

        Raises:
            CloudError: also when the function failed; its log has the cause.
        """
        with explained():
            answer = self.client("lambda").invoke(
                FunctionName=self.output(function), Payload=codec.encode(request)
            )
            body = answer["Payload"].read()
        value: JsonDict = json.loads(body)
        if "FunctionError" in answer:
            why = f"{value.get('errorType', 'error')}: {value.get('errorMessage', '')}".splitlines()[0]
            raise CloudError(f"{function} failed in the cloud; its log group has the whole: {why}")
        return value

    def shadow(self, ven_id: VenId) -> JsonDict:
        """A VEN's shadow document; empty when it has none yet."""
        try:
            with explained():
                answer = self.client("iot-data").get_thing_shadow(thingName=ven_id)
        except CloudError as error:
            if is_absent(error):
                return {}
            raise
        document: JsonDict = json.loads(answer["payload"].read())
        return document

    def tls(self, name: str) -> dict[str, str]:
        """The CA, certificate and private key in the secret *name*, PEM, by the names of its fields."""
        missing = f"there is no secret {name}: is its VEN among the stack's, and is the stack deployed?"
        with explained(missing=missing):
            text = self.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
        value = json.loads(text)
        for key in (SECRET_CA, SECRET_CERTIFICATE, SECRET_PRIVATE_KEY):
            if not isinstance(value.get(key), str):
                raise CloudError(f"secret {name} has no {key}: it is no VEN's secret")
        return dict(value)

    def mqtt(self) -> tuple[str, int]:
        """Host and port that VENs connect to."""
        if self._access.mqtt is not None:
            return self._access.mqtt
        with explained():
            answer = self.client("iot").describe_endpoint(endpointType="iot:Data-ATS")
        return answer["endpointAddress"], 8883

    def item(self, table: StackOutput, key: Mapping[str, str]) -> Item | None:
        """An item of a table, or None."""
        with explained():
            answer = self.client("dynamodb").get_item(
                TableName=self.output(table),
                Key={name: {"S": value} for name, value in key.items()},
                ConsistentRead=True,
            )
        return from_item(answer["Item"]) if "Item" in answer else None

    def items(self, table: StackOutput) -> Iterator[Item]:
        """Every item of a small table."""
        yield from self._pages("scan", TableName=self.output(table), ConsistentRead=True)

    def event_items(self, partition: EventId, between: tuple[str, str] = keys.WHOLE_EVENT) -> Iterator[Item]:
        """An event's items, or those of another *partition* of its table; *between* are some sort keys."""
        values = {":e": partition, ":a": between[0], ":b": between[1]}
        yield from self._pages(
            "query",
            TableName=self.output(StackOutput.EVENTS_TABLE),
            ConsistentRead=True,
            KeyConditionExpression="#e = :e AND #p BETWEEN :a AND :b",
            ExpressionAttributeNames={"#e": keys.EVENTS.partition, "#p": str(keys.EVENTS.sort)},
            ExpressionAttributeValues={name: {"S": value} for name, value in values.items()},
        )

    def events(self, page: int, from_ts: int, to_ts: int) -> Iterator[Item]:
        """The headers of the events that start in [from_ts, to_ts), the newest start first.

        *page* of them are read at a time.
        """
        if from_ts >= to_ts:
            return
        yield from self._pages(
            "query",
            TableName=self.output(StackOutput.EVENTS_TABLE),
            IndexName=keys.EVENTS_BY_START,
            KeyConditionExpression="#p = :p AND #s BETWEEN :a AND :b",
            ExpressionAttributeNames={"#p": keys.EVENTS_INDEX.partition, "#s": str(keys.EVENTS_INDEX.sort)},
            ExpressionAttributeValues=to_item({":p": keys.EVENT_SORT_KEY, ":a": from_ts, ":b": to_ts - 1}),
            ScanIndexForward=False,
            Limit=page,
        )

    def latest_rows(self, ven_ids: Sequence[VenId]) -> Iterator[Item]:
        """The latest telemetry row of those VENs that have one."""
        table, attributes = self.output(StackOutput.TELEMETRY_TABLE), keys.TELEMETRY
        for first in range(0, len(ven_ids), BATCH_MAX_KEYS):
            wanted = [
                {attributes.partition: {"S": ven_id}, str(attributes.sort): {"S": keys.LATEST_ROW}}
                for ven_id in ven_ids[first : first + BATCH_MAX_KEYS]
            ]
            yield from read_batch(self.client("dynamodb"), table, wanted)

    def telemetry_after(self, ven_id: VenId, row_id: str) -> Iterator[Item]:
        """A VEN's rows whose key is above *row_id*, oldest first; those of a batch each by itself."""
        values = {":v": ven_id, ":r": row_id, ":end": keys.ROWS_END}
        items = self._rows("#r BETWEEN :r AND :end", values, ConsistentRead=True)
        rows = rows_within(items, (row_id, keys.ROWS_END))
        yield from (dict(row) for row in rows if row[ROW_ID] != row_id)

    def rows(self, partition: VenId, from_ts: int, to_ts: int, names: Sequence[str]) -> Iterator[Item]:
        """The rows of [from_ts, to_ts), oldest first, with the attributes *names*; read as they are taken."""
        between = keys.telemetry_range(from_ts, to_ts)
        first, last = reach(between)
        values = {":v": partition, ":first": first, ":last": last}
        named = {f"#a{place}": name for place, name in enumerate((*names, SAMPLES))}
        projection = ", ".join(["#r", *named])
        items = self._rows("#r BETWEEN :first AND :last", values, named, ProjectionExpression=projection)
        return map(dict, rows_within(items, between, names))

    def circuits_row(self, ven_id: VenId) -> Item | None:
        """A VEN's latest snapshot of its circuits, or None."""
        return next(self._rows("#r = :r", {":v": ven_id, ":r": keys.CIRCUITS_ROW}), None)

    def newest_row(self, ven_id: VenId) -> Item | None:
        """The row that stands last by its VEN's clock, with its circuits, or None."""
        values = {":v": ven_id, ":end": keys.ROWS_END}
        item = next(self._rows("#r < :end", values, ScanIndexForward=False, Limit=1), None)
        return None if item is None else dict(rows_of(item)[-1])

    def first_telemetry_ts(self, ven_id: VenId, but_not: str) -> int | None:
        """End of a VEN's first row that is not of boot *but_not*, UTC s; None when there is none."""
        items = self._rows(
            "#r < :end",
            {":v": ven_id, ":end": keys.ROWS_END, ":b": but_not},
            {"#b": "bootId", "#t": "timestamp", "#s": SAMPLES},
            FilterExpression="attribute_not_exists(#b) OR #b <> :b",
            ProjectionExpression="#r, #t, #s",
        )
        item = next(items, None)
        return None if item is None else int(rows_of(item)[0]["timestamp"])

    def _rows(
        self, condition: str, values: Mapping[str, str], names: Mapping[str, str] = {}, **more: object
    ) -> Iterator[Item]:
        """Rows of the partition ``:v`` of the telemetry table whose sort key ``#r`` meets *condition*."""
        return self._pages(
            "query",
            TableName=self.output(StackOutput.TELEMETRY_TABLE),
            KeyConditionExpression=f"#v = :v AND {condition}",
            ExpressionAttributeNames={
                "#v": keys.TELEMETRY.partition,
                "#r": str(keys.TELEMETRY.sort),
                **names,
            },
            ExpressionAttributeValues={name: {"S": value} for name, value in values.items()},
            **more,
        )

    def put_items(self, table: StackOutput, items: Sequence[Mapping[str, object]]) -> None:
        """Write *items*, each over what its key holds."""
        self._write(table, [{"PutRequest": {"Item": to_item(item)}} for item in items])

    def delete_items(self, table: StackOutput, keys: Sequence[Mapping[str, str]]) -> None:
        """Delete the items of *keys*, as far as they are there."""
        self._write(table, [{"DeleteRequest": {"Key": to_item(key)}} for key in keys])

    def _write(self, table: StackOutput, requests: Sequence[Mapping[str, object]]) -> None:
        name, client = self.output(table), self.client("dynamodb")
        for first in range(0, len(requests), WRITE_MAX_ITEMS):
            write_batch(client, name, requests[first : first + WRITE_MAX_ITEMS])

    def _pages(self, operation: str, **arguments: object) -> Iterator[Item]:
        with explained():
            for page in self.client("dynamodb").get_paginator(operation).paginate(**arguments):
                for item in page["Items"]:
                    yield from_item(item)


def _local_calls(access: Access) -> LocalCalls | None:
    """Calls of the local cloud, whose address and keys are at hand; None of AWS."""
    if access.endpoint_url is None or access.access_key_id is None or access.secret_access_key is None:
        return None
    return LocalCalls(access.endpoint_url, str(access.region), access.access_key_id, access.secret_access_key)


def _deploy_hint(stage: str) -> str:
    return "ven-twin cloud start" if stage == "local" else f"npx cdk deploy -c stage={stage}"
