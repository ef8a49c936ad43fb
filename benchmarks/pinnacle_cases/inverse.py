"""Two unknown coefficients from noisy values of the solution."""

import math

import numpy as np
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Interval, Rectangle
from pinnacle_cases.common import (
    Case,
    Folder,
    Reference,
    exact_on,
    grid_in_time,
    inner_grid,
    product,
)

PI = math.pi
NOISE = 0.1


def _noise(shape: tuple[int, int]) -> np.ndarray:
    """The same in every run: it belongs to the problem."""
    return np.random.default_rng(0).normal(scale=NOISE, size=shape)


def _waves(x: tf.Tensor) -> list[tf.Tensor]:
    """Sine and cosine of pi x, then of pi y, `(n, 1)` each."""
    angles = PI * x[:, :1], PI * x[:, 1:2]
    return [f(angle) for angle in angles for f in (tf.sin, tf.cos)]


def _divergence(u: Field) -> tf.Tensor:
    """div(a grad u), `(n, 1)`."""
    a, v = u["a"], u["u"]
    along = a.d("x") * v.d("x") + a.d("y") * v.d("y")
    return along + a.value * v.laplacian()


class PoissonInverse(ki.Problem):
    """div(a grad u) + f = 0 with an unknown a, and the source that belongs to it."""

    coordinates = ("x", "y")
    outputs = ("u", "a")
    domain = Rectangle((0.0, 0.0), (1.0, 1.0))
    sign = -1.0

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return _divergence(u) + self.source(x)

    def conditions(self) -> list[ki.Condition]:
        axis = np.linspace(0.0, 1.0, 50)
        points = product(axis, axis)
        values = self.exact(points).numpy()[:, :1]
        return [
            ki.Data(points, values + _noise(values.shape), "u", sigma=NOISE),
            ki.Dirichlet(value=lambda x: self.exact(x)[:, 1:], component="a"),
        ]

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        sx, _, sy, _ = _waves(x)
        square = tf.reduce_sum(x[:, :2] ** 2 + (x[:, :2] - 1.0) ** 2, 1, keepdims=True)
        return tf.concat([sx * sy, 1.0 / (1.0 + square)], axis=1)

    def source(self, x: tf.Tensor) -> tf.Tensor:
        """f at points `(n, 2)`, shape `(n, 1)`."""
        sx, cx, sy, cy = _waves(x)
        a = self.exact(x)[:, 1:]
        slopes = [2.0 * x[:, i : i + 1] + self.sign for i in (0, 1)]
        along = slopes[0] * cx * sy + slopes[1] * sx * cy
        return 2.0 * PI**2 * a * sx * sy + 2.0 * PI * a**2 * along


class PoissonInverseCoded(PoissonInverse):
    """The same with the source as it is coded, which belongs to no known solution.

    `exact` is what the benchmark compares with, and does not solve this.
    """

    sign = 1.0


class HeatInverse(ki.Problem):
    """u_t = div(a grad u) + f with an unknown a(x, y).

    Args:
        points: where u was measured, `(n, 3)`.
    """

    coordinates = ("x", "y", "t")
    outputs = ("u", "a")
    domain = Rectangle((-1.0, -1.0), (1.0, 1.0)) * Interval(0.0, 1.0)

    def __init__(self, points: np.ndarray) -> None:
        self.measured = np.asarray(points, float)

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        heat = u["u"].d("t") - _divergence(u) - self.source(x)
        return {"heat": heat, "a_is_steady": u["a"].d("t")}

    def conditions(self) -> list[ki.Condition]:
        values = self.exact(self.measured).numpy()[:, :1]
        return [
            ki.Data(self.measured, values + _noise(values.shape), "u", sigma=NOISE),
            ki.Dirichlet(value=lambda x: self.exact(x)[:, 1:], component="a"),
        ]

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        sx, _, sy, _ = _waves(x)
        return tf.concat([tf.exp(-x[:, 2:]) * sx * sy, 2.0 + sx * sy], axis=1)

    def source(self, x: tf.Tensor) -> tf.Tensor:
        """f at points `(n, 3)`, shape `(n, 1)`."""
        sx, cx, sy, cy = _waves(x)
        bent = 2.0 * (sx * sy) ** 2 - (cx * sy) ** 2 - (sx * cy) ** 2
        return tf.exp(-x[:, 2:]) * ((4.0 * PI**2 - 1.0) * sx * sy + PI**2 * bent)


def _of(reference: Reference, *, output: int) -> Reference:
    values = reference.values.copy()
    values[:, 1 - output] = np.nan
    name = ("u", "a")[output]
    return reference._replace(label=f"{reference.label}, {name} alone", values=values)


def _poisson(data: Folder) -> list[Reference]:
    points = inner_grid((0.0, 0.0), (1.0, 1.0), (50, 50))
    both = exact_on(PoissonInverse(), points)
    return [both, _of(both, output=1)]


def _poisson_coded(data: Folder) -> list[Reference]:
    return [
        one._replace(label=one.label.replace("exact", "formula"), accuracy=None)
        for one in _poisson(data)
    ]


def _heat(data: Folder) -> list[Reference]:
    points = grid_in_time((-1.0, -1.0), (1.0, 1.0), 1.0, 20_000)
    both = exact_on(HeatInverse(np.zeros((1, 3))), points)
    return [both, _of(both, output=1)]


CASES = {
    "poisson-inverse": Case(
        "PInv",
        lambda data: PoissonInverse(),
        _poisson,
        "as meant: with the source that belongs to the pair",
    ),
    "poisson-inverse-coded": Case(
        "PInv",
        lambda data: PoissonInverseCoded(),
        _poisson_coded,
        "as coded: the pair that it is compared with does not solve it",
    ),
    "heat-inverse": Case(
        "HInv",
        lambda data: HeatInverse(data.table("ref/heatinv_points.dat")),
        _heat,
    ),
}
