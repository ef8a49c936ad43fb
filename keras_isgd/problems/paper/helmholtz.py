"""The Helmholtz equation of the paper, Eq. 21."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.geometry import Box
from keras_isgd.problems.conditions import Condition, Dirichlet
from keras_isgd.problems.problem import Problem
from keras_isgd.utils.checks import check_positive

__all__ = ["Helmholtz2D"]


@keras.saving.register_keras_serializable(package="keras_isgd")
class Helmholtz2D(Problem):
    """u_xx + u_yy + k^2 u = f on a square.

        u(x, y) = sin(a1 pi x) sin(a2 pi y)
        f(x, y) = (k^2 - (a1^2 + a2^2) pi^2) u(x, y)

    with u given on the boundary, where it is zero for whole a1 and a2.

    Source: Li, Chen and Huang (AAAI 2023), Eq. 21 and Figure 4: k = a2 = 4 and
    a1 = 1 on the unit square. `Helmholtz2D(1.0, modes=(1, 4), lower=-1.0)` is
    the one that arXiv 2604.05230 and others compare optimizers on.

    Args:
        k: wave number, a positive number.
        modes: a1 and a2, positive numbers; 1 and k if None.
        lower: the square reaches from here to 1 in x and y; a number below 1.

    Raises:
        ValueError: an argument out of range.
    """

    coordinates = ("x", "y")
    reference = "Li, Chen and Huang (AAAI 2023), Eq. 21"

    def __init__(
        self, k: float = 4.0, modes: Sequence[float] | None = None, lower: float = 0.0
    ) -> None:
        self.k = check_positive("k", k)
        modes = (1.0, k) if modes is None else modes
        if len(modes) != 2:
            raise ValueError(f"Expected two `modes`, a1 and a2, got {modes!r}.")
        self.modes = [check_positive("modes", a) for a in modes]
        self.domain = Box((lower, lower), (1.0, 1.0))

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.laplacian() + self.k**2 * u.value - self.source(x)

    def conditions(self) -> list[Condition]:
        return [Dirichlet(on="boundary", value=self.exact)]

    def source(self, x: tf.Tensor) -> tf.Tensor:
        """f at points `(n, 2)`, shape `(n, 1)`."""
        waves = sum(a**2 for a in self.modes)
        return (self.k**2 - waves * math.pi**2) * self.exact(x)

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u at points `(n, 2)`, shape `(n, 1)`."""
        a1, a2 = self.modes
        return tf.sin(a1 * math.pi * x[:, 0:1]) * tf.sin(a2 * math.pi * x[:, 1:2])

    def get_config(self) -> dict[str, Any]:
        return {"k": self.k, "modes": self.modes, "lower": self.domain.lower[0]}
