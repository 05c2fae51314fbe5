"""Appliances that someone starts and that then run for a while: dryer and range."""

from abc import abstractmethod
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, ClassVar, Generic, Self, TypeVar

from msgspec import Meta

from ven_twin.house.circuit import Circuit
from ven_twin.house.control import Control, Flexibility, Stepped
from ven_twin.house.environment import Environment, Use
from ven_twin.house.occupants import DeviceHabits, HabitsT, PerDay, RunS, Span, Stream, StreamType, UseStart

DRYER, RANGE = 4, 7
"""Numbers of the first of three streams of chance: whether a run starts, when, and how long it is."""


class ApplianceSpec(Circuit, frozen=True, kw_only=True):
    """An appliance that draws ``run_kw`` while in use."""

    most_keys: ClassVar[tuple[str, ...]] = ("rated_kw", "run_kw")

    run_kw: Annotated[float, Meta(gt=0.0, le=15.0)]


class ApplianceUse(Use, frozen=True, gc=False):
    """Seconds of use that someone starts in the step."""

    started_s: float = 0.0


class ApplianceStream(Stream[HabitsT]):
    """Runs that someone starts: at most one an hour."""

    __slots__ = ()
    use_type: ClassVar[type[ApplianceUse]]

    @abstractmethod
    def start(self, index: int) -> UseStart:
        """The run that starts in hour *index*, if any."""

    def use(self, span: Span) -> ApplianceUse | None:
        """The runs that start within the step."""
        started_s = 0.0
        for index, from_s, until_s in span.hours:
            at_s, run_s = _start(self, index)
            if from_s <= at_s < until_s:
                started_s += run_s
        return self.use_type(started_s) if started_s else None

    def used_in_hour(self, index: int) -> bool:
        """Tell if a run starts in that hour."""
        return _start(self, index).run_s > 0.0


@lru_cache(maxsize=512)
def _start(stream: ApplianceStream[DeviceHabits], index: int) -> UseStart:
    return stream.start(index)


SpecT = TypeVar("SpecT", bound=ApplianceSpec)


@dataclass(frozen=True, slots=True)
class Appliance(Generic[SpecT]):
    """An appliance that owes ``owed_s`` seconds of use, and may be in the middle of them.

    A limit below its power holds back a start; a use that has begun runs to its end. An open relay stops it
    at once and the rest runs later: energy is moved, never lost.

    Interpretation: starts that are held back queue up, and run one after the other.
    """

    spec_type: ClassVar[type[Circuit]]
    stream_type: ClassVar[StreamType | None]
    use_type: ClassVar[type[ApplianceUse]]

    spec: SpecT
    owed_s: float = 0.0
    running: bool = False

    @classmethod
    def at_rest(cls, spec: SpecT) -> Self:
        """The appliance, not in use."""
        return cls(spec)

    def step(self, control: Control, env: Environment, dt_s: float) -> Stepped[Self]:
        """Run what is owed, for at most *dt_s*."""
        owed_s = self.owed_s + env.use(self.use_type).started_s
        if owed_s == 0.0:
            return Stepped(self, 0.0)
        run_s = min(owed_s, dt_s) if self._runs(control) else 0.0
        left_s = owed_s - run_s
        after = type(self)(self.spec, left_s, run_s > 0.0 and left_s > 0.0)
        return Stepped(after, self.spec.run_kw * run_s / dt_s)

    def flexibility(self, env: Environment, demand_kw: float) -> Flexibility:  # noqa: ARG002
        """A start can wait; a use that has begun cannot."""
        return Flexibility(
            demand_kw,
            0.0,
            "start delayed",
            in_use=self.running,
            blocked="mid-use" if self.running else "",
        )

    def _runs(self, control: Control) -> bool:
        return control.enabled if self.running else control.allows_kw(self.spec.run_kw)


class DryerSpec(ApplianceSpec, frozen=True, kw_only=True):
    """The dryer's circuit."""

    type: ClassVar[str] = "dryer"


class DryerUse(ApplianceUse, frozen=True, gc=False):
    """Seconds of drying that someone starts in the step."""


class DryerHabits(DeviceHabits, frozen=True, kw_only=True):
    """Runs of the mean day, and how long one is."""

    dryer_runs_d: PerDay
    dryer_run_s: RunS


class DryerStream(ApplianceStream[DryerHabits]):
    """Runs as the dryer's shape and who is active have them."""

    __slots__ = ()
    habits_type = DryerHabits
    use_type = DryerUse

    def start(self, index: int) -> UseStart:
        """The run that starts in hour *index*, if any."""
        habits = self.habits
        return self.occupants.start("dryer", habits.dryer_runs_d, habits.dryer_run_s, DRYER, index)


@dataclass(frozen=True, slots=True)
class Dryer(Appliance[DryerSpec]):
    """A resistance dryer, one load at a time."""

    spec_type: ClassVar[type[Circuit]] = DryerSpec
    stream_type: ClassVar[StreamType | None] = DryerStream
    use_type: ClassVar[type[ApplianceUse]] = DryerUse


class RangeSpec(ApplianceSpec, frozen=True, kw_only=True):
    """The range's circuit."""

    type: ClassVar[str] = "range"


class RangeUse(ApplianceUse, frozen=True, gc=False):
    """Seconds of cooking that someone starts in the step."""


class RangeHabits(DeviceHabits, frozen=True, kw_only=True):
    """Runs of the mean day, and how long one is."""

    range_runs_d: PerDay
    range_run_s: RunS


class RangeStream(ApplianceStream[RangeHabits]):
    """Runs as the range's shape and who is active have them."""

    __slots__ = ()
    habits_type = RangeHabits
    use_type = RangeUse

    def start(self, index: int) -> UseStart:
        """The run that starts in hour *index*, if any."""
        habits = self.habits
        return self.occupants.start("range", habits.range_runs_d, habits.range_run_s, RANGE, index)


@dataclass(frozen=True, slots=True)
class Range(Appliance[RangeSpec]):
    """A range, one meal at a time."""

    spec_type: ClassVar[type[Circuit]] = RangeSpec
    stream_type: ClassVar[StreamType | None] = RangeStream
    use_type: ClassVar[type[ApplianceUse]] = RangeUse
