"""The analytic stiff problem of the paper, Eq. 7 and 8."""

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.objectives.objective import Objective

__all__ = ["StiffQuadratic"]


class StiffQuadratic:
    """L(theta) = 1/2 sum_i K_i (theta_i - theta*_i)^2, as an objective.

    Source: Li, Chen and Huang (AAAI 2023), before Eq. 7. One step of gradient
    descent multiplies theta_i - theta*_i by 1 - alpha K_i (Eq. 7), one implicit
    step by 1 / (1 + alpha K_i) (Eq. 8).

    Args:
        curvatures: K, p positive numbers.
        minimum: theta*, p numbers; zero if None.
        start: the first theta, p numbers; ones if None.

    Attributes:
        theta: the `keras.Variable` `(p,)`, float64.

    Raises:
        ValueError: a curvature that is not positive, or lengths that differ.
    """

    def __init__(self, curvatures=(1e-4, 1e4), minimum=None, start=None):
        self.curvatures = np.asarray(curvatures, np.float64)
        p = self.curvatures.shape
        if self.curvatures.ndim != 1 or not np.all(self.curvatures > 0):
            raise ValueError(f"Expected positive curvatures (p,), got {curvatures!r}.")
        self.minimum = np.zeros(p) if minimum is None else np.asarray(minimum, float)
        start = np.ones(p) if start is None else np.asarray(start, np.float64)
        if self.minimum.shape != p or start.shape != p:
            raise ValueError(
                f"Expected {p[0]} numbers for each argument, got minimum of shape "
                f"{self.minimum.shape} and start of shape {start.shape}."
            )
        self.theta = keras.Variable(start, dtype="float64", name="theta")

    def loss(self):
        """L at the present theta, `()`."""
        offset = tf.convert_to_tensor(self.theta) - self.minimum
        return 0.5 * tf.reduce_sum(self.curvatures * offset**2)

    def objective(self):
        """Returns L as an `Objective` of theta."""
        return Objective(self.loss, [self.theta])

    def explicit_ratio(self, alpha):
        """The bound of Eq. 7 on the loss ratio of one gradient-descent step."""
        return float(np.max((1.0 - alpha * self.curvatures) ** 2))

    def implicit_ratio(self, alpha):
        """The bound of Eq. 8 on the loss ratio of one implicit step."""
        return float(np.max((1.0 + alpha * self.curvatures) ** -2.0))
