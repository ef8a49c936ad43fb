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
from keras_isgd.problems import Coefficient, Problem
from keras_isgd.problems.conditions import Data
from keras_isgd.residuals.term import Term
from keras_isgd.utils.checks import check_positive

__all__ = ["intervals_of"]

# Relative to the largest singular value of a Jacobian, what is above its rounding.
_ROUNDING = {"float64": 1e-11, "float32": 1e-5}
# Standard errors between estimates and their optimum from which on it is said.
_FAR = 0.25
# Numbers at which a coefficient's range is looked for.
_TRIALS = 1001


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
        network: maps `(n, d)` to `(n, outputs)`.
        coefficients: the trained numbers by the coefficients' names.
        point_sets: where the equation and its conditions hold.
        level: in (0, 1).

    Raises:
        ValueError: no measured values, as many free numbers as values, or a level
            out of range.
    """
    if not 0.0 < check_positive("level", level) < 1.0:
        raise ValueError(f"Expected `level` between 0 and 1, got {level!r}.")
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
    dtype = parameters.dtype.name
    solved = ConstrainedLeastSquares(
        _jacobian(measured), _jacobian(exact), _ROUNDING[dtype]
    )
    sigma, freedom = _deviations(measured, data, solved.hat())
    scatter = np.concatenate(
        [np.full(len(r.residual), r.scale * s) for r, s in zip(measured, sigma)]
    )
    fit = Fit(
        network=network,
        parameters=parameters,
        at=parameters.read().numpy(),
        count=len(coefficients),
        solved=solved,
        factor=solved.influence() * scatter,
        problem=problem,
    )
    step = solved.step(_residual(measured), _residual(exact))
    found = _coefficients(problem, list(coefficients), fit, level, freedom)
    distance = _distance(fit, step, _jacobian(measured))
    lost = [n for n, error in found["standard_errors"].items() if np.isinf(error)]
    _warn(lost, _looseness(fit, _jacobian(measured)), distance, dtype)
    deviations = {
        r.name: _given(data[r.name]) if data[r.name].sigma_known else float(s)
        for r, s in zip(measured, sigma)
    }
    return Intervals(
        level=float(level),
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
            "scatter cannot be estimated. Give ki.Data(..., sigma=...), or more "
            "`points` where the equation holds."
        )
    found = np.array([np.sum((r.residual / r.scale) ** 2) for r in measured])
    known = [i for i in range(len(measured)) if i not in unknown]
    right = found[unknown] - expected[np.ix_(unknown, known)].sum(axis=1)
    squares = np.linalg.solve(expected[np.ix_(unknown, unknown)], right)
    sigma[unknown] = np.sqrt(np.maximum(squares, 0.0))
    return sigma, float(freedom)


def _coefficients(
    problem: Problem, names: Sequence[str], fit: Fit, level: float, freedom: float
) -> dict[str, dict]:
    """Everything of `Intervals` that belongs to coefficients."""
    found: dict[str, dict] = {
        key: {}
        for key in ("estimates", "standard_errors", "lower", "upper", "correlations")
    }
    errors, directions = fit.coefficient_errors(), fit.gradients() @ fit.factor
    quantile = quantile_of(level, freedom)
    rows = {}  # of the values, in place of the trained numbers; each of length 1
    for name, z, error, row in zip(names, fit.trained, errors, directions):
        unknown = problem.unknowns[name]
        slope = unknown.slope(z)
        found["estimates"][name] = float(unknown.value(tf.constant(z, tf.float64)))
        found["standard_errors"][name] = float(abs(slope) * error)
        ends = _ends(unknown, z, quantile * error)
        found["lower"][name], found["upper"][name] = ends
        seen = np.sign(slope) if np.isfinite(error) else np.nan
        rows[name] = seen * row / np.linalg.norm(row)
    for first, second in itertools.permutations(names, 2):
        found["correlations"][first, second] = float(rows[first] @ rows[second])
    return found


def _ends(unknown: Coefficient, z: float, reach: float) -> tuple[float, float]:
    """The least and the largest value of a coefficient for z - reach to z + reach.

    At a bound the coefficient turns round.
    """
    if np.isinf(reach):
        low = 0.0 if unknown.log else -np.inf
        return (
            low if unknown.lower is None else unknown.lower,
            np.inf if unknown.upper is None else unknown.upper,
        )
    trial = np.linspace(z - reach, z + reach, _TRIALS)
    values = unknown.value(tf.constant(trial, tf.float64)).numpy()
    return float(values.min()), float(values.max())


def _distance(fit: Fit, step: np.ndarray, jacobian: np.ndarray) -> float:
    """How long a Gauss-Newton step is in standard errors; see `Intervals`."""
    if fit.count:
        errors = fit.coefficient_errors()
        return float(np.max(np.abs(step[-fit.count :]) / errors))
    errors = fit.deviations(jacobian)
    return float(np.linalg.norm(jacobian @ step) / np.linalg.norm(errors))


def _looseness(fit: Fit, jacobian: np.ndarray) -> float:
    """What other directions add to the variances of the free ones, relative to these.

    Of coefficients the worst; without any, of the measured values together.
    """
    if fit.count:
        free, rest = fit.solved.variances(fit.gradients())
    else:
        free, rest = (np.sum(v) for v in fit.solved.variances(jacobian))
    return float(np.max(rest / np.maximum(free, np.finfo(np.float64).tiny)))


def _warn(lost: Sequence[str], looseness: float, distance: float, dtype: str) -> None:
    """Says what makes the intervals doubtful.

    Args:
        lost: names of coefficients that are not determined.
        looseness: see `_looseness`.
        distance: see `Intervals`.
        dtype: of the network.
    """
    remedy = "a larger network"
    if dtype != "float64":
        remedy = "a network in float64"
    if lost:
        warnings.warn(
            f"The data do not determine {', '.join(lost)}: with other values of "
            "what is named here the equation holds as well, and the measured values "
            "stay what they are.",
            stacklevel=4,
        )
    elif looseness > LOOSE:
        warnings.warn(
            "The standard errors did not settle: how well the equation is asked to "
            f"hold still changes them by {50 * looseness:.3g} %. Train on, give "
            f"`points` more of them, or take {remedy}.",
            stacklevel=4,
        )
    if distance > _FAR:
        warnings.warn(
            f"The training is {distance:.2g} standard errors from the optimum of the "
            "measured values under the equation, and the intervals are off by as "
            "much. Train on, with new points in each step; if that does not help, give "
            "the Data conditions a smaller `weight`, so that the network does not "
            "leave the equation to follow their noise.",
            stacklevel=4,
        )
