"""The refrigerator: a small compressor that runs about half the time."""

from typing import Annotated, ClassVar, Self

import msgspec
from msgspec import Meta

from ven_twin.house.circuit import Circuit
from ven_twin.house.control import Control, Flexibility, Stepped
from ven_twin.house.environment import Environment, Use
from ven_twin.house.occupants import DeviceHabits, HourlyStream, Kwh, StreamType

MOST_DUTY = 0.95


class FridgeSpec(Circuit, frozen=True, kw_only=True):
    """The fridge's circuit.

    It starts when it owes ``cycle_s`` of running; warmed through, it owes ``warm_s``.
    """

    type: ClassVar[str] = "fridge"
    most_keys: ClassVar[tuple[str, ...]] = ("rated_kw", "compressor_kw")

    compressor_kw: Annotated[float, Meta(gt=0.0, le=1.0)]
    cycle_s: Annotated[float, Meta(ge=60.0, le=7_200.0)]
    warm_s: Annotated[float, Meta(ge=600.0, le=86_400.0)]


class FridgeUse(Use, frozen=True, gc=False):
    """Mean power of the hour, kW: how often the door is opened and what is put in."""

    mean_kw: float = 0.0


class FridgeHabits(DeviceHabits, frozen=True, kw_only=True):
    """Energy of the mean day."""

    fridge_kwh_d: Kwh


class FridgeStream(HourlyStream[FridgeHabits]):
    """The hour's shape, without chance."""

    __slots__ = ()
    habits_type = FridgeHabits
    use_type = FridgeUse

    def use_in_hour(self, index: int) -> FridgeUse:
        """Mean power over the hour."""
        return FridgeUse(self.occupants.mean("fridge", self.habits.fridge_kwh_d, index))


class Fridge(msgspec.Struct, frozen=True, gc=False):
    """A fridge that owes ``owed_s`` seconds of compressor running.

    Heat comes in all the time and adds to what is owed, at the duty that the occupants' hour asks for;
    running takes it away. So the energy over a day is the duty's, whatever the cycle, and a fridge that
    was off catches up afterwards, until it is as warm as the kitchen and owes no more.

    Interpretation: a duty cycle with hysteresis in place of a cabinet temperature; critical all the same.
    """

    spec_type: ClassVar[type[Circuit]] = FridgeSpec
    stream_type: ClassVar[StreamType | None] = FridgeStream

    spec: FridgeSpec
    owed_s: float = 0.0
    running: bool = False

    @classmethod
    def at_rest(cls, spec: FridgeSpec) -> Self:
        """The fridge, just off."""
        return cls(spec)

    def step(self, control: Control, env: Environment, dt_s: float) -> Stepped[Self]:
        """Advance *dt_s*, switching the compressor at the moment it is due."""
        duty = self._duty(env)
        owed_s, running, left_s, ran_s = self.owed_s, self.running, dt_s, 0.0
        if not control.allows_kw(self.spec.compressor_kw):
            owed_s = min(owed_s + duty * dt_s, max(self.spec.warm_s, owed_s))
            return Stepped(type(self)(self.spec, owed_s), 0.0)
        cycle_s = self.spec.cycle_s
        while left_s > 0.0:
            if running:
                off_s = owed_s / (1.0 - duty)
                substep_s = off_s if off_s < left_s else left_s
                owed_s -= substep_s * (1.0 - duty)
                ran_s += substep_s
                running = substep_s == left_s
            else:
                due_s = (cycle_s - owed_s) / duty if duty > 0.0 else left_s
                substep_s = left_s if due_s >= left_s else max(due_s, 0.0)
                owed_s += substep_s * duty
                running = substep_s < left_s
            left_s -= substep_s
        after = type(self)(self.spec, owed_s if owed_s > 0.0 else 0.0, running)
        return Stepped(after, self.spec.compressor_kw * ran_s / dt_s)

    def flexibility(self, env: Environment, demand_kw: float) -> Flexibility:  # noqa: ARG002
        """None: food is kept cold."""
        return Flexibility(demand_kw, demand_kw, "", in_use=self.running, blocked="critical")

    def _duty(self, env: Environment) -> float:
        duty = env.use(FridgeUse).mean_kw / self.spec.compressor_kw
        return duty if duty < MOST_DUTY else MOST_DUTY
