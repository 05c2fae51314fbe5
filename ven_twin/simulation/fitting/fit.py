"""Identifies a house: least squares on what meter and thermometer say, with a default for what they do not.

    hour by hour      thermostat and two states (thermal.py)  →  air, HVAC power
    the rest          base load: mean of meter less HVAC, by hour of day, weekday or weekend
    minimised         (meter − HVAC − base load)²/σ² + (thermometer − air)²/σ² + (parameter − default)²/σ²

The base load is linear in it all, so it is solved for within each step (variable projection). It warms the
house
too: that share goes by the base load of the round before. Errors of one day go together, so the uncertainty
is
made of days, not of hours.

Source: Golub and Pereyra, Separable nonlinear least squares, 2003; White, A heteroskedasticity-consistent
covariance matrix estimator, 1980, with days as clusters.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares, nnls

from ven_twin.house.weather import HOURS_A_DAY
from ven_twin.simulation.fitting.hours import GROUPS, Hours, base_shape
from ven_twin.simulation.fitting.parameters import DEFAULT_UA_KW_C, Parameters, interval
from ven_twin.simulation.fitting.thermal import Drive, Floats, ThermalHours, ThermalHouse, live

ROUNDS, FIRST_ROUNDS = 6, 3
"""In the first, each hour counts by itself: who is far away has to come near before errors can be judged."""
DELTA = 0.02
"""The step of a slope, in deviations of a default."""
SMALL = -1.5
"""The size of a machine that is too small for some hours, in deviations of its default."""
BURN_IN_H = 24
"""Of the start, which nobody measured: the mass is as warm as the air there."""
LEAST_ERROR_KW, LEAST_ERROR_C = 0.05, 0.1
IDENTIFIED = 0.5
"""The readings have left less than so much of a default's uncertainty."""
BALANCE_C = (16.0, 20.0)
"""Outdoors below which a house heats, and above which it cools, for a first guess. Interpretation: ours."""
BASE_KW, BASE_DEVIATION_KW = 0.75, 0.35
"""The default of the base load's mean. Interpretation: 6,500 kWh a year, of which
houses differ by half."""
SHAPE_DEVIATION_KW = 0.2
"""How far an hour's base load is from the usual shape of a house's day. Interpretation: ours."""
MOST_ALIKE = 0.9
LEAST_SHARE = 0.02
"""Of the metered energy, below which heating or cooling was not there."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A parameter after the fit, its 95 % interval, and if the readings had something to say about it."""

    name: str
    unit: str
    value: float
    low: float
    high: float
    identified: bool


@dataclass(frozen=True, slots=True)
class Fit:
    """A house as it was identified, and how it lives through the hours that it was identified on."""

    house: ThermalHouse
    estimates: tuple[Estimate, ...]
    weekday_kw: tuple[float, ...]
    weekend_kw: tuple[float, ...]
    hours: Hours
    modelled: ThermalHours
    base_kw: Floats
    heats: bool
    cools: bool

    @property
    def modelled_kw(self) -> Floats:
        """HVAC and base load, hour by hour."""
        return self.modelled.hvac_kw[:, 0] + self.base_kw


def identify(hours: Hours, drive: Drive, *, furnace: bool = False) -> Fit:
    """The house that fits *hours* best."""
    ua_kw_c, thermometer = first_ua_kw_c(hours, drive, furnace=furnace), hours.indoor_c is not None
    problem = _Problem(hours, drive, Parameters.around(ua_kw_c, furnace=furnace, thermometer=thermometer))
    x = min((problem.solve(start) for start in problem.starts()), key=problem.cost)
    for number in range(ROUNDS):
        x = problem.solve(x)
        problem.advance(x, repeats=number >= FIRST_ROUNDS)
    fit = problem.fit(x)
    if hours.indoor_c is None and not fit.heats and not fit.cools:
        return problem.defaults()
    return fit


def first_ua_kw_c(hours: Hours, drive: Drive, *, furnace: bool) -> float:
    """A first heat loss: what the meter's day rises by for each degree outdoors, by a usual COP."""
    days = len(hours.meter_kw) // HOURS_A_DAY
    span = slice(0, days * HOURS_A_DAY)
    cold = np.maximum(BALANCE_C[0] - drive.outdoor_c, 0.0)
    warm = np.maximum(drive.outdoor_c - BALANCE_C[1], 0.0)
    meter, cold, warm = (
        np.nanmean(series[span].reshape(days, HOURS_A_DAY), axis=1) for series in (hours.meter_kw, cold, warm)
    )
    present = np.isfinite(meter)
    slopes, _ = nnls(np.column_stack([np.ones(days), cold, warm])[present], meter[present])
    heating_cop = 1.0 if furnace else 2.5 * float(np.mean(drive.heat_kw / drive.heat_power_kw))
    cooling_cop = 3.5 * float(np.mean(drive.cool_kw / drive.cool_power_kw))
    energies = slopes[1:] * np.array([cold.sum(), warm.sum()])
    if energies.sum() < LEAST_SHARE * meter[present].sum():
        return DEFAULT_UA_KW_C
    both = slopes[1:] * np.array([heating_cop, cooling_cop])
    return float(np.clip(both @ energies / energies.sum(), 0.02, 2.0))


def _repeats(errors: Floats) -> float:
    """The factor by which errors count for more, since each hour's repeats much of the one before.

    Source: the effective sample size of a first-order autoregression.
    """
    mean_square = float(np.mean(errors**2))
    if mean_square == 0.0:
        return 1.0
    alike = float(np.mean(errors[1:] * errors[:-1])) / mean_square
    alike = min(max(alike, 0.0), MOST_ALIKE)
    return float(np.sqrt((1.0 + alike) / (1.0 - alike)))


class _Problem:
    """Residuals and slopes of a round, and what the next round takes over from it."""

    def __init__(self, hours: Hours, drive: Drive, parameters: Parameters) -> None:
        self._hours, self._drive, self._parameters = hours, drive, parameters
        self._groups = hours.groups()
        self._counted = np.arange(len(hours.meter_kw)) >= BURN_IN_H
        self._metered = np.isfinite(hours.meter_kw) & self._counted
        indoor = hours.indoor_c
        self._sensed = np.zeros_like(self._counted) if indoor is None else np.isfinite(indoor) & self._counted
        self._start_c = 21.0 if indoor is None else float(indoor[np.isfinite(indoor)][0])
        quiet = [np.nanpercentile(hours.meter_kw[self._groups == group], 20) for group in range(GROUPS)]
        self._base_kw: Floats = np.array(quiet)[self._groups]
        self._counted_by_group = [self._metered & (self._groups == group) for group in range(GROUPS)]
        self._shape = base_shape(hours)
        self._error_kw, self._error_c = max(float(np.nanstd(hours.meter_kw)), LEAST_ERROR_KW), 0.5

    def starts(self) -> Iterator[Floats]:
        """Points to start from; a machine that is never too small has no slope by size, so one is small."""
        start = self._start()
        yield start
        small = start.copy()
        small[[one.name in {"heating_kw", "cooling_kw"} for one in self._parameters.free]] = SMALL
        yield small

    def cost(self, x: Floats) -> float:
        """The sum of squares at *x*."""
        return float(np.sum(self._residuals([x]) ** 2))

    def _start(self) -> Floats:
        """The defaults, with setpoints as the thermometer has them when it is cold or warm outdoors."""
        x = np.zeros(len(self._parameters.free))
        indoor, outdoor = self._hours.indoor_c, self._drive.outdoor_c
        if indoor is None:
            return x
        edges = {"heating_c": outdoor < 10.0, "cooling_c": outdoor > 24.0}
        for number, one in enumerate(self._parameters.free):
            there = edges.get(one.name)
            if there is not None and np.isfinite(indoor[there]).sum() > HOURS_A_DAY:
                x[number] = (float(np.nanmedian(indoor[there])) - one.default) / one.deviation
        low, high = self._parameters.bounds()
        return np.clip(x, low + 1e-6, high - 1e-6)

    def solve(self, x: Floats) -> Floats:
        """The best parameters from *x* on."""
        low, high = self._parameters.bounds()
        inside = np.clip(x, low + 1e-6, high - 1e-6)
        solved = least_squares(
            lambda at: self._residuals([at])[:, 0], inside, self._slopes, bounds=(low, high), max_nfev=12
        )
        return np.asarray(solved.x)

    def advance(self, x: Floats, *, repeats: bool) -> None:
        """Take base load and errors into the next round; *repeats* weighs errors that go on for hours."""
        lived = self._live([x])
        left = (self._hours.meter_kw - lived.hvac_kw[:, 0])[:, None]
        self._base_kw = self._base(left)[self._groups, 0]
        apart = (left[:, 0] - self._base_kw)[self._metered]
        self._error_kw = max(float(np.std(apart)), LEAST_ERROR_KW) * (_repeats(apart) if repeats else 1.0)
        if self._hours.indoor_c is not None:
            apart = (self._hours.indoor_c - lived.air_c[:, 0])[self._sensed]
            spread_c = max(float(np.sqrt(np.mean(apart**2))), LEAST_ERROR_C)
            self._error_c = spread_c * (_repeats(apart) if repeats else 1.0)

    def defaults(self) -> Fit:
        """The outcome of a meter that shows neither heating nor cooling: all of it is base load."""
        x = np.zeros(len(self._parameters.free))
        self._base_kw = self._base(self._hours.meter_kw[:, None])[self._groups, 0]
        none = np.zeros((len(self._base_kw), 1))
        idle = ThermalHours(self._live([x]).air_c, none, none)
        return self._outcome(x, np.eye(len(x)), idle)

    def fit(self, x: Floats) -> Fit:
        """The outcome at *x*."""
        return self._outcome(x, self._covariance(x), self._live([x]))

    def _outcome(self, x: Floats, covariance: Floats, lived: ThermalHours) -> Fit:
        parameters = self._parameters
        values = parameters.values(x)
        estimates = []
        for number, one in enumerate(parameters.free):
            deviation = parameters.log_deviation(number, covariance)
            low, high = interval(one, values[one.name], deviation)
            identified = bool(np.sqrt(covariance[number, number]) < IDENTIFIED)
            estimates.append(Estimate(one.name, one.unit, values[one.name], low, high, identified))
        by_group = [float(self._base_kw[self._groups == group].mean()) for group in range(GROUPS)]
        metered_kw = float(np.nanmean(self._hours.meter_kw))
        return Fit(
            parameters.house(x),
            tuple(estimates),
            tuple(by_group[:HOURS_A_DAY]),
            tuple(by_group[HOURS_A_DAY:]),
            self._hours,
            lived,
            self._base_kw,
            bool(lived.heating_kw.mean() > LEAST_SHARE * metered_kw),
            bool(lived.cooling_kw.mean() > LEAST_SHARE * metered_kw),
        )

    def _live(self, at: Sequence[Floats]) -> ThermalHours:
        houses = [self._parameters.house(x) for x in at]
        return live(houses, self._drive, self._base_kw, self._start_c)

    def _base(self, left_kw: Floats) -> Floats:
        """The mean of what the HVAC has left, by hour and sort of day, spread over the hours again."""
        level = left_kw[self._metered].mean(axis=0)
        base = np.empty((GROUPS, left_kw.shape[1]))
        weight = (self._error_kw / SHAPE_DEVIATION_KW) ** 2
        for group, (counted, shape) in enumerate(zip(self._counted_by_group, self._shape, strict=True)):
            total = left_kw[counted].sum(axis=0) + weight * level * shape
            base[group] = np.maximum(total / (counted.sum() + weight), 0.0)
        return base

    def _residuals(self, at: Sequence[Floats]) -> Floats:
        """The residuals at some points, a column each: meter, thermometer, defaults."""
        lived = self._live(at)
        left = self._hours.meter_kw[:, None] - lived.hvac_kw
        base = self._base(left)
        rows = [((left - base[self._groups]) / self._error_kw)[self._metered]]
        if self._hours.indoor_c is not None:
            apart = (self._hours.indoor_c[:, None] - lived.air_c) / self._error_c
            rows.append(apart[self._sensed])
        level = left[self._metered].mean(axis=0)
        shaped = (base - self._shape[:, None] * level) / SHAPE_DEVIATION_KW
        return np.vstack([*rows, shaped, (level[None, :] - BASE_KW) / BASE_DEVIATION_KW, np.column_stack(at)])

    def _slopes(self, x: Floats) -> Floats:
        """The Jacobian, by differences: all houses live beside each other."""
        steps = [x, *(x + DELTA * row for row in np.eye(len(x)))]
        residuals = self._residuals(steps)
        return (residuals[:, 1:] - residuals[:, :1]) / DELTA

    def _covariance(self, x: Floats) -> Floats:
        """The covariance of the parameters, in deviations of their defaults, with days as clusters."""
        count = len(x)
        slopes, residuals = (
            self._slopes(x)[: -count - 1 - GROUPS],
            self._residuals([x])[: -count - 1 - GROUPS, 0],
        )
        days = np.concatenate([np.flatnonzero(self._metered), np.flatnonzero(self._sensed)]) // HOURS_A_DAY
        scores = slopes * residuals[:, None]
        by_day = np.array([scores[days == day].sum(axis=0) for day in np.unique(days)])
        bread = np.linalg.inv(slopes.T @ slopes + np.eye(count))
        clusters = len(by_day)
        meat = by_day.T @ by_day * clusters / max(clusters - 1, 1) + np.eye(count)
        return np.asarray(bread @ meat @ bread)
