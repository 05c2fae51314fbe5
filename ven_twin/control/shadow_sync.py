"""The VEN's copy of its shadow: the whole desired state, and the versions by which news is told from old.

| message | taken up when its version is | then |
|---|---|---|
| get/accepted | not below the last delta or accepted | both states read anew, synchronized |
| get/rejected 404 | – | no shadow: nothing desired or reported, synchronized |
| update/delta | above the last delta, not below the last accepted | patches desired; events: see `on_delta` |
| update/accepted | above the last accepted | patches both; a gap in the versions ends synchronized |
| update/rejected, ours | – | not synchronized |
| disconnected | – | not synchronized |

Until the whole was read once, a delta or an accepted only raises the version that the whole must have.

A delta holds only what differs from ``reported``, and a key that was removed from ``desired`` is in no
delta at all; so the whole of ``desired`` is kept here and patched by what comes in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import NamedTuple

from contracts.wire.offers import OfferLevels, lasting_offer, read_levels
from contracts.wire.shadow import merge

NOT_FOUND = 404
SHED, LOAD_UP = "shedAvailabilityKw", "loadUpAvailabilityKw"
OFFER_STEP_KW = 0.5
"""A change of what is on offer by less than this is not worth a shadow update of its own."""
SHED_FALL_S, LOAD_UP_FALL_S = 60.0, 720.0
"""While it is quiet, a fall of what is on offer waits so long after the last update.

Interpretation: a search takes a minute and a half in any case. What can be drawn more goes up and down with
each, so that its falls cost most; as rises wait too, a fleet reports less in sum than there is.
"""


@dataclass(frozen=True, slots=True)
class ShadowCopy:
    """The shadow as last known.

    Every update is answered by one ``accepted``, so the versions of those run without a gap; where one is
    missing the whole has to be read again.

    Attributes:
        desired: the whole desired state as last known.
        reported: what the service is known to hold as reported.
        accepted: version of the last ``accepted``, or of the whole, that was taken up.
        delta: version of the last delta that was taken up.
        synchronized: whether nothing was missed since the whole was read.
    """

    desired: Mapping[str, object] = field(default_factory=dict)
    reported: Mapping[str, object] = field(default_factory=dict)
    accepted: int = 0
    delta: int = 0
    synchronized: bool = False

    @property
    def _read_once(self) -> bool:
        return self.synchronized or self.accepted > 0

    @property
    def desired_events(self) -> Mapping[str, object]:
        """``desired.drEvents`` as it stands, without the events that were removed."""
        return _section(self.desired, "drEvents")

    def on_message(self, suffix: str, document: Mapping[str, object], *, answers_us: bool) -> ShadowCopy:
        """Take up a message on the topic *suffix* below ``shadow/``; any other changes nothing.

        *answers_us* marks the answer to this VEN's own update.
        """
        match suffix:
            case "get/accepted":
                return self.on_get(document)
            case "get/rejected" if document.get("code") == NOT_FOUND:
                return self.on_missing()
            case "update/delta":
                return self.on_delta(document)
            case "update/accepted":
                return self.on_accepted(document)
            case "update/rejected" if answers_us:
                return self.disconnected()
        return self

    def on_get(self, document: Mapping[str, object]) -> ShadowCopy:
        """The whole shadow was read. One that is older than what is known already changes nothing."""
        version = _version(document)
        if version < max(self.accepted, self.delta):
            return self
        state = _section(document, "state")
        return ShadowCopy(
            desired=merge({}, _section(state, "desired")),
            reported=merge({}, _section(state, "reported")),
            accepted=version,
            delta=version,
            synchronized=True,
        )

    def on_missing(self) -> ShadowCopy:
        """There is no shadow yet (404): nothing is desired, nothing reported."""
        return ShadowCopy(synchronized=True)

    def on_delta(self, document: Mapping[str, object]) -> ShadowCopy:
        """Some of what is desired differs from what is reported. An older message changes nothing.

        Until the whole was read once, nothing tells an old message from a new one; then it is only noted
        that the whole has to be at least as new.

        An event is one whole: a newer revision of it is not pieced together from a delta that came before its
        ``accepted``, or after a gap. Where the service does not know yet what was reported of the event, the
        delta leaves out terms. That event waits for its ``accepted``, or for the whole.
        """
        version = _version(document)
        if version <= self.delta or version < self.accepted:
            return self
        if not self._read_once:
            return replace(self, delta=version)
        state = dict(_section(document, "state"))
        ahead = version > self.accepted or not self.synchronized
        partial = self._partial_events(_section(state, "drEvents")) if ahead else ()
        if partial:
            events = _section(state, "drEvents").items()
            state["drEvents"] = {event_id: event for event_id, event in events if event_id not in partial}
        return replace(
            self,
            desired=merge(self.desired, state),
            delta=version,
            synchronized=self.synchronized and not partial,
        )

    def _partial_events(self, events: Mapping[str, object]) -> frozenset[str]:
        """Ids of those *events* of a delta of which the delta may leave something out."""
        desired, reported = self.desired_events, _section(self.reported, "drEvents")
        return frozenset(
            event_id
            for event_id, event in events.items()
            if event_id in desired or event_id in reported or not self.synchronized
            if merge(desired, {event_id: event}) != desired
        )

    def on_accepted(self, document: Mapping[str, object]) -> ShadowCopy:
        """An update, one's own or another's, was taken. This is where a removed key shows up.

        As with a delta, only its version is noted until the whole was read once.
        """
        version, state = _version(document), _section(document, "state")
        if version <= self.accepted:
            return self
        if not self._read_once:
            return replace(self, delta=max(self.delta, version))
        return replace(
            self,
            desired=merge(self.desired, _section(state, "desired")),
            reported=merge(self.reported, _section(state, "reported")),
            accepted=version,
            # The first update of a shadow that did not exist continues the count of a deleted one.
            synchronized=self.synchronized and (self.accepted == 0 or version == self.accepted + 1),
        )

    def with_desired(self, patch: Mapping[str, object]) -> ShadowCopy:
        """Take *patch*, of a command, as desired at once, before the service confirms it."""
        return replace(self, desired=merge(self.desired, patch))

    def disconnected(self) -> ShadowCopy:
        """The connection is gone, and with it whatever was said meanwhile."""
        return replace(self, synchronized=False)


def one_patch(first: Mapping[str, object], then: Mapping[str, object]) -> dict[str, object]:
    """One patch that does what *first* and *then* do one after the other; a null stays, for it deletes."""
    patch = dict(first)
    for key, value in then.items():
        before = patch.get(key)
        if isinstance(value, Mapping) and isinstance(before, Mapping):
            patch[key] = one_patch(before, value)
        else:
            patch[key] = value
    return patch


def pruned(value: Mapping[str, object]) -> dict[str, object]:
    """*value* without nulls and empty objects, which a shadow does not keep."""
    filled = {key: pruned(item) if isinstance(item, Mapping) else item for key, item in value.items()}
    return {key: item for key, item in filled.items() if item is not None and item != {}}


def worth_saying(before: Mapping[str, object], after: Mapping[str, object]) -> bool:
    """True when *after* differs from the reported state *before* in more than drifting figures."""
    return _steady(before) != _steady(after) or any(
        abs(_metric(before, offer) - _metric(after, offer)) >= OFFER_STEP_KW for offer in (SHED, LOAD_UP)
    )


def worth_saying_after_s(before: Mapping[str, object], after: Mapping[str, object]) -> float:
    """The time after the last update, s, from which *after* is worth another while it is quiet.

    A fall of an offer is after some time, as dispatch would count on what is not there; a rise never is by
    itself. What can be shed falls when it does for an event of any length.
    """
    if _steady(before) != _steady(after):
        return 0.0
    if _shed_falls(before, after):
        return SHED_FALL_S
    falls_kw = _metric(before, LOAD_UP) - _metric(after, LOAD_UP)
    return LOAD_UP_FALL_S if falls_kw >= OFFER_STEP_KW else inf


def _shed_falls(before: Mapping[str, object], after: Mapping[str, object]) -> bool:
    """True when the cloud counts on a step more for an event of some length than it would by *after*."""
    earlier, later = _shed_offer(before), _shed_offer(after)
    if earlier == later:
        return False
    lengths_s = {level.sustain_s for offer in (earlier, later) for level in offer.levels} | {0.0}
    return any(earlier.kw_for(s) - later.kw_for(s) >= OFFER_STEP_KW for s in lengths_s)


class _ShedOffer(NamedTuple):
    """The offer to shed as it is reported: the most, for how long, and by the length of an event."""

    kw: float
    sustain_s: float
    levels: OfferLevels

    def kw_for(self, length_s: float) -> float:
        """The kW that the cloud counts on for an event of *length_s*."""
        return lasting_offer(self.kw, self.sustain_s, self.levels, length_s)[0] or 0.0


def _shed_offer(reported: Mapping[str, object]) -> _ShedOffer:
    levels = read_levels(_section(reported, "metrics").get("offers"))
    return _ShedOffer(_metric(reported, SHED), _metric(reported, "sustainS"), levels)


def _steady(reported: Mapping[str, object]) -> dict[str, object]:
    drifting = {"currentPowerKw", "shedAvailabilityKw", "sustainS", "offers", "batterySoc", "forecast"}
    drifting |= {"loadUpAvailabilityKw", "loadUpSustainS"}
    metrics = {k: v for k, v in _section(reported, "metrics").items() if k not in drifting}
    ven = {k: v for k, v in _section(reported, "ven").items() if k not in {"lastPublishTs", "houseTs"}}
    return {**reported, "metrics": metrics, "ven": ven}


def _metric(reported: Mapping[str, object], name: str) -> float:
    value = _section(reported, "metrics").get(name, 0.0)
    return float(value) if isinstance(value, int | float) else 0.0


def _version(document: Mapping[str, object]) -> int:
    version = document.get("version", 0)
    return version if isinstance(version, int) and not isinstance(version, bool) else 0


def _section(document: Mapping[str, object], key: str) -> Mapping[str, object]:
    value = document.get(key)
    return value if isinstance(value, Mapping) else {}
