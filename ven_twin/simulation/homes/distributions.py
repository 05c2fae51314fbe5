"""The distributions that homes are drawn from, with their sources. A table has (value, share).

"RECS 2020" is the U.S. Energy Information Administration's Residential Energy Consumption Survey. Its shares
of thermostats are as NREL's ResStock tabulates its microdata (``housing_characteristics``, single-family
detached, one IECC zone for each climate); its shares of sizes, ages and systems are rounded.
"""

from typing import NamedTuple, TypeVar

from ven_twin.house.occupancy import OccupantType

ValueT = TypeVar("ValueT")
Table = tuple[tuple[ValueT, float], ...]
Span = tuple[float, float]


class Vintage(NamedTuple):
    """The years in which homes were built, and their levels of thermal integrity."""

    name: str
    levels: Table[int]


class Climate(NamedTuple):
    """A climate's insulation, systems, setbacks and water.

    ``better`` is by how many levels homes are better insulated than in a mixed climate. ``coldest_c`` and
    ``hottest_c`` are what machines are sized for. ``setbacks`` are depths in °F of those who set back.
    """

    name: str
    better: int
    coldest_c: float
    hottest_c: float
    heat_pumps: float
    sets_heating_back: float
    sets_cooling_back: float
    setbacks_f: Table[float]
    inlet_c: float


# Zones 4A, 5A, 2A, 3B and 4C; inlet: mean ground temperature (Burch and Christensen, NREL 2007), rounded.
# Heat pumps: of homes heated by electricity, RECS 2020 table HC6.7, rounded.
CLIMATES = {
    climate.name: climate
    for climate in (
        Climate("mixed", 0, -12.0, 35.0, 0.55, 0.44, 0.32, ((3.0, 0.70), (6.0, 0.25), (12.0, 0.05)), 15.6),
        Climate("cold", 1, -26.0, 33.0, 0.30, 0.46, 0.32, ((3.0, 0.65), (6.0, 0.28), (12.0, 0.07)), 10.5),
        Climate(
            "hot-humid", -1, -4.0, 36.0, 0.50, 0.37, 0.42, ((3.0, 0.78), (6.0, 0.18), (12.0, 0.04)), 21.5
        ),
        Climate("hot-dry", 0, -4.0, 44.0, 0.55, 0.52, 0.42, ((3.0, 0.48), (6.0, 0.31), (12.0, 0.21)), 21.0),
        Climate("marine", 0, -8.0, 33.0, 0.40, 0.69, 0.29, ((3.0, 0.54), (6.0, 0.34), (12.0, 0.12)), 12.0),
    )
}
MIXED = "mixed"

LEVEL_R = (1.11, 1.42, 2.16, 2.39, 2.82, 3.96, 5.02)
"""1/UA of 2,000 sf, °C/kW, from very little to very good thermal integrity. Source: GridLAB-D ``house_e``."""
LEVELS = ("very little", "little", "below normal", "normal", "above normal", "good", "very good")
VINTAGES: Table[Vintage] = (
    (Vintage("before 1950", ((1, 0.30), (2, 0.40), (3, 0.30))), 0.17),
    (Vintage("1950 to 1979", ((1, 0.20), (2, 0.45), (3, 0.35))), 0.36),
    (Vintage("1980 to 1999", ((2, 0.20), (3, 0.50), (4, 0.30))), 0.26),
    (Vintage("2000 to 2009", ((3, 0.30), (4, 0.50), (5, 0.20))), 0.13),
    (Vintage("2010 to 2020", ((4, 0.30), (5, 0.50), (6, 0.20))), 0.08),
)
"""Source: RECS 2020 for the years; their levels are an interpretation."""
AREAS_SF: Table[Span] = (
    ((600.0, 1_000.0), 0.20),
    ((1_000.0, 1_500.0), 0.24),
    ((1_500.0, 2_000.0), 0.18),
    ((2_000.0, 2_500.0), 0.14),
    ((2_500.0, 3_000.0), 0.10),
    ((3_000.0, 4_000.0), 0.14),
)
"""Source: RECS 2020."""
FLAT_SF = 900.0
"""A home below this has a 100 A panel: no range circuit and no car."""

HEATING_F: Table[float] = (
    (62.0, 0.05),
    (65.0, 0.12),
    (67.0, 0.12),
    (68.0, 0.22),
    (70.0, 0.25),
    (72.0, 0.15),
    (74.0, 0.06),
    (75.0, 0.03),
)
COOLING_F: Table[float] = (
    (70.0, 0.16),
    (72.0, 0.22),
    (74.0, 0.18),
    (75.0, 0.16),
    (76.0, 0.10),
    (78.0, 0.13),
    (80.0, 0.05),
)
"""Source: RECS 2020, temperatures when someone is at home, rounded to these."""
HEATING_PERIODS: Table[tuple[bool, bool]] = (
    ((True, False), 0.92),
    ((False, True), 0.03),
    ((True, True), 0.05),
)
"""Of who sets heating back: by night, by day while the household is out, or both.

Source: RECS 2020, ResStock's "Heating Setpoint Offset Period" of zone 4A; by night in 2A, 4C and 5A 0.91 to
0.93."""
COOLING_PERIODS: Table[tuple[bool, bool]] = (
    ((True, False), 0.35),
    ((False, True), 0.20),
    ((True, True), 0.45),
)
"""The same of who sets cooling back. Interpretation."""
PROGRAM_WITHIN_H = 0.75
"""A thermostat's program is so far from its household's mean hours, at most. Interpretation."""

PEOPLE: Table[int] = ((1, 0.28), (2, 0.35), (3, 0.15), (4, 0.13), (5, 0.06), (6, 0.03))
"""Source: US Census 2020, size of households."""
ALONE: Table[tuple[OccupantType, ...]] = (
    (("works_out",), 0.48),
    (("retired",), 0.36),
    (("at_home",), 0.09),
    (("late_shift",), 0.07),
)
COUPLES: Table[tuple[OccupantType, ...]] = (
    (("works_out", "works_out"), 0.30),
    (("retired", "retired"), 0.28),
    (("works_out", "at_home"), 0.20),
    (("works_out", "at_school"), 0.12),
    (("late_shift", "works_out"), 0.10),
)
FAMILIES: Table[tuple[OccupantType, ...]] = (
    (("works_out", "works_out"), 0.48),
    (("works_out", "at_home"), 0.30),
    (("works_out", "late_shift"), 0.12),
    (("works_out", "retired"), 0.10),
)
"""The first two of three and more; the others are at school. Source: American Community Survey, rounded."""

HAS_CAR, HAS_PV, PV_HAS_BATTERY = 0.25, 0.12, 0.5
"""Interpretation: more than RECS 2020 counts (1 % and 4 %), a neighbourhood that demand response is for."""
CHARGERS_KW: Table[float] = ((3.8, 0.2), (7.2, 0.6), (11.5, 0.2))
CHARGED_TO: Table[float] = ((0.8, 0.4), (0.9, 0.3), (1.0, 0.3))
"""Interpretation: what makers advise, and who does not follow."""
TANKS_GAL: Table[float] = ((40.0, 0.55), (50.0, 0.45))
FAMILY_TANKS_GAL: Table[float] = ((50.0, 0.75), (80.0, 0.25))
"""Source: RECS 2020, medium and large tanks, rounded; of one and two people, and of more."""
