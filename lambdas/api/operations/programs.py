"""Programs: the rules that events are settled by."""

from __future__ import annotations

import msgspec

from contracts.api.programs import Program, ProgramChanged, ProgramList
from contracts.wire.codec import JsonDict
from lambdas.api.adapters import ApiAdapters
from lambdas.api.logic.operation import OperationRequest, OperationResult, if_match_of, quoted
from lambdas.api.logic.problems import ProblemError, ProblemKind


def list_programs(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:  # noqa: ARG001 - every operation is called alike
    """Every program."""
    return OperationResult(ProgramList(items=adapters.programs.all()))


def get_program(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """The program."""
    program = _program(request, adapters)
    return OperationResult(program, _etag(program.etag))


def set_program(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """Have `dispatch_event` make the program, or replace its rules."""
    rules = msgspec.to_builtins(request.body)
    return _changed(request, adapters, {"rules": rules})


def delete_program(request: OperationRequest, adapters: ApiAdapters) -> OperationResult:
    """Have `dispatch_event` delete the program."""
    _changed(request, adapters, {"rules": None})
    return OperationResult()


def _changed(request: OperationRequest, adapters: ApiAdapters, change: JsonDict) -> OperationResult:
    change |= {"program": request.path.program}
    change |= if_match_of(request, lambda: _program(request, adapters).etag or "")
    changed = adapters.dispatch(change, ProgramChanged, {"ifMatch": "If-Match"})
    return OperationResult(changed, _etag(changed.etag))


def _program(request: OperationRequest, adapters: ApiAdapters) -> Program:
    """The path's program. Raises ProblemError when there is none."""
    program = adapters.programs.program(request.path.program)
    if program is None:
        raise ProblemError(ProblemKind.NOT_FOUND, f"no program {request.path.program!r}", field="program")
    return program


def _etag(etag: str | None) -> dict[str, str]:
    return {} if etag is None else {"ETag": quoted(etag)}
