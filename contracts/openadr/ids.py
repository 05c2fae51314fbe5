"""Ids and names of OpenADR, each a type of its own where it can be confused with another."""

from __future__ import annotations

from typing import Annotated, NewType

from msgspec import Meta

OBJECT_ID_PATTERN = r"^[a-zA-Z0-9_-]*$(?!\n)"

ObjectId = NewType("ObjectId", str)
"""The VTN's id of an object."""
ClientId = NewType("ClientId", str)
"""The client that a token was issued to."""

STAGE_CLIENT = ClientId("_ven-twin")
"""The owner of the reports that the stage files for its own VENs. No client has this id, and no token."""

CheckedObjectId = Annotated[ObjectId, Meta(min_length=1, max_length=128, pattern=OBJECT_ID_PATTERN)]
CheckedClientId = Annotated[ClientId, Meta(min_length=1, max_length=128)]
Name = Annotated[str, Meta(min_length=1, max_length=128)]
"""A name that a client gives: of a program, VEN, resource, client, payload type, unit or reading type."""
OadrTarget = Annotated[str, Meta(min_length=1, max_length=128)]
"""A free string. It is no VEN's id and no group's name of ours, and may be equal to one."""


def spelling(name: str) -> str:
    """OpenADR's spelling of a field: ``program_id`` is ``programID``, ``callback_url`` is ``callbackUrl``."""
    first, *rest = name.split("_")
    return first + "".join("ID" if word == "id" else word.capitalize() for word in rest)
