"""The parameters that every circuit has, and the methods that every device has."""

from typing import Annotated, Any, ClassVar, NamedTuple, Protocol, Self

import msgspec
from msgspec import Meta

from ven_twin.house.control import Control, Flexibility, Stepped
from ven_twin.house.environment import Environment
from ven_twin.house.occupants import StreamType

Kw = Annotated[float, Meta(ge=0.0, le=25.0)]
Fraction = Annotated[float, Meta(ge=0.0, le=1.0)]
Celsius = Annotated[float, Meta(ge=-40.0, le=100.0)]
SpanC = Annotated[float, Meta(ge=0.0, le=20.0)]
Seconds = Annotated[float, Meta(ge=0.0, le=86_400.0)]
Hour = Annotated[float, Meta(ge=0.0, le=24.0)]


class Impossible(NamedTuple):
    """A key of a circuit whose value does not go with the others, and what is allowed."""

    key: str
    allowed: str


class Circuit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A circuit of the panel.

    ``priority`` ranks circuits for shedding: 1 is the most important and sheds last. A ``critical`` circuit
    never sheds. ``heat_fraction`` is the share of its electricity that ends as heat in the living space.
    ``least_off_s`` is how long a circuit stays off once shed, ``least_on_s`` how long it stays on once
    released, so that a compressor is held off for minutes rather than seconds. ``power_factor`` is that of
    its displacement, lagging; without it, its reactive power is not known.
    """

    type: ClassVar[str]

    id: str
    name: str
    breaker_amps: Annotated[float, Meta(ge=10.0, le=200.0)]
    rated_kw: Kw
    priority: Annotated[int, Meta(ge=1, le=100)]
    critical: bool = False
    heat_fraction: Fraction = 0.0
    least_off_s: Seconds = 0.0
    least_on_s: Seconds = 0.0
    power_factor: Annotated[float, Meta(ge=0.5, le=1.0)] | None = None

    most_keys: ClassVar[tuple[str, ...]] = ("rated_kw",)
    """The keys of the most that its device draws or gives, kW: none is above what its breaker carries."""

    def impossible(self) -> Impossible | None:
        """The first value that does not go with the others; None when they can be together."""
        return None


class Device(Protocol):
    """A circuit's physics: a value that steps into its successor.

    Its class names its `Circuit`, with the bounds of every parameter, and its occupants' `Stream`, if people
    use it. To add one: its file, a line in `ven_twin.house.devices`, its data.
    """

    spec_type: ClassVar[type[Circuit]]
    stream_type: ClassVar[StreamType | None]

    @classmethod
    def at_rest(cls, spec: Any) -> Self:
        """The device in the state that its circuit starts in."""

    @property
    def spec(self) -> Circuit:
        """The circuit and its parameters."""

    def step(self, control: Control, env: Environment, dt_s: float) -> Stepped[Self]:
        """Advance *dt_s* seconds; return the successor and the mean power drawn, kW."""

    def flexibility(self, env: Environment, demand_kw: float) -> Flexibility:
        """The flexibility in a step in which it would draw *demand_kw* if left alone."""
