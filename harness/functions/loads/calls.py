"""Loads of the HTTP API: every route, those with pages at the page's limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

import msgspec

from contracts.api.groups import GROUP_VENS_MAX, GROUPS_MAX, GroupChanged
from contracts.api.oadr_events import OadrEventState
from contracts.api.parameters import PAGE_MAX
from contracts.api.programs import PROGRAMS_MAX, ProgramChanged
from contracts.api.reports import EventReport
from contracts.api.requests import CommandIssued, VenQuarantined
from contracts.api.resources import FLEET_SAMPLE_S
from contracts.api.routes import ROUTES, Route
from contracts.openadr.dr_events import NotActedOn
from contracts.openadr.ids import ObjectId
from contracts.store.definitions import ProgramRow, program_item
from contracts.store.keys import CIRCUITS_ROW, FLEET_PARTITION, fleet_row_id, telemetry_row_id
from contracts.store.oadr_events import OadrEventRow, oadr_event_item
from contracts.wire import codec
from contracts.wire.codec import JsonDict, JsonObject
from contracts.wire.ids import CorrelationId, GroupName, ProgramId, VenId
from harness.bench.bench_settlement import report_of
from harness.functions.account import CannedAccount, ids
from harness.functions.load import Calls, WorstLoad
from harness.functions.loads import fleet, messages
from lambdas.dispatch_event.logic.answer import answer as dispatched
from lambdas.settle_event.logic.report import report_item, too_large

VEN, COMMAND = ids(1)[0], "cmd-1"
REPORT_VENS = 300
"""VENs of a report before those are left out that do not fit into its item."""
TARGETS = [f"{'t' * 58}{number:06d}" for number in range(fleet.FLEET)]
PATHS = {
    "venId": VEN,
    "eventId": fleet.EVENT,
    "correlationId": COMMAND,
    "group": fleet.GROUP,
    "program": "peak",
}
WORDS = {
    "listVens": "1,000 VENs of a group of 10,000",
    "getVen": "with 730 circuits",
    "listTelemetry": "1,000 rows",
    "sendCommand": "settings of 8 KB",
    "quarantineVen": "one VEN",
    "releaseVen": "one VEN",
    "getCommand": "with an ack of 620 circuits",
    "listEvents": "1,000 events of 24 intervals",
    "createEvent": "10,000 targets of 64 characters, answered with 10,000 VENs of 24 intervals",
    "getEvent": "1,000 of 10,000 VENs of 24 intervals, each with what it answered",
    "reviseEvent": "as createEvent",
    "deleteEvent": "answered with 10,000 VENs of 24 intervals",
    "cancelEvent": "as deleteEvent",
    "getReport": "300 KB, the most that is stored whole",
    "settleEvent": "300 KB",
    "listGroups": "1,000 groups",
    "getGroup": "1,000 of 100,000 VENs",
    "setGroup": "10,000 VENs of 64 characters",
    "changeGroup": "10,000 VENs of 64 characters",
    "deleteGroup": "one group",
    "listPrograms": "500 programs",
    "getProgram": "one program",
    "setProgram": "one program",
    "deleteProgram": "one program",
    "listOadrEvents": "1,000 events of the VTN",
    "getFleet": "10,000 VENs in two groups each, 1,000 of them listed",
    "listFleetHistory": "1,000 samples",
    "getOpenapi": "the whole document",
}
_FIRST_SAMPLE_TS = int(fleet.NOW) - FLEET_SAMPLE_S * (PAGE_MAX + 10)
QUERIES = {
    "listVens": f"online=true&group=north&limit={PAGE_MAX}",
    "listTelemetry": f"from={int(fleet.NOW) - 9 * fleet.HOUR_S}&to={int(fleet.NOW)}&limit={PAGE_MAX}",
    "listFleetHistory": f"from={_FIRST_SAMPLE_TS}&to={int(fleet.NOW)}&limit={PAGE_MAX}",
    "listEvents": f"limit={PAGE_MAX}",
    "getEvent": f"limit={PAGE_MAX}",
    "listGroups": f"limit={PAGE_MAX}",
    "getGroup": f"limit={PAGE_MAX}",
    "listOadrEvents": f"limit={PAGE_MAX}",
    "getFleet": f"limit={PAGE_MAX}",
}


def _account(operation: str) -> CannedAccount:
    """The fleet's account, with what the route needs besides."""
    tables = fleet.fleet_tables()
    table, items = _NEEDED.get(operation, ("events", tuple))
    tables[table].add(items())
    return CannedAccount(tables, invoked=_invoked(operation))


def _circuits() -> list[JsonDict]:
    return [{**messages.snapshot(VEN), "rowId": CIRCUITS_ROW}]


def _command() -> list[JsonDict]:
    row = {"venId": VEN, "correlationId": COMMAND, "op": "event", "issuedTs": fleet.NOW}
    return [{**row, "ack": messages.ack(VEN), "ackReceivedTs": fleet.NOW}]


def _events() -> list[JsonDict]:
    """Headers of a little more than a page."""
    header: JsonDict = msgspec.to_builtins(fleet.planned().row)
    starts = range(header["startTs"], header["startTs"] - PAGE_MAX - 1, -1)
    return [{**header, "eventId": f"evt-{start}", "startTs": start} for start in starts]


def _oadr_events() -> Iterable[JsonDict]:
    """Rows of a little more than a page."""
    for number in range(PAGE_MAX + 10):
        yield oadr_event_item(
            OadrEventRow(
                oadr_event_id=ObjectId(f"event-{number:05d}"),
                event_name="n" * 64,
                program=ProgramId("peak"),
                state=OadrEventState.NOT_ACTED_ON,
                reason=NotActedOn.VALUE,
                changed_ts=fleet.NOW,
            )
        )


def _groups() -> list[JsonDict]:
    names = (GroupName(f"group-{number:04d}") for number in range(GROUPS_MAX))
    return [item for name in names for item in fleet.group_items(name, [VenId(VEN)])]


def _members() -> Iterable[JsonDict]:
    return fleet.group_items(fleet.GROUP, [VenId(f"{number:064d}") for number in range(GROUP_VENS_MAX)])


def _programs() -> list[JsonDict]:
    return [_program(name) for name in ("peak", *(f"peak-{number}" for number in range(PROGRAMS_MAX)))]


def _settled() -> list[JsonDict]:
    header = msgspec.to_builtins(fleet.planned().row)
    over = {"startTs": int(fleet.NOW) - fleet.DAY_S}
    return [{**header, **over}, report_item(_report(), int(fleet.NOW) + fleet.DAY_S)]


def _rows() -> list[JsonDict]:
    """Rows of a little more than a page."""
    return [
        {
            **fleet.telemetry_row(VEN, timestamp, 3.125, 1.5),
            "rowId": telemetry_row_id(timestamp, "b1", timestamp),
        }
        for timestamp in range(int(fleet.NOW) - 30 * (PAGE_MAX + 10), int(fleet.NOW), 30)
    ]


def _program(name: str) -> JsonDict:
    row = ProgramRow(
        program=ProgramId(name),
        baseline="caiso_10_of_10",
        holidays="nerc",
        version="2b",
        changed_ts=fleet.NOW,
    )
    return program_item(row)


def _samples() -> list[JsonDict]:
    """Samples of a little more than a page."""
    powers = {"usedKw": 8123.125, "baselineKw": 9123.5, "askedKw": 1000.25, "deliveredKw": 1000.375}
    counts = {"venId": FLEET_PARTITION, "online": 9876, "measured": 9870, "flexibilityKw": 4321.125}
    times = range(_FIRST_SAMPLE_TS, int(fleet.NOW), FLEET_SAMPLE_S)
    return [{**counts, **powers, "timestamp": ts, "rowId": fleet_row_id(ts)} for ts in times]


@cache
def _report() -> EventReport:
    report = msgspec.structs.replace(report_of(REPORT_VENS), event_id=fleet.EVENT)
    while too_large(report):
        report = msgspec.structs.replace(report, vens=report.vens[:-1])
    return report


def _invoked(operation: str) -> JsonObject:
    """The answer of the function that the route invokes."""
    answer: JsonDict
    if operation == "settleEvent":
        answer = msgspec.to_builtins(_report())
    elif operation == "sendCommand":
        issued = CommandIssued(
            ven_id=VenId(VEN), op="setConfig", correlation_id=CorrelationId(COMMAND), issued_ts=fleet.NOW
        )
        answer = msgspec.to_builtins(issued)
    elif operation in {"quarantineVen", "releaseVen"}:
        answer = msgspec.to_builtins(VenQuarantined(ven_id=VenId(VEN)))
    elif "Group" in operation:
        answer = msgspec.to_builtins(GroupChanged(group=fleet.GROUP, ven_count=10_000, etag="1f"))
    elif "Program" in operation:
        answer = msgspec.to_builtins(ProgramChanged(program=ProgramId("peak"), etag="1f"))
    else:
        answer = msgspec.to_builtins(dispatched(*fleet.planned()))
    return answer


def _body(operation: str) -> JsonDict | None:
    if operation == "sendCommand":
        return {"op": "setConfig", "data": messages.command()["data"]}
    if operation == "setProgram":
        return {"baseline": "caiso_10_of_10", "holidays": "nerc"}
    if operation in {"setGroup", "changeGroup"}:
        return {"vens" if operation == "setGroup" else "add": TARGETS}
    if operation not in {"createEvent", "reviseEvent"}:
        return None
    intervals = msgspec.to_builtins(fleet.intervals())
    return {"startTs": int(fleet.NOW) + fleet.HOUR_S, "intervals": intervals, "targets": TARGETS}


def _event(route: Route) -> JsonDict:
    """The call as API Gateway hands it over, payload format 2.0."""
    body = _body(route.operation)
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if "Idempotency-Key" in route.headers:
        headers["Idempotency-Key"] = "k" * 64
    if "If-Match" in route.headers:
        headers["If-Match"] = f'"{fleet.planned().row.etag}"'
    path = route.path.format(**PATHS)
    event: JsonDict = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": QUERIES.get(route.operation, ""),
        "headers": headers,
        "requestContext": {
            "http": {"method": route.method, "path": path, "sourceIp": "127.0.0.1"},
            "requestId": "req-1",
            "authorizer": {"iam": {"accountId": "123456789012", "userId": "AIDAOPERATOR"}},
        },
        "isBase64Encoded": False,
    }
    return event if body is None else {**event, "body": codec.encode(body).decode()}


def _answered(route: Route) -> Callable[[JsonDict, Calls], bool]:
    """Tell the route's answer, and for a page that it is a full one."""

    def done(answer: JsonDict, _: Calls) -> bool:
        if answer["statusCode"] != route.answer.status or route.operation not in QUERIES:
            return bool(answer["statusCode"] == route.answer.status)
        listed: JsonDict = msgspec.json.decode(answer["body"])
        items: list[object] = listed["items"] if "items" in listed else listed["vens"]
        return len(items) == PAGE_MAX

    return done


def _load(route: Route) -> WorstLoad:
    return WorstLoad(
        "api",
        f"`{route.operation}`: {WORDS[route.operation]}",
        lambda: _event(route),
        lambda: _account(route.operation),
        _answered(route),
    )


LOADS = tuple(_load(route) for route in ROUTES)


_NEEDED: Mapping[str, tuple[str, Callable[[], Iterable[JsonDict]]]] = {
    "getVen": ("telemetry", _circuits),
    "listTelemetry": ("telemetry", _rows),
    "listFleetHistory": ("telemetry", _samples),
    "getCommand": ("commands", _command),
    "listEvents": ("events", _events),
    "getEvent": ("events", lambda: fleet.participations(fleet.planned())),
    "listGroups": ("events", _groups),
    "getGroup": ("events", _members),
    "listPrograms": ("events", _programs),
    "getProgram": ("events", _programs),
    "setProgram": ("events", _programs),
    "deleteProgram": ("events", _programs),
    "listOadrEvents": ("events", _oadr_events),
    "getReport": ("events", _settled),
    "settleEvent": ("events", _settled),
}
"""The table that a route reads besides the fleet's own, and what is in it."""
