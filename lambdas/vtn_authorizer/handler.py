"""Answers AWS IoT who may connect by a bearer token, and to which topics."""

from __future__ import annotations

import base64
import binascii

import msgspec
from aws_lambda_powertools.utilities.typing import LambdaContext

from contracts.wire.codec import JsonDict
from lambdas.shared import clients, clock, settings
from lambdas.shared.bearer_tokens import TokenRefusedError
from lambdas.shared.invocation import Event, logger
from lambdas.shared.object_privacy import ClientGoneError
from lambdas.vtn_authorizer.adapters import open_adapters
from lambdas.vtn_authorizer.logic import AuthorizerEvent, admitted, is_connectable, refused, topics_of
from lambdas.vtn_authorizer.settings import AuthorizerSettings

clients.at_init(__package__, clients.dynamodb, clients.kms)


@logger.inject_lambda_context
def handler(event: Event, context: LambdaContext) -> JsonDict:  # noqa: ARG001 - Lambda's form
    """Let a client in whose user name is its id, and whose password is its token."""
    environment = settings.read(AuthorizerSettings)
    try:
        mqtt = msgspec.convert(event, AuthorizerEvent).mqtt
        token = base64.b64decode(mqtt.password, validate=True).decode("ascii")
        caller = open_adapters(environment).caller(token, now=clock.utc_now())
    except (
        TokenRefusedError,
        ClientGoneError,
        msgspec.ValidationError,
        binascii.Error,
        UnicodeError,
    ) as error:
        logger.info("refused", extra={"reason": type(error).__name__})
        return refused()
    client_id, topics = caller.client.client_id, topics_of(caller, environment.mqtt_root)
    if not topics or not is_connectable(mqtt, client_id):
        logger.info("refused", extra={"client_id": client_id, "topics": len(topics)})
        return refused()
    logger.info("admitted", extra={"client_id": client_id, "topics": len(topics)})
    return admitted(mqtt.client_id, client_id, topics, environment.iot_arn)
