"""What a VEN must not forget: everything it decides by, as one document that outlives its process. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from contracts.errors import MalformedError
from ven_twin.control.event_history import PastEvent
from ven_twin.control.meter import Meter
from ven_twin.control.shadow_sync import ShadowCopy
from ven_twin.control.ven_state import VenState

FORMAT = 1
"""Raised when an older release could misread what this one writes; fields that are added need no new one."""


class PersistedState(msgspec.Struct, frozen=True, kw_only=True):
    """A VEN at one moment.

    Attributes:
        format: which form this document has.
        state: settings, events with what was announced of each, circuits shed by command, what is desired.
        wanted: patch of the desired state that the shadow service has not confirmed yet.
        last_event: the summary of the event that ended last.
        delivered: meters of the events that are acted on, by event id.
        requested_kw: what those events last asked for, kW.
        boot_id: the run of the VEN that wrote this.
        saved_ts: when, UTC s; time does not go back behind it.
        past: the events that are over, newest first.
    """

    format: int = FORMAT
    state: VenState
    wanted: Mapping[str, Any] = {}
    last_event: dict[str, Any] | None = None
    delivered: dict[str, Meter] = {}
    requested_kw: dict[str, float] = {}
    boot_id: str
    saved_ts: float
    past: tuple[PastEvent, ...] = ()


class _Form(msgspec.Struct, frozen=True):
    format: int = 0


def lasting(state: VenState) -> VenState:
    """What of *state* outlives the process.

    The shadow is read again on the next connect, and what it refuses is judged again; of it only what is
    desired is kept, to go on by until then. Versions are not: a shadow that was deleted counts anew.
    """
    return replace(state, shadow=ShadowCopy(desired=state.shadow.desired), errors={}, taken=frozenset())


def write_state(memory: PersistedState) -> bytes:
    """*memory* as JSON."""
    return msgspec.json.encode(memory)


def read_state(raw: bytes, ven_id: str, load_ids: frozenset[str]) -> PersistedState:
    """The memory in *raw*, of a VEN whose house has these circuits now.

    Raises:
        MalformedError: it is no such document, of another form, or another VEN's.
    """
    try:
        found = msgspec.json.decode(raw, type=_Form).format
        if found != FORMAT:
            raise MalformedError(f"has form {found}, this release reads {FORMAT}")
        memory = msgspec.json.decode(raw, type=PersistedState)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise MalformedError(f"cannot be read: {error}") from None
    if memory.state.ven_id != ven_id:
        raise MalformedError(f"is that of VEN {memory.state.ven_id!r}")
    return msgspec.structs.replace(memory, state=replace(memory.state, load_ids=load_ids))
