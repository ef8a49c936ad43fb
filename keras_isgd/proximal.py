"""The implicit step as a minimisation problem."""

import tensorflow as tf

from keras_isgd.objective import Evaluation

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
    """

    def __init__(self, objective, start, alpha):
        self.objective = objective
        self.alpha = alpha
        self.anchor = start.w
        self.start = Evaluation(start.w, alpha * start.value, alpha * start.gradient)

    def value_and_gradient(self, w):
        """Returns P `()` and its gradient `(p,)` at `w` `(p,)`."""
        value, gradient = self.objective.value_and_gradient(w)
        displacement = w - self.anchor
        return (
            0.5 * tf.reduce_sum(displacement**2) + self.alpha * value,
            displacement + self.alpha * gradient,
        )

    def value(self, w):
        """Returns P at `w` `(p,)`, a scalar tensor."""
        displacement = w - self.anchor
        return 0.5 * tf.reduce_sum(displacement**2) + self.alpha * (
            self.objective.value(w)
        )

    def implicit_residual(self, gradient):
        """How far from implicit a step is: the relative residual of Eq. 4.

            |w+ - w_n + alpha grad L(w+)| / (alpha |grad L(w_n)|)

        Zero is backward Euler, one is "nothing happened".

        Args:
            gradient: grad P(w+), `(p,)`.
        """
        return tf.math.divide_no_nan(tf.norm(gradient), tf.norm(self.start.gradient))
