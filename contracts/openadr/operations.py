"""The operations of a VTN as data: gateway, functions and OpenAPI document are made of this one table.

Source: the official document, whose operation ids stand here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from contracts.openadr import objects, parameters
from contracts.openadr.scopes import Scope


class Verb(StrEnum):
    """An operation on a collection, or on one of its objects."""

    SEARCH = "search"
    CREATE = "create"
    READ = "read"
    UPDATE = "update"
    DELETE = "delete"


METHODS = {
    Verb.SEARCH: "GET",
    Verb.CREATE: "POST",
    Verb.READ: "GET",
    Verb.UPDATE: "PUT",
    Verb.DELETE: "DELETE",
}
STATUSES = {Verb.SEARCH: 200, Verb.CREATE: 201, Verb.READ: 200, Verb.UPDATE: 200, Verb.DELETE: 200}
"""DELETE answers with the object that is gone."""


class Rights(NamedTuple):
    """The scope that a client of each role needs; None where the role may never."""

    bl: Scope | None
    ven: Scope | None


class OadrCollection(NamedTuple):
    """The objects of one type.

    Attributes:
        object_type: what each is marked with.
        path: of the collection; ``/{parameter}`` after it is of one object.
        parameter: the name of an object's id in a path.
        request: what a client sends, a Struct or a union of them.
        answer: what it is answered.
        query: the query string of a list.
        reads: who may read.
        writes: who may write.
        operations: the official document's operation ids.
    """

    object_type: objects.ObjectType
    path: str
    parameter: str
    request: Any
    answer: type[msgspec.Struct]
    query: type[parameters.PageOf]
    reads: Rights
    writes: Rights
    operations: dict[Verb, str]


_TARGETED = Rights(Scope.READ_ALL, Scope.READ_TARGETS)
_OWNED = Rights(Scope.READ_ALL, Scope.READ_VEN_OBJECTS)

COLLECTIONS: tuple[OadrCollection, ...] = (
    OadrCollection(
        "PROGRAM",
        "/programs",
        "programID",
        objects.OadrProgramRequest,
        objects.OadrProgram,
        parameters.ProgramsQuery,
        _TARGETED,
        Rights(Scope.WRITE_PROGRAMS, None),
        {
            Verb.SEARCH: "searchAllPrograms",
            Verb.CREATE: "createProgram",
            Verb.READ: "searchProgramByProgramId",
            Verb.UPDATE: "updateProgram",
            Verb.DELETE: "deleteProgram",
        },
    ),
    OadrCollection(
        "EVENT",
        "/events",
        "eventID",
        objects.OadrEventRequest,
        objects.OadrEvent,
        parameters.EventsQuery,
        _TARGETED,
        Rights(Scope.WRITE_EVENTS, None),
        {
            Verb.SEARCH: "searchAllEvents",
            Verb.CREATE: "createEvent",
            Verb.READ: "searchEventsByID",
            Verb.UPDATE: "updateEvent",
            Verb.DELETE: "deleteEvent",
        },
    ),
    OadrCollection(
        "REPORT",
        "/reports",
        "reportID",
        objects.OadrReportRequest,
        objects.OadrReport,
        parameters.ReportsQuery,
        _OWNED,
        Rights(None, Scope.WRITE_REPORTS),
        {
            Verb.SEARCH: "searchAllReports",
            Verb.CREATE: "createReport",
            Verb.READ: "searchReportsByReportID",
            Verb.UPDATE: "updateReport",
            Verb.DELETE: "deleteReport",
        },
    ),
    OadrCollection(
        "SUBSCRIPTION",
        "/subscriptions",
        "subscriptionID",
        objects.OadrSubscriptionRequest,
        objects.OadrSubscription,
        parameters.SubscriptionsQuery,
        _OWNED,
        Rights(Scope.WRITE_SUBSCRIPTIONS, Scope.WRITE_SUBSCRIPTIONS),
        {
            Verb.SEARCH: "searchSubscriptions",
            Verb.CREATE: "createSubscription",
            Verb.READ: "searchSubscriptionByID",
            Verb.UPDATE: "updateSubscription",
            Verb.DELETE: "deleteSubscription",
        },
    ),
    OadrCollection(
        "VEN",
        "/vens",
        "venID",
        objects.VenRequest,
        objects.OadrVen,
        parameters.OadrVensQuery,
        _OWNED,
        Rights(Scope.WRITE_VENS, Scope.WRITE_VENS),
        {
            Verb.SEARCH: "searchVens",
            Verb.CREATE: "createVen",
            Verb.READ: "searchVenByID",
            Verb.UPDATE: "updateVen",
            Verb.DELETE: "deleteVen",
        },
    ),
    OadrCollection(
        "RESOURCE",
        "/resources",
        "resourceID",
        objects.ResourceRequest,
        objects.OadrResource,
        parameters.ResourcesQuery,
        _OWNED,
        Rights(Scope.WRITE_VENS, Scope.WRITE_VENS),
        {
            Verb.SEARCH: "searchVenResources",
            Verb.CREATE: "createResource",
            Verb.READ: "searchVenResourceByID",
            Verb.UPDATE: "updateVenResource",
            Verb.DELETE: "deleteVenResource",
        },
    ),
)


class TopicsOperation(NamedTuple):
    """An operation that names MQTT topics: its path below ``/notifiers/mqtt/topics``."""

    path: str
    operation: str
    rights: Rights


_BL = Rights(Scope.READ_BL, None)
_READER = Rights(Scope.READ_ALL, None)
_OF_VEN = Rights(Scope.READ_ALL, Scope.READ_VEN_OBJECTS)

TOPICS: tuple[TopicsOperation, ...] = (
    TopicsOperation("/programs", "listAllMqttNotifierTopicsPrograms", _READER),
    TopicsOperation("/programs/{programID}", "listAllMqttNotifierTopicsProgram", _READER),
    TopicsOperation("/programs/{programID}/events", "listAllMqttNotifierTopicsProgramEvents", _READER),
    TopicsOperation("/events", "listAllMqttNotifierTopicsEvents", _BL),
    TopicsOperation("/reports", "listAllMqttNotifierTopicsReports", _BL),
    TopicsOperation("/subscriptions", "listAllMqttNotifierTopicsSubscriptions", _BL),
    TopicsOperation("/vens", "listAllMqttNotifierTopicsVens", _BL),
    TopicsOperation("/resources", "listAllMqttNotifierTopicsResources", _BL),
    TopicsOperation("/vens/{venID}", "listAllMqttNotifierTopicsVen", _OF_VEN),
    TopicsOperation("/vens/{venID}/events", "listAllMqttNotifierTopicsVenEvents", _OF_VEN),
    TopicsOperation("/vens/{venID}/programs", "listAllMqttNotifierTopicsVenPrograms", _OF_VEN),
    TopicsOperation("/vens/{venID}/resources", "listAllMqttNotifierTopicsVenResources", _OF_VEN),
)
