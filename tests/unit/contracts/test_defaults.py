"""The values of fields that are left out: nothing, but for those that are documented."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import msgspec

import contracts

DOCUMENTED = {
    "action": "create",
    "allocation": "merit",
    "code": "badRequest",
    "enabled": True,
    "ok": True,
    "priority": 1_000_000,
    "program": "default",
    "reason": "notParticipating",
    "report_interval_seconds": 30,
    "batch_seconds": 240,
    "schema_version": "1.0",
    "vens": 1,
    "what": "status",
}
"""Of fields alike wherever they stand. Source: docs/reference/wire.md and the OpenAPI document."""
DOCUMENTED_OF = {
    "VensQuery.limit": 100,
    "SpanQuery.limit": 100,
    "TelemetryQuery.limit": 100,
    "PageQuery.limit": 100,
    "FleetQuery.limit": 1000,
    "Refused.ok": False,
    "Path.program": "",
    "ClientRequest.grace_s": 86_400,
    "ExternalIssuer.client_claim": "client_id",
    "ExternalIssuer.scope_claim": "scope",
    "MqttBinding.serialization": "JSON",
    "TokenAnswer.token_type": "Bearer",
}
"""Of one field alone; OpenADR's by docs/guides/openadr.md."""


NOTHING = (None, False, 0, 0.0, (), "", msgspec.UNSET)


def structs() -> Iterator[type[msgspec.Struct]]:
    """Every Struct of the contracts, where it is defined."""
    for module in pkgutil.walk_packages(contracts.__path__, "contracts."):
        for value in vars(importlib.import_module(module.name)).values():
            of_contracts = isinstance(value, type) and issubclass(value, msgspec.Struct)
            if of_contracts and value.__module__ == module.name:
                yield value


def test_a_field_that_is_left_out_is_nothing_or_what_is_documented() -> None:
    """A report or row of an older version, without a later field, has no kW, no time and no mark in it."""
    wrong, seen = [], 0
    for struct in structs():
        for field in msgspec.structs.fields(struct):
            value = field.default
            if value is msgspec.NODEFAULT:
                continue
            seen += 1
            documented = DOCUMENTED_OF.get(f"{struct.__name__}.{field.name}", DOCUMENTED.get(field.name))
            alike = documented is not None and isinstance(value, type(documented))
            if value != documented if alike else value not in NOTHING:
                wrong.append(f"{struct.__name__}.{field.name} = {value!r}")
    assert wrong == []
    assert seen > 200
