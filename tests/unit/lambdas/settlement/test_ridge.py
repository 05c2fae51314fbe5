"""Least squares with a ridge: by hand, and against numpy."""

from __future__ import annotations

import random

import numpy as np
import pytest

from lambdas.settle_event.logic.ridge import SingularError, cholesky, dot, gram, product_with, solve


def test_a_line_through_three_points_is_found() -> None:
    """The points (0, 1), (1, 3), (2, 5) lie on 1 + 2x: products 3, 3, 5 and right sides 9 and 13."""
    triangle = gram([(1.0, 0.0), (1.0, 1.0), (1.0, 2.0)], [0.0, 0.0])
    assert triangle == [[3.0], [3.0, 5.0]]
    assert solve(cholesky(triangle), [9.0, 13.0]) == pytest.approx([1.0, 2.0])


def test_a_ridge_shrinks_a_slope() -> None:
    """The points (1, 2) and (2, 4), through the origin with a ridge of 5: slope 10 / (5 + 5)."""
    assert solve(cholesky(gram([(1.0,), (2.0,)], [5.0])), [10.0]) == pytest.approx([1.0])


def test_coefficients_are_those_of_numpy() -> None:
    """Of two hundred rows and twelve columns at random, to nine digits, with a ridge and without."""
    draw = random.Random(1)
    rows = [[draw.gauss(0, 1) for _ in range(12)] for _ in range(200)]
    right = [draw.gauss(3, 2) for _ in rows]
    products = [sum(row[n] * value for row, value in zip(rows, right, strict=True)) for n in range(12)]
    plain = solve(cholesky(gram(rows, [0.0] * 12)), products)
    assert plain == pytest.approx(
        np.linalg.lstsq(np.array(rows), np.array(right), rcond=None)[0].tolist(), rel=1e-9
    )
    padded = np.vstack([np.array(rows), 2.0 * np.eye(12)])
    expected = np.linalg.lstsq(padded, np.array([*right, *[0.0] * 12]), rcond=None)[0].tolist()
    assert solve(cholesky(gram(rows, [4.0] * 12)), products) == pytest.approx(expected, rel=1e-9)


def test_columns_that_are_the_same_have_no_solution() -> None:
    """Two equal columns leave open how their weight is shared, and this is said."""
    with pytest.raises(SingularError):
        cholesky(gram([(1.0, 1.0), (2.0, 2.0)], [0.0, 0.0]))


@pytest.mark.parametrize(
    "vector", [(0.0, 1.0, 0.0, 1.0), (0.0, 1.0, 0.0, 0.0), (0.0,) * 4, (1.0, 2.0, 0.0, 1.0)]
)
def test_a_product_kept_for_many_is_the_product(vector: tuple[float, ...]) -> None:
    """Of a vector of ones and zeros, of one of a single one, of none, and of any."""
    other = (3.0, 5.0, 7.0, 11.0)
    assert product_with(vector)(other) == pytest.approx(dot(vector, other))
