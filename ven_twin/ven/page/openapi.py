"""The local API's OpenAPI 3.1 document, made of the route table and of the Structs that it speaks."""

from __future__ import annotations

from typing import Any

from contracts.api.openapi_document import (
    PARAMETER,
    Described,
    operation,
    path_parameter,
    ref,
    response,
)
from contracts.api.openapi_document import (
    document as assemble,
)
from contracts.api.problems import PROBLEM_JSON
from ven_twin.ven.page.routes import HTML, ROUTES, PageRoute, kinds
from ven_twin.webkit.problems import PageProblem

DESCRIPTION = (
    "What the VEN's own page uses. Powers are kW, positive for import; times are UTC seconds. On loopback "
    "no token is needed; elsewhere it is `Authorization: Bearer`."
)
EVERYWHERE = {
    401: "The token is needed and missing.",
    421: "The Host header names another machine.",
}
WITH_A_BODY = {
    400: "Something in the body is wrong; `field` names it.",
    403: "The call comes from another site.",
    413: "The body is too large.",
    415: "The body is no JSON by its content type.",
}


DESCRIBED = Described(
    "The VEN's local API",
    "1.0.0",
    DESCRIPTION,
    [{}, {"token": []}],
    {"token": {"type": "http", "scheme": "bearer"}},
)


def document() -> dict[str, Any]:
    """The whole document, as JSON's own types."""
    operations = ((route.path, route.method, _operation(route)) for route in ROUTES if route.content != HTML)
    return assemble(DESCRIBED, operations, [PageProblem, *kinds()])


def _operation(route: PageRoute) -> dict[str, Any]:
    refusals = {**EVERYWHERE, **(WITH_A_BODY if route.body else {}), **route.problems}
    responses = {route.status: _answer(route, f"{route.summary}.")}
    responses |= {status: _refusal(route, status, description) for status, description in refusals.items()}
    return operation(
        route.operation,
        route.summary,
        parameters=[path_parameter(name, {"type": "string"}) for name in PARAMETER.findall(route.path)],
        body=None if route.body is None else {"schema": ref(route.body)},
        responses=responses,
    )


def _answer(route: PageRoute, description: str) -> dict[str, Any]:
    if route.answer is not None:
        schema: dict[str, Any] = ref(route.answer)
    else:
        schema = {"type": "object"} if route.content == "application/json" else {"type": "string"}
    return response(description, {route.content.partition(";")[0]: schema})


def _refusal(route: PageRoute, status: int, description: str) -> dict[str, Any]:
    """A problem; that a VEN is not healthy is told in the form of its health."""
    if status == 503 and route.path in {"/live", "/health"}:
        return _answer(route, description)
    return response(description, {PROBLEM_JSON: ref(PageProblem)})
