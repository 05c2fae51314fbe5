"""Objects as the VTN has them, made of what a client sends. Pure.

The VTN says id, times and type; a VEN says neither whose its objects are nor which targets they have.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from contracts.openadr.ids import ClientId, ObjectId
from contracts.openadr.objects import (
    BlResourceRequest,
    BlVenRequest,
    OadrResource,
    OadrVen,
    ResourceRequest,
    VenRequest,
    VenResourceRequest,
    VenVenRequest,
)
from contracts.wire.codec import JsonObject
from lambdas.shared.oadr_problems import VtnProblemKind
from lambdas.shared.object_privacy import VtnCaller
from lambdas.shared.vtn_problems import VtnProblemError, forbidden
from lambdas.shared.vtn_stamps import Stamp
from lambdas.vtn.logic.calls import read_request

M = TypeVar("M", bound=msgspec.Struct)


def stamped(kind: type[M], request: msgspec.Struct, stamp: Stamp, **more: Any) -> M:
    """*request* as a *kind*, with its stamp and with *more* in place of what it says itself."""
    names = set(kind.__struct_fields__)
    values = {name: getattr(request, name) for name in request.__struct_fields__ if name in names} | more
    return kind(id=stamp.id, created_date_time=stamp.created, modification_date_time=stamp.modified, **values)


def read_ven_request(body: JsonObject, caller: VtnCaller) -> VenRequest:
    """The body that *caller* sends of a VEN. Raises VtnProblemError."""
    if _is_of_bl(body, caller, "VEN", BlVenRequest):
        return read_request(BlVenRequest, {**body} | {"objectType": _tag(BlVenRequest)})
    return read_request(VenVenRequest, {**body} | {"objectType": _tag(VenVenRequest)})


def read_resource_request(body: JsonObject, caller: VtnCaller) -> ResourceRequest:
    """The body that *caller* sends of a resource. Raises VtnProblemError."""
    if _is_of_bl(body, caller, "RESOURCE", BlResourceRequest):
        return read_request(BlResourceRequest, {**body} | {"objectType": _tag(BlResourceRequest)})
    return read_request(VenResourceRequest, {**body} | {"objectType": _tag(VenResourceRequest)})


def _is_of_bl(body: JsonObject, caller: VtnCaller, answer_tag: str, bl_kind: type[msgspec.Struct]) -> bool:
    """True of a body in the words of the business logic.

    Interpretation: without objectType, or with the answer's, as of an object that was read and is sent back,
    it is in the words of who sends it.
    """
    bl_tag, ven_tag = _tag(bl_kind), f"VEN_{answer_tag}_REQUEST"
    name = body.get("objectType")
    if name is None or name == answer_tag:
        return caller.is_bl
    if name == bl_tag and not caller.is_bl:
        raise forbidden(f"objectType: {bl_tag} is the business logic's, a VEN sends {ven_tag}")
    if name not in (bl_tag, ven_tag):  # a tuple: it may be a list, which no set looks for
        detail = f"objectType: is {bl_tag} or {ven_tag} here"
        raise VtnProblemError(VtnProblemKind.BAD_REQUEST, detail)
    return bool(name == bl_tag)


def _tag(kind: type[msgspec.Struct]) -> str:
    return str(kind.__struct_config__.tag)


def ven_of(request: VenRequest, stamp: Stamp, caller: VtnCaller, before: OadrVen | None) -> OadrVen:
    """The VEN that *request* makes, or makes of the one of *before*."""
    if isinstance(request, BlVenRequest):
        return stamped(OadrVen, request, stamp)
    client_id = caller.client.client_id if before is None else before.client_id
    targets = None if before is None else before.targets
    return stamped(OadrVen, request, stamp, client_id=client_id, targets=targets)


def resource_of(
    request: ResourceRequest, stamp: Stamp, ven_id: ObjectId, client_id: ClientId, before: OadrResource | None
) -> OadrResource:
    """The resource that *request* makes of the VEN of that id, whose client's it is."""
    more: dict[str, Any] = {"ven_id": ven_id, "client_id": client_id}
    if isinstance(request, VenResourceRequest):
        more["targets"] = None if before is None else before.targets
    return stamped(OadrResource, request, stamp, **more)
