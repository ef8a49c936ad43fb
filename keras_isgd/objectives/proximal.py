"""The implicit step as a minimisation problem."""

from typing import Any

import tensorflow as tf

from keras_isgd.objectives.objective import Evaluation, Objective

__all__ = ["ProximalProblem"]


class ProximalProblem:
    """Eq. 12 of Li, Chen and Huang (AAAI 2023): one step of backward Euler.

        P(w) = 1/2 |w - w_n|^2 + alpha L(w),
        grad P(w) = w - w_n + alpha grad L(w),

    whose stationary points solve the implicit equation (Eq. 4)
    w = w_n - alpha grad L(w).

    Args:
        objective: L, anything with `value_and_gradient(w)`.
        start: `Evaluation` of L at w_n.
        alpha: the implicit step, a scalar tensor of the dtype of w.
        metric: positive weights D `(p,)` of the squares in |w - w_n|^2, or None for
            ones. Then w = w_n - alpha D^-1 grad L(w): backward Euler on the
            gradient flow in that metric.
    """

    def __init__(
        self,
        objective: Objective,
        start: Evaluation,
        alpha: tf.Tensor,
        metric: tf.Tensor | None = None,
    ) -> None:
        self.objective: Any = objective
        self.alpha = alpha
        self.metric = metric
        self.anchor = start.w
        self.start = Evaluation(start.w, alpha * start.value, alpha * start.gradient)

    def value_and_gradient(self, w: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns P `()` and its gradient `(p,)` at `w` `(p,)`."""
        value, gradient = self.objective.value_and_gradient(w)
        displacement = self._displacement(w)
        return (
            0.5 * tf.reduce_sum((w - self.anchor) * displacement) + self.alpha * value,
            displacement + self.alpha * gradient,
        )

    def value(self, w: tf.Tensor) -> tf.Tensor:
        """Returns P at `w` `(p,)`, a scalar tensor."""
        distance = tf.reduce_sum((w - self.anchor) * self._displacement(w))
        return 0.5 * distance + self.alpha * self.objective.value(w)

    def _displacement(self, w: tf.Tensor) -> tf.Tensor:
        """D (w - w_n)."""
        displacement = w - self.anchor
        return displacement if self.metric is None else self.metric * displacement

    def implicit_residual(self, end: Evaluation) -> tf.Tensor:
        """How far from implicit a step is: the relative residual of Eq. 4.

            |D (w+ - w_n) + alpha grad L(w+)| / (alpha |grad L(w_n)|)

        Zero is backward Euler; one is a step of length zero.

        Args:
            end: `Evaluation` of L at w+.
        """
        gradient = self._displacement(end.w) + self.alpha * end.gradient
        return tf.math.divide_no_nan(tf.norm(gradient), tf.norm(self.start.gradient))
