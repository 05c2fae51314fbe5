"""Nothing here may open a socket."""

from __future__ import annotations

from pytest_socket import disable_socket


def pytest_runtest_setup() -> None:
    """The arithmetic of dispatch is pure."""
    disable_socket()
