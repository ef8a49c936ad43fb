"""Wave equations: the linear one, and Klein and Gordon's."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.geometry import Box
from keras_isgd.problems.conditions import Condition, Dirichlet, Initial
from keras_isgd.problems.problem import Problem
from keras_isgd.utils.checks import check_array, check_count, check_positive

__all__ = ["KleinGordon", "Wave"]

_PI = math.pi


@keras.saving.register_keras_serializable(package="keras_isgd")
class Wave(Problem):
    """u_tt = c^2 u_xx on (0, 1), t in (0, 1), at rest at first, u = 0 at the ends.

        u(x, t) = sum_i a_i sin(m_i pi x) cos(m_i c pi t)

    Source: Wang, Yu and Perdikaris (J. Comput. Phys. 449, 2022), with c = 2,
    m = (1, 4) and a = (1, 0.5).

    Args:
        speed: c, a positive number.
        modes: m, whole numbers >= 1.
        amplitudes: a, as many numbers.

    Raises:
        ValueError: an argument out of range, no modes, or not as many amplitudes.
    """

    coordinates = ("x", "t")
    domain = Box((0.0, 0.0), (1.0, 1.0))
    reference = "Wang, Yu and Perdikaris (2022); closed form"

    def __init__(
        self,
        speed: float = 2.0,
        modes: Sequence[int] = (1, 4),
        amplitudes: Sequence[float] = (1.0, 0.5),
    ) -> None:
        self.speed = check_positive("speed", speed)
        self.modes = [check_count("modes", m) for m in modes]
        self.amplitudes = check_array("`amplitudes`", list(amplitudes)).tolist()
        if len(self.modes) != len(self.amplitudes) or not self.modes:
            raise ValueError(
                "Expected as many amplitudes as modes and at least one, got "
                f"{len(self.modes)} modes and {len(self.amplitudes)} amplitudes."
            )

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("tt") - self.speed**2 * u.d("xx")

    def conditions(self) -> list[Condition]:
        return [
            Dirichlet(on="boundary", value=0.0),
            Initial(self.exact),
            Initial(0.0, order=1),
        ]

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u at points `(n, 2)`, shape `(n, 1)`."""
        place, time = x[:, 0:1], self.speed * x[:, 1:2]
        pairs = zip(self.modes, self.amplitudes, strict=True)
        return tf.add_n(
            [a * tf.sin(m * _PI * place) * tf.cos(m * _PI * time) for m, a in pairs]
        )

    def get_config(self) -> dict[str, Any]:
        return {
            "speed": self.speed,
            "modes": self.modes,
            "amplitudes": self.amplitudes,
        }


@keras.saving.register_keras_serializable(package="keras_isgd")
class KleinGordon(Problem):
    """u_tt - u_xx + u^3 = f on (0, 1), t in (0, 1), with u given at the ends.

        u(x, t) = x cos(a t) + (x t)^3

    and f to match; u and u_t are given at first.

    Source: Wang, Teng and Perdikaris (SIAM J. Sci. Comput. 43, 2021), with
    a = 5 pi.

    Args:
        frequency: a, a positive number.
    """

    coordinates = ("x", "t")
    domain = Box((0.0, 0.0), (1.0, 1.0))
    reference = "Wang, Teng and Perdikaris (2021); manufactured"

    def __init__(self, frequency: float = 5.0 * _PI) -> None:
        self.frequency = check_positive("frequency", frequency)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("tt") - u.d("xx") + u.value**3 - self.source(x)

    def conditions(self) -> list[Condition]:
        return [
            Dirichlet(on="boundary", value=self.exact),
            Initial(self.exact),
            Initial(0.0, order=1),
        ]

    def source(self, x: tf.Tensor) -> tf.Tensor:
        """f at points `(n, 2)`, shape `(n, 1)`."""
        place, t = x[:, 0:1], x[:, 1:2]
        u_tt = -(self.frequency**2) * place * tf.cos(self.frequency * t)
        u_tt += 6.0 * t * place**3
        u_xx = 6.0 * place * t**3
        return u_tt - u_xx + self.exact(x) ** 3

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u at points `(n, 2)`, shape `(n, 1)`."""
        place, t = x[:, 0:1], x[:, 1:2]
        return place * tf.cos(self.frequency * t) + (place * t) ** 3

    def get_config(self) -> dict[str, Any]:
        return {"frequency": self.frequency}
