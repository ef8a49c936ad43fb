"""The viscous Burgers equation."""

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.geometry import Box
from keras_isgd.problems.conditions import Condition, Dirichlet, Initial
from keras_isgd.problems.problem import Problem
from keras_isgd.utils.checks import check_positive

__all__ = ["Burgers"]

# The trapezoidal rule's step in standard deviations of the narrowest peak: its error
# is exp(-2 (pi / step)^2), 1e-17 here.
_STEP = 0.7
# Where a Gaussian counts as zero, in its standard deviations.
_REACH = 9.0


@keras.saving.register_keras_serializable(package="keras_isgd")
class Burgers(Problem):
    """u_t + u u_x = nu u_xx on (-1, 1), t in (0, 1); a shock forms at x = 0.

    u = -sin(pi x) at first, and u = 0 at both ends. The solution is the one of
    Cole (1951),

        u = integral of -sin(pi y) w dy / integral of w dy
        log w = -cos(pi y) / (2 pi nu) - (x - y)^2 / (4 nu t),

    with both integrals by the trapezoidal rule, which is exact to rounding. The box
    `steep` holds the shock.

    Source: Raissi, Perdikaris and Karniadakis (J. Comput. Phys. 378, 2019), with
    nu = 0.01 / pi.

    Args:
        viscosity: nu, a number from 1e-4.

    Raises:
        ValueError: `viscosity` is no number, or below 1e-4, where a network has
            nothing to resolve the shock with.
    """

    coordinates = ("x", "t")
    domain = Box((-1.0, 0.0), (1.0, 1.0))
    reference = "Raissi, Perdikaris and Karniadakis (2019); solution by Cole (1951)"

    def __init__(self, viscosity: float = 0.01 / math.pi) -> None:
        self.viscosity = check_positive("viscosity", viscosity)
        if self.viscosity < 1e-4:
            raise ValueError(
                f"Expected `viscosity` from 1e-4 on, got {viscosity!r}: the shock "
                "would be thinner than a network resolves."
            )
        if 15.0 * self.viscosity < 0.5:
            width = 15.0 * self.viscosity
            self.steep = Box((-width, 0.2), (width, 1.0))

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("t") + u.value * u.d("x") - self.viscosity * u.d("xx")

    def conditions(self) -> list[Condition]:
        return [Dirichlet(on="boundary", value=0.0), Initial(self.start)]

    def start(self, x: tf.Tensor) -> tf.Tensor:
        """The first values at points `(n, 2)`, shape `(n, 1)`."""
        return -tf.sin(math.pi * x[:, 0:1])

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u at points `(n, 2)`, shape `(n, 1)`."""
        nu, place, t = self.viscosity, x[:, 0:1], x[:, 1:2]
        # |x - y| <= t, as |u| <= 1, but for the Gaussian's width.
        reach = _REACH * math.sqrt(2.0 * nu)
        narrowest = 1.0 / math.sqrt(1.0 / (2.0 * nu) + math.pi / (2.0 * nu))
        count = math.ceil(2.0 * (1.0 + reach) / (_STEP * narrowest)) + 1
        unit = tf.constant(np.linspace(-1.0, 1.0, count)[None, :], x.dtype)
        root = tf.sqrt(t)
        y = place - unit * root * (root + reach)
        # (x - y)^2 / t without the division, which t = 0 forbids.
        squares = (unit * (root + reach)) ** 2
        exponents = -tf.cos(math.pi * y) / (2.0 * math.pi * nu) - squares / (4.0 * nu)
        shares = tf.nn.softmax(exponents, axis=1)
        return tf.reduce_sum(shares * -tf.sin(math.pi * y), axis=1, keepdims=True)

    def get_config(self) -> dict[str, Any]:
        return {"viscosity": self.viscosity}
