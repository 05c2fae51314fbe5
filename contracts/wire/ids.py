"""Ids, each a type of its own: a VEN's id is never passed where an event's is needed."""

from __future__ import annotations

import re
from typing import Annotated, NewType

from msgspec import Meta

# "$" alone lets a newline follow, and JSON Schema, which takes these patterns, knows no "\Z".
VEN_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$(?!\n)")
VEN_ID_MAX_CHARACTERS = 64
EVENT_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$(?!\n)")
LOAD_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$(?!\n)")

_DIGITS = re.compile(r"(\d+)")

VenId = NewType("VenId", str)
"""A VEN's id, which is also its thing name and its MQTT client id."""
EventId = NewType("EventId", str)
GroupName = NewType("GroupName", str)
ProgramId = NewType("ProgramId", str)
CorrelationId = NewType("CorrelationId", str)
"""The sender's id of a command, which its ack carries."""
LoadId = NewType("LoadId", str)
"""A circuit's id."""

CheckedVenId = Annotated[VenId, Meta(pattern=VEN_ID.pattern)]
CheckedEventId = Annotated[EventId, Meta(pattern=EVENT_ID.pattern)]
CheckedGroupName = Annotated[GroupName, Meta(pattern=VEN_ID.pattern)]
CheckedProgramId = Annotated[ProgramId, Meta(pattern=VEN_ID.pattern)]
CheckedCorrelationId = Annotated[CorrelationId, Meta(min_length=1, max_length=128)]
CheckedLoadId = Annotated[LoadId, Meta(pattern=LOAD_ID.pattern)]
Target = Annotated[str, Meta(pattern=VEN_ID.pattern)]
"""A VEN's id or a group's name."""


def counting_key(name: str) -> list[tuple[int, str]]:
    """A key by which ven-9 comes before ven-10."""
    return [(len(run), run) if run.isdigit() else (0, run) for run in _DIGITS.split(name)]
