"""Settings of `vtn_token`."""

from __future__ import annotations

from dataclasses import dataclass

from lambdas.shared.bearer_tokens import TokenSettings


@dataclass(frozen=True, slots=True)
class IssuingSettings(TokenSettings):
    """The table with the clients, beside what a token is made of."""

    vtn_table: str
