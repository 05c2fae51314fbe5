"""The day that a house lives before anything is asked of it."""

from contracts.wire.units import S_PER_DAY
from ven_twin.house.house import House
from ven_twin.house.house_environment import HouseEnvironment

WARM_UP_STEP_S = 300


def warmed_up(house: House, environment: HouseEnvironment, until_s: float) -> House:
    """*house* after a day that ends at *until_s* (UTC s), left alone.

    A house that has just been built has no warm walls and no drawn-down tank.
    """
    for before_s in range(S_PER_DAY, 0, -WARM_UP_STEP_S):
        env = environment.environment(until_s - before_s, WARM_UP_STEP_S)
        house = house.step({}, env, WARM_UP_STEP_S).house
    return house
