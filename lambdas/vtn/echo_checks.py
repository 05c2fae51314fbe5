"""The check of a callback before anything is sent to it: it must echo a word."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Protocol

from contracts.errors import FieldError
from lambdas.shared.callback_urls import FIELD, read_callback_url
from lambdas.shared.callbacks import CallbackError, Callbacks

WORD_BYTES = 18


class CallbackChecker(Protocol):
    """Checks callbacks."""

    def check(self, url: str) -> None:
        """Return when *url* is one that may be called, and wants to be.

        Raises:
            FieldError: it is not, with the reason.
        """


@dataclass(frozen=True, slots=True)
class EchoChecks:
    """Asks a callback to echo a word that nobody can guess."""

    callbacks: Callbacks

    def check(self, url: str) -> None:
        """Ask *url* to echo. Raises FieldError."""
        try:
            self.callbacks.check(read_callback_url(url), secrets.token_urlsafe(WORD_BYTES))
        except CallbackError as error:
            raise FieldError(FIELD, str(error)) from None
