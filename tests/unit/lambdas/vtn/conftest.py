"""A VTN over moto's table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from contracts.store.vtn_keys import VTN
from lambdas.shared import clients
from lambdas.shared.tables import Table
from tests.support.vtn import Vtn
from ven_twin.testing.account_resources import create_table
from ven_twin.testing.function_world import World


@pytest.fixture(autouse=True)
def _by_its_rights() -> None:
    """Rights of the role are held by the tests of the stack; this table is no deployed one."""


@pytest.fixture
def vtn(world: World) -> Vtn:
    """A VTN without clients."""
    create_table("vtn-test", VTN)
    slept: list[float] = []

    def tick() -> None:
        world.now += 1e-5

    return Vtn(Table(clients.dynamodb(), "vtn-test", VTN, slept.append), tick=tick)


@dataclass
class DynamoCalls:
    """The calls to DynamoDB, by operation."""

    operations: list[str] = field(default_factory=list)


@pytest.fixture
def dynamo_calls(vtn: Vtn, monkeypatch: pytest.MonkeyPatch) -> DynamoCalls:  # noqa: ARG001 - its client
    """Counts the calls to DynamoDB from now on."""
    counted = DynamoCalls()
    client: Any = clients.dynamodb()
    make: Callable[..., Any] = client._make_api_call

    def noted(operation: str, parameters: dict[str, Any]) -> Any:
        counted.operations.append(operation)
        assert parameters.get("ConsistentRead", True)
        return make(operation, parameters)

    monkeypatch.setattr(client, "_make_api_call", noted)
    return counted
