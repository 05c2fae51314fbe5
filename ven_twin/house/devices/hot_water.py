"""Hot water as people draw it: by use, by who is active, an hour's draws one after the other."""

from functools import lru_cache
from math import inf
from typing import Annotated, NamedTuple

from msgspec import Meta

from ven_twin.house.end_uses import EndUses
from ven_twin.house.environment import Use
from ven_twin.house.occupancy import Household
from ven_twin.house.occupants import DeviceHabits, Occupants, Span, Stream, day_type, if_active
from ven_twin.house.weather import HOURS_A_DAY

TAP, TAP_AT = 20, 2
"""Numbers of the streams of chance: for each use of hot water, two apart, whether it comes in an hour and how
large it is; when an hour's draws start."""
TAP_L_S = 8.0 / 60.0
"""Flow of a shower, the largest common draw."""
TAP_WITHIN_S = 2_400.0
LARGEST_DRAW_L = 40.0
"""Hot water of a shower. Interpretation: 57 L at the tap (Building America's benchmark), 70 % of it hot."""
MEAN_ROUNDS = 8

DrawL = Annotated[float, Meta(ge=1.0, le=150.0)]


class WaterHeaterUse(Use, frozen=True, gc=False):
    """Hot water drawn in the step, litres."""

    drawn_l: float = 0.0


class WaterHeaterHabits(DeviceHabits, frozen=True, kw_only=True):
    """Hot water of the mean day, and of the largest draw, litres."""

    hot_water_l_d: Annotated[float, Meta(ge=0.0, le=2_000.0)]
    hot_water_draw_l: DrawL = LARGEST_DRAW_L


class HotWaterUse(NamedTuple):
    """A use of hot water: its shape over the day, share of the day's litres, a draw's size, and its flow.

    A draw is *least* to *most* of the household's largest.
    """

    end_use: str
    share: float
    least: float
    most: float
    flow_l_s: float

    @property
    def mean(self) -> float:
        """The mean draw, of the household's largest."""
        return (self.least + self.most) / 2.0


USES = (
    HotWaterUse("shower", 0.36, 0.5, 1.0, 6.0 / 60.0),
    HotWaterUse("bath", 0.09, 0.8, 1.0, TAP_L_S),
    HotWaterUse("clothes_washer", 0.18, 0.3, 0.7, TAP_L_S),
    HotWaterUse("dishwasher", 0.06, 0.2, 0.4, 5.0 / 60.0),
    HotWaterUse("sink", 0.31, 0.0, 0.3, 3.0 / 60.0),
)
"""Source: Building America's benchmark for the litres of each use; Hendron and Burch, Development of
Standardized Domestic Hot Water Event Schedules (NREL/CP-550-40874), for minutes and flow: a shower of 7.8 min
at 8.5 L/min at the tap, of which 70 % is hot, sinks at 4.3 L/min. Interpretation: a sink's draws of an hour
are one; a bath fills and a washer draws at `TAP_L_S` at most, for which a shed tank keeps a reserve."""


class Draw(NamedTuple):
    """A draw that starts *at_s* seconds into its hour."""

    at_s: float
    run_s: float
    flow_l_s: float


class Session(NamedTuple):
    """An hour's draws, one after the other from *from_s* to *until_s*."""

    from_s: float
    until_s: float
    draws: tuple[Draw, ...]


QUIET = Session(inf, -inf, ())
DAYS_DRAWN = 3
"""Days stay drawn as long as steps and trials look at them."""


class WaterHeaterStream(Stream[WaterHeaterHabits]):
    """Draws by use while people are active, one after the other, the largest draw's litres an hour at most.

    What does not fit into an hour waits for the next: nobody begins a shower that will be cold.
    """

    __slots__ = ("_days",)
    habits_type = WaterHeaterHabits
    use_type = WaterHeaterUse
    _days: dict[int, tuple[Session, ...]]

    def __init__(self, habits: WaterHeaterHabits, occupants: Occupants) -> None:
        super().__init__(habits, occupants)
        object.__setattr__(self, "_days", {})

    def session(self, index: int) -> Session:
        """The draws in hour *index* since 1970."""
        day, hour = divmod(index, HOURS_A_DAY)
        sessions = self._days.get(day)
        if sessions is None:
            sessions = self._days[day] = _sessions(self, day)
            if len(self._days) > DAYS_DRAWN:
                del self._days[next(iter(self._days))]
        return sessions[hour]

    def use(self, span: Span) -> WaterHeaterUse | None:
        """The litres that fall into the step."""
        drawn_l = 0.0
        for index, from_s, until_s in span.hours:
            session = self.session(index)
            if session.from_s < until_s and session.until_s > from_s:
                for at_s, run_s, flow_l_s in session.draws:
                    ends_s = at_s + run_s
                    if at_s < until_s and ends_s > from_s:
                        drawn_l += flow_l_s * (min(ends_s, until_s) - max(at_s, from_s))
        return WaterHeaterUse(drawn_l) if drawn_l else None

    def used_in_hour(self, index: int) -> bool:
        """Tell if water is drawn in that hour."""
        return bool(self.session(index).draws)


def _sessions(stream: WaterHeaterStream, day: int) -> tuple[Session, ...]:
    """The draws of each hour of *day* since 1970."""
    occupants, most_l = stream.occupants, stream.habits.hot_water_draw_l
    chance = occupants.unit
    rates = use_rates(occupants.end_uses, occupants.home, stream.habits, day_type(day))
    waiting_l, sessions = [0.0] * len(USES), []
    for hour, active in enumerate(occupants.occupancy.active(day)):
        index = day * HOURS_A_DAY + hour
        if active:
            for number, (use, of_hours) in enumerate(zip(USES, rates, strict=True)):
                rate, first = of_hours[hour] * active, TAP + 2 * number
                sure = int(rate)
                draws = sure + (chance(first, index) < rate - sure)
                if draws:
                    size = use.least + (use.most - use.least) * chance(first + 1, index)
                    waiting_l[number] += draws * (size * most_l)
        sessions.append(_session(waiting_l, most_l, chance(TAP_AT, index)) if any(waiting_l) else QUIET)
    return tuple(sessions)


@lru_cache(maxsize=1024)
def use_rates(
    end_uses: EndUses, home: Household, habits: WaterHeaterHabits, kind: tuple[int, bool]
) -> tuple[tuple[float, ...], ...]:
    """The mean number of draws of each use in each hour of a day of a *kind*, where all are active.

    So many that the mean day of the year takes ``hot_water_l_d``.
    """
    largest_d = habits.hot_water_l_d / habits.hot_water_draw_l
    return tuple(
        if_active(end_uses, home, use.end_use, use.share * largest_d / use.mean, kind) for use in USES
    )


def _session(waiting_l: list[float], most_l: float, starts: float) -> Session:
    """Take an hour's draws from what is waiting: whole ones, as far as there is room."""
    room_l, run_s, drawn = most_l, 0.0, []
    for number, use in enumerate(USES):
        litres = min(waiting_l[number], most_l)
        if 0.0 < litres <= room_l:
            waiting_l[number] -= litres
            room_l -= litres
            run_s += litres / use.flow_l_s
            drawn.append((litres / use.flow_l_s, use.flow_l_s))
    from_s = at_s = starts * (TAP_WITHIN_S + (most_l - room_l) / TAP_L_S - run_s)
    draws = []
    for one_s, flow_l_s in drawn:
        draws.append(Draw(at_s, one_s, flow_l_s))
        at_s += one_s
    return Session(from_s, at_s, tuple(draws))
