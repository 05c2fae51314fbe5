"""What the standard house uses in a year, against what is published."""

from datetime import UTC, datetime

import pytest

from ven_twin.devices.house import House
from ven_twin.devices.profile import Profile, build_house
from ven_twin.devices.site import Site

DAYS = 365
DT_S = 600.0


@pytest.fixture(scope="module")
def kwh_d(profile: Profile, site: Site) -> dict[str, float]:
    """Mean daily energy of each circuit over a year, without HVAC and battery."""
    whole = build_house(profile)
    house = House.of({device.spec.id: device for device in whole.loads})
    at_s = datetime(2026, 1, 1, 5, tzinfo=UTC).timestamp()
    total = dict.fromkeys((circuit.id for circuit in house.circuits), 0.0)
    for _ in range(int(DAYS * 86_400 / DT_S)):
        house, power_kw = house.step({}, site.environment(at_s, DT_S), DT_S)
        at_s += DT_S
        for circuit, kw in power_kw.items():
            total[circuit] += kw * DT_S / 3600 / DAYS
    return total


@pytest.mark.parametrize(
    ("circuit", "published_kwh_d"),
    [("fridge1", 1.7), ("dryer1", 2.0), ("range1", 0.8), ("misc1", 2.5), ("heater1", 8.0), ("lights1", 2.4)],
)
def test_a_year_uses_what_is_published(kwh_d: dict[str, float], circuit: str, published_kwh_d: float) -> None:
    """The mean day is within 15 % of NEEA's metered homes (lighting: of GridLAB-D's)."""
    assert kwh_d[circuit] == pytest.approx(published_kwh_d, rel=0.15)


def test_the_car_draws_what_it_drives(kwh_d: dict[str, float]) -> None:
    """Thirty miles a day at 325 Wh, through a charger of 90 %."""
    assert kwh_d["ev1"] == pytest.approx(30 * 0.325 / 0.9, rel=0.05)


def test_the_array_gives_what_pvwatts_gives(kwh_d: dict[str, float]) -> None:
    """Six kW facing south in North Carolina yield 1,300 to 1,450 kWh per kW and year."""
    assert 1_300 < -kwh_d["pv1"] * DAYS / 6.0 < 1_450
