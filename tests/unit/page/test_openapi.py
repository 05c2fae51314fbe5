"""The document of the local API is true."""

from __future__ import annotations

import json

import msgspec
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.unit.page.conftest import Caller
from ven_twin.ven.page.routes import ROUTES, document


def test_the_document_is_openapi() -> None:
    """Version 3.1, by its validator."""
    OpenAPIV31SpecValidator(json.loads(msgspec.json.encode(document()))).validate()


def test_every_route_stands_in_it_but_the_page() -> None:
    """Made of the same table."""
    paths = document()["paths"]
    stands = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert stands == {(route.method, route.path) for route in ROUTES if route.path != "/"}


async def test_it_is_served(caller: Caller) -> None:
    """As it is."""
    assert (await caller.get("/openapi.json")).json() == document()
