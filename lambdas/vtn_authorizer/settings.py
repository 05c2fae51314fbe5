"""Settings of `vtn_authorizer`."""

from __future__ import annotations

from dataclasses import dataclass

from lambdas.shared.bearer_tokens import TokenSettings


@dataclass(frozen=True, slots=True)
class AuthorizerSettings(TokenSettings):
    """The table with the clients, and what their topics are made of, beside what a token is checked by.

    Attributes:
        vtn_table: the table.
        mqtt_root: the first levels of the stage's topics.
        iot_arn: what ARNs of AWS IoT in this account and region begin with: ``arn:aws:iot:REGION:ACCOUNT``.
    """

    vtn_table: str
    mqtt_root: str
    iot_arn: str
