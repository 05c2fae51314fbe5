"""Bearer tokens of the VTN's clients, as its functions check them."""

from __future__ import annotations

from typing import Protocol

from contracts.errors import VenTwinError
from contracts.openadr.scopes import Client


class TokenRefusedError(VenTwinError):
    """Raised when a call has no token, or one that does not hold. Answer 401; the text has no token in it."""


class TokenReader(Protocol):
    """The client that calls, by the token in its *authorization* header."""

    def client(self, authorization: str | None, *, now: float) -> Client:
        """The client that *authorization*, ``Bearer …``, was issued to.

        Raises:
            TokenRefusedError: there is none, or it does not hold at *now*, UTC s.
        """
        ...
