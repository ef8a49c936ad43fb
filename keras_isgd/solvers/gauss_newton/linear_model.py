"""The linearised residual at one point, ready to be solved for any damping."""

import functools
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from keras_isgd.linalg import damped
from keras_isgd.objectives.least_squares import LeastSquares, Linearisation
from keras_isgd.solvers.base import DampedModel, DampedStep

__all__ = ["LinearModel"]

# The part of a step after which the residual's curvature along it is measured.
_AHEAD = 0.1

Prepared = Callable[[tf.Tensor], DampedStep]


class LinearModel(DampedModel):
    """r(w) + J s, with the metric in which steps are measured.

    Symbols: m rows, p parameters, r residual, J Jacobian `(m, p)`, s step,
    D metric, lambda damping.

    Args:
        objective: the `LeastSquares`.
        w: where, `(p,)`.
        factorisation: "gram", "exact" or "auto"; see `GaussNewton`.
        acceleration: the largest geodesic acceleration to follow, relative to the
            step, or None for none; see `GaussNewton`.
        metric: D, weights `(p,)`, or None for ones.
        scaled: whether to take the weights of J's columns instead.
        exact: whether dampings near the rounding of J J^T must be resolved where the
            factorisation is "auto".
    """

    def __init__(
        self,
        objective: LeastSquares,
        w: tf.Tensor,
        factorisation: str,
        acceleration: float | None = None,
        metric: tf.Tensor | None = None,
        scaled: bool = False,
        exact: bool = True,
    ) -> None:
        self._objective = objective
        self._w = w
        if factorisation == "auto" and not exact:
            factorisation = "gram"
        self._factorisation = factorisation
        self._acceleration = acceleration
        self.metric = metric
        self.probes = 1 if acceleration is None else 3
        self.rounding = tf.zeros((), w.dtype)
        self._on_gpu = objective.parameters.on_gpu
        self._rows: Linearisation | None = None
        with tf.name_scope("jacobian"):
            if metric is None and not scaled and factorisation == "gram":
                self._rows = _without_jacobian(objective, w)
            if self._rows is not None:
                self.residual, self.jvp = self._rows.residual, self._rows.jvp
                return
            self.residual, self._jacobian = objective.linearise(w)
            self.jvp = functools.partial(tf.linalg.matvec, self._jacobian)
            norms = damped.column_norms(self._jacobian, self._on_gpu)
            self.rounding = _rounding(self.residual, norms, w)
            if scaled:
                self.metric = damped.column_metric(norms)
        # It is the plain problem in sqrt(D) s.
        self._root = None if self.metric is None else tf.sqrt(self.metric)
        self._norms = norms if self._root is None else norms / self._root

    def mean_square(self) -> tf.Tensor:
        if self._rows is not None:
            return tf.reduce_mean(tf.linalg.diag_part(self._rows.gram))
        count = tf.cast(tf.size(self.residual), self._norms.dtype)
        return tf.reduce_sum(self._norms**2) / count

    def prepare(
        self, damping: tf.Tensor, displacement: tf.Tensor | None = None
    ) -> Prepared:
        if self._rows is not None:
            return self._prepare_rows(self._rows, displacement)
        jacobian, right = self._jacobian, self.residual
        if displacement is not None:
            right += tf.linalg.matvec(jacobian, displacement)
        with tf.name_scope("reduction"):
            exact = self._exact(damping)
            reduction = damped.reduce(jacobian, right, exact, self._on_gpu, self._root)
        size = jacobian.shape[1]

        def solve(damping: tf.Tensor) -> DampedStep:
            with tf.name_scope("factorisation"):
                step, decrease, factor = damped.damped_step(reduction, damping)

            def again(c: tf.Tensor) -> tf.Tensor:
                return tf.ensure_shape(damped.step_for(reduction, factor, c), (size,))

            return DampedStep(tf.ensure_shape(step, (size,)), decrease, self.jvp, again)

        return solve

    def _prepare_rows(
        self, rows: Linearisation, displacement: tf.Tensor | None
    ) -> Prepared:
        """Solves in the space of rows, by J J^T alone."""
        right = self.residual
        if displacement is not None:
            right += rows.jvp(displacement)
        reduction = damped.reduce_rows(rows.gram, right, self._on_gpu)

        def solve(damping: tf.Tensor) -> DampedStep:
            with tf.name_scope("factorisation"):
                y, decrease, factor = damped.damped_unknowns(reduction, damping)
                step = rows.vjp(tf.ensure_shape(y, right.shape))

            def again(c: tf.Tensor) -> tf.Tensor:
                return rows.vjp(damped.unknowns_for(factor, c))

            return DampedStep(step, decrease, rows.jvp, again)

        return solve

    def best_along(self, solved: DampedStep) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the step with or without geodesic acceleration, whichever ends lower.

        Args:
            solved: the `DampedStep`.

        Returns:
            The step `(p,)` and the loss after it, `()`.
        """
        step = solved.step
        with tf.name_scope("probes"):
            value = self._objective.value(self._w + step)
        if self._acceleration is None:
            return step, value
        bent = step + self.correction(step, solved)
        with tf.name_scope("probes"):
            there = self._objective.value(self._w + bent)
        lower = there < value
        return tf.where(lower, bent, step), tf.where(lower, there, value)

    def correction(self, step: tf.Tensor, solved: DampedStep) -> tf.Tensor:
        """Returns b of the path w + t s + t^2 b along which r stays linear.

        With r'' the second derivative of r along s, measured by a difference, 2 b is
        the least-squares solution for r'' in the place of r: the geodesic
        acceleration of Transtrum and Sethna (arXiv 1201.5885, 2012). Beyond the
        largest acceleration the expansion means nothing, and b is zero.

        Args:
            step: s, `(p,)`.
            solved: the `DampedStep` with the factor for it.

        Returns:
            `(p,)`.
        """
        if self._acceleration is None:
            return tf.zeros_like(step)
        with tf.name_scope("probes"):
            ahead = self._objective.residual(self._w + _AHEAD * step)
            slope = (ahead - self.residual) / _AHEAD
        with tf.name_scope("factorisation"):
            acceleration = solved.again(2.0 / _AHEAD * (slope - solved.jvp(step)))
        root = 1.0 if self.metric is None else tf.sqrt(self.metric)
        limit = self._acceleration * tf.norm(root * step)
        small = tf.norm(root * acceleration) <= limit
        return tf.where(small, 0.5 * acceleration, tf.zeros_like(step))

    def _exact(self, damping: tf.Tensor) -> tf.Tensor:
        if self._factorisation == "auto":
            return ~damped.gram_suffices(self._norms, damping)
        return tf.constant(self._factorisation == "exact")


def _rounding(residual: tf.Tensor, norms: tf.Tensor, w: tf.Tensor) -> tf.Tensor:
    """How far the loss |r|^2 moves when each weight is rounded, `()`.

    To first order r then moves by delta = eps |(|J_j| w_j)_j|, the machine precision
    times the length of w in MINPACK's scaling of the columns (Moré, "The
    Levenberg-Marquardt algorithm", 1978), and the loss by delta (2 |r| + delta). What
    a model predicts below that cannot be seen in the loss.
    """
    eps = np.finfo(residual.dtype.as_numpy_dtype).eps
    delta = eps * tf.norm(norms * w)
    return delta * (2.0 * tf.norm(residual) + delta)


def _without_jacobian(objective: LeastSquares, w: tf.Tensor) -> Linearisation | None:
    rows = objective.row_count()
    if rows is None or rows > objective.parameters.size:
        return None
    return objective.gram(w)
