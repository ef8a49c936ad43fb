"""The linearised residual at one point, ready to be solved for any damping."""

import tensorflow as tf

from keras_isgd.solvers import linear_algebra
from keras_isgd.stopwatch import lap

__all__ = ["LinearModel"]


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
            smallest: no lambda will be below this.
            displacement: d, for r + J d in the place of r.

        Returns:
            A function from a scalar to a `DampedStep`.
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

        def solve(damping):
            step, decrease = linear_algebra.damped_step(reduction, damping)
            step = tf.ensure_shape(step, (size,))
            step = step if root is None else step / root
            step, decrease = lap("factorisation", step, decrease)
            return linear_algebra.DampedStep(step, decrease)

        return solve

    def _solver_without_jacobian(self, displacement):
        right = self._residual
        if displacement is not None:
            right += self._rows.forward(displacement)
        reduction = linear_algebra.reduce_rows(self._rows.gram, right)
        reduction = lap("reduction", reduction)

        def solve(damping):
            y, decrease = linear_algebra.damped_unknowns(reduction, damping)
            y = tf.ensure_shape(y, right.shape)
            step, decrease = lap("factorisation", self._rows.backward(y), decrease)
            return linear_algebra.DampedStep(step, decrease)

        return solve

    def _exact(self, jacobian, damping):
        if self._factorisation == "auto":
            return ~linear_algebra.gram_suffices(jacobian, damping)
        return tf.constant(self._factorisation == "exact")


def _without_jacobian(objective, w):
    rows = objective.row_count()
    if rows is None or rows > objective.parameters.size:
        return None
    return objective.gram(w)
