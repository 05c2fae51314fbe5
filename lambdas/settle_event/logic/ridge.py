"""Least squares with a ridge, in pure Python: some tens of columns, some hundreds of rows. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import sqrt
from operator import itemgetter, mul

Vector = Sequence[float]
Triangle = Sequence[Sequence[float]]
"""The lower triangle of a matrix, row by row, each up to its diagonal."""
TINY = 1e-9
"""A pivot below this is none: the matrix is not positive definite."""


class SingularError(ArithmeticError):
    """A matrix has no Cholesky factor, so that its equations have no one solution."""


def dot(left: Vector, right: Vector) -> float:
    """The product of two vectors, as far as the shorter reaches."""
    total: float = sum(map(mul, left, right))
    return total


def product_with(vector: Vector) -> Callable[[Vector], float]:
    """The product of *vector* with others that are as long, for many of them: ones and zeros only select."""
    zeros, ones = vector.count(0.0), vector.count(1.0)
    if zeros == len(vector):
        return lambda _: 0.0
    if zeros + ones < len(vector) or ones < 2:
        return partial(dot, vector)
    select = itemgetter(*[at for at, value in enumerate(vector) if value])
    return lambda other: sum(select(other))


def gram(rows: Sequence[Vector], ridge: Vector) -> list[list[float]]:
    """The lower triangle of the rows' products, with *ridge* on its diagonal."""
    columns = list(zip(*rows, strict=True))
    products = list(map(product_with, columns))
    triangle = [
        [product(column) for product in products[: index + 1]] for index, column in enumerate(columns)
    ]
    for row, penalty in zip(triangle, ridge, strict=True):
        row[-1] += penalty
    return triangle


def cholesky(matrix: Triangle) -> list[list[float]]:
    """The lower factor of a symmetric matrix, of which the lower triangle is given.

    Raises:
        SingularError: it is not positive definite.
    """
    factor: list[list[float]] = []
    for row in matrix:
        solved = forward(factor, row[:-1])
        pivot = row[-1] - dot(solved, solved)
        if pivot <= TINY:
            raise SingularError
        factor.append([*solved, sqrt(pivot)])
    return factor


def forward(factor: Triangle, right: Vector) -> list[float]:
    """Solve ``factor x = right``."""
    solved: list[float] = []
    for row, value in zip(factor, right, strict=True):
        solved.append((value - dot(row, solved)) / row[-1])
    return solved


def forward_columns(factor: Triangle, columns: Sequence[Vector]) -> list[Vector]:
    """Solve ``factor x = right`` for many right sides at once, whose first values are the first column."""
    solved: list[Vector] = []
    for row, column in zip(factor, columns, strict=True):
        right = column
        for value, before in zip(row, solved, strict=False):
            if value:
                right = [
                    at_right - value * at_before for at_right, at_before in zip(right, before, strict=True)
                ]
        solved.append([at_right / row[-1] for at_right in right])
    return solved


def backward(factor: Triangle, right: Vector) -> list[float]:
    """Solve ``factorᵀ x = right``."""
    left = list(right)
    for index in range(len(factor) - 1, -1, -1):
        row = factor[index]
        left[index] /= row[-1]
        solved = left[index]
        for before in range(index):
            left[before] -= row[before] * solved
    return left


def solve(factor: Triangle, right: Vector) -> list[float]:
    """Solve ``factor factorᵀ x = right``."""
    return backward(factor, forward(factor, right))
