"""The equation of Allen and Cahn."""

import math

import keras
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.geometry import Box
from keras_isgd.problems import references
from keras_isgd.problems.conditions import Condition, Initial, Periodic
from keras_isgd.problems.problem import Problem

__all__ = ["AllenCahn"]

_DIFFUSIVITY = 1e-4
# In place of a width of zero, by which no distance can be divided.
_TINY = 1e-30


@keras.saving.register_keras_serializable(package="keras_isgd")
class AllenCahn(Problem):
    """u_t = 0.0001 u_xx + 5 (u - u^3) on a circle, x in (-1, 1), t in (0, 1).

    u = x^2 cos(pi x) at first, which has a kink where the circle closes, at
    x = 1: it is smoothed over a length of sqrt(0.0004 t). Fronts form at
    x = +-0.5.

    Source: Raissi, Perdikaris and Karniadakis (2019). The solution is computed:
    cosines in x, ETDRK4 in t. The kink is taken off in closed form; the rest is
    evaluated as a sum of cosines in x and Chebyshev polynomials in sqrt(t).
    """

    coordinates = ("x", "t")
    domain = Box((-1.0, 0.0), (1.0, 1.0))
    reference = "Raissi, Perdikaris and Karniadakis (2019); computed"
    reference_accuracy = 1e-6

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        reaction = 5.0 * (u.value - u.value**3)
        return u.d("t") - _DIFFUSIVITY * u.d("xx") - reaction

    def conditions(self) -> list[Condition]:
        return [Initial(self.start), Periodic("x")]

    def start(self, x: tf.Tensor) -> tf.Tensor:
        """The first values at points `(n, 2)`, shape `(n, 1)`."""
        return x[:, 0:1] ** 2 * tf.cos(math.pi * x[:, 0:1])

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u at points `(n, 2)`, shape `(n, 1)`."""
        place, t = tf.abs(x[:, 0:1]), x[:, 1:2]
        smooth = references.load("allen_cahn")(tf.concat([place, t], axis=1))
        return smooth - place**2 + kink(place, t)


def kink(place: tf.Tensor, t: tf.Tensor) -> tf.Tensor:
    """The solution of k_t = 0.0001 k_xx, k = 0 at first, k_x = 2 at x = 1.

    On the half line x < 1 (Carslaw and Jaeger, Conduction of Heat in Solids, 2.9).

    Args:
        place: x, `(n, 1)`.
        t: `(n, 1)`.
    """
    away = 1.0 - place
    width = tf.maximum(2.0 * tf.sqrt(_DIFFUSIVITY * t), _TINY)
    ratio = away / width
    falling = tf.exp(-(ratio**2)) / math.sqrt(math.pi)
    return 2.0 * (width * falling - away * tf.math.erfc(ratio))
