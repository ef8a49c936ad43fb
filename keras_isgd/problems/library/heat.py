"""The heat equation."""

import math
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.geometry import Box
from keras_isgd.problems.conditions import Condition, Dirichlet, Initial
from keras_isgd.problems.problem import Problem
from keras_isgd.utils.checks import check_count, check_positive

__all__ = ["Heat"]


@keras.saving.register_keras_serializable(package="keras_isgd")
class Heat(Problem):
    """u_t = k u_xx on (0, 1), t in (0, 1), from a sine, with u = 0 at the ends.

        u(x, t) = exp(-k (m pi)^2 t) sin(m pi x)

    Source: separation of variables; with k = 0.4 an example of DeepXDE.

    Args:
        diffusivity: k, a positive number.
        mode: m, a whole number >= 1.
    """

    coordinates = ("x", "t")
    domain = Box((0.0, 0.0), (1.0, 1.0))
    reference = "closed form, by separation of variables"

    def __init__(self, diffusivity: float = 0.4, mode: int = 1) -> None:
        self.diffusivity = check_positive("diffusivity", diffusivity)
        self.mode = check_count("mode", mode)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("t") - self.diffusivity * u.d("xx")

    def conditions(self) -> list[Condition]:
        return [Dirichlet(on="boundary", value=0.0), Initial(self.exact)]

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u at points `(n, 2)`, shape `(n, 1)`."""
        wave = self.mode * math.pi
        decay = tf.exp(-self.diffusivity * wave**2 * x[:, 1:2])
        return decay * tf.sin(wave * x[:, 0:1])

    def get_config(self) -> dict[str, Any]:
        return {"diffusivity": self.diffusivity, "mode": self.mode}
