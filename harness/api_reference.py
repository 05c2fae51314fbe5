"""Write the reference of the HTTP API: ``python -m harness.api_reference``.

`docs/reference/api.md` is made of the API's OpenAPI document, which is made of the route table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contracts.api.openapi import document

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "api.md"
HEAD = """\
# HTTP API

For programs: the fleet, VENs and their telemetry, commands, events and reports. `make references` makes
this page of the API's own OpenAPI document. The API answers that document at `GET /openapi.json`; it is
[tests/contract/openapi.json](../../tests/contract/openapi.json) too. A client can be generated from it, and
all schemas that are named here are in it.

- The address is the stack's output `ApiUrl`. `ven-twin --api URL` and `VEN_TWIN_API` have the commands go
  by it.
- Every call is signed with AWS Signature Version 4 for the service `execute-api`, with the caller's own
  credentials ([clients](../guides/bring-your-own-ven.md#programs-and-people)). The right to call is
  `execute-api:Invoke` ([policies](policies.md)).
- Powers are kW, import is positive. Times are UTC seconds. A list goes on where its `next` says.
- A refusal is `application/problem+json`; its `field` names what is wrong. The VEN's own page has an API of
  its own: [the local API](../guides/web-page.md#the-local-api).

"""
BOUNDS = {
    "minimum": "at least",
    "maximum": "at most",
    "minLength": "characters: at least",
    "maxLength": "at most",
}
EVERYWHERE = {"400", "403", "413", "415", "429", "500", "503"}


def page() -> str:
    """The whole page."""
    described = document()
    paths: dict[str, dict[str, Any]] = described["paths"]
    operations = [
        (path, method.upper(), one) for path, methods in paths.items() for method, one in methods.items()
    ]
    rows = [
        f"| [`{method} {path}`](#{_anchor(method, path)}) | {one['summary']} |"
        for path, method, one in operations
    ]
    texts = [HEAD, "\n".join(["| call | does |", "|---|---|", *rows, ""])]
    texts += [_common(operations)]
    for path, method, one in operations:
        texts.append("\n".join(_operation(method, path, one)))
    return "\n".join(texts)


def write() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def _anchor(method: str, path: str) -> str:
    return "".join(
        sign for sign in f"{method} {path}".lower().replace(" ", "-") if sign.isalnum() or sign in "-_"
    )


def _common(operations: list[tuple[str, str, Any]]) -> str:
    """The refusals that more than one call has in the same words."""
    texts = {
        status: answer["description"]
        for _, _, one in operations
        for status, answer in one["responses"].items()
        if status in EVERYWHERE
    }
    rows = [f"| {status} | {texts[status]} |" for status in sorted(texts)]
    return "\n".join(["Refusals of every call:", "", "| status | means |", "|---|---|", *rows, ""])


def _operation(method: str, path: str, one: Any) -> Iterator[str]:
    yield f"## {method} {path}\n"
    yield f"{one['summary']} (`{one['operationId']}`)\n"
    parameters = [parameter for parameter in one.get("parameters", ()) if parameter["in"] != "path"]
    if parameters:
        yield "| parameter | in | allowed |"
        yield "|---|---|---|"
        for parameter in parameters:
            needed = ", **required**" if parameter.get("required") else ""
            yield f"| `{parameter['name']}` | {parameter['in']}{needed} | {_schema(parameter['schema'])} |"
        yield ""
    if body := one.get("requestBody"):
        content = body["content"]["application/json"]
        yield f"Body, {_schema(content['schema'])}, for example:\n"
        yield f"```json\n{json.dumps(content['example'])}\n```\n"
    yield "| status | means |"
    yield "|---|---|"
    for status, answer in one["responses"].items():
        if status not in EVERYWHERE:
            kinds = {_schema(kind["schema"]) for kind in answer.get("content", {}).values()}
            made = f" Answers {', '.join(sorted(kinds))}." if kinds and status.startswith("2") else ""
            yield f"| {status} | {answer['description']}{made} |"
    yield ""


def _schema(schema: Any) -> str:
    """A schema in a few words: its kind, its bounds, its default."""
    if "$ref" in schema:
        return f"`{schema['$ref'].rpartition('/')[2]}`"
    if "anyOf" in schema:
        return " or ".join(_schema(one) for one in schema["anyOf"] if one.get("type") != "null")
    words = [str(schema.get("type", "any"))]
    bounds = [
        ("minimum", "at least"),
        ("maximum", "at most"),
        ("minLength", "at least"),
        ("maxLength", "at most"),
    ]
    for name, text in bounds:
        if name in schema:
            words.append(f"{text} {schema[name]}{' characters' if 'Length' in name else ''}")
    text = ", ".join(words)
    if schema.get("default") is not None:
        text += f"; {schema['default']} when left out"
    return text


if __name__ == "__main__":
    write()
