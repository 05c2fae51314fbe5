"""Functions of the stage that invoke each other, and wait for the answer."""

from __future__ import annotations

from contracts.errors import VenTwinError
from contracts.wire import codec
from contracts.wire.codec import JsonObject
from lambdas.shared import clients
from lambdas.shared.answers import ANSWER_MAX_BYTES, Answer


class FunctionFailedError(VenTwinError):
    """An invoked function failed; its log has the cause.

    Attributes:
        function: its name.
    """

    def __init__(self, function: str) -> None:
        self.function = function
        super().__init__(function)


def call_function(function: str, request: JsonObject) -> Answer:
    """The answer of *function* to *request*, which may be a refusal. Raises FunctionFailedError."""
    response = clients.functions().invoke(FunctionName=function, Payload=codec.encode(request))
    if response.get("FunctionError"):
        raise FunctionFailedError(function)
    return codec.load_object(response["Payload"].read(), max_bytes=ANSWER_MAX_BYTES)
