"""The VEN's state and settings, and what its shadow and the passing of time change in them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec

from contracts.wire.events import DrEvent, Phase
from contracts.wire.ids import EventId, LoadId, VenId
from contracts.wire.shadow import Desired, LoadSetting, OptOut, read_desired
from ven_twin.control.schedule import (
    OPEN_MAX,
    EventOrigin,
    EventTransition,
    Schedule,
    ScheduledEvent,
    ScheduleVerdict,
)
from ven_twin.control.shadow_sync import ShadowCopy

DEFAULT_REPORT_INTERVAL_S = 30.0


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force.

    Attributes:
        report_interval_s: between two telemetry rows.
        batch_s: a row may wait so long in peace, to go in one message with others; 0 for none that waits.
        target_power_kw: a standing import limit, or None. Interpretation: the earlier system left open
            what its ``target_power_kw`` aims at; a limit of what is drawn from the grid it is here.
        enabled: whether the VEN takes part in events.
        opt_out: why and until when it takes no part by its own choice, or None.
        loads: what was set of circuits, by their id.
    """

    report_interval_s: float = DEFAULT_REPORT_INTERVAL_S
    batch_s: float = 0.0
    target_power_kw: float | None = None
    enabled: bool = True
    opt_out: OptOut | None = None
    loads: Mapping[str, LoadSetting] = field(default_factory=dict)

    def participates(self, now_ts: float) -> bool:
        """True when events are acted on at *now_ts*."""
        return self.enabled and not self.opted_out(now_ts)

    def opted_out(self, now_ts: float) -> bool:
        """True while an opt-out is in force at *now_ts*."""
        left = self.opt_out
        return left is not None and (left.until_ts is None or now_ts < left.until_ts)

    def with_desired(self, desired: Desired) -> Settings:
        """These settings with what *desired* mentions put in force."""
        interval_s, target_kw, opt_out = desired.report_interval_s, desired.target_power_kw, desired.opt_out
        loads = {load_id: _over(self.loads.get(load_id), new) for load_id, new in desired.loads.items()}
        return Settings(
            report_interval_s=self.report_interval_s if interval_s is None else interval_s,
            batch_s=self.batch_s if desired.batch_s is None else desired.batch_s,
            target_power_kw=self.target_power_kw if target_kw is msgspec.UNSET else target_kw,
            enabled=self.enabled if desired.enabled is None else desired.enabled,
            opt_out=self.opt_out if opt_out is msgspec.UNSET else opt_out,
            loads={**self.loads, **loads},
        )


def _over(old: LoadSetting | None, new: LoadSetting) -> LoadSetting:
    """*new*, with what it leaves open taken from *old*."""
    if old is None:
        return new
    changed = {name: value for name in new.__struct_fields__ if (value := getattr(new, name)) is not None}
    return msgspec.structs.replace(old, **changed)


REFUSED = {
    ScheduleVerdict.EXPIRED: "ended before it was received",
    ScheduleVerdict.FULL: f"{OPEN_MAX} events that are not over are held already",
}
"""Why an event that was offered is not taken up."""
EXPIRED = REFUSED[ScheduleVerdict.EXPIRED]
LIFTED_BY_NULL = ("target_power_kw", "optOut")
"""Keys whose removal from ``desired`` means something: no limit, no opt-out. Interpretation: of the others
null says nothing, as in `contracts.wire.shadow`, and what was set stays set."""
LEFT = frozenset({Phase.CANCELLED, Phase.OPTED_OUT})


@dataclass(frozen=True, slots=True)
class LoadShed:
    """One circuit shed by a command, whatever the events request."""

    reduce_kw: float
    until_ts: float


@dataclass(frozen=True, slots=True)
class VenState:
    """Everything that a VEN decides by.

    Attributes:
        ven_id: who it is.
        load_ids: the circuits that its house has.
        settings: what it is set to.
        schedule: the events that it holds.
        load_sheds: circuits curtailed by command, by id.
        by_hand: circuits that a resident switched while an event was in force, and which event: they are out
            of it until it ends.
        restores: how often it was told to give back what an event that is over still holds.
        shadow: its copy of the shadow.
        errors: why something desired was refused, by key path.
        mirrored: paths of the desired events and loads that were accepted.
    """

    ven_id: VenId
    load_ids: frozenset[LoadId]
    settings: Settings = field(default_factory=Settings)
    schedule: Schedule = field(default_factory=Schedule)
    load_sheds: Mapping[str, LoadShed] = field(default_factory=dict)
    by_hand: Mapping[str, EventId] = field(default_factory=dict)
    restores: int = 0
    shadow: ShadowCopy = field(default_factory=ShadowCopy)
    errors: Mapping[str, str] = field(default_factory=dict)
    mirrored: frozenset[str] = frozenset()

    def with_shadow(self, shadow: ShadowCopy, now_ts: float) -> VenState:
        """Converge to *shadow*'s desired state; what cannot be is refused under `errors`.

        An event that came by shadow and is no longer desired is cancelled; when ``drEvents`` as a whole is
        refused, none is.
        """
        lifted = [key for key in LIFTED_BY_NULL if key in self.shadow.desired and key not in shadow.desired]
        desired = read_desired({**shadow.desired, **dict.fromkeys(lifted)})
        errors = dict(desired.errors)
        schedule = self._with_events(desired, shadow, errors, now_ts)
        if shadow.synchronized and "drEvents" not in errors:
            gone = schedule.from_shadow_ids() - shadow.desired_events.keys()
            schedule = schedule.end(gone, Phase.CANCELLED, now_ts)
        of_house = self.of_house_loads(desired, errors)
        events = {f"drEvents.{event_id}" for event_id in desired.events} - errors.keys()
        return replace(
            self,
            shadow=shadow,
            schedule=schedule,
            settings=self.settings.with_desired(of_house),
            errors=errors,
            mirrored=frozenset(events | {f"loads.{load_id}" for load_id in of_house.loads}),
        )

    def with_desired(self, patch: Mapping[str, object], now_ts: float) -> VenState:
        """Take *patch*, which a command puts into the desired state, as desired at once.

        Else the next message about the shadow, which does not know of it yet, would undo the command.
        """
        return self.with_shadow(self.shadow.with_desired(patch), now_ts) if patch else self

    def _with_events(
        self, desired: Desired, shadow: ShadowCopy, errors: dict[str, str], now_ts: float
    ) -> Schedule:
        """The schedule with what is desired of events; why one is refused is added to *errors*."""
        schedule = self.schedule
        for event_id, event in desired.events.items():
            if event is None:
                continue
            ended = None
            if event_id not in schedule.events:
                ended = _ended_before(event, shadow, self.ven_id, now_ts)
            if ended is not None:
                schedule = schedule.remember(event, self.ven_id, ended)
                continue
            schedule, verdict = schedule.offer(event, EventOrigin.SHADOW, self.ven_id, now_ts)
            if verdict in REFUSED:
                errors[f"drEvents.{event_id}"] = REFUSED[verdict]
            elif not schedule.acts_on(event):
                revision = schedule.events[event.event_id].event.revision
                errors[f"drEvents.{event_id}"] = f"revision {revision} has other terms: raise the revision"
        return schedule

    def of_house_loads(self, desired: Desired, errors: dict[str, str]) -> Desired:
        """*desired* without circuits that this house does not have; each is added to *errors*."""
        for load_id in desired.loads.keys() - self.load_ids:
            errors[f"loads.{load_id}"] = f"unknown; allowed: {', '.join(sorted(self.load_ids))}"
        of_house = {load_id: load for load_id, load in desired.loads.items() if load_id in self.load_ids}
        return msgspec.structs.replace(desired, loads=of_house)

    def advance(self, now_ts: float) -> tuple[VenState, tuple[EventTransition, ...]]:
        """Let time pass: leave events that the VEN takes no part in, and say what changed its phase."""
        schedule = self.schedule
        if not self.settings.participates(now_ts):
            running = [
                i for i, scheduled in schedule.events.items() if scheduled.phase(now_ts) is Phase.ACTIVE
            ]
            schedule = schedule.end(running, Phase.OPTED_OUT, now_ts)
        by_hand = {load: event for load, event in self.by_hand.items() if not schedule.announced_over(event)}
        schedule, transitions = schedule.announce(now_ts)
        sheds = {load_id: shed for load_id, shed in self.load_sheds.items() if now_ts < shed.until_ts}
        stays = len(by_hand) == len(self.by_hand) and len(sheds) == len(self.load_sheds)
        if stays and schedule is self.schedule:
            return self, transitions
        return replace(self, schedule=schedule, load_sheds=sheds, by_hand=by_hand), transitions

    def in_force(self, now_ts: float) -> ScheduledEvent | None:
        """The event that is acted on at *now_ts*, or None."""
        return self.schedule.in_force(now_ts) if self.settings.participates(now_ts) else None

    def reported_settings(self) -> dict[str, object]:
        """The part of ``reported`` that mirrors ``desired``.

        What was accepted is mirrored as it was written, so that the delta closes; what was refused is
        not, so that its delta stays to be seen beside its reason. An event that was left before its time
        has ``ended`` beside its mirror, by which a later run of this VEN knows not to start it again.
        """
        settings, desired = self.settings, self.shadow.desired
        reported: dict[str, object] = {
            "report_interval_seconds": settings.report_interval_s,
            "batch_seconds": settings.batch_s,
            "enabled": settings.enabled,
            "optOut": msgspec.to_builtins(settings.opt_out) if settings.opt_out else False,
            "drEvents": self._reported_events(),
            "loads": self._reported_loads(desired.get("loads")),
        }
        if settings.target_power_kw is not None:
            reported["target_power_kw"] = settings.target_power_kw
        for key in ("report_interval_seconds", "batch_seconds", "enabled", "optOut", "target_power_kw"):
            if key in desired and not self._refused(key):
                reported[key] = desired[key]
        return reported

    def _reported_events(self) -> dict[str, object]:
        desired = self.shadow.desired_events
        reported: dict[str, object] = {}
        for event_id, scheduled in self.schedule.events.items():
            event = desired.get(event_id)
            if f"drEvents.{event_id}" in self.mirrored and isinstance(event, Mapping):
                mirror = dict(event)
            elif scheduled.source is not EventOrigin.SHADOW:
                mirror = scheduled.event.to_shadow()
            else:
                continue
            reported[event_id] = (
                {**mirror, "ended": str(scheduled.ended)} if scheduled.ended in LEFT else mirror
            )
        return reported

    def _reported_loads(self, desired: object) -> object:
        if isinstance(desired, list) and not self._refused("loads"):
            return desired
        mirrored = desired if isinstance(desired, Mapping) else {}
        return {
            load_id: mirrored[load_id]
            if load_id in mirrored and f"loads.{load_id}" in self.mirrored
            else {key: value for key, value in msgspec.to_builtins(load).items() if value is not None}
            for load_id, load in self.settings.loads.items()
        }

    def _refused(self, path: str) -> bool:
        return any(key == path or key.startswith((f"{path}.", f"{path}[")) for key in self.errors)


def _ended_before(event: DrEvent, shadow: ShadowCopy, ven_id: VenId, now_ts: float) -> Phase | None:
    """As what *event* ended in an earlier run of this VEN, by what that reported; None when it did not."""
    reported = shadow.reported.get("drEvents")
    earlier = reported.get(event.event_id) if isinstance(reported, Mapping) else None
    if not isinstance(earlier, Mapping) or earlier.get("revision", 0) != event.revision or event.cancelled:
        return None
    for phase in LEFT:
        if earlier.get("ended") == phase:
            return phase
    over = event.phase(now_ts, offset_s=event.start_offset_s(ven_id)) is Phase.COMPLETED
    return Phase.COMPLETED if over else None
