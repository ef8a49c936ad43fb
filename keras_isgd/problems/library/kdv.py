"""The equation of Korteweg and de Vries."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.geometry import Box
from keras_isgd.problems import references
from keras_isgd.problems.conditions import (
    Condition,
    Dirichlet,
    Initial,
    Neumann,
    Periodic,
)
from keras_isgd.problems.problem import Problem
from keras_isgd.utils.checks import check_array, check_positive

__all__ = ["KortewegDeVries", "Solitons"]

# The computed solutions, by d, with their accuracy.
_TABLES: dict[float, tuple[str, float]] = {
    0.022: ("kdv_022", 5e-7),
    0.05: ("kdv_050", 1e-10),
}


@keras.saving.register_keras_serializable(package="keras_isgd")
class KortewegDeVries(Problem):
    """u_t + u u_x + d^2 u_xxx = 0 on a circle, x in (-1, 1), t in (0, 1).

    u = cos(pi x) at first, which steepens and breaks up into solitons.

    Source: Zabusky and Kruskal (Phys. Rev. Lett. 15, 1965), with d = 0.022; Raissi,
    Perdikaris and Karniadakis (2019) take d = 0.05. For these two the solution is
    computed: Fourier modes in x, ETDRK4 in t; it is evaluated as a sum of Fourier
    modes and Chebyshev polynomials. For any other d, `exact` is None.

    Args:
        dispersion: d, a positive number.
    """

    coordinates = ("x", "t")
    domain = Box((-1.0, 0.0), (1.0, 1.0))
    reference = "Zabusky and Kruskal (1965); computed"

    def __init__(self, dispersion: float = 0.022) -> None:
        self.dispersion = check_positive("dispersion", dispersion)
        known = _TABLES.get(self.dispersion)
        self._table, self.reference_accuracy = known or ("", 0.0)
        self.exact = self._tabulated if known else None

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        steepening = u.value * u.d("x")
        return u.d("t") + steepening + self.dispersion**2 * u.d("xxx")

    def conditions(self) -> list[Condition]:
        return [Initial(self.start), Periodic("x")]

    def start(self, x: tf.Tensor) -> tf.Tensor:
        """The first values at points `(n, 2)`, shape `(n, 1)`."""
        return tf.cos(math.pi * x[:, 0:1])

    def _tabulated(self, x: tf.Tensor) -> tf.Tensor:
        return references.load(self._table)(x)

    def get_config(self) -> dict[str, Any]:
        return {"dispersion": self.dispersion}


@keras.saving.register_keras_serializable(package="keras_isgd")
class Solitons(Problem):
    """u_t + 6 u u_x + u_xxx = 0 with N solitons that pass through each other.

    On x in (-10, 10), t in (0, 5), with u given at first and at both ends, and u_x
    at the right end. The solution of Hirota (1971) is

        u = 2 (log F)_xx,  F = sum over subsets S of exp(sum_{i in S} theta_i
                               + sum_{i < j in S} log A_ij)
        theta_i = k_i (x - k_i^2 t - s_i),  A_ij = ((k_i - k_j) / (k_i + k_j))^2

    A soliton alone has the height k^2 / 2 and the speed k^2.

    Source: Hirota (Phys. Rev. Lett. 27, 1971).

    Args:
        wave_numbers: k, different positive numbers.
        shifts: s, where each soliton would be at t = 0 if it were alone, as many
            numbers; all -5 if None.

    Raises:
        ValueError: no wave numbers, equal ones, ones that are not positive, or not
            as many shifts.
    """

    coordinates = ("x", "t")
    domain = Box((-10.0, 0.0), (10.0, 5.0))
    reference = "Hirota (1971); closed form"

    def __init__(
        self,
        wave_numbers: Sequence[float] = (1.3, 0.8),
        shifts: Sequence[float] | None = None,
    ) -> None:
        k = check_array("`wave_numbers`", list(wave_numbers))
        if k.ndim != 1 or not len(k) or np.any(k <= 0) or len(np.unique(k)) != len(k):
            raise ValueError(
                "Expected `wave_numbers` to be different positive numbers, at least "
                f"one, got {wave_numbers!r}."
            )
        s = check_array("`shifts`", [-5.0] * len(k) if shifts is None else list(shifts))
        if s.shape != k.shape:
            raise ValueError(
                f"Expected as many `shifts` as wave numbers, {len(k)}, got {shifts!r}."
            )
        self.wave_numbers, self.shifts = k.tolist(), s.tolist()
        subsets = np.array(list(itertools.product((0.0, 1.0), repeat=len(k))))
        with np.errstate(divide="ignore"):
            pairs = 2.0 * np.log(np.abs(k[:, None] - k) / (k[:, None] + k))
        pairs[np.tril_indices(len(k))] = 0.0
        self._offsets = np.einsum("si,ij,sj->s", subsets, pairs, subsets)
        self._offsets -= subsets @ (k * s)
        self._slopes = subsets @ k
        self._speeds = subsets @ k**3

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("t") + 6.0 * u.value * u.d("x") + u.d("xxx")

    def conditions(self) -> list[Condition]:
        return [
            Initial(self.exact),
            Dirichlet(on="boundary", value=self.exact),
            Neumann(on="x_max", value=self.slope),
        ]

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u at points `(n, 2)`, shape `(n, 1)`."""
        return 2.0 * self._cumulant(x, 2)

    def slope(self, x: tf.Tensor) -> tf.Tensor:
        """u_x at points `(n, 2)`, shape `(n, 1)`."""
        return 2.0 * self._cumulant(x, 3)

    def _cumulant(self, x: tf.Tensor, order: int) -> tf.Tensor:
        """(log F)_xx or (log F)_xxx: moments of the slopes, weighted by F's terms."""
        slopes = tf.constant(self._slopes, x.dtype)
        exponents = x[:, 0:1] * slopes + self._offsets - x[:, 1:2] * self._speeds
        shares = tf.nn.softmax(exponents, axis=1)
        mean = tf.reduce_sum(shares * slopes, axis=1, keepdims=True)
        moments = shares * (slopes - mean) ** order
        return tf.reduce_sum(moments, axis=1, keepdims=True)

    def get_config(self) -> dict[str, Any]:
        return {"wave_numbers": self.wave_numbers, "shifts": self.shifts}
