"""The objects of a VTN: what a client sends to make or replace one, and what it is answered.

    sent                                    answered with id, times, objectType, and
    OadrProgramRequest                      OadrProgram
    OadrEventRequest                        OadrEvent
    OadrReportRequest                       OadrReport        clientID
    OadrSubscriptionRequest                 OadrSubscription  clientID
    BlVenRequest | VenVenRequest            OadrVen
    BlResourceRequest | VenResourceRequest  OadrResource

The VTN says what is added; in what a client sends it is ignored. Times are RFC 3339 in UTC. A Struct
has one base, so that each of these says the VTN's three fields anew.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from contracts.openadr.ids import CheckedClientId, CheckedObjectId, Name
from contracts.openadr.times import DateTimeText, DurationText, read_duration
from contracts.openadr.values import (
    EventPayloadDescriptor,
    IntervalPeriod,
    Oadr,
    OadrInterval,
    PayloadDescriptor,
    ReportDescriptor,
    ReportPayloadDescriptor,
    Targets,
    ValuesMap,
)

_IN_URL = r"(?:[!$&-;=?-Z_a-z~]|%[0-9A-Fa-f]{2})*"
URL_PATTERN = rf"^[A-Za-z][A-Za-z0-9+.-]*:(?://\[[0-9A-Fa-f:.]+\])?{_IN_URL}(?:#{_IN_URL})?$(?!\n)"
"""Source: the official document, format ``uri``; RFC 3986, appendix A. A client whose reader takes URLs alone
would lose a whole list with one that is none."""
Url = Annotated[str, Meta(min_length=2, max_length=8000, pattern=URL_PATTERN)]
ObjectType = Literal["PROGRAM", "EVENT", "REPORT", "SUBSCRIPTION", "VEN", "RESOURCE"]
ObjectOperation = Literal["CREATE", "READ", "UPDATE", "DELETE"]


def _only(kind: type[PayloadDescriptor], descriptors: tuple[PayloadDescriptor, ...] | None) -> None:
    """Refuse descriptors of another *kind*. A union's member alone would pass without its objectType."""
    if not all(isinstance(descriptor, kind) for descriptor in descriptors or ()):
        raise ValueError(f"payloadDescriptors: each is a {kind.__struct_config__.tag} here")


class ProgramDescription(Oadr, frozen=True, kw_only=True):
    """The place where a person or a program reads about a program."""

    url: Url = msgspec.field(name="URL")


class OadrProgramRequest(Oadr, frozen=True, kw_only=True):
    """A program: what events are of, and VENs are enrolled in."""

    program_name: Name
    interval_period: IntervalPeriod | None = None
    program_descriptions: tuple[ProgramDescription, ...] | None = None
    payload_descriptors: tuple[PayloadDescriptor, ...] | None = None
    attributes: tuple[ValuesMap, ...] | None = None
    targets: Targets | None = None


class OadrProgram(OadrProgramRequest, frozen=True, kw_only=True, tag_field="objectType", tag="PROGRAM"):
    """A program as the VTN has it."""

    id: CheckedObjectId
    created_date_time: DateTimeText
    modification_date_time: DateTimeText


class OadrEventRequest(Oadr, frozen=True, kw_only=True):
    """An event of a program. One without intervals is legal: it asks for reports alone."""

    program_id: CheckedObjectId
    event_name: str | None = None
    duration: DurationText | None = None
    priority: Annotated[int, Meta(ge=0)] | None = None
    targets: Targets | None = None
    report_descriptors: tuple[ReportDescriptor, ...] | None = None
    payload_descriptors: tuple[PayloadDescriptor, ...] | None = None
    interval_period: IntervalPeriod | None = None
    intervals: tuple[OadrInterval, ...] | None = None

    def __post_init__(self) -> None:
        if self.duration is not None:
            read_duration(self.duration)
        _only(EventPayloadDescriptor, self.payload_descriptors)


class OadrEvent(OadrEventRequest, frozen=True, kw_only=True, tag_field="objectType", tag="EVENT"):
    """An event as the VTN has it."""

    id: CheckedObjectId
    created_date_time: DateTimeText
    modification_date_time: DateTimeText


class ReportedResource(Oadr, frozen=True, kw_only=True):
    """The values of one resource in a report."""

    resource_name: Name
    intervals: tuple[OadrInterval, ...]
    interval_period: IntervalPeriod | None = None


class OadrReportRequest(Oadr, frozen=True, kw_only=True):
    """A report of a VEN on an event."""

    event_id: CheckedObjectId
    client_name: Name
    resources: tuple[ReportedResource, ...]
    report_name: str | None = None
    payload_descriptors: tuple[PayloadDescriptor, ...] | None = None

    def __post_init__(self) -> None:
        _only(ReportPayloadDescriptor, self.payload_descriptors)


class OadrReport(OadrReportRequest, frozen=True, kw_only=True, tag_field="objectType", tag="REPORT"):
    """A report as the VTN has it, with the client that filed it."""

    id: CheckedObjectId
    created_date_time: DateTimeText
    modification_date_time: DateTimeText
    client_id: CheckedClientId


class ObjectOperations(Oadr, frozen=True, kw_only=True):
    """A callback, and the operations on objects that it is called for. Its token goes to nobody else."""

    objects: tuple[ObjectType, ...]
    operations: tuple[ObjectOperation, ...]
    callback_url: Url
    bearer_token: str | None = None


class OadrSubscriptionRequest(Oadr, frozen=True, kw_only=True):
    """A wish to be told of operations on objects."""

    client_name: Name
    object_operations: tuple[ObjectOperations, ...]
    program_id: CheckedObjectId | None = None
    targets: Targets | None = None


class OadrSubscription(
    OadrSubscriptionRequest, frozen=True, kw_only=True, tag_field="objectType", tag="SUBSCRIPTION"
):
    """A subscription as the VTN has it, with the client whose it is."""

    id: CheckedObjectId
    created_date_time: DateTimeText
    modification_date_time: DateTimeText
    client_id: CheckedClientId


class VenVenRequest(Oadr, frozen=True, kw_only=True, tag_field="objectType", tag="VEN_VEN_REQUEST"):
    """A VEN's own word of itself: its targets are not its to set."""

    ven_name: Name
    attributes: tuple[ValuesMap, ...] | None = None


class BlVenRequest(Oadr, frozen=True, kw_only=True, tag_field="objectType", tag="BL_VEN_REQUEST"):
    """The business logic's word of a VEN; *clientID* may have no credentials yet."""

    client_id: CheckedClientId
    ven_name: Name
    targets: Targets | None = None
    attributes: tuple[ValuesMap, ...] | None = None


class OadrVen(Oadr, frozen=True, kw_only=True, tag_field="objectType", tag="VEN"):
    """A VEN as the VTN has it."""

    id: CheckedObjectId
    created_date_time: DateTimeText
    modification_date_time: DateTimeText
    client_id: CheckedClientId
    ven_name: Name
    targets: Targets | None = None
    attributes: tuple[ValuesMap, ...] | None = None


class VenResourceRequest(Oadr, frozen=True, kw_only=True, tag_field="objectType", tag="VEN_RESOURCE_REQUEST"):
    """A VEN's own word of one of its resources.

    Interpretation: without *venID*, which drafts of 3.1.1 have no more, it is of the client's only VEN.
    """

    resource_name: Name
    ven_id: CheckedObjectId | None = None
    attributes: tuple[ValuesMap, ...] | None = None


class BlResourceRequest(Oadr, frozen=True, kw_only=True, tag_field="objectType", tag="BL_RESOURCE_REQUEST"):
    """The business logic's word of a VEN's resource.

    Interpretation: *clientID*, which drafts of 3.1.1 have no more, is the VEN's in any case.
    """

    resource_name: Name
    ven_id: CheckedObjectId
    client_id: CheckedClientId | None = None
    targets: Targets | None = None
    attributes: tuple[ValuesMap, ...] | None = None


class OadrResource(Oadr, frozen=True, kw_only=True, tag_field="objectType", tag="RESOURCE"):
    """A resource as the VTN has it: a VEN's circuit, meter or device."""

    id: CheckedObjectId
    created_date_time: DateTimeText
    modification_date_time: DateTimeText
    client_id: CheckedClientId
    ven_id: CheckedObjectId
    resource_name: Name
    targets: Targets | None = None
    attributes: tuple[ValuesMap, ...] | None = None


VenRequest = BlVenRequest | VenVenRequest
ResourceRequest = BlResourceRequest | VenResourceRequest
OadrObject = OadrProgram | OadrEvent | OadrReport | OadrSubscription | OadrVen | OadrResource


class OadrNotification(Oadr, frozen=True, kw_only=True):
    """An operation on an object, as a subscriber is told of it."""

    object_type: ObjectType
    operation: ObjectOperation
    object: OadrObject
    targets: Targets | None = None
