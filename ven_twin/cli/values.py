"""Values of options without pydantic, which typer loads to check any value, in a tenth of a second."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from typer._coercion import RuntimeParam, TypeDescriptor, build_runtime_param


@dataclass(frozen=True)
class QuickParam(RuntimeParam):
    """A parameter whose texts and defaults are as they should be already; typer reads any other value."""

    descriptor: TypeDescriptor

    def _coerce_value(self, value: Any, param: Any, ctx: Any) -> Any:
        texts = value if isinstance(value, list | tuple) and self.annotation == list[str] else (value,)
        if self.annotation in (str, list[str]) and all(isinstance(text, str) for text in texts):
            return value
        if isinstance(self.annotation, type) and type(value) is self.annotation:
            return value
        return build_runtime_param(self.descriptor).coerce(value, param=param, ctx=ctx)


def quicken(parameters: Iterable[Any]) -> None:
    """Have *parameters*, which are typer's, take their values without pydantic where that goes."""
    for parameter in parameters:
        read = parameter.type_descriptor
        parameter._runtime_param = QuickParam(read.parameter_info, read.annotation, read)  # noqa: SLF001
