"""Settings of a function, read from its environment; each function has its class of them beside it.

A field's name in capitals is the variable's name. Powertools reads its own (POWERTOOLS_SERVICE_NAME,
POWERTOOLS_METRICS_NAMESPACE, POWERTOOLS_LOG_LEVEL).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, TypeVar

from contracts.errors import VenTwinError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    S = TypeVar("S", bound=DataclassInstance)
else:
    S = TypeVar("S")


class SettingError(VenTwinError):
    """An environment variable is missing or unreadable. The stack that deploys the function corrects it.

    Attributes:
        name: the variable's name.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        super().__init__(f"environment variable {name} {reason}")


def read(kind: type[S], environ: Mapping[str, str] | None = None) -> S:
    """The settings of one function from *environ* (the process's own, when None).

    Raises:
        SettingError: names the variable that is missing, empty or no whole number. One whose field has a
            default may be missing or empty.
    """
    variables = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    for field in fields(kind):
        name = field.name.upper()
        raw = variables.get(name)
        if not raw:
            if field.default is not MISSING:
                continue
            raise SettingError(name, "is not set")
        values[field.name] = _whole_number(name, raw) if field.type in {"int", int} else raw
    return kind(**values)


def _whole_number(name: str, raw: str) -> int:
    try:
        return int(raw)
    except ValueError:
        raise SettingError(name, "is not a whole number") from None
