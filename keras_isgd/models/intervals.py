"""Intervals for what a network has identified from measured values."""

import dataclasses
import itertools
import warnings
from typing import Any, NamedTuple

import keras
import numpy as np
import scipy.special
import tensorflow as tf

from keras_isgd.linalg.constrained import ConstrainedLeastSquares
from keras_isgd.objectives.blocks import PointwiseRows
from keras_isgd.objectives.parameters import ParameterVector
from keras_isgd.problems import Problem
from keras_isgd.utils.checks import check_array

__all__ = ["LOOSE", "Band", "Fit", "Intervals", "quantile_of"]

# A variance counts as settled if directions that are not free add less than this to
# it: 1 % of a standard error.
LOOSE = 0.02


class Band(NamedTuple):
    """A band for u at points, arrays `(n, outputs)`.

    Attributes:
        lower, upper: its ends, at each point by itself.
        standard_errors: of u.
    """

    lower: np.ndarray
    upper: np.ndarray
    standard_errors: np.ndarray


@dataclasses.dataclass(frozen=True, kw_only=True)
class Intervals:
    """What the measured values say of the coefficients and of u.

    Printed, it is a table.

    Attributes:
        level: the probability with which each interval covers, such as 0.95.
        estimates: the coefficients' values by name.
        standard_errors: theirs by name; infinite where the data do not determine one.
        lower, upper: the ends of their intervals by name, within their bounds.
        correlations: of two coefficients, by pairs of names in either order.
        sigma: the standard deviation of each `Data` term's values by its name: as it
            was given, or as estimated from the residuals' scatter.
        degrees_of_freedom: of the estimated deviations, infinite if all were given.
        free: how many numbers the equation and its conditions leave to the data,
            such as coefficients and unknown initial values.
        distance: how far the coefficients (without any, u at the measured points) are
            from their optimum, in standard errors.
    """

    level: float
    estimates: dict[str, float]
    standard_errors: dict[str, float]
    lower: dict[str, float]
    upper: dict[str, float]
    correlations: dict[tuple[str, str], float]
    sigma: dict[str, Any]
    degrees_of_freedom: float
    free: int
    distance: float
    _fit: "Fit" = dataclasses.field(repr=False)

    def band(self, points: Any) -> Band:
        """Returns a band for u from the weights at which the intervals were computed.

        Args:
            points: `(n, d + q)`.

        Returns:
            A `Band` of arrays `(n, outputs)`.

        Raises:
            ValueError: points that are not `(n, d + q)` real numbers.
        """
        return self._fit.band(points, quantile_of(self.level, self.degrees_of_freedom))

    def __str__(self) -> str:
        percent = f"{100 * self.level:g} %"
        lines = [f"{'':16}{'estimate':>14}{'standard error':>16}   {percent} interval"]
        for name, value in self.estimates.items():
            ends = f"{self.lower[name]:.6g} to {self.upper[name]:.6g}"
            error = self.standard_errors[name]
            lines.append(f"{name:16}{value:14.6g}{error:16.3g}   {ends}")
        for first, second in itertools.combinations(self.estimates, 2):
            value = self.correlations[first, second]
            lines.append(f"correlation of {first} and {second}: {value:.3f}")
        for name, sigma in self.sigma.items():
            shown = f"{sigma:.4g}" if np.ndim(sigma) == 0 else "one for each value"
            lines.append(f"sigma of {name}: {shown}")
        lines.append(f"numbers that the equation leaves free: {self.free}")
        return "\n".join(lines if self.estimates else lines[1:])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fit:
    """How a solution follows the measured values, to first order.

    Attributes:
        network: the network.
        parameters: its weights and the coefficients, p numbers in all.
        at: their values, `(p,)`.
        count: how many of them, the last ones, are coefficients.
        solved: the constrained least squares.
        factor: F with the covariance F F^T, `(p, n)`.
        problem: what was solved.
    """

    network: keras.Model
    parameters: ParameterVector
    at: np.ndarray
    count: int
    solved: ConstrainedLeastSquares
    factor: np.ndarray
    problem: Problem

    def deviations(self, gradients: np.ndarray) -> np.ndarray:
        """Returns standard errors `(q,)` of quantities with gradients `(q, p)`."""
        return np.linalg.norm(gradients @ self.factor, axis=1)

    @property
    def trained(self) -> np.ndarray:
        """The trained numbers of the coefficients."""
        return self.at[self.at.size - self.count :]

    def gradients(self) -> np.ndarray:
        """Returns those of the coefficients' trained numbers, unit vectors."""
        return np.eye(self.count, self.at.size, self.at.size - self.count)

    def coefficient_errors(self) -> np.ndarray:
        """Returns their standard errors, infinite where the data determine none."""
        gradients = self.gradients()
        free, rest = self.solved.variances(gradients)
        return np.where(rest > free, np.inf, self.deviations(gradients))

    def band(self, points: Any, quantile: float) -> Band:
        """See `Intervals.band`."""
        x = check_array("`points` of a band", points)
        if x.ndim != 2 or x.shape[1] != self.problem.input_count or not len(x):
            raise ValueError(
                f"Expected points (n, {self.problem.input_count}) for a band, got "
                f"shape {x.shape}."
            )
        u, gradients = self._linearised(x)
        free, rest = self.solved.variances(gradients)
        if np.sum(rest) > LOOSE * np.sum(free):
            warnings.warn(
                "The band is uncertain: the equation, its conditions and the data do "
                "not determine u at these points, or the network cannot follow how u "
                "depends on the data. Train on, or take a larger network.",
                stacklevel=3,
            )
        errors = self.deviations(gradients).reshape(u.shape)
        return Band(u - quantile * errors, u + quantile * errors, errors)

    def _linearised(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns u `(n, k)` and the gradients of its entries, `(n k, p)`."""
        dtype = self.parameters.dtype
        points = tf.constant(x, dtype)
        parts = self.parameters.unpack(tf.constant(self.at, dtype))
        block = PointwiseRows(lambda inputs: self.network(inputs), points)
        values, jacobian = block.linearise(self.parameters, parts, False)
        values = values.numpy()
        entries = tf.reshape(tf.range(values.size, dtype=tf.float64), [len(x), -1])
        if self.problem.subdomains:
            entries = self.problem.chosen_outputs(points, entries)
        chosen = np.asarray(entries).astype(int)
        return values[chosen], jacobian.numpy().astype(np.float64)[chosen.ravel()]


def quantile_of(level: float, freedom: float) -> float:
    """Student's quantile, the normal one for infinite degrees of freedom."""
    p = 0.5 * (1.0 + level)
    if np.isinf(freedom):
        return float(scipy.special.ndtri(p))
    return float(scipy.special.stdtrit(freedom, p))
