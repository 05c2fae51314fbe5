"""The state of a VEN that outlives its process, as one document. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from contracts.errors import MalformedError
from contracts.wire.ids import EventId, LoadId, VenId
from ven_twin.control.event_history import Meter, PastEvent
from ven_twin.control.shadow_sync import ShadowCopy
from ven_twin.control.ven_state import VenState

FORMAT = 1
"""Raised when an older release could misread what this one writes; fields that are added need no new one."""


class PersistedState(msgspec.Struct, frozen=True, kw_only=True):
    """A VEN at an instant.

    Attributes:
        format: which form this document has.
        state: settings, events with what was announced of each, circuits shed by command, what is desired.
        pending: patch of the desired state that the shadow service has not confirmed yet.
        last_event: the summary of the event that ended last.
        delivered: meters of the events that are acted on, by event id.
        requested_kw: kW that those events last requested.
        boot_id: the run of the VEN that wrote this.
        saved_ts: when, UTC s; time does not go back behind it.
        past: the events that are over, newest first.
    """

    format: int = FORMAT
    state: VenState
    pending: Mapping[str, object] = msgspec.field(name="wanted", default_factory=dict)
    last_event: Mapping[str, object] | None = None
    delivered: Mapping[EventId, Meter] = msgspec.field(default_factory=dict)
    requested_kw: Mapping[EventId, float] = msgspec.field(default_factory=dict)
    boot_id: str
    saved_ts: float
    past: tuple[PastEvent, ...] = ()


class _Header(msgspec.Struct, frozen=True):
    format: int = 0


def lasting(state: VenState) -> VenState:
    """Reduce *state* to what outlives the process.

    The shadow is read again on the next connect, and what it refuses is judged again; of it only what is
    desired is kept, to go on by until then. Versions are not: a shadow that was deleted counts anew.
    """
    return replace(state, shadow=ShadowCopy(desired=state.shadow.desired), errors={}, mirrored=frozenset())


def write_state(persisted: PersistedState) -> bytes:
    """Write the document as JSON."""
    return msgspec.json.encode(persisted)


def read_state(raw: bytes, ven_id: VenId, load_ids: frozenset[LoadId]) -> PersistedState:
    """Read the document in *raw*, of a VEN whose house has these circuits now.

    Raises:
        MalformedError: it is no such document, of another form, or another VEN's.
    """
    try:
        stored_format = msgspec.json.decode(raw, type=_Header).format
        if stored_format != FORMAT:
            raise MalformedError(f"has form {stored_format}, this release reads {FORMAT}")
        persisted = msgspec.json.decode(raw, type=PersistedState)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise MalformedError(f"cannot be read: {error}") from None
    if persisted.state.ven_id != ven_id:
        raise MalformedError(f"is that of VEN {persisted.state.ven_id!r}")
    return msgspec.structs.replace(persisted, state=replace(persisted.state, load_ids=load_ids))
