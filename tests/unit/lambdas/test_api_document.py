"""The API does what its document says, called by the document itself (schemathesis)."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from contracts.api.openapi import document
from contracts.api.routes import ROUTES, Route
from contracts.store import keys
from tests.support.api_world import Api
from tests.support.wsgi import application
from ven_twin.testing.function_world import LOAD, NOW, World

EXAMPLES = 40
"""Calls an operation, right ones and as many wrong ones."""
KNOWN = {"venId": "ven-1", "eventId": "event-1", "correlationId": "command-1"}
KNOWN |= {"group": "feeder-7", "program": "peak"}
"""What there is, so that generated calls find something now and then."""


@pytest.fixture(scope="module")
def unsigned() -> Any:
    """The document without security: who may call is the gateway's, see tests/e2e/test_api.py."""
    return schemathesis.openapi.from_dict(
        {name: value for name, value in document().items() if name != "security"}
    )


@pytest.fixture
def schema(api: Api, world: World, unsigned: Any) -> Any:
    """The document, over an API with one of everything that it tells of."""
    world.set_program("peak", "caiso_10_of_10")
    world.add_ven("ven-1", groups=["feeder-7"])
    row = {"timestamp": int(NOW), "bootId": "b1", "seq": 1, "receivedTs": NOW}
    row |= {"usedPowerKw": 2.0, "baselinePowerKw": 3.5, "shedPowerKw": 1.5}
    for row_id in (keys.telemetry_row_id(int(NOW), "b1", 1), keys.LATEST_ROW):
        world.telemetry.put_new({"venId": "ven-1", "rowId": row_id, **row})
    circuits = {"venId": "ven-1", "rowId": keys.CIRCUITS_ROW, "timestamp": int(NOW), "loads": [LOAD]}
    world.telemetry.put_new(circuits)
    api.call("POST", "/vens/ven-1/commands", {"op": "ping", "correlationId": "command-1"})
    interval = {"durationS": 600, "signal": "shedKw", "value": 3}
    body = {"eventId": "event-1", "startTs": int(NOW) + 60, "intervals": [interval]}
    assert api.call("POST", "/events", body).status == 201
    unsigned.app = application(api)
    return unsigned


CALLS = [
    pytest.param(route, mode, id=f"{route.operation}-{mode.value}")
    for route in ROUTES
    for mode in GenerationMode
    # Where nothing is given nothing can be given wrongly.
    if mode is GenerationMode.POSITIVE or "{" in route.path or route.query or route.body
]


@pytest.mark.parametrize(("route", "mode"), CALLS)
def test_the_api_does_what_its_document_says(schema: Any, route: Route, mode: GenerationMode) -> None:
    """No 5xx, no answer that is not in the document, none of another shape, nothing wrong taken for right."""
    operation = schema[route.path][route.method]

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
        if known:
            case.path_parameters = {name: KNOWN[name] for name in case.path_parameters}
        # Rules that no schema states (a level is 0 to 3, a cursor is of its query) refuse what it takes.
        case.call_and_validate(excluded_checks=[positive_data_acceptance])

    calls()


def test_every_operation_is_called() -> None:
    """The document has what the table of routes has, and schemathesis goes through all of it."""
    assert sum(len(path) for path in document()["paths"].values()) == 28
