"""The analytic stiff problem of the paper, Eq. 7 and 8."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.objectives.objective import Objective
from keras_isgd.utils.checks import check_array

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

    def __init__(
        self,
        curvatures: Sequence[float] = (1e-4, 1e4),
        minimum: Sequence[float] | None = None,
        start: Sequence[float] | None = None,
    ) -> None:
        self.curvatures = check_array("`curvatures`", curvatures, finite=False)
        p = self.curvatures.shape
        positive = np.isfinite(self.curvatures) & (self.curvatures > 0)
        if self.curvatures.ndim != 1 or not np.all(positive):
            raise ValueError(f"Expected positive curvatures (p,), got {curvatures!r}.")
        zeros, ones = np.zeros(p), np.ones(p)
        self.minimum = check_array("`minimum`", zeros if minimum is None else minimum)
        first = check_array("`start`", ones if start is None else start)
        if self.minimum.shape != p or first.shape != p:
            raise ValueError(
                f"Expected {p[0]} numbers for each argument, got minimum of shape "
                f"{self.minimum.shape} and start of shape {first.shape}."
            )
        self.theta = keras.Variable(first, dtype="float64", name="theta")

    def loss(self) -> tf.Tensor:
        """L at the present theta, `()`."""
        offset = tf.convert_to_tensor(self.theta) - self.minimum
        return 0.5 * tf.reduce_sum(self.curvatures * offset**2)

    def objective(self) -> Objective:
        """Returns L as an `Objective` of theta."""
        return Objective(self.loss, [self.theta])

    def explicit_ratio(self, alpha: float) -> float:
        """The bound of Eq. 7 on the loss ratio of one gradient-descent step."""
        return float(np.max((1.0 - alpha * self.curvatures) ** 2))

    def implicit_ratio(self, alpha: float) -> float:
        """The bound of Eq. 8 on the loss ratio of one implicit step."""
        return float(np.max((1.0 + alpha * self.curvatures) ** -2.0))
