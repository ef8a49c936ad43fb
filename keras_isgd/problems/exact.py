"""A problem's exact solution, and a prediction that is compared with it."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from keras_isgd.problems.problem import Problem
from keras_isgd.utils.checks import check_array

__all__ = ["exact_values", "predicted", "without_constants"]

_CHUNK = 8192  # points at a time where a whole grid would take much memory


def predicted(
    network: Callable[[tf.Tensor], tf.Tensor], points: np.ndarray, dtype: str
) -> np.ndarray:
    """Returns a network's outputs at points, `(n, outputs)`, piece by piece."""
    chunks = np.array_split(points, range(_CHUNK, len(points), _CHUNK))
    return np.concatenate([network(tf.constant(x, dtype)) for x in chunks])


def exact_values(problem: Problem, points: np.ndarray) -> np.ndarray:
    """Returns the exact solution at points, `(n, outputs)`, NaN where it is unknown.

    Args:
        problem: a `Problem` with `exact`.
        points: `(n, d + q)`.

    Raises:
        ValueError: it has no exact solution, or one that returns no real numbers, a
            wrong shape, infinite values or unknown names.
    """
    owner = type(problem).__name__
    if problem.exact is None:
        raise ValueError(
            f"{owner} has no exact solution to compare with: define exact(self, x) in "
            "it."
        )
    found = problem.exact(tf.constant(points, tf.float64))
    names, n = problem.names.outputs, len(points)
    if isinstance(found, Mapping):
        values = _by_name(owner, names, n, found)
    else:
        values = check_array(f"{owner}.exact(x)", found, finite=False)
        if values.shape != (n, len(names)):
            raise ValueError(
                f"Expected {owner}.exact(x) in the shape (n, {len(names)}), one column "
                f"for each output ({', '.join(names)}); for {n} points it returned "
                f"{values.shape}. Where some outputs are known only, return a "
                "dictionary of (n, 1) by their names."
            )
    infinite = np.isinf(values).any(axis=1)
    if infinite.any():
        raise ValueError(
            f"{owner}.exact(x) is infinite at {int(infinite.sum())} of {n} points, "
            f"such as {tuple(points[infinite][0].tolist())}. Return NaN where the "
            "solution is not to be compared."
        )
    return values


def _by_name(
    owner: str, names: tuple[str, ...], n: int, found: Mapping[str, Any]
) -> np.ndarray:
    unknown = [name for name in found if name not in names]
    if unknown or not found:
        raise ValueError(
            f"Expected {owner}.exact(x) to return a dictionary by some of the outputs' "
            f"names ({', '.join(names)}), got {', '.join(map(repr, found)) or 'none'}."
        )
    values = np.full((n, len(names)), np.nan)
    for name, given in found.items():
        column = check_array(f"{owner}.exact(x)[{name!r}]", given, finite=False)
        if column.shape not in ((), (n,), (n, 1)):
            raise ValueError(
                f"Expected {owner}.exact(x)[{name!r}] in the shape (n, 1); for {n} "
                f"points it has {column.shape}."
            )
        values[:, names.index(name)] = column.reshape(-1)
    return values


def without_constants(problem: Problem, u: np.ndarray, exact: np.ndarray) -> np.ndarray:
    """Returns outputs without what the problem leaves open.

    Those in `problem.defined_up_to_constant` are shifted by their mean difference
    from the exact solution.

    Args:
        problem: the `Problem`.
        u: `(n, outputs)`.
        exact: the same shape, NaN where it is unknown.
    """
    u = np.array(u, np.float64)
    for name in problem.defined_up_to_constant:
        i = problem.names.component(name)
        known = ~np.isnan(exact[:, i])
        shift = np.mean(u[known, i] - exact[known, i]) if known.any() else 0.0
        if np.isfinite(shift):
            u[:, i] -= shift
    return u
