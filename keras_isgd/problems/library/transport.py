"""Convection, and reaction without diffusion: equations of first order."""

import math
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.geometry import Box
from keras_isgd.problems.conditions import Condition, Initial, Periodic
from keras_isgd.problems.problem import Problem
from keras_isgd.utils.checks import check_positive

__all__ = ["Convection", "Reaction"]


@keras.saving.register_keras_serializable(package="keras_isgd")
class Convection(Problem):
    """u_t + c u_x = 0 on a circle, x in (0, 2 pi), t in (0, 1), from sin x.

        u(x, t) = sin(x - c t)

    Source: Krishnapriyan et al. (NeurIPS 2021), with c = 30, where plain PINNs
    fail.

    Args:
        speed: c, a positive number.
    """

    coordinates = ("x", "t")
    domain = Box((0.0, 0.0), (2.0 * math.pi, 1.0))
    reference = "Krishnapriyan et al. (2021); closed form"

    def __init__(self, speed: float = 30.0) -> None:
        self.speed = check_positive("speed", speed)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("t") + self.speed * u.d("x")

    def conditions(self) -> list[Condition]:
        return [Initial(self.exact), Periodic("x")]

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u at points `(n, 2)`, shape `(n, 1)`."""
        return tf.sin(x[:, 0:1] - self.speed * x[:, 1:2])

    def get_config(self) -> dict[str, Any]:
        return {"speed": self.speed}


@keras.saving.register_keras_serializable(package="keras_isgd")
class Reaction(Problem):
    """u_t = r u (1 - u) on a circle, x in (0, 2 pi), t in (0, 1), from a Gaussian.

        u(x, t) = h / (h + (1 - h) exp(-r t))
        h(x) = exp(-(x - pi)^2 / (2 (pi / 4)^2))

    Source: Krishnapriyan et al. (NeurIPS 2021), with r = 5.

    Args:
        rate: r, a positive number.
    """

    coordinates = ("x", "t")
    domain = Box((0.0, 0.0), (2.0 * math.pi, 1.0))
    reference = "Krishnapriyan et al. (2021); closed form"

    def __init__(self, rate: float = 5.0) -> None:
        self.rate = check_positive("rate", rate)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("t") - self.rate * u.value * (1.0 - u.value)

    def conditions(self) -> list[Condition]:
        return [Initial(self.exact), Periodic("x")]

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u at points `(n, 2)`, shape `(n, 1)`."""
        h = tf.exp(-((x[:, 0:1] - math.pi) ** 2) / (2.0 * (math.pi / 4.0) ** 2))
        return h / (h + (1.0 - h) * tf.exp(-self.rate * x[:, 1:2]))

    def get_config(self) -> dict[str, Any]:
        return {"rate": self.rate}
