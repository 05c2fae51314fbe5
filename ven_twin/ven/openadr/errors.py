"""The ways in which a VTN does not do what the VEN asks for."""

from __future__ import annotations

from contracts.errors import VenTwinError


class VtnError(VenTwinError):
    """Root of them. One line, without a token or a secret, and without anything that is not plain text."""


class VtnUnreachableError(VtnError):
    """No answer that can be read, or an error of the VTN's. Try again after a while."""


class VtnBusyError(VtnError):
    """The VTN asks for a pause. Try again after *retry_after_s*, which is at least that long.

    Attributes:
        retry_after_s: the pause, s; None where it does not say.
    """

    def __init__(self, text: str, retry_after_s: float | None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(text)


class VtnRefusedError(VtnError):
    """The VTN understood, and says no. Someone has to change something; try again slowly.

    Attributes:
        status: its status of HTTP.
    """

    def __init__(self, text: str, status: int) -> None:
        self.status = status
        super().__init__(text)


class VtnCredentialsError(VtnRefusedError):
    """No token was given for the client's id and secret. Nothing else was asked."""
