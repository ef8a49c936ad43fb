"""The singularly perturbed equation of the paper, Eq. 19."""

import math
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.geometry import Box
from keras_isgd.problems.conditions import Condition, Dirichlet
from keras_isgd.problems.problem import Problem
from keras_isgd.utils.checks import check_positive

__all__ = ["SingularPerturbation"]


@keras.saving.register_keras_serializable(package="keras_isgd")
class SingularPerturbation(Problem):
    """-eps y'' + y' = f on (0, 1), y(0) = y(1) = 0; a layer of width eps at x = 1.

        y(x) = (1 - e^(x/eps)) / (e^(1/eps) - 1) + sin(pi x / 2)
        f(x) = eps (pi/2)^2 sin(pi x / 2) + (pi/2) cos(pi x / 2)

    Source: Li, Chen and Huang (AAAI 2023), Eq. 19. The paper prints eps^(x/eps)
    where e^(x/eps) is meant: only that solves the equation. For a small eps the
    last 30 eps of the interval are the box `steep`.

    Args:
        eps: positive number; the paper uses 2 and 0.01.
    """

    reference = "Li, Chen and Huang (AAAI 2023), Eq. 19"

    def __init__(self, eps: float = 0.01) -> None:
        self.eps = check_positive("eps", eps)
        if 30.0 * self.eps < 1.0:
            self.steep = Box(1.0 - 30.0 * self.eps, 1.0)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return -self.eps * u.d("xx") + u.d("x") - self.source(x)

    def conditions(self) -> list[Condition]:
        return [Dirichlet(on="boundary", value=0.0)]

    def source(self, x: tf.Tensor) -> tf.Tensor:
        """f at points `(n, 1)`."""
        half_pi = math.pi / 2
        return self.eps * half_pi**2 * tf.sin(half_pi * x) + half_pi * tf.cos(
            half_pi * x
        )

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """y at points `(n, 1)`; finite for every eps in every precision."""
        # Divided by e^(1/eps), which overflows float32 at eps = 0.01.
        layer = -tf.exp((x - 1.0) / self.eps) * tf.math.expm1(-x / self.eps)
        return layer / math.expm1(-1.0 / self.eps) + tf.sin(math.pi / 2 * x)

    def get_config(self) -> dict[str, Any]:
        return {"eps": self.eps}
