"""A small cloud in the process: moto's tables, things and secrets, no sockets, a clock that stands."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from moto import mock_aws
from pytest_socket import disable_socket

os.environ.setdefault("POWERTOOLS_METRICS_NAMESPACE", "VenTwin")
os.environ.setdefault("POWERTOOLS_SERVICE_NAME", "test")

from lambdas.common import clients, clock
from tests.unit.lambdas.world import ENVIRONMENT, World

CLIENTS = (clients.dynamodb, clients.iot, clients.iot_data, clients.secrets, clients.scheduler)


def pytest_runtest_setup() -> None:
    """Nothing here may open a socket."""
    disable_socket()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An account with what the stack deploys around the functions."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    for client in CLIENTS:
        client.cache_clear()
    with mock_aws():
        world = World()
        monkeypatch.setattr(clock, "utc_now", lambda: world.now)
        monkeypatch.setattr(clock, "sleep", world.slept.append)
        yield world
