"""The running VTN does what its document says, and the official one, called by them (schemathesis)."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any, NamedTuple

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    missing_required_header,
    negative_data_rejection,
    positive_data_acceptance,
    unsupported_method,
)

from contracts.api.openapi_vtn import vtn_document
from contracts.openadr.operations import COLLECTIONS
from contracts.openadr.routes import VTN_ROUTES, VtnRoute
from contracts.openadr.tokens import BASE_PATH
from tests.support import oadr_official
from tests.support.outside_vtn import OutsideStand

EXAMPLES = 6
"""Calls an operation, right ones and as many wrong ones."""
SWEPT = [ignored_auth, unsupported_method, missing_required_header]
"""Checks that `test_openadr_sweep` makes of every operation, each with calls of its own."""
NOT_MEANT = [positive_data_acceptance]
"""Rules that no schema states (a name is of one object, a reference leads somewhere) refuse what it takes."""
LENIENT = [negative_data_rejection]
"""The official document has fields that may not be null, which clients send as null all the same. Without
objectType, a body of a VEN or a resource is in the words of its sender's role."""
BY_ROLE = [each for each in COLLECTIONS if each.object_type in {"VEN", "RESOURCE"}]
CALLS = [
    pytest.param(route, mode, id=f"{route.operation}-{mode.value}")
    for route in VTN_ROUTES
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or "{" in route.path or route.verb is not None
]


@cache
def ours() -> Any:
    """Our own document, without security: calls come with a token."""
    document = {name: value for name, value in vtn_document().items() if name != "security"}
    return schemathesis.openapi.from_dict(_without_security(document))


@cache
def theirs() -> Any:
    """The official document, as far as answers can be of it: VENs and resources say what they are.

    It has a VEN's name as one of its own, and no 409 for a second one that is made.
    """
    document = copy.deepcopy(oadr_official.official())
    if document is None:
        return None
    descriptions = document["components"]["schemas"]["programRequest"]["properties"]["programDescriptions"]
    del descriptions["items"]["properties"]["URL"]["format"]  # a host in brackets may be none by its letter
    document["paths"]["/vens"]["post"]["responses"]["409"] = {"$ref": "#/components/responses/conflict"}
    for name, kind in oadr_official.ANSWERED_TYPES.items():
        document["components"]["schemas"][name]["properties"]["objectType"]["enum"].append(kind)
    return schemathesis.openapi.from_dict(_without_security(document))


def _without_security(document: dict[str, Any]) -> dict[str, Any]:
    for item in document["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict):
                operation.pop("security", None)
    return document


class Called(NamedTuple):
    """A document with the path that its own paths begin with, and the checks that are not made of it."""

    schema: Any
    base: str
    excluded: list[Any]


def call_by(called: Called, stand: OutsideStand, route: VtnRoute, mode: Any) -> None:
    """Calls of an operation that are made of a document, each answer held to it."""
    operation = called.schema[f"{called.base}{route.path}"][route.method]
    client = stand.owner if route.rights is not None and route.rights.bl is None else stand.bl
    headers = {"Authorization": f"Bearer {client.bearer}"}
    url = stand.vtn.url.removesuffix(called.base)
    chosen = stand.chosen()
    ids = {each: chosen.get(each, "none") for each in ("programID", "eventID", "venID")}

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), known=st.booleans())
    def calls(case: schemathesis.Case, known: bool) -> None:
        if known and route.method != "DELETE":
            case.path_parameters = {name: ids.get(name, "none") for name in case.path_parameters}
            if isinstance(case.body, dict) and mode is GenerationMode.POSITIVE:
                case.body = {name: ids.get(name, value) for name, value in case.body.items()}
        case.call_and_validate(base_url=url, headers=headers, excluded_checks=called.excluded)

    calls()


@pytest.mark.parametrize(("route", "mode"), CALLS)
def test_the_vtn_does_what_its_document_says(stand: OutsideStand, route: VtnRoute, mode: Any) -> None:
    """No 5xx, no answer that is not in the document, none of another shape, nothing wrong taken for right."""
    lenient = LENIENT if route.collection in BY_ROLE else ()
    call_by(Called(ours(), BASE_PATH, [*SWEPT, *NOT_MEANT, *lenient]), stand, route, mode)


@oadr_official.where_at_hand
@pytest.mark.parametrize(
    ("route", "mode"), [each for each in CALLS if each.values[0].operation != "getOpenapi"]
)
def test_the_vtn_does_what_the_official_document_says(
    stand: OutsideStand, route: VtnRoute, mode: Any
) -> None:
    """The same by the Alliance's, where that is at hand."""
    call_by(Called(theirs(), "", [*SWEPT, *NOT_MEANT, *LENIENT]), stand, route, mode)
