"""The wire's page and the Structs that both ends decode with say the same."""

from __future__ import annotations

import ast
from types import ModuleType
from typing import Any

import msgspec
import pytest

from contracts.store import stack
from contracts.store.envelopes import Envelope
from contracts.wire import acks, codec, commands, events, shadow, telemetry, telemetry_batch
from contracts.wire.acks import Ack, CircuitCurtailed, Particulars
from contracts.wire.commands import OPERATIONS, VenCommand
from contracts.wire.events import DrEvent, Interval
from contracts.wire.shadow import Desired, LoadSetting, OptOut, read_desired
from contracts.wire.telemetry import (
    LOAD_ALIASES,
    TELEMETRY_ALIASES,
    Load,
    LoadsSnapshot,
    Telemetry,
    read_loads,
)
from contracts.wire.telemetry_batch import Samples, TelemetryBatch
from contracts.wire.topics import ProvisioningTopics, Topics, claim_client_id, rules_name
from tests.unit.docs.markdown import ROOT, code_spans, names, tables

PAGE = ROOT / "docs" / "reference" / "wire.md"
TABLES = tables(PAGE)
STRUCTS: dict[str, type[msgspec.Struct]] = {
    "Telemetry": Telemetry,
    "Batch": TelemetryBatch,
    "Samples": Samples,
    "Load": Load,
    "Loads snapshot": LoadsSnapshot,
    "Ack": Ack,
    "Circuit curtailed": CircuitCurtailed,
    "Particulars": Particulars,
    "Event": DrEvent,
    "Interval": Interval,
    "Load setting": LoadSetting,
    "Opt-out": OptOut,
    "What the cloud makes of it": Envelope,
}
"""By the heading that each Struct's table stands under."""
BY_KEY = {"Event": {"eventId"}}
"""Fields that are the key under which the object stands."""
IN_WORDS = {7 * 24 * 3600: "a week", 2**31: "2³¹", 2**53: "2⁵³", 4_102_444_800: "UTC s"}
ALIASES = {
    "Telemetry": TELEMETRY_ALIASES | {"batterySOC": "batterySoc"},
    "Load": LOAD_ALIASES,
    "Loads snapshot": {"ts": "timestamp"},
}


def rows(heading: str) -> list[list[str]]:
    """The table under a heading, without its heading row."""
    return TABLES[heading][1:]


def fields(heading: str) -> list[str]:
    """The fields that a table names, in order."""
    return [names(row[0])[0] for row in rows(heading)]


def aliases(cells: list[tuple[str, str]]) -> dict[str, str]:
    """Alias → field, of pairs of a field and the cell of its aliases."""
    return {alias: field for field, cell in cells for alias in names(cell)}


def structs(module: ModuleType) -> set[type[msgspec.Struct]]:
    """The public Structs that a module defines."""
    return {
        kind
        for name, kind in vars(module).items()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
        if kind.__module__ == module.__name__ and not name.startswith("_")
    }


def upper_bounds(kind: type[msgspec.Struct]) -> dict[str, float]:
    """The largest number that each numeric field takes, where there is one."""
    info: Any = msgspec.inspect.type_info(kind)
    bounds = {}
    for field in info.fields:
        for part in getattr(field.type, "types", (field.type,)):
            largest = getattr(part, "le", None)
            if largest is not None:
                bounds[field.encode_name] = largest
    return bounds


@pytest.mark.parametrize("heading", STRUCTS)
def test_a_message_has_the_fields_that_the_page_gives_it(heading: str) -> None:
    """No field is missing from the page, and none stands there that no message has."""
    wire = wire_names(STRUCTS[heading]) - BY_KEY.get(heading, set())
    assert sorted(fields(heading)) == sorted(wire)


def test_every_struct_of_the_wire_has_its_table() -> None:
    """A message that is added is described, or it is an operation or the judged form of desired."""
    of_the_wire = set[type[msgspec.Struct]]().union(
        *(structs(module) for module in (acks, commands, events, shadow, telemetry, telemetry_batch))
    )
    elsewhere = {VenCommand, Desired, *OPERATIONS.values()}
    assert of_the_wire - elsewhere == set(STRUCTS.values()) - {Envelope}


@pytest.mark.parametrize("heading", STRUCTS)
def test_the_page_names_the_largest_number_that_a_field_takes(heading: str) -> None:
    """A limit that changes in the code changes on the page."""
    cells = {names(row[0])[0]: row[1] for row in rows(heading)}
    missing = {
        field: largest
        for field, largest in upper_bounds(STRUCTS[heading]).items()
        if IN_WORDS.get(int(largest), f"{largest:,.0f}" if largest > 1 else f"{largest:g}")
        not in cells[field]
    }
    assert missing == {}


@pytest.mark.parametrize("heading", ALIASES)
def test_every_alias_of_a_message_stands_on_the_page(heading: str) -> None:
    """A sender of the earlier system finds its own spelling, and no spelling that is not read."""
    assert aliases([(names(row[0])[0], row[2]) for row in rows(heading)]) == ALIASES[heading]


def test_a_loads_snapshot_is_read_by_its_alias() -> None:
    """The one alias that no table in the code names is read all the same."""
    raw = codec.encode({"ts": 1_800_000_000, "bootId": "b", "seq": 0, "loads": []})
    assert read_loads(raw, ven_id="ven-1").timestamp == 1_800_000_000


def operation(op: str) -> list[list[str]]:
    """The rows of one operation."""
    return [row for row in rows("Commands") if names(row[0]) == [op]]


def test_the_page_has_every_operation() -> None:
    """What the page does not have, a VEN does not do."""
    assert {names(row[0])[0] for row in rows("Commands")} == set(OPERATIONS)


@pytest.mark.parametrize("op", OPERATIONS)
def test_an_operation_has_the_fields_and_aliases_that_the_page_gives_it(op: str) -> None:
    """Fields of ``data`` by their wire names, with every alias."""
    with_field = [row for row in operation(op) if row[1]]
    wire = wire_names(OPERATIONS[op]) - {"correlationId"}
    assert sorted(names(row[1])[0] for row in with_field) == sorted(wire)
    assert aliases([(names(row[1])[0], row[3]) for row in with_field]) == dict(OPERATIONS[op].aliases)


def test_an_operation_has_the_limits_that_the_page_gives_it() -> None:
    """The largest number of each field of ``data`` stands in its row."""
    for op, kind in OPERATIONS.items():
        cells = {names(row[1])[0]: row[2] for row in operation(op) if row[1]}
        for field, largest in upper_bounds(kind).items():
            assert IN_WORDS.get(int(largest), f"{largest:,.0f}") in cells[field], (op, field)


def test_the_page_has_every_key_of_the_desired_state() -> None:
    """The keys are those that a VEN names when it refuses another."""
    allowed = read_desired({"nothing": 1}).errors["nothing"].partition("allowed: ")[2]
    assert sorted(fields("Desired")) == allowed.split(", ")


def test_the_page_has_every_key_that_a_ven_reports() -> None:
    """Beside the mirror of desired: the VEN's state, its figures, what it refused."""
    source = (ROOT / "ven_twin" / "ven" / "reported_state.py").read_text(encoding="utf-8")
    reported = {"shadow_errors", "timeZone"}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                under = str(key.value) if isinstance(key, ast.Constant) else ""
                if under in {"ven", "metrics"} and isinstance(value, ast.Dict):
                    inside = [str(item.value) for item in value.keys if isinstance(item, ast.Constant)]
                    reported |= {f"{under}.{name}" for name in inside}
    assert set(fields("Reported")) == reported


def topics() -> set[str]:
    """The topics of the page; ``…/`` stands for the beginning of the one before it."""
    written: list[str] = []
    for row in rows("Topics"):
        for name in names(row[0]):
            suffix = name.removeprefix("…/")
            before = written[-1].rsplit("/", suffix.count("/") + 1)[0] + "/" if suffix != name else ""
            written.append(before + suffix)
    return set(written)


def test_the_page_has_every_topic_of_a_ven() -> None:
    """Those that it publishes and subscribes on, as the code spells them, and AWS's own of its presence."""
    ven = Topics("{venId}")
    publishes = {ven.telemetry, ven.loads, ven.ack, ven.shadow("get"), ven.shadow("update")}
    publishes |= set(ven.ingest(rules_name("{stage}")).values())
    presence = {f"$aws/events/presence/{state}/{{venId}}" for state in ("connected", "disconnected")}
    assert topics() == publishes | set(ven.subscriptions) | presence


def test_the_page_has_what_a_claim_goes_by() -> None:
    """The client id, the secret and the topics of a VEN that has no certificate of its own yet."""
    claim = ProvisioningTopics(stack.claim_template_name("{stage}"))
    claimed = {claim.create, claim.register, claim_client_id("{venId}"), stack.claim_secret_name("{stage}")}
    assert claimed <= set(code_spans(PAGE))


def test_the_page_has_the_secret_of_a_ven() -> None:
    """Its name and its keys, by which somebody else's VEN reads its identity."""
    assert stack.tls_secret_name("{stage}", "{venId}") in code_spans(PAGE)
    identity = [stack.SECRET_CA, stack.SECRET_CERTIFICATE, stack.SECRET_PRIVATE_KEY]
    assert fields("Identities") == [*identity, stack.SECRET_RULES]


def test_the_page_has_the_words_of_each_enumeration() -> None:
    """Signals and phases, with no word that the code does not have."""
    signals = next(row[1] for row in rows("Interval") if names(row[0]) == ["signal"])
    phases = next(row[1] for row in rows("Ack") if names(row[0]) == ["phase"])
    assert names(signals) == [str(signal) for signal in events.Signal]
    assert names(phases) == [str(phase) for phase in events.Phase]


def wire_names(kind: type[msgspec.Struct]) -> frozenset[str]:
    """The field names of a Struct as they stand on the wire."""
    return frozenset(field.encode_name for field in msgspec.structs.fields(kind))
