"""What a circuit can be asked, and what it can be told of the world."""

import pytest

from ven_twin.house.control import FREE, Control
from ven_twin.house.devices import DEVICES
from ven_twin.house.environment import Environment, Use
from ven_twin.house.errors import NotFiniteError


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), float("-inf")])
def test_control_refuses_what_is_no_number(wrong: float) -> None:
    """A limit that is NaN would compare false with everything, and so limit nothing."""
    with pytest.raises(NotFiniteError, match="limit_kw"):
        Control(limit_kw=wrong)
    with pytest.raises(NotFiniteError, match="setpoint_offset_c"):
        Control(setpoint_offset_c=wrong)
    with pytest.raises(NotFiniteError, match="charge_kw"):
        Control(charge_kw=wrong)


def test_the_default_control_asks_nothing() -> None:
    """A circuit that no one mentions is left alone."""
    assert Control() == FREE
    assert FREE.allows_kw(1e6)


WORLD = [(Environment, name) for name in Environment.__struct_fields__ if name not in {"day", "uses"}]
USES = [
    (device.stream_type.use_type, name)
    for device in DEVICES
    if device.stream_type is not None
    for name in device.stream_type.use_type.__struct_fields__
]


@pytest.mark.parametrize(("kind", "name"), WORLD + USES)
@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
def test_a_world_that_is_no_number_is_refused_by_name(
    kind: type[Environment | Use], name: str, wrong: float
) -> None:
    """A NaN is stopped at the door and not carried into every state behind it."""
    with pytest.raises(NotFiniteError) as refused:
        kind(**{name: wrong})
    assert refused.value.name == name
