"""Nothing here may open a socket."""

from __future__ import annotations

from pytest_socket import disable_socket


def pytest_runtest_setup() -> None:
    """Settlement's arithmetic is pure."""
    disable_socket()
