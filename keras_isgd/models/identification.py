"""What measured values say of a network's coefficients; see `intervals`."""

import itertools
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.linalg.constrained import ConstrainedLeastSquares
from keras_isgd.models.intervals import LOOSE, Fit, Intervals, quantile_of
from keras_isgd.models.linearised import Rows, linearised
from keras_isgd.objectives.parameters import ParameterVector
from keras_isgd.problems import Problem
from keras_isgd.problems.conditions import Data
from keras_isgd.residuals.term import Term
from keras_isgd.utils.checks import check_positive

__all__ = ["check_level", "intervals_of"]

# Standard errors between estimates and their optimum from which on it is said.
_FAR = 0.25


def check_level(level: float, dtype: str) -> None:
    """Lets pass what intervals can be computed for.

    Raises:
        ValueError: a level out of range, or a model in float32.
    """
    if not 0.0 < check_positive("level", level) < 1.0:
        raise ValueError(f"Expected `level` between 0 and 1, got {level!r}.")
    if dtype != "float64":
        raise ValueError(
            f"Intervals need a model in float64, got {dtype}: in float32 rounding "
            "hides which directions the equation leaves free. Build the network with "
            'dtype="float64".'
        )


def intervals_of(
    problem: Problem,
    terms: Sequence[Term],
    network: keras.Model,
    coefficients: Mapping[str, keras.Variable],
    point_sets: Mapping[str, tf.Tensor],
    level: float,
) -> Intervals:
    """Computes `PINN.intervals`.

    Args:
        problem: the `Problem`.
        terms: the terms of the loss.
        network: maps `(n, d)` to `(n, outputs)`, float64.
        coefficients: the trained numbers by the coefficients' names.
        point_sets: where the equation and its conditions hold.
        level: in (0, 1).

    Raises:
        ValueError: no measured values, or as many free numbers as values.
    """
    data = {c.name: c for c in problem.bound_conditions() if isinstance(c, Data)}
    if not data:
        raise ValueError(
            f"{type(problem).__name__} has no measured values to compute intervals "
            "from: add ki.Data(points, values) to its conditions."
        )
    parameters = ParameterVector([*network.trainable_variables, *coefficients.values()])
    rows = linearised(terms, network, coefficients, point_sets, parameters)
    measured = [r for r in rows if r.name in data]
    exact = [r for r in rows if r.name not in data]
    solved = ConstrainedLeastSquares(_jacobian(measured), _jacobian(exact))
    sigma, freedom = _deviations(measured, data, solved.hat())
    scatter = np.concatenate(
        [np.full(len(r.residual), r.scale * s) for r, s in zip(measured, sigma)]
    )
    fit = Fit(
        network=network,
        parameters=parameters,
        at=parameters.read().numpy(),
        solved=solved,
        factor=solved.influence() * scatter,
        width=problem.width,
    )
    step = solved.step(_residual(measured), _residual(exact))
    found = _coefficients(problem, coefficients, fit, level, freedom)
    distance = _distance(fit, step, len(coefficients), _jacobian(measured))
    _warn(found["standard_errors"], distance, fit, _jacobian(measured))
    deviations = {
        r.name: s if not data[r.name].sigma_known else _given(data[r.name])
        for r, s in zip(measured, sigma)
    }
    return Intervals(
        level=level,
        sigma=deviations,
        degrees_of_freedom=freedom,
        free=solved.free,
        distance=distance,
        _fit=fit,
        **found,
    )


def _jacobian(rows: Sequence[Rows]) -> np.ndarray:
    return np.concatenate([r.jacobian for r in rows])


def _residual(rows: Sequence[Rows]) -> np.ndarray:
    return np.concatenate([r.residual for r in rows])


def _given(condition: Data) -> Any:
    sigma = condition.sigma
    return float(sigma.flat[0]) if np.all(sigma == sigma.flat[0]) else sigma.copy()


def _deviations(
    measured: Sequence[Rows], data: Mapping[str, Data], hat: np.ndarray
) -> tuple[np.ndarray, float]:
    """The deviation of each term's rows in its own unit, and degrees of freedom.

    The residuals are (I - H) e with H from the fit, and e of deviation 1 where sigma
    was given: each unknown variance follows from the sums of squares expected.

    Raises:
        ValueError: as many free numbers as values.
    """
    scales = np.concatenate([np.full(len(r.residual), r.scale) for r in measured])
    ends = np.cumsum([0, *(len(r.residual) for r in measured)])
    places = [slice(a, b) for a, b in itertools.pairwise(ends)]
    unknown = [i for i, r in enumerate(measured) if not data[r.name].sigma_known]
    sigma = np.ones(len(measured))
    if not unknown:
        return sigma, np.inf
    squared = ((np.eye(len(hat)) - hat) * scales / scales[:, None]) ** 2
    expected = np.array([[squared[a, b].sum() for b in places] for a in places])
    freedom = min(ends[i + 1] - ends[i] - np.trace(hat[places[i]][:, places[i]])
                  for i in unknown)  # fmt: skip
    if freedom < 0.5:
        raise ValueError(
            f"There are {ends[-1]} measured values and as many free numbers: their "
            "scatter cannot be estimated. Give ki.Data(..., sigma=...)."
        )
    found = np.array([np.sum((r.residual / r.scale) ** 2) for r in measured])
    known = [i for i in range(len(measured)) if i not in unknown]
    right = found[unknown] - expected[np.ix_(unknown, known)].sum(axis=1)
    squares = np.linalg.solve(expected[np.ix_(unknown, unknown)], right)
    sigma[unknown] = np.sqrt(np.maximum(squares, 0.0))
    return sigma, float(freedom)


def _coefficients(
    problem: Problem,
    coefficients: Mapping[str, keras.Variable],
    fit: Fit,
    level: float,
    freedom: float,
) -> dict[str, dict]:
    """Everything of `Intervals` that belongs to coefficients."""
    names, count = list(coefficients), len(coefficients)
    found: dict[str, dict] = {
        key: {}
        for key in ("estimates", "standard_errors", "lower", "upper", "correlations")
    }
    if not names:
        return found
    gradients = np.eye(fit.at.size)[fit.at.size - count :]
    free, rest = fit.solved.variances(gradients)
    rows = gradients @ fit.factor
    errors = np.where(rest > free, np.inf, np.linalg.norm(rows, axis=1))
    quantile = quantile_of(level, freedom)
    signs = []
    for name, z, error in zip(names, fit.at[-count:], errors):
        unknown = problem.unknowns[name]
        slope = unknown.slope(z)
        ends = [
            float(unknown.value(tf.constant(z + sign * quantile * error, tf.float64)))
            for sign in (-1.0, 1.0)
        ]
        found["estimates"][name] = float(unknown.value(tf.constant(z, tf.float64)))
        found["standard_errors"][name] = float(abs(slope) * error)
        found["lower"][name], found["upper"][name] = sorted(ends)
        signs.append(np.sign(slope))
    lengths = np.linalg.norm(rows, axis=1)
    lengths[~np.isfinite(errors)] = np.nan
    for i, j in itertools.product(range(count), repeat=2):
        if i != j:
            value = (
                signs[i] * signs[j] * (rows[i] @ rows[j]) / (lengths[i] * lengths[j])
            )
            found["correlations"][names[i], names[j]] = float(value)
    return found


def _distance(fit: Fit, step: np.ndarray, count: int, jacobian: np.ndarray) -> float:
    """How long a Gauss-Newton step is in standard errors; see `Intervals`."""
    if count:
        errors = np.linalg.norm(fit.factor[-count:], axis=1)
        return float(np.max(np.abs(step[-count:]) / errors))
    errors = fit.deviations(jacobian)
    return float(np.linalg.norm(jacobian @ step) / np.linalg.norm(errors))


def _warn(
    standard_errors: Mapping[str, float],
    distance: float,
    fit: Fit,
    jacobian: np.ndarray,
) -> None:
    """Says what makes the intervals doubtful."""
    lost = [name for name, error in standard_errors.items() if np.isinf(error)]
    if lost:
        warnings.warn(
            f"The data do not determine {', '.join(lost)}: another value of it changes "
            "neither the equation nor the values that were measured.",
            stacklevel=4,
        )
    count = len(standard_errors)
    size = fit.at.size
    gradients = np.eye(size)[size - count :] if count else jacobian
    free, rest = fit.solved.variances(gradients)
    if not count:
        free, rest = np.sum(free, keepdims=True), np.sum(rest, keepdims=True)
    worst = float(np.max(rest / np.maximum(free, np.finfo(np.float64).tiny)))
    if not lost and worst > LOOSE:
        warnings.warn(
            "The standard errors did not settle: how well the equation holds still "
            f"changes them by {50 * worst:.3g} %. Give `points` more of them, or take "
            "a larger network.",
            stacklevel=4,
        )
    if distance > _FAR:
        warnings.warn(
            f"The training is {distance:.2g} standard errors from the optimum of the "
            "measured values under the equation, and the intervals are off by as "
            "much. Train on; if that does not help, give the Data conditions a "
            "smaller `weight`, so that the network does not leave the equation to "
            "follow their noise.",
            stacklevel=4,
        )
