"""The PV array on the roof and its inverter."""

from typing import Annotated, ClassVar, Self

import msgspec
from msgspec import Meta

from ven_twin.house.circuit import Circuit, Fraction, Kw
from ven_twin.house.control import Control, Flexibility, Stepped
from ven_twin.house.environment import Environment
from ven_twin.house.occupants import StreamType

STC_W_M2 = 1000.0
STC_CELL_C = 25.0
NOCT_RISE_C = 25.0
"""How far cells at 800 W/m² stand above the air: nominal operating cell temperature 45 °C at 20 °C air."""
NOCT_W_M2 = 800.0


class PvSpec(Circuit, frozen=True, kw_only=True):
    """The array's circuit: DC rating, losses between cell and meter, temperature coefficient, AC limit."""

    type: ClassVar[str] = "pv"
    most_keys: ClassVar[tuple[str, ...]] = ("rated_kw", "inverter_kw")

    array_kw: Kw
    inverter_kw: Kw
    system_efficiency: Fraction
    temperature_per_c: Annotated[float, Meta(ge=-0.01, le=0.0)]


class Pv(msgspec.Struct, frozen=True, gc=False):
    """Generation from the sun on the plane of the array; power is negative.

    Source: PVWatts (NREL/TP-6A20-62641) for the linear cell model and its 14 % losses.
    """

    spec_type: ClassVar[type[Circuit]] = PvSpec
    stream_type: ClassVar[StreamType | None] = None

    spec: PvSpec

    @classmethod
    def at_rest(cls, spec: PvSpec) -> Self:
        """The array on its circuit."""
        return cls(spec)

    def step(self, control: Control, env: Environment, dt_s: float) -> Stepped[Self]:  # noqa: ARG002
        """Generate what the sun gives; nothing with the relay open. Limits on imports do not concern it."""
        if not control.enabled or env.array_w_m2 <= 0.0:
            return Stepped(self, 0.0)
        spec = self.spec
        cell_c = env.outdoor_c + NOCT_RISE_C * env.array_w_m2 / NOCT_W_M2
        derate = spec.system_efficiency * (1.0 + spec.temperature_per_c * (cell_c - STC_CELL_C))
        generated_kw = spec.array_kw * env.array_w_m2 / STC_W_M2 * max(derate, 0.0)
        return Stepped(self, -min(generated_kw, spec.inverter_kw))

    def flexibility(self, env: Environment, demand_kw: float) -> Flexibility:  # noqa: ARG002
        """None: generation already reduces what the site imports."""
        return Flexibility(demand_kw, demand_kw, "", in_use=demand_kw < 0.0, blocked="generation")
