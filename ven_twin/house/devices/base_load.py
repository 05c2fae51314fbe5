"""Everything that was measured and has no circuit of its own: a power for each hour of the day."""

from typing import Annotated, ClassVar, Self

import msgspec
from msgspec import Meta

from ven_twin.house.circuit import Circuit, Kw
from ven_twin.house.control import Control, Flexibility, Stepped
from ven_twin.house.environment import Environment
from ven_twin.house.occupants import StreamType
from ven_twin.house.weather import HOURS_A_DAY, calendar

HourlyKw = Annotated[tuple[Kw, ...], Meta(min_length=HOURS_A_DAY, max_length=HOURS_A_DAY)]


class BaseLoadSpec(Circuit, frozen=True, kw_only=True):
    """Mean power by hour of the day, local standard time, of weekdays and of weekends."""

    type: ClassVar[str] = "base_load"

    weekday_kw: HourlyKw
    weekend_kw: HourlyKw


class BaseLoad(msgspec.Struct, frozen=True, gc=False):
    """The rest of a metered house, as `ven-twin house fit` writes it. It has no state, no chance, and cannot
    be shed: nobody knows what it is made of.
    """  # noqa: D205 - the summary needs its second clause

    spec_type: ClassVar[type[Circuit]] = BaseLoadSpec
    stream_type: ClassVar[StreamType | None] = None

    spec: BaseLoadSpec

    @classmethod
    def at_rest(cls, spec: BaseLoadSpec) -> Self:
        """The load on its circuit."""
        return cls(spec)

    def step(self, control: Control, env: Environment, dt_s: float) -> Stepped[Self]:  # noqa: ARG002
        """Draw the hour's mean; nothing with the relay open."""
        if not control.enabled:
            return Stepped(self, 0.0)
        _, _, weekend = calendar(env.day)
        day_kw = self.spec.weekend_kw if weekend else self.spec.weekday_kw
        return Stepped(self, day_kw[int(env.hour_of_day) % HOURS_A_DAY])

    def flexibility(self, env: Environment, demand_kw: float) -> Flexibility:  # noqa: ARG002
        """None."""
        return Flexibility(demand_kw, demand_kw, "", in_use=demand_kw > 0.0, blocked="not metered singly")
