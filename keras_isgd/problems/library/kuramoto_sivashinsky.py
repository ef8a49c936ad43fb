"""The equation of Kuramoto and Sivashinsky."""

import math
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.geometry import Box
from keras_isgd.problems import references
from keras_isgd.problems.conditions import Condition, Initial, Periodic
from keras_isgd.problems.problem import Problem
from keras_isgd.utils.checks import check_choice

__all__ = ["KuramotoSivashinsky"]

# The accuracy of the computed solutions.
_ACCURACY = {"regular": 1e-6, "chaotic": 1e-5}
# a, b, c, and the interval of x.
_REGIMES = {
    "regular": (5.0, 0.5, 0.005, -1.0, 1.0),
    "chaotic": (100.0 / 16, 100.0 / 16**2, 100.0 / 16**4, 0.0, 2.0 * math.pi),
}


@keras.saving.register_keras_serializable(package="keras_isgd")
class KuramotoSivashinsky(Problem):
    """u_t + a u u_x + b u_xx + c u_xxxx = 0 on a circle, t in (0, 1).

        "regular": a = 5, b = 0.5, c = 0.005; u = -sin(pi x) at first, x in (-1, 1)
        "chaotic": a = 100/16, b = 100/16^2, c = 100/16^4; u = cos(x) (1 + sin(x)) at
                   first, x in (0, 2 pi)

    Source: Wang, Sankaran and Perdikaris (arXiv 2203.07404). The solutions are
    computed: Fourier modes in x, ETDRK4 in t; they are evaluated as sums of Fourier
    modes and Chebyshev polynomials.

    Args:
        regime: "regular" or "chaotic".

    Raises:
        ValueError: another regime.
    """

    coordinates = ("x", "t")
    reference = "Wang, Sankaran and Perdikaris (2022); computed"

    def __init__(self, regime: str = "regular") -> None:
        self.regime = check_choice("regime", regime, tuple(_REGIMES))
        *self._factors, low, high = _REGIMES[regime]
        self.domain = Box((low, 0.0), (high, 1.0))
        self.reference_accuracy = _ACCURACY[regime]

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        a, b, c = self._factors
        steepening = a * u.value * u.d("x")
        return u.d("t") + steepening + b * u.d("xx") + c * u.d("xxxx")

    def conditions(self) -> list[Condition]:
        return [Initial(self.start), Periodic("x")]

    def start(self, x: tf.Tensor) -> tf.Tensor:
        """The first values at points `(n, 2)`, shape `(n, 1)`."""
        place = x[:, 0:1]
        if self.regime == "regular":
            return -tf.sin(math.pi * place)
        return tf.cos(place) * (1.0 + tf.sin(place))

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u at points `(n, 2)`, shape `(n, 1)`."""
        return references.load(f"kuramoto_sivashinsky_{self.regime}")(x)

    def get_config(self) -> dict[str, Any]:
        return {"regime": self.regime}
