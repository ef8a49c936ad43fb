"""Errors of a network against a known solution."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from keras_isgd.problems import Problem
from keras_isgd.problems.exact import exact_values, predicted, without_constants
from keras_isgd.problems.parameters import test_points, with_parameters

__all__ = ["Measured", "measure"]


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
