"""The API's own document."""

from __future__ import annotations

from functools import cache

import msgspec

from lambdas.api.logic.requests import Asked, Given


def get_openapi(asked: Asked) -> Given:  # noqa: ARG001 - every operation is called alike
    """The document, made when it is first asked for."""
    return Given(_document())


@cache
def _document() -> msgspec.Raw:
    from contracts.api import openapi  # noqa: PLC0415 - no other call needs it

    return msgspec.Raw(msgspec.json.encode(openapi.document()))
