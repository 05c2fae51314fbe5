"""The HTTP API's routes as data.

Gateway, function and OpenAPI document are made of this one table.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from contracts.api import groups, oadr_events, programs, resources
from contracts.api.fleet import Fleet
from contracts.api.parameters import FleetQuery, PageQuery, SpanQuery, TelemetryQuery, VensQuery
from contracts.api.reports import EventReport
from contracts.api.requests import CommandIssued, EventDispatched, VenQuarantined
from contracts.wire.codec import JsonObject


class RouteAnswer(NamedTuple):
    """The answer of a route when it is done: *headers* by name, each with its description."""

    status: int
    says: str
    kind: type[Any] | None = None
    headers: Mapping[str, str] = {}


class Body(NamedTuple):
    """The body of a request, with an example."""

    kind: type[msgspec.Struct]
    example: JsonObject


class Route(NamedTuple):
    """One operation.

    Attributes:
        method: of HTTP.
        path: with parameters in braces, each one segment.
        operation: its id; the function has a callable of that name in snake case.
        summary: one line.
        answer: what it answers when it is done.
        problems: statuses of refusals beyond those that every route has, and what each means here.
        query: what may stand in the query string; nothing when None.
        body: what it takes; nothing when None.
        headers: which of `Headers` it reads, and whether each must be there.
    """

    method: str
    path: str
    operation: str
    summary: str
    answer: RouteAnswer
    problems: Mapping[int, str] = {}
    query: type[msgspec.Struct] | None = None
    body: Body | None = None
    headers: Mapping[str, bool] = {}


NO_VEN = "There is no such VEN."
NO_EVENT = "There is no such event."
NO_GROUP = "There is no such group."
NO_PROGRAM = "There is no such program."
DEFINED = "It is not any more what If-Match says, or without If-Match it is there already."
CHANGED = "The event is not any more what If-Match says."
ETAG = {"ETag": "What a change can be made on condition of."}
LOCATION = {"Location": "Where it can be read."}
_INTERVAL = {"durationS": 1800, "signal": "shedKw", "value": 250}
_EVENT = {"startTs": 1_893_430_800, "intervals": [_INTERVAL], "targets": ["feeder-7"], "priority": 1}

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/vens",
        "listVens",
        "VENs, page by page",
        RouteAnswer(200, "A page of VENs.", resources.VenPage),
        query=VensQuery,
    ),
    Route(
        "GET",
        "/vens/{venId}",
        "getVen",
        "One VEN with its latest telemetry and its circuits",
        RouteAnswer(200, "The VEN.", resources.VenDetail),
        {404: NO_VEN},
    ),
    Route(
        "GET",
        "/vens/{venId}/telemetry",
        "listTelemetry",
        "A VEN's telemetry between two times, oldest first",
        RouteAnswer(200, "A page of rows.", resources.TelemetryPage),
        {404: NO_VEN},
        query=TelemetryQuery,
    ),
    Route(
        "POST",
        "/vens/{venId}/commands",
        "sendCommand",
        "Send one operation to a VEN; its ack is read with the command",
        RouteAnswer(202, "The command is on its way.", CommandIssued, LOCATION),
        {404: NO_VEN, 409: "The correlation id, or the idempotency key, was used for another command."},
        body=Body(resources.NewCommand, {"op": "setLoad", "data": {"loadId": "ev1", "enabled": False}}),
        headers={"Idempotency-Key": False},
    ),
    Route(
        "GET",
        "/vens/{venId}/commands/{correlationId}",
        "getCommand",
        "A command, with the VEN's ack once it has answered",
        RouteAnswer(200, "The command.", resources.SentCommand),
        {404: "There is no such command of that VEN."},
    ),
    Route(
        "POST",
        "/vens/{venId}/quarantine",
        "quarantineVen",
        "Quarantine a VEN: no event calls it, and nothing that it sends is stored",
        RouteAnswer(200, "The VEN is quarantined.", VenQuarantined),
        {404: NO_VEN},
    ),
    Route(
        "DELETE",
        "/vens/{venId}/quarantine",
        "releaseVen",
        "Let a quarantined VEN in again",
        RouteAnswer(200, "The VEN is not quarantined.", VenQuarantined),
        {404: NO_VEN},
    ),
    Route(
        "GET",
        "/events",
        "listEvents",
        "Events by their start, the newest first: all, or those that start between two times",
        RouteAnswer(200, "A page of events.", resources.EventPage),
        query=SpanQuery,
    ),
    Route(
        "POST",
        "/events",
        "createEvent",
        "Create an event and give it to the VENs",
        RouteAnswer(201, "The event, and what each VEN is called for.", EventDispatched, ETAG | LOCATION),
        {409: "The event's id, or the idempotency key, was used for another event, or it is over."},
        body=Body(resources.NewEvent, _EVENT),
        headers={"Idempotency-Key": False},
    ),
    Route(
        "GET",
        "/events/{eventId}",
        "getEvent",
        "One event with every VEN's part in it",
        RouteAnswer(200, "The event, with a page of its VENs.", resources.Event, ETAG),
        {404: NO_EVENT},
        query=PageQuery,
    ),
    Route(
        "PUT",
        "/events/{eventId}",
        "reviseEvent",
        "Replace what an event asks for",
        RouteAnswer(200, "The event as it is now.", EventDispatched, ETAG),
        {404: NO_EVENT, 409: "It is over or cancelled.", 412: CHANGED, 428: "If-Match is missing."},
        body=Body(resources.EventBody, _EVENT),
        headers={"If-Match": True},
    ),
    Route(
        "DELETE",
        "/events/{eventId}",
        "deleteEvent",
        "Delete an event; the VENs give their loads back",
        RouteAnswer(204, "The event is gone; its id stays taken."),
        {404: NO_EVENT, 409: "The event is being changed.", 412: CHANGED},
        headers={"If-Match": False},
    ),
    Route(
        "POST",
        "/events/{eventId}/cancel",
        "cancelEvent",
        "Cancel an event; the VENs give their loads back, and it is settled for what it lasted",
        RouteAnswer(200, "The event as it is now.", EventDispatched, ETAG),
        {404: NO_EVENT, 409: "The event is over.", 412: CHANGED},
        headers={"If-Match": False},
    ),
    Route(
        "GET",
        "/events/{eventId}/report",
        "getReport",
        "What a settled event delivered",
        RouteAnswer(200, "The report.", EventReport),
        {404: NO_EVENT, 409: "The event is not over, or not settled yet: POST settles it now."},
    ),
    Route(
        "POST",
        "/events/{eventId}/report",
        "settleEvent",
        "Settle an event that is over now; once it is settled its report stands",
        RouteAnswer(200, "The report.", EventReport),
        {404: NO_EVENT, 409: "The event is not over."},
    ),
    Route(
        "GET",
        "/groups",
        "listGroups",
        "Groups of VENs, page by page",
        RouteAnswer(200, "A page of groups.", groups.GroupPage),
        query=PageQuery,
    ),
    Route(
        "GET",
        "/groups/{group}",
        "getGroup",
        "One group with its VENs",
        RouteAnswer(200, "The group, with a page of its VENs.", groups.GroupDetail, ETAG),
        {404: NO_GROUP},
        query=PageQuery,
    ),
    Route(
        "PUT",
        "/groups/{group}",
        "setGroup",
        "Make a group, or with If-Match replace the VENs of one",
        RouteAnswer(200, "The group as it is now.", groups.GroupChanged, ETAG),
        {409: "Its name is a VEN's id, or there are too many groups.", 412: DEFINED},
        body=Body(groups.GroupBody, {"vens": ["home-1", "home-2"]}),
        headers={"If-Match": False},
    ),
    Route(
        "POST",
        "/groups/{group}/members",
        "changeGroup",
        "Add VENs to a group and remove others",
        RouteAnswer(200, "The group as it is now.", groups.GroupChanged, ETAG),
        {404: NO_GROUP, 409: "It is being changed: try again.", 412: DEFINED},
        body=Body(groups.GroupChange, {"add": ["home-3"], "remove": ["home-1"]}),
        headers={"If-Match": False},
    ),
    Route(
        "DELETE",
        "/groups/{group}",
        "deleteGroup",
        "Delete a group that no event to come targets",
        RouteAnswer(204, "The group is gone."),
        {404: NO_GROUP, 409: "An event that is not over targets it.", 412: DEFINED},
        headers={"If-Match": False},
    ),
    Route(
        "GET",
        "/programs",
        "listPrograms",
        "Programs and the rules that each settles by",
        RouteAnswer(200, "All programs.", programs.ProgramList),
    ),
    Route(
        "GET",
        "/programs/{program}",
        "getProgram",
        "One program",
        RouteAnswer(200, "The program.", programs.Program, ETAG),
        {404: NO_PROGRAM},
    ),
    Route(
        "PUT",
        "/programs/{program}",
        "setProgram",
        "Make a program, or with If-Match replace its rules; events that there are keep theirs",
        RouteAnswer(200, "The program as it is now.", programs.ProgramChanged, ETAG),
        {409: "There are too many programs.", 412: DEFINED},
        body=Body(programs.ProgramBody, {"baseline": "caiso_10_of_10", "holidays": "nerc"}),
        headers={"If-Match": False},
    ),
    Route(
        "DELETE",
        "/programs/{program}",
        "deleteProgram",
        "Delete a program that no event to come uses",
        RouteAnswer(204, "The program is gone; the default one is as it was made."),
        {404: NO_PROGRAM, 409: "An event that is not over uses it.", 412: DEFINED},
        headers={"If-Match": False},
    ),
    Route(
        "GET",
        "/openadr/events",
        "listOadrEvents",
        "Events of the stage's VTN: which are DR events, and why the others are not",
        RouteAnswer(200, "A page of events, that which was made last first.", oadr_events.OadrEventPage),
        query=PageQuery,
    ),
    Route(
        "GET",
        "/fleet",
        "getFleet",
        "Who is online, who sheds, what flexibility there is now",
        RouteAnswer(200, "The fleet now.", Fleet),
        query=FleetQuery,
    ),
    Route(
        "GET",
        "/fleet/history",
        "listFleetHistory",
        "The fleet's powers every five minutes between two times, oldest first",
        RouteAnswer(200, "A page of samples.", resources.FleetHistory),
        query=SpanQuery,
    ),
    Route(
        "GET",
        "/openapi.json",
        "getOpenapi",
        "This document",
        RouteAnswer(200, "The OpenAPI document of this API.", dict),
    ),
)
