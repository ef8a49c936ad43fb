"""What a case consists of, how it is compared, and what several references share."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from scipy import integrate

import keras_isgd as ki
from keras_isgd.derivatives import Field

# Of a system in time: values and a library, `tf` or `np`, to slopes.
Slopes = Callable[[Sequence[Any], Any], Sequence[Any]]


class Stated(NamedTuple):
    """A problem and what is right.

    Attributes:
        problem: as it is given to `ki.solve`.
        points: `(n, d + q)`, which are not trained on.
        values: the outputs there, `(n, outputs)`.
        numbers: the right values of the problem's unknown numbers, by name.
    """

    problem: ki.Problem
    points: np.ndarray
    values: np.ndarray
    numbers: dict[str, float] = {}


class Case(NamedTuple):
    """One of the problems.

    Attributes:
        says: what it is, in one line.
        make: makes it, with its reference.
        either_sign: whether the negative of a solution is a solution, too.
    """

    says: str
    make: Callable[[], Stated]
    either_sign: bool = False


def errors(case: Case, stated: Stated, found: np.ndarray) -> dict[str, dict]:
    """Returns the errors of each output.

    Outputs that are defined up to a constant are shifted by their mean difference
    first, and solutions of either sign take the one that fits.

    Args:
        case: the `Case`.
        stated: what it made.
        found: what was found at its points, `(n, outputs)`.

    Returns:
        By output the relative L2 error, and the largest error over the largest value.
    """
    problem = stated.problem
    if case.either_sign and np.sum(found * stated.values) < 0.0:
        found = -found
    result = {}
    for i, name in enumerate(problem.names.outputs):
        right = stated.values[:, i]
        gap = found[:, i] - right
        if name in problem.defined_up_to_constant:
            gap = gap - gap.mean()
        result[name] = {
            "relative_l2": float(np.linalg.norm(gap) / np.linalg.norm(right)),
            "maximum": float(np.abs(gap).max() / np.abs(right).max()),
        }
    return result


# -- points -------------------------------------------------------------------------


def uniform_points(
    low: Sequence[float], high: Sequence[float], count: int = 4000
) -> np.ndarray:
    """Returns points that are drawn evenly from a box, `(count, d)`."""
    return np.random.default_rng(1).uniform(low, high, (count, len(low)))


def uniform_columns(
    *ranges: tuple[float, float], count: int = 4000
) -> list[np.ndarray]:
    """Returns numbers that are drawn evenly from each range, `(count, 1)` each."""
    random = np.random.default_rng(1)
    return [random.uniform(low, high, (count, 1)) for low, high in ranges]


def points_in_ball(dimension: int, count: int) -> np.ndarray:
    """Returns the points of a unit ball among `count` ones of the cube around it."""
    points = uniform_points((-1.0,) * dimension, (1.0,) * dimension, count)
    return points[np.linalg.norm(points, axis=1) < 1.0]


def line(low: float, high: float, count: int) -> np.ndarray:
    """Returns equally spaced points, both ends included, `(count, 1)`."""
    return np.linspace(low, high, count)[:, None]


def places_and_times(places: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Returns all places at the first time, then at the next one, ..., `(n, 2)`."""
    return np.stack([axis.ravel() for axis in np.meshgrid(places, times)], axis=1)


# -- references ---------------------------------------------------------------------


def in_time(
    slopes: Callable[[float, np.ndarray], Any],
    start: Sequence[float] | np.ndarray,
    times: np.ndarray,
    method: str = "DOP853",
    rtol: float = 1e-11,
    atol: float = 1e-12,
) -> np.ndarray:
    """Solves ordinary differential equations by SciPy's `solve_ivp`.

    Args:
        slopes: a function of time and values `(k,)` to slopes `(k,)`.
        start: the values at the first of the times, `(k,)`.
        times: ascending, `(n,)`.
        method, rtol, atol: of `solve_ivp`.

    Returns:
        The values at the times, `(n, k)`.

    Raises:
        RuntimeError: it did not reach the last time.
    """
    span = (times[0], times[-1])
    found = integrate.solve_ivp(
        slopes, span, start, method, times, rtol=rtol, atol=atol
    )
    if not found.success:
        raise RuntimeError(f"There is no reference: {found.message}")
    return found.y.T


def between_ends(
    slopes: Callable[[np.ndarray, np.ndarray], np.ndarray],
    ends: Callable[[np.ndarray, np.ndarray], np.ndarray],
    x: np.ndarray,
    guess: np.ndarray,
    tol: float,
    max_nodes: int,
) -> Any:
    """Solves a boundary value problem by SciPy's `solve_bvp`; returns its result.

    Raises:
        RuntimeError: it did not reach the tolerance.
    """
    found = integrate.solve_bvp(slopes, ends, x, guess, tol=tol, max_nodes=max_nodes)
    if found.status != 0:
        raise RuntimeError(f"There is no reference: {found.message}")
    return found


def chebyshev(count: int, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns Chebyshev's points with their ends, and the matrix of d/dx on them.

    Source: Trefethen, Spectral Methods in MATLAB (2000), chapter 6.

    Returns:
        Ascending points `(count,)`, and `(count, count)`.
    """
    angles = np.pi * np.arange(count) / (count - 1)
    points = low + (high - low) * (1.0 - np.cos(angles)) / 2.0
    factors = (-1.0) ** np.arange(count)
    factors[[0, -1]] *= 2.0
    gaps = points[:, None] - points[None, :] + np.eye(count)
    matrix = np.outer(factors, 1.0 / factors) / gaps
    return points, matrix - np.diag(matrix.sum(axis=1))


def clenshaw_curtis(count: int, low: float, high: float) -> np.ndarray:
    """Returns the weights of an integral over (low, high) at Chebyshev's points.

    Source: Trefethen, Spectral Methods in MATLAB (2000), chapter 12.

    Args:
        count: of the points, see `chebyshev`; odd.
        low, high: ends.

    Returns:
        `(count,)`.

    Raises:
        ValueError: an even number of points.
    """
    if count % 2 == 0:
        raise ValueError(f"Expected an odd number of points, got {count}.")
    last = (count - 1) // 2
    order = np.arange(1, last + 1)
    factors = np.where(order == last, 1.0, 2.0) / (4.0 * order**2 - 1.0)
    angles = np.pi * np.arange(count) / (count - 1)
    weights = 1.0 - np.cos(2.0 * np.outer(angles, order)) @ factors
    weights[[0, -1]] /= 2.0
    return weights * (high - low) / (count - 1)


# -- systems in time ----------------------------------------------------------------


class System(ki.Problem):
    """u' = slopes(u) for every output, with u prescribed where t is smallest.

    Attributes:
        start: the first values, one for each output.
    """

    coordinates = ("t",)
    start: tuple[float, ...]

    def slopes(self, values: Sequence[Any], library: Any) -> Sequence[Any]:
        """Returns the outputs' slopes.

        Args:
            values: of the outputs.
            library: `tf` or `np`, for functions such as `exp`.
        """
        raise TypeError(f"{type(self).__name__} must define slopes(values, library).")

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        names = self.names.outputs
        slopes = self.slopes([u[name].value for name in names], tf)
        return {
            f"d{name}": u[name].d("t") - slope for name, slope in zip(names, slopes)
        }

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet("t_min", first, component=name)
            for name, first in zip(self.names.outputs, self.start)
        ]


def of_system(
    says: str, kind: type[System], method: str = "DOP853", rtol: float = 1e-11
) -> Case:
    """Returns the case of a system in time, with SciPy's solution at 2,001 times.

    Args:
        says: what it is, in one line.
        kind: the system's class.
        method, rtol: see `in_time`.
    """

    def make() -> Stated:
        problem = kind()
        times = line(problem.domain.lower[0], problem.domain.upper[0], 2001)

        def slopes(time: float, values: np.ndarray) -> Sequence[Any]:
            return problem.slopes(values, np)

        values = in_time(slopes, problem.start, times[:, 0], method, rtol)
        return Stated(problem, times, values)

    return Case(says, make)
