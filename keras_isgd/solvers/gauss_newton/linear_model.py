"""The linearised residual at one point, ready to be solved for any damping."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from keras_isgd.linalg import damped as linear_algebra
from keras_isgd.stopwatch import lap

__all__ = ["LinearModel"]


# Of a step, the part after which the residual's curvature along it is measured.
_AHEAD = 0.1


class Step(NamedTuple):
    """The solution for one damping.

    Attributes:
        step: s, `(p,)`; NaN where there is none.
        decrease: `|r|^2 - |r + J s|^2`, `()`.
        forward: function from s `(p,)` to J s `(m,)`.
        again: function from c `(m,)` to argmin |J s + c|^2 + lambda |s|_D^2 `(p,)`,
            by the factor at hand.
    """

    step: Any
    decrease: Any
    forward: Callable
    again: Callable


class LinearModel:
    """r(w) + J s, with the metric in which steps are measured.

    Args:
        objective: the `LeastSquares`.
        w: where, `(p,)`.
        factorisation: "gram", "exact" or "auto"; see `GaussNewton`.
        metric: weights `(p,)`, or None for ones.
        scaled: whether to take the weights of J's columns instead.
    """

    def __init__(self, objective, w, factorisation, metric=None, scaled=False):
        self._objective = objective
        self._w = w
        self._factorisation = factorisation
        self.metric = metric
        self._rows = None
        if metric is None and not scaled and factorisation == "gram":
            self._rows = _without_jacobian(objective, w)
        if self._rows is not None:
            self._residual, gram = lap("jacobian", self._rows.residual, self._rows.gram)
            self._rows = self._rows._replace(gram=gram)
            return
        residual, jacobian = objective.linearise(w)
        self._residual, self._jacobian = lap("jacobian", residual, jacobian)
        if scaled:
            self.metric = linear_algebra.column_metric(self._jacobian)

    def solver(self, smallest, displacement=None):
        """Returns the function from lambda to argmin |J s + r|^2 + lambda |s|_D^2.

        Args:
            smallest: lambdas much below this would need an exact factorisation.
            displacement: d, for r + J d in the place of r.

        Returns:
            A function from a scalar to a `Step`.
        """
        if self._rows is not None:
            return self._solver_without_jacobian(displacement)
        jacobian, right = self._jacobian, self._residual
        if displacement is not None:
            right += tf.linalg.matvec(jacobian, displacement)
        # It is the plain problem in sqrt(D) s.
        root = None if self.metric is None else tf.sqrt(self.metric)
        if root is not None:
            jacobian = jacobian / root
        exact = self._exact(jacobian, smallest)
        reduction = linear_algebra.reduce(jacobian, right, exact)
        reduction = lap("reduction", reduction)
        size = jacobian.shape[1]

        def unscaled(step):
            step = tf.ensure_shape(step, (size,))
            return step if root is None else step / root

        def forward(step):
            # By the scaled matrix: the other need not be kept.
            scaled = step if root is None else root * step
            return tf.linalg.matvec(jacobian, scaled)

        def solve(damping):
            step, decrease, factor = linear_algebra.damped_step(reduction, damping)
            step, decrease = lap("factorisation", unscaled(step), decrease)

            def again(c):
                step = linear_algebra.step_for(reduction, jacobian, factor, c)
                return unscaled(step)

            return Step(step, decrease, forward, again)

        return solve

    def _solver_without_jacobian(self, displacement):
        right = self._residual
        if displacement is not None:
            right += self._rows.forward(displacement)
        reduction = linear_algebra.reduce_rows(self._rows.gram, right)
        reduction = lap("reduction", reduction)

        def solve(damping):
            y, decrease, factor = linear_algebra.damped_unknowns(reduction, damping)
            y = tf.ensure_shape(y, right.shape)
            step, decrease = lap("factorisation", self._rows.backward(y), decrease)

            def again(c):
                return self._rows.backward(linear_algebra.unknowns_for(factor, c))

            return Step(step, decrease, self._rows.forward, again)

        return solve

    def lower_of_straight_and_bent(self, solved, limit):
        """Returns the step with the lower loss, `(p,)`, and that loss.

        Args:
            solved: the `Step`.
            limit: as for `bend`; the step is straight if None.
        """
        step = solved.step
        value = lap("probes", self._objective.value(self._w + step))
        if limit is None:
            return step, value
        bent = step + self.bend(step, solved, limit)
        there = lap("probes", self._objective.value(self._w + bent))
        lower = there < value
        return tf.where(lower, bent, step), tf.where(lower, there, value)

    def bend(self, step, solved, limit):
        """Returns the bend b of the path w + t s + t^2 b along which r stays linear.

        With r'' the second derivative of r along s, measured by a difference, 2 b is
        the least-squares solution for r'' in the place of r: the geodesic
        acceleration of Transtrum and Sethna (arXiv 1201.5885, 2012).

        Args:
            step: s, `(p,)`.
            solved: the `Step` with the factor for it.
            limit: largest |2 b|_D / |s|_D; beyond it the expansion means nothing
                and b is zero.

        Returns:
            `(p,)`.
        """
        ahead = self._objective.residual(self._w + _AHEAD * step)
        ahead = lap("probes", ahead)
        slope = (ahead - self._residual) / _AHEAD
        acceleration = solved.again(2.0 / _AHEAD * (slope - solved.forward(step)))
        root = 1.0 if self.metric is None else tf.sqrt(self.metric)
        small = tf.norm(root * acceleration) <= limit * tf.norm(root * step)
        bend = tf.where(small, 0.5 * acceleration, tf.zeros_like(step))
        return lap("factorisation", bend)

    def _exact(self, jacobian, damping):
        if self._factorisation == "auto":
            return ~linear_algebra.gram_suffices(jacobian, damping)
        return tf.constant(self._factorisation == "exact")


def _without_jacobian(objective, w):
    rows = objective.row_count()
    if rows is None or rows > objective.parameters.size:
        return None
    return objective.gram(w)
