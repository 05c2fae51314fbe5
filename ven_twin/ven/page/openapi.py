"""The local API's OpenAPI 3.1 document, made of the route table and of the Structs that it speaks."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ven_twin.ven.page.routes import HTML, ROUTES, PageRoute, kinds
from ven_twin.webkit.problems import PROBLEM_JSON, PageProblem

REF = "#/components/schemas/{name}"
PARAMETER = re.compile(r"\{(\w+)\}")
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


def document() -> dict[str, Any]:
    """The whole document, as JSON's own types."""
    _, schemas = msgspec.json.schema_components([PageProblem, *kinds()], ref_template=REF)
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        if route.content != HTML:
            paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.1",
        "info": {"title": "The VEN's local API", "version": "1.0.0", "description": DESCRIPTION},
        "servers": [{"url": "/"}],
        "security": [{}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: PageRoute) -> dict[str, Any]:
    value: dict[str, Any] = {"operationId": route.operation, "summary": route.summary}
    named = PARAMETER.findall(route.path)
    if named:
        value["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in named
        ]
    if route.body is not None:
        value["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _ref(route.body)}},
        }
    answers: dict[int, Any] = {route.status: _answer(route)}
    refusals = {**EVERYWHERE, **(WITH_A_BODY if route.body else {}), **route.problems}
    for status, says in refusals.items():
        same_form = status == 503 and route.path in {"/live", "/health"}
        answers[status] = (
            {**_answer(route), "description": says}
            if same_form
            else {"description": says, "content": {PROBLEM_JSON: {"schema": _ref(PageProblem)}}}
        )
    value["responses"] = {str(status): answers[status] for status in sorted(answers)}
    return value


def _answer(route: PageRoute) -> dict[str, Any]:
    if route.answer is not None:
        schema: dict[str, Any] = _ref(route.answer)
    else:
        schema = {"type": "object"} if route.content == "application/json" else {"type": "string"}
    media_type = route.content.partition(";")[0]
    return {"description": f"{route.summary}.", "content": {media_type: {"schema": schema}}}


def _ref(kind: type[Any]) -> dict[str, str]:
    return {"$ref": REF.format(name=kind.__name__)}
