"""The band of a prediction by its errors on days that were left out of it. Pure.

Split conformal prediction with errors by size, the jackknife in place of a split: of days that may come in
any order, the band holds as many as it is made to hold, whatever the errors are like.

Source: Lei, G'Sell, Rinaldo, Tibshirani, Wasserman 2018, Distribution-Free Predictive Inference for
Regression (locally weighted); Barber et al. 2021, Predictive Inference with the Jackknife+.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from typing import NamedTuple

from lambdas.settle_event.logic.ridge import Vector, cholesky, dot, solve

BAND_SHARE = 0.80
"""The share of the days that it is made of which the band holds, as of days to come."""
SIZE_POWER = 0.5
"""Errors grow with the power's root. Interpretation: ours; at 0 the band misses too many hot days."""
LEAST_SIZE = 0.25
"""For that a day's power is at least this share of the usual: a load of about none has a band too."""


def left_out_weights(halves: Sequence[Vector], shares: Vector) -> list[float]:
    """The weights that make a day's residuals its mean error had it been left out, without a new fit.

    *halves* are the day's rows, each solved by the regression's factor, and *shares* weigh their hours. With
    H the day's block of the hat matrix and r its residuals, those of a fit without the day are (I − H)⁻¹ r.
    """
    rest = [[-dot(half, other) for other in halves[: n + 1]] for n, half in enumerate(halves)]
    for n, row in enumerate(rest):
        row[n] += 1.0
    return solve(cholesky(rest), shares)


class LeftOut(NamedTuple):
    """A day that was left out: the prediction less the truth, the prediction, and the day's leverage."""

    error_kw: float
    predicted_kw: float
    leverage: float


def half_band_kw(days: Sequence[LeftOut], predicted_kw: float, leverage: float) -> float | None:
    """Half the width of the band around a prediction; None where days are too few for one.

    Errors are taken by size: by the root of the power, and by how far the day's weather is from the others'.
    """
    rank = ceil(BAND_SHARE * (len(days) + 1))
    if rank > len(days):
        return None
    least_kw = LEAST_SIZE * sum([abs(day.predicted_kw) for day in days]) / len(days)
    if least_kw <= 0:
        return max(abs(day.error_kw) for day in days)

    sizes = [
        max(abs(power_kw), least_kw) ** SIZE_POWER * sqrt(1.0 + day_leverage)
        for _, power_kw, day_leverage in (*days, LeftOut(0.0, predicted_kw, leverage))
    ]
    scores = sorted([abs(day[0]) / size for day, size in zip(days, sizes, strict=False)])
    return float(scores[rank - 1] * sizes[-1])
