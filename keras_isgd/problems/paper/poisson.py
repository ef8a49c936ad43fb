"""The Poisson equations of the paper, Eq. 9 and Eq. 20."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.geometry import Box
from keras_isgd.problems.conditions import Condition, Dirichlet
from keras_isgd.problems.problem import Problem
from keras_isgd.utils.checks import check_array, check_count

__all__ = ["Poisson1D", "Poisson2D"]

_PI = math.pi


@keras.saving.register_keras_serializable(package="keras_isgd")
class Poisson1D(Problem):
    """-u'' = f on (0, 1), u(0) = u(1) = 0.

        u_L(x) = sin(2 pi x)
        u_H(x) = sin(2 pi x) + 0.1 sin(50 pi x)

    Source: Li, Chen and Huang (AAAI 2023), Eq. 9 and Figure 1.

    Args:
        solution: "u_L" (smooth) or "u_H" (two scales).
    """

    reference = "Li, Chen and Huang (AAAI 2023), Eq. 9"

    def __init__(self, solution: str = "u_H") -> None:
        if solution not in ("u_L", "u_H"):
            raise ValueError(
                f'Expected `solution` to be "u_L" or "u_H", got {solution!r}.'
            )
        self.solution = solution

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return -u.d("xx") - self.source(x)

    def conditions(self) -> list[Condition]:
        return [Dirichlet(on="boundary", value=0.0)]

    def source(self, x: tf.Tensor) -> tf.Tensor:
        """f at points `(n, 1)`."""
        return tf.add_n(
            [(k * _PI) ** 2 * a * tf.sin(k * _PI * x) for k, a in self._modes]
        )

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u at points `(n, 1)`."""
        return tf.add_n([a * tf.sin(k * _PI * x) for k, a in self._modes])

    @property
    def _modes(self) -> list[tuple[int, float]]:
        return [(2, 1.0)] if self.solution == "u_L" else [(2, 1.0), (50, 0.1)]

    def get_config(self) -> dict[str, Any]:
        return {"solution": self.solution}


@keras.saving.register_keras_serializable(package="keras_isgd")
class Poisson2D(Problem):
    """-Laplacian u = f on the unit square, u = 0 on its boundary.

        u(x, y) = sum_i a_i sin(k_i pi x) sin(k_i pi y)

    Source: Li, Chen and Huang (AAAI 2023), Eq. 20 and Figure 3, for
    k = (1, 10) and a = (1, 0.1).

    Args:
        frequencies: k, whole numbers >= 1.
        amplitudes: a, as many numbers.

    Raises:
        ValueError: no frequencies, other than whole numbers >= 1, or not as many
            amplitudes.
    """

    coordinates = ("x", "y")
    domain = Box((0.0, 0.0), (1.0, 1.0))
    reference = "Li, Chen and Huang (AAAI 2023), Eq. 20"

    def __init__(
        self,
        frequencies: Sequence[int] = (1, 10),
        amplitudes: Sequence[float] = (1.0, 0.1),
    ) -> None:
        self.frequencies = [check_count("frequencies", k) for k in frequencies]
        self.amplitudes = check_array("`amplitudes`", list(amplitudes)).tolist()
        if len(self.frequencies) != len(self.amplitudes) or not self.frequencies:
            raise ValueError(
                "Expected as many amplitudes as frequencies and at least one, got "
                f"{len(self.frequencies)} frequencies and {len(self.amplitudes)} "
                "amplitudes."
            )

    @property
    def _modes(self) -> list[tuple[int, float]]:
        return list(zip(self.frequencies, self.amplitudes, strict=True))

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.laplacian() + self.source(x)

    def conditions(self) -> list[Condition]:
        return [Dirichlet(on="boundary", value=0.0)]

    def source(self, x: tf.Tensor) -> tf.Tensor:
        """f at points `(n, 2)`, shape `(n, 1)`."""
        return tf.add_n(
            [2 * (k * _PI) ** 2 * a * _product(k, x) for k, a in self._modes]
        )

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u at points `(n, 2)`, shape `(n, 1)`."""
        return tf.add_n([a * _product(k, x) for k, a in self._modes])

    def get_config(self) -> dict[str, Any]:
        return {"frequencies": self.frequencies, "amplitudes": self.amplitudes}


def _product(k: int, x: tf.Tensor) -> tf.Tensor:
    return tf.sin(k * _PI * x[:, 0:1]) * tf.sin(k * _PI * x[:, 1:2])
