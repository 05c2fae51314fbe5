"""The route of a call, by its method and path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from contracts.api.routes import ROUTES, Route
from lambdas.api.logic.problems import ProblemError, ProblemKind


class MatchedRoute(NamedTuple):
    """A route, and the parameters in the path by name."""

    route: Route
    parameters: Mapping[str, str]


_SEGMENTS = tuple((tuple(route.path.split("/")), route) for route in ROUTES)


def match(method: str, path: str) -> MatchedRoute:
    """The route of a call.

    Raises:
        ProblemError: there is nothing at *path*, or *method* is not done there.
    """
    matches = [
        MatchedRoute(route, parameters)
        for segments, route in _SEGMENTS
        if (parameters := _fit(segments, path.split("/"))) is not None
    ]
    if not matches:
        raise ProblemError(
            ProblemKind.NOT_FOUND, "there is nothing at this path: GET /openapi.json says what there is"
        )
    for matched in matches:
        if matched.route.method == method:
            return matched
    allowed = ", ".join(sorted(matched.route.method for matched in matches))
    raise ProblemError(ProblemKind.METHOD_NOT_ALLOWED, f"allowed: {allowed}", headers={"Allow": allowed})


def _fit(segments: tuple[str, ...], names: list[str]) -> dict[str, str] | None:
    if len(segments) != len(names):
        return None
    parameters: dict[str, str] = {}
    for segment, name in zip(segments, names, strict=True):
        if segment.startswith("{"):
            parameters[segment[1:-1]] = name
        elif segment != name:
            return None
    return parameters if all(parameters.values()) else None
