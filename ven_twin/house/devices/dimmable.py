"""Loads that can be turned down to a floor, but that have no state: lights and outlets."""

from dataclasses import dataclass
from typing import ClassVar, Generic, Self, TypeVar

from ven_twin.house.circuit import Circuit, Fraction
from ven_twin.house.control import Control, Flexibility, Stepped
from ven_twin.house.environment import Environment, Use
from ven_twin.house.occupants import DeviceHabits, HourlyStream, Kwh, StreamType

LIGHTS, OUTLETS = 0, 1
"""Numbers of the streams of chance."""


class DimmableSpec(Circuit, frozen=True, kw_only=True):
    """A load that follows the occupants and can be turned down to ``floor_fraction`` of that."""

    floor_fraction: Fraction


class DimmableUse(Use, frozen=True, gc=False):
    """The power that the occupants have switched on, kW."""

    level_kw: float = 0.0


SpecT = TypeVar("SpecT", bound=DimmableSpec)


@dataclass(frozen=True, slots=True)
class Dimmable(Generic[SpecT]):
    """A load that follows the occupants. Energy that is not used is not owed later."""

    spec_type: ClassVar[type[Circuit]]
    stream_type: ClassVar[StreamType | None]
    use_type: ClassVar[type[DimmableUse]]

    spec: SpecT

    @classmethod
    def at_rest(cls, spec: SpecT) -> Self:
        """The load on its circuit."""
        return cls(spec)

    def step(self, control: Control, env: Environment, dt_s: float) -> Stepped[Self]:  # noqa: ARG002
        """Draw what the occupants want, at most the limit, at least the floor; an open relay, nothing."""
        if not control.enabled:
            return Stepped(self, 0.0)
        level_kw, spec = env.use(self.use_type).level_kw, self.spec
        level_kw = min(level_kw, spec.rated_kw)
        limit_kw = control.limit_kw
        if limit_kw is None or limit_kw >= level_kw:
            return Stepped(self, level_kw)
        return Stepped(self, max(limit_kw, level_kw * spec.floor_fraction))

    def flexibility(self, env: Environment, demand_kw: float) -> Flexibility:  # noqa: ARG002
        """Anything down to the floor."""
        floor_kw = demand_kw * self.spec.floor_fraction
        return Flexibility(demand_kw, floor_kw, "turned down", continuous=True, in_use=demand_kw > 0.0)


class LightsSpec(DimmableSpec, frozen=True, kw_only=True):
    """The lighting circuit."""

    type: ClassVar[str] = "lights"


class LightsUse(DimmableUse, frozen=True, gc=False):
    """Mean power of the lights that are on, kW."""


class LightsHabits(DeviceHabits, frozen=True, kw_only=True):
    """Energy of the mean day."""

    lights_kwh_d: Kwh


class LightsStream(HourlyStream[LightsHabits]):
    """The hour's shape by who is active, varied by chance."""

    __slots__ = ()
    habits_type = LightsHabits
    use_type = LightsUse

    def use_in_hour(self, index: int) -> LightsUse:
        """Mean power over the hour."""
        mean_kw = self.occupants.expected("lights", self.habits.lights_kwh_d, index)
        return LightsUse(mean_kw * self.occupants.varied(LIGHTS, index))


@dataclass(frozen=True, slots=True)
class Lights(Dimmable[LightsSpec]):
    """Lights, dimmed to half at most.

    Interpretation: light is proportional to power, and eyes forgive half of it for the length of an event.
    """

    spec_type: ClassVar[type[Circuit]] = LightsSpec
    stream_type: ClassVar[StreamType | None] = LightsStream
    use_type: ClassVar[type[DimmableUse]] = LightsUse


class OutletsSpec(DimmableSpec, frozen=True, kw_only=True):
    """The outlets circuit."""

    type: ClassVar[str] = "outlets"


class OutletsUse(DimmableUse, frozen=True, gc=False):
    """Mean power of the outlets that are on, kW."""


class OutletsHabits(DeviceHabits, frozen=True, kw_only=True):
    """Energy of the mean day."""

    outlets_kwh_d: Kwh


class OutletsStream(HourlyStream[OutletsHabits]):
    """The hour's shape by who is active, varied by chance."""

    __slots__ = ()
    habits_type = OutletsHabits
    use_type = OutletsUse

    def use_in_hour(self, index: int) -> OutletsUse:
        """Mean power over the hour."""
        mean_kw = self.occupants.expected("plugs", self.habits.outlets_kwh_d, index)
        return OutletsUse(mean_kw * self.occupants.varied(OUTLETS, index))


@dataclass(frozen=True, slots=True)
class Outlets(Dimmable[OutletsSpec]):
    """Outlets, of which the network, the alarm and the controller's own supply always stay on.

    Interpretation: those are 30 % of what is plugged in.
    """

    spec_type: ClassVar[type[Circuit]] = OutletsSpec
    stream_type: ClassVar[StreamType | None] = OutletsStream
    use_type: ClassVar[type[DimmableUse]] = OutletsUse
