"""Waves on a string, in a rough medium, and over a long time."""

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
    computed,
    exact_on,
    grid_in_time,
    inner_grid,
    random_points,
)
from pinnacle_cases.fields import gaussian_field, linear, nearest

PI = math.pi


class Wave1D(ki.Problem):
    """A string with two standing waves of unlike length."""

    coordinates = ("x", "t")
    domain = Interval(0.0, 1.0) * Interval(0.0, 1.0)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("tt") - 4.0 * u.d("xx")

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet(), ki.Initial(self.exact), ki.Initial(order=1)]

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        first = tf.sin(PI * x[:, :1]) * tf.cos(2.0 * PI * x[:, 1:])
        second = tf.sin(4.0 * PI * x[:, :1]) * tf.cos(8.0 * PI * x[:, 1:])
        return first + 0.5 * second


def _wave1d(data: Folder) -> list[Reference]:
    problem = Wave1D()
    points = inner_grid((0.0, 0.0), (1.0, 1.0), (50, 50))
    return [
        exact_on(problem, problem.test_points()),
        exact_on(problem, points, "exact, on the benchmark's points"),
    ]


def medium() -> np.ndarray:
    """The factor c of the wave equation in 256 x 256 cells of the square: y, x."""
    return np.where(gaussian_field() > 0.0, 12.0, 1.0)


def _unit(x: tf.Tensor) -> tf.Tensor:
    return (x[:, :2] + 1.0) / 2.0


class WaveMedium(ki.Problem):
    """u_tt = div(c grad u), as it was meant, with a number c in each cell.

    c jumps between 1 and 12, and the flux c grad u is an output of its own, so that
    no slope of c is needed.
    """

    coordinates = ("x", "y", "t")
    outputs = ("u", "p", "q")
    domain = Rectangle((-1.0, -1.0), (1.0, 1.0)) * Interval(0.0, 5.0)

    def __init__(self) -> None:
        self.medium = medium()

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        c = nearest(self.medium, _unit(x))
        return {
            "wave": u["u"].d("tt") - u["p"].d("x") - u["q"].d("y"),
            "flux_x": u["p"].value - c * u["u"].d("x"),
            "flux_y": u["q"].value - c * u["u"].d("y"),
        }

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Initial(self.start, component="u"),
            ki.Initial(order=1, component="u"),
            ki.Dirichlet(("left", "right"), component="p"),
            ki.Dirichlet(("bottom", "top"), component="q"),
        ]

    def start(self, x: tf.Tensor) -> tf.Tensor:
        """u at first, `(n, 1)`."""
        square = (x[:, :1] + 0.5) ** 2 + x[:, 1:2] ** 2
        return tf.exp(-square / (2.0 * 0.3**2))


class WaveMediumCoded(WaveMedium):
    """u_tt = c Laplacian u, as it is coded, with c interpolated between cells."""

    outputs = ("u",)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.laplacian() - u.d("tt") / linear(self.medium, _unit(x))

    def conditions(self) -> list[ki.Condition]:
        return [ki.Neumann(), ki.Initial(self.start), ki.Initial(order=1)]


class WaveLong(ki.Problem):
    """u_tt = u_xx + 2 u_yy - 2 pi^2 u, as it was meant, with u_t = 0 at first."""

    coordinates = ("x", "y", "t")
    domain = Rectangle((0.0, 0.0), (1.0, 1.0)) * Interval(0.0, 100.0)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        spread = u.d("xx") + 2.0 * u.d("yy")
        return u.d("tt") - spread + 2.0 * PI**2 * u.value

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet(value=self.exact),
            ki.Initial(self.exact),
            ki.Initial(order=1),
        ]

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        first = tf.sin(PI * x[:, :1]) * tf.sinh(PI * x[:, 1:2])
        second = tf.sinh(3.0 * PI * x[:, :1]) * tf.sin(2.0 * PI * x[:, 1:2])
        return (first + second) * tf.cos(PI * x[:, 2:])


class WaveLongCoded(WaveLong):
    """u_tt = u_xx + 2 u_yy without u_t at first, as it is coded.

    `exact` is what the benchmark compares with, and does not solve this.
    """

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("tt") - u.d("xx") - 2.0 * u.d("yy")

    def conditions(self) -> list[ki.Condition]:
        return super().conditions()[:2]


def _wave_long(data: Folder) -> list[Reference]:
    problem = WaveLong()
    points = grid_in_time((0.0, 0.0), (1.0, 1.0), 100.0, 20_000)
    return [
        exact_on(problem, random_points(problem)),
        exact_on(problem, points, "exact, on the benchmark's points"),
    ]


def _wave_long_coded(data: Folder) -> list[Reference]:
    return [one._replace(label="formula", accuracy=None) for one in _wave_long(data)]


CASES = {
    "wave1d": Case("Wave 1d-C", lambda data: Wave1D(), _wave1d),
    "wave2d-medium": Case(
        "Wave 2d-CG",
        lambda data: WaveMedium(),
        lambda data: computed("wave_medium"),
        "as meant: div(c grad u), with the flux as an output; the original file is "
        "not there",
        score_on=("u",),
    ),
    "wave2d-medium-coded": Case(
        "Wave 2d-CG",
        lambda data: WaveMediumCoded(),
        lambda data: computed("wave_medium_coded"),
        "as coded: c Laplacian u; the original file is not there",
    ),
    "wave2d-long": Case(
        "Wave 2d-MS",
        lambda data: WaveLong(),
        _wave_long,
        "as meant: with the term 2 pi^2 u, and u_t = 0 at first",
    ),
    "wave2d-long-coded": Case(
        "Wave 2d-MS",
        lambda data: WaveLongCoded(),
        _wave_long_coded,
        "as coded: the formula that it is compared with does not solve it",
    ),
}
