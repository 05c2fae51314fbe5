"""The VTN of itself: its authorization server, its notifiers and their topics, its document."""

from __future__ import annotations

from functools import cache

from contracts.openadr.ids import ObjectId
from contracts.openadr.notifiers import (
    MqttAuthentication,
    MqttBinding,
    Notifiers,
    topics_below,
)
from contracts.openadr.objects import OadrProgram
from contracts.openadr.routes import TOPICS_PATH
from contracts.openadr.tokens import AuthServer
from contracts.wire import codec
from lambdas.shared.oadr_problems import VtnProblemKind
from lambdas.shared.vtn_problems import VtnProblemError, absent
from lambdas.vtn.adapters import VtnAdapters
from lambdas.vtn.logic.calls import read_id
from lambdas.vtn.logic.request import VtnRequest
from lambdas.vtn.logic.responses import VtnResponse, answered, read_answer
from lambdas.vtn.settings import is_set


def auth_server(adapters: VtnAdapters) -> VtnResponse:
    """The URL at which tokens are to be had."""
    return answered(200, codec.encode(AuthServer(token_url=adapters.token_url)))


def notifiers(request: VtnRequest, adapters: VtnAdapters) -> VtnResponse:
    """Webhooks, and MQTT where there is a broker."""
    settings = adapters.settings
    mqtt = None
    if is_set(settings.mqtt_uri):
        authentication = MqttAuthentication(method="ANONYMOUS")
        if is_set(settings.mqtt_username):
            authentication = MqttAuthentication(method="OAUTH2_BEARER_TOKEN", username=settings.mqtt_username)
        mqtt = MqttBinding(uris=(settings.mqtt_uri,), authentication=authentication)
    return read_answer(codec.encode(Notifiers(webhook=True, mqtt=mqtt)), request.header("if-none-match"))


def topics(request: VtnRequest, adapters: VtnAdapters) -> VtnResponse:
    """The names of topics.

    Interpretation: without a broker there are none.
    """
    if request.parameters:
        _check_visible(request, adapters)
    if not is_set(adapters.settings.mqtt_uri):
        raise VtnProblemError(VtnProblemKind.NOT_FOUND, "there is no MQTT notifier: see /notifiers")
    path = request.route.path.removeprefix(TOPICS_PATH)
    names = path.format(**request.parameters).strip("/").split("/")
    below = topics_below(*names, of_one=request.route.names_one, root=adapters.settings.mqtt_root)
    return read_answer(codec.encode(below), request.header("if-none-match"))


def openapi() -> VtnResponse:
    """The document of all this."""
    return answered(200, _document())


@cache
def _document() -> bytes:
    from contracts.api import openapi_vtn  # noqa: PLC0415 - no other call needs it

    return codec.encode(openapi_vtn.vtn_document())


def _check_visible(request: VtnRequest, adapters: VtnAdapters) -> None:
    name, object_id = read_id(request.parameters)
    if not (_is_program if name == "programID" else _is_ven)(object_id, request, adapters):
        raise absent(name)


def _is_program(object_id: ObjectId, request: VtnRequest, adapters: VtnAdapters) -> bool:
    record = adapters.book.find("PROGRAM", object_id)
    return (
        record is not None
        and isinstance(record.value, OadrProgram)
        and request.caller.sees(record.value.targets)
    )


def _is_ven(object_id: ObjectId, request: VtnRequest, adapters: VtnAdapters) -> bool:
    if request.owner is not None:
        return request.caller.ven(object_id) is not None
    return adapters.book.find("VEN", object_id) is not None
