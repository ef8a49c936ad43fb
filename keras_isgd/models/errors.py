"""Errors of a network against a known solution."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from keras_isgd.problems import Problem
from keras_isgd.problems.parameters import test_points, with_parameters
from keras_isgd.utils.checks import check_array

__all__ = ["Measured", "exact_values", "measure", "predicted", "without_constants"]

_CHUNK = 8192  # points at a time where a whole grid would take much memory


class Measured:
    """Mix-in of `PINN` with its errors against an exact solution."""

    problem: Problem
    compute_dtype: str

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """Returns u at points `(n, d + q)`, `(n, outputs)`."""
        raise TypeError(f"{type(self).__name__} must define call().")

    def errors(
        self, points: np.ndarray | None = None, **parameters: Any
    ) -> dict[str, float]:
        """Measures the errors against `problem.exact`.

        Points where `exact` is NaN, or outputs that it leaves out, are not compared.
        Outputs in `problem.defined_up_to_constant` are shifted by their mean
        difference first.

        Args:
            points: `(n, d + q)`; `problem.test_points()`, fixed fine points, if None.
            **parameters: values of the problem's parameters by name, such as `k=0.5`,
                beside points `(n, d)`. Without points, those that are left out vary
                over their ranges.

        Returns:
            `{"relative_l2": ..., "max_error": ...}`: |u - exact|_2 / |exact|_2 and
            the largest absolute error over the points and all outputs. Of several
            outputs also those of each, such as "relative_l2_p" and "max_error_p".

        Raises:
            ValueError: the problem has no exact solution, or one of a wrong shape; or
                points or parameters that do not fit the problem.
        """
        return measure(self.call, self.problem, self.compute_dtype, points, parameters)

    def relative_l2(self, points: np.ndarray | None = None, **parameters: Any) -> float:
        """Returns the relative L2 error; see `errors`."""
        return self.errors(points, **parameters)["relative_l2"]

    def max_error(self, points: np.ndarray | None = None, **parameters: Any) -> float:
        """Returns the maximum error; see `errors`."""
        return self.errors(points, **parameters)["max_error"]


def measure(
    network: Callable[[tf.Tensor], tf.Tensor],
    problem: Problem,
    dtype: str,
    points: np.ndarray | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> dict[str, float]:
    """Returns relative L2 and maximum errors; see `PINN.errors`.

    Args:
        network: maps `(n, d + q)` to `(n, outputs)`.
        problem: the `Problem`.
        dtype: of the network.
        points: `(n, d + q)`, or `(n, d)` beside values of all parameters; the
            problem's test points if None.
        parameters: values of parameters by name.

    Raises:
        ValueError: no exact solution, one of a wrong shape, or points or parameters
            that do not fit the problem.
    """
    points = _points(problem, points, parameters or {})
    exact = exact_values(problem, points)
    known = ~np.isnan(exact)
    if not known.any():
        raise ValueError(
            f"{type(problem).__name__}.exact is NaN, which is unknown, at all of the "
            f"{len(points)} points: there is nothing to compare with."
        )
    u = without_constants(problem, predicted(network, points, dtype), exact)
    difference = np.where(known, u - exact, 0.0)
    exact = np.where(known, exact, 0.0)
    errors = {
        "relative_l2": _relative(difference, exact),
        "max_error": float(np.max(np.abs(difference))),
    }
    names = problem.names.outputs
    for i, name in enumerate(names if len(names) > 1 else ()):
        if known[:, i].any():
            errors[f"relative_l2_{name}"] = _relative(difference[:, i], exact[:, i])
            errors[f"max_error_{name}"] = float(np.max(np.abs(difference[:, i])))
    return errors


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


def _points(
    problem: Problem, points: np.ndarray | None, parameters: Mapping[str, Any]
) -> np.ndarray:
    if points is None:
        return test_points(problem, parameters)
    points = np.asarray(points)
    if parameters:
        return with_parameters(problem, points, parameters)
    if points.ndim != 2 or points.shape[1] != problem.input_count or len(points) == 0:
        q = len(problem.parameters)
        raise ValueError(
            f"Expected points (n, {problem.input_count}), got shape {points.shape}."
            + (f" The last {q} are the parameters, or give them by name." if q else "")
        )
    return points


def _relative(difference: np.ndarray, exact: np.ndarray) -> float:
    """|difference|_2 / |exact|_2; infinite where the exact solution is zero."""
    error, size = float(np.linalg.norm(difference)), float(np.linalg.norm(exact))
    if size == 0.0:
        return error if error == 0.0 or np.isnan(error) else float("inf")
    return error / size
