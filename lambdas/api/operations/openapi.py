"""The API's own document."""

from __future__ import annotations

from functools import cache

import msgspec

from lambdas.api.adapters import ApiAdapters
from lambdas.api.logic.operation import OperationRequest, OperationResult


def get_openapi(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:  # noqa: ARG001 - every operation is called alike
    """The document, made at the first call for it."""
    return OperationResult(_document())


@cache
def _document() -> msgspec.Raw:
    from contracts.api import openapi  # noqa: PLC0415 - no other call needs it

    return msgspec.Raw(msgspec.json.encode(openapi.document()))
