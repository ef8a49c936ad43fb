"""The cubic Schroedinger equation."""

import math

import keras
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.geometry import Box
from keras_isgd.problems.conditions import Condition, Dirichlet, Initial
from keras_isgd.problems.problem import Problem

__all__ = ["Schroedinger"]


@keras.saving.register_keras_serializable(package="keras_isgd")
class Schroedinger(Problem):
    """i h_t + h_xx / 2 + |h|^2 h = 0, x in (-5, 5), t in (0, pi / 2), h = u + i v.

    h = 2 / cosh(x) at first: two solitons in one place, which breathe,

        h = 4 exp(i t / 2) (cosh 3x + 3 exp(4 i t) cosh x)
            / (cosh 4x + 4 cosh 2x + 3 cos 4t)

    with h given at both ends.

    Source: Satsuma and Yajima (Prog. Theor. Phys. Suppl. 55, 1974). Raissi,
    Perdikaris and Karniadakis (2019) take periodic conditions instead, which give the
    first values a kink of 0.05 at the ends, and have no closed form.
    """

    coordinates = ("x", "t")
    outputs = ("u", "v")
    domain = Box((-5.0, 0.0), (5.0, math.pi / 2))
    reference = "Satsuma and Yajima (1974); closed form"

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        real, imaginary = u["u"], u["v"]
        squares = real.value**2 + imaginary.value**2
        return {
            "real": (-imaginary.d("t") + 0.5 * real.d("xx") + squares * real.value),
            "imaginary": (
                real.d("t") + 0.5 * imaginary.d("xx") + squares * imaginary.value
            ),
        }

    def conditions(self) -> list[Condition]:
        return [
            Dirichlet(on="boundary", value=self.exact),
            Initial(self.exact),
        ]

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u and v at points `(n, 2)`, shape `(n, 2)`."""
        place, t = x[:, 0:1], x[:, 1:2]
        below = tf.cosh(4.0 * place) + 4.0 * tf.cosh(2.0 * place)
        below += 3.0 * tf.cos(4.0 * t)
        slow, fast = 4.0 * tf.cosh(3.0 * place), 12.0 * tf.cosh(place)
        real = slow * tf.cos(0.5 * t) + fast * tf.cos(4.5 * t)
        imaginary = slow * tf.sin(0.5 * t) + fast * tf.sin(4.5 * t)
        return tf.concat([real / below, imaginary / below], axis=1)
