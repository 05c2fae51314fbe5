"""Answers as JSON: a user's mistake is an answer, never an exception that Lambda would retry."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from contracts.api.requests import RefusalCode, Refused
from contracts.errors import FieldError, VenTwinError, WireError
from contracts.wire import codec
from contracts.wire.codec import JsonDict

T = TypeVar("T")
Answer = JsonDict
ANSWER_MAX_BYTES = 6 * 1024 * 1024
"""Source: AWS Lambda quotas, synchronous invocation payload."""


class RequestRefusedError(VenTwinError):
    """A request that cannot be met as things stand. Nothing was changed; the caller gets *refused*.

    Attributes:
        refused: the answer to the caller.
    """

    def __init__(self, refused: Refused) -> None:
        self.refused = refused
        super().__init__(refused.error)


def not_found(error: str, field: str) -> RequestRefusedError:
    """The refusal of a request that names something that does not exist."""
    return RequestRefusedError(Refused(error=error, field=field, code=RefusalCode.NOT_FOUND))


def conflict(error: str, field: str | None = None) -> RequestRefusedError:
    """The refusal of a request that contradicts the state of things."""
    return RequestRefusedError(Refused(error=error, field=field, code=RefusalCode.CONFLICT))


def request(kind: type[T], event: object) -> T:
    """The request in an invocation's event. Raises FieldError."""
    if not isinstance(event, dict):
        raise FieldError("payload", "expected a JSON object")
    return codec.convert(kind, event)


def answer(carry_out: Callable[[], msgspec.Struct]) -> Answer:
    """The result of *carry_out*, or the refusal that it raises, as JSON."""
    try:
        result = carry_out()
    except RequestRefusedError as error:
        result = error.refused
    except FieldError as error:
        result = Refused(error=error.reason, field=error.field)
    except WireError as error:
        result = Refused(error=str(error))
    value: Answer = codec.load_object(codec.encode(result), max_bytes=ANSWER_MAX_BYTES)
    return value
