"""Several writes to one table that take effect together or not at all, and which of them was refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from contracts.store.items import to_item
from contracts.store.keys import Key
from lambdas.shared.expressions import conditional
from lambdas.shared.tables import Condition, Table

TRANSACTION_MAX_WRITES = 100
"""Source: DynamoDB, TransactWriteItems."""


class Refusal(StrEnum):
    """Reasons for which a transaction takes no effect."""

    CONDITION = "ConditionalCheckFailed"
    CONFLICT = "TransactionConflict"
    """Another transaction is about to write one of the items: try again."""


@dataclass(frozen=True, slots=True)
class Write:
    """One write: of an *item*, or where that is None a deletion of *key*; with *checks* neither.

    Attributes:
        key: of the item.
        item: its attributes without the key.
        when: the condition on which all writes depend; None for none.
        checks: True to look at the condition and write nothing.
        label: what a refusal of it is told by.
    """

    key: Key
    item: Mapping[str, object] | None = None
    when: Condition | None = None
    checks: bool = False
    label: str = ""


@dataclass(frozen=True, slots=True)
class TransactionOutcome:
    """The labels of the writes that were *refused*, with the reasons; none when a transaction took effect."""

    refused: Mapping[str, Refusal] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        """True when all was written."""
        return not self.refused


IS_THERE = Condition("attribute_exists(#p)", {"#p": "owner"})
IS_NEW = Condition("attribute_not_exists(#p)", {"#p": "owner"})
"""Conditions of the VTN's table."""


def transact(table: Table, writes: Sequence[Write]) -> TransactionOutcome:
    """Do all *writes*, up to `TRANSACTION_MAX_WRITES`, or none.

    A call whose answer was lost is tried again under the same token, and takes effect once.
    """
    try:
        table.client.transact_write_items(TransactItems=[_write(table, write) for write in writes])
    except table.client.exceptions.TransactionCanceledException as error:
        codes = [reason.get("Code", "None") for reason in error.response["CancellationReasons"]]
        if not set(codes) <= {"None", *Refusal}:
            raise
        return TransactionOutcome(
            {write.label: Refusal(code) for write, code in zip(writes, codes, strict=True) if code != "None"}
        )
    except table.client.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "TransactionInProgressException":
            raise
        return TransactionOutcome({"": Refusal.CONFLICT})
    return TransactionOutcome()


def _write(table: Table, write: Write) -> Any:
    condition = {} if write.when is None else conditional(write.when)
    key = table.key(write.key)
    if write.checks:
        return {"ConditionCheck": {"TableName": table.name, "Key": to_item(key), **condition}}
    if write.item is None:
        return {"Delete": {"TableName": table.name, "Key": to_item(key), **condition}}
    return {"Put": {"TableName": table.name, "Item": to_item({**key, **write.item}), **condition}}
