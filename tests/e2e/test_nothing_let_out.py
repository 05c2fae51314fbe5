"""Key, certificate and token text stands in the vault and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contracts.store.stack import StackOutput
from tests.support import transcripts

if TYPE_CHECKING:
    from tests.e2e.conftest import System


def test_rows_shadows_and_logs_hold_no_secret(system: System) -> None:
    """Of the running system's tables, shadows, dead letters and function logs; looked at again at the end."""
    looked_at = {where for where, text in transcripts._said(system.cloud) if len(text) > 2}
    assert "shadow of ven-1" in looked_at
    assert system.cloud.output(StackOutput.TELEMETRY_TABLE) in looked_at
    assert any("ProvisionVenLogs" in where for where in looked_at)
    assert transcripts.let_out(system.cloud) == []


def test_a_secret_that_is_planted_is_found(system: System) -> None:
    """One line of ven-1's key in a row, without any marker around it, is enough."""
    key = next(value for value in transcripts._vault(system.cloud) if "PRIVATE KEY" in value)
    table, row = (
        system.cloud.output(StackOutput.TELEMETRY_TABLE),
        {"venId": {"S": "planted"}, "rowId": {"S": "0"}},
    )
    dynamodb = system.cloud.client("dynamodb")
    dynamodb.put_item(TableName=table, Item={**row, "said": {"S": key.splitlines()[1]}})
    try:
        assert transcripts.let_out(system.cloud) == [f"{table}: a line of a key or certificate"]
    finally:
        dynamodb.delete_item(TableName=table, Key=row)
