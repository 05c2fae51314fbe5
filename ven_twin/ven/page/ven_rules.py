"""The rules of the VEN's page: the words of its states, its limits, and the ranges of its forms."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ven_twin.control.guards import FUTILE_KW
from ven_twin.ven.mqtt.session_status import SessionState
from ven_twin.ven.page import broadcaster, calls, power_history
from ven_twin.ven.page.view import CircuitState
from ven_twin.webkit import formatting
from ven_twin.webkit.rules import Bounds, CommonRules, bounds

BREAKER_HIGH = 0.8
"""A breaker that carries more of its rating is shown as loaded. Source: NEC 210.20, continuous loads."""
CIRCUIT_STATES: Mapping[CircuitState, str] = {
    "off": "switched off",
    "curtailed": "held back",
    "idle": "draws nothing now",
    "on": "on",
}
SESSION_STATES: Mapping[SessionState, str] = {
    SessionState.CONNECTING: "connecting",
    SessionState.CONNECTED: "connected",
    SessionState.BACKOFF: "waiting to try again",
    SessionState.REFUSED: "refused",
    SessionState.STOPPED: "stopped",
    SessionState.DUPLICATE_CLIENT: "displaced by another client",
}
SENTENCES: Mapping[str, str] = {
    "notParticipating": "We do not take part now",
    "overrideStatus": "Comfort: it is too warm or too cold",
    "mustRun": "Something must run",
    "economic": "It is not worth it",
    "emergency": "Emergency",
    "outageRunStatus": "Outage or repair",
}
"""The reasons to opt out, as sentences of a resident."""


class OptOutReason(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A reason to opt out: as it stands beside an event, and as the resident says it."""

    value: str
    words: str
    sentence: str


class VenRules(CommonRules, rename="camel", frozen=True, kw_only=True):
    """The rules of the VEN's page.

    A power below *stillKw* counts as none. *optOutReasons* are what a resident chooses from, and
    *eventKw* and *eventDurationS* the limits of an event that is made here.
    """

    still_kw: float
    breaker_high: float
    circuit_states: dict[CircuitState, str]
    session_states: dict[SessionState, str]
    opt_out_reasons: tuple[OptOutReason, ...]
    event_kw: Bounds
    event_duration_s: Bounds


def ven_rules() -> VenRules:
    """The rules as they stand in the code."""
    return VenRules(
        silent_s=broadcaster.SILENT_S,
        chart_span_s=power_history.SPAN_S,
        chart_apart_s=power_history.APART_S,
        chart_gap_s=power_history.GAP_S,
        still_kw=FUTILE_KW,
        breaker_high=BREAKER_HIGH,
        circuit_states=dict(CIRCUIT_STATES),
        session_states=dict(SESSION_STATES),
        opt_out_reasons=tuple(
            OptOutReason(value=reason, words=words, sentence=SENTENCES[reason])
            for reason, words in formatting.OPT_OUT_REASONS.items()
        ),
        event_kw=bounds(calls.EventCall, "kw"),
        event_duration_s=bounds(calls.EventCall, "duration_s"),
    )
