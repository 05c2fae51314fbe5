"""VENs of OpenADR in the stage's fleet: their names there, and the target of one of them. Pure.

A VEN of the VTN has no thing, no certificate and no shadow. In the fleet its id is ``oadr-`` and the VTN's id
of it, so that whoever has the id alone knows how the VEN is reached. Every VEN is granted the target ``ven:``
and its id at the VTN: by that one VEN is told what is meant for it alone.

Interpretation: the specification leaves targets to the VTN.
"""

from __future__ import annotations

import re

from contracts.openadr.ids import ObjectId
from contracts.wire.ids import VenId

_PREFIX = "oadr-"
_OADR_VEN = re.compile(r"^oadr-[0-9a-f]{26}$(?!\n)")
"""The VTN's ids are 26 hexadecimal digits."""


def oadr_ven_id(object_id: ObjectId) -> VenId:
    """The id in the fleet of the VTN's VEN *object_id*."""
    return VenId(f"{_PREFIX}{object_id}")


def is_oadr_ven(ven_id: str) -> bool:
    """True of the id of a VEN of OpenADR."""
    return ven_id.startswith(_PREFIX) and _OADR_VEN.fullmatch(ven_id) is not None


def ven_object_id(ven_id: VenId) -> ObjectId:
    """The VTN's id of a VEN of OpenADR."""
    return ObjectId(ven_id.removeprefix(_PREFIX))


def ven_target(object_id: ObjectId) -> str:
    """The target that the VTN's VEN *object_id* alone is granted."""
    return f"ven:{object_id}"
