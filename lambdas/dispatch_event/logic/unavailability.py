"""Reasons why a VEN is not counted on, with their words beside them. Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

W_PER_KW = 1000
LEAST_CALL_W = 50
"""Nobody is called for less, where there is a choice. As much is the least that a twin offers."""


class Reason(StrEnum):
    """A reason; its value is the words for people, with a place for the detail where it has one."""

    OFFLINE = "offline"
    DISABLED = "disabled"
    OPTED_OUT = "opted out: {}"
    NO_OFFER = "has not said what it can shed"
    OFFERS_NOTHING = "offers nothing"
    OFFERS_TOO_LITTLE = f"offers less than {LEAST_CALL_W} W"
    NO_TELEMETRY = "no telemetry"
    SILENT = "silent for {} s"
    LEFT = "left the event"
    IN_OTHER_EVENT = "in event {}"
    DELIVERS_NOTHING = "delivers nothing"
    REMOVED = "is no VEN any more"
    SHADOW_FULL = "its shadow is full"


class Unavailable(NamedTuple):
    """The reason why one VEN is not counted on; *detail* fills the place in its words."""

    reason: Reason
    detail: str = ""

    @property
    def text(self) -> str:
        """The reason in words, as plans and answers carry it."""
        return self.reason.value.format(self.detail)
