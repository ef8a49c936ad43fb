"""Prescribed values that jump: two temperatures that meet, a plate set in motion."""

import math

import numpy as np
import tensorflow as tf
from scipy import special

import keras_isgd as ki
from as_given_problems.common import Case, Stated, line, places_and_times
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Box, Interval, Rectangle

PI = math.pi


class HeatedPlate(ki.Problem):
    """Laplace's equation in a square, 100 on its top and 0 on its other sides."""

    coordinates = ("x", "y")
    domain = Rectangle((0.0, 0.0), (1.0, 1.0))

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.laplacian()

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet("top", 100.0),
            ki.Dirichlet(("left", "right", "bottom"), 0.0),
        ]


def _ratio_of_sinhs(numbers: np.ndarray, y: np.ndarray) -> np.ndarray:
    """sinh(k y) / sinh(k) without overflow."""
    above = np.exp(-numbers * (1.0 - y)) - np.exp(-numbers * (1.0 + y))
    return above / (1.0 - np.exp(-2.0 * numbers))


def _heated_plate() -> Stated:
    """The series of sines, up to 0.995 of the height, where 1,200 of them suffice."""
    points = places_and_times(line(0.0, 1.0, 101), line(0.0, 0.995, 101))
    x, y = points[:, :1], points[:, 1:]
    n = np.arange(1, 2400, 2)
    values = 4.0 / (n * PI) * np.sin(n * PI * x) * _ratio_of_sinhs(n * PI, y)
    return Stated(HeatedPlate(), points, 100.0 * values.sum(axis=1, keepdims=True))


class HeatedCube(ki.Problem):
    """Laplace's equation in a cube, 1 on its top and 0 on its other faces."""

    coordinates = ("x", "y", "z")
    domain = Box((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.laplacian()

    def conditions(self) -> list[ki.Condition]:
        sides = ("x_min", "x_max", "y_min", "y_max", "z_min")
        return [ki.Dirichlet("z_max", 1.0), ki.Dirichlet(sides, 0.0)]


def _heated_cube() -> Stated:
    """The double series of sines, up to 0.98 of the height."""
    points = np.random.default_rng(1).uniform(0.0, (1.0, 1.0, 0.98), (2000, 3))
    values = np.zeros((len(points), 1))
    n = np.arange(1, 400, 2)
    for m in n:
        numbers = PI * np.sqrt(m**2 + n**2)
        waves = np.sin(m * PI * points[:, :1]) * np.sin(n * PI * points[:, 1:2])
        terms = waves / (m * n) * _ratio_of_sinhs(numbers, points[:, 2:])
        values += 16.0 / PI**2 * terms.sum(axis=1, keepdims=True)
    return Stated(HeatedCube(), points, values)


class QuenchedRod(ki.Problem):
    """T_t = a T_xx, 20 degrees at first, 100 at one end from then on; SI units.

    The other end is insulated. T is in kelvin.
    """

    coordinates = ("x", "t")
    outputs = ("T",)
    diffusivity, length, end = 1e-5, 0.1, 600.0
    domain = Interval(0.0, length) * Interval(0.0, end)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u["T"].d("t") - self.diffusivity * u["T"].d("xx")

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet("x_min", 373.15),
            ki.Neumann("x_max", 0.0),
            ki.Initial(293.15),
        ]


def _quenched_rod() -> Stated:
    """The series of sines, from a thousandth of the time on."""
    problem = QuenchedRod()
    points = places_and_times(
        line(0.0, problem.length, 101), line(1e-3 * problem.end, problem.end, 100)
    )
    x, passed = points[:, :1] / problem.length, points[:, 1:]
    numbers = PI * (np.arange(400) + 0.5)
    decay = np.exp(-(numbers**2) * problem.diffusivity * passed / problem.length**2)
    values = (2.0 / numbers * np.sin(numbers * x) * decay).sum(axis=1, keepdims=True)
    return Stated(problem, points, 373.15 - 80.0 * values)


class SpreadingHat(ki.Problem):
    """u_t = 0.02 u_xx from 1 between 0.3 and 0.6, and 0 elsewhere."""

    coordinates = ("x", "t")
    domain = Interval(0.0, 1.0) * Interval(0.0, 1.0)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("t") - 0.02 * u.d("xx")

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet("boundary", 0.0), ki.Initial(self.first)]

    def first(self, x: tf.Tensor) -> tf.Tensor:
        """u at first, `(n, 1)`."""
        return tf.cast((x[:, :1] > 0.3) & (x[:, :1] < 0.6), x.dtype)


def _spreading_hat() -> Stated:
    """The series of sines, from a thousandth of the time on."""
    points = places_and_times(line(0.0, 1.0, 101), line(1e-3, 1.0, 100))
    n = np.arange(1, 600)
    heights = 2.0 * (np.cos(0.3 * n * PI) - np.cos(0.6 * n * PI)) / (n * PI)
    decay = np.exp(-0.02 * (n * PI) ** 2 * points[:, 1:])
    values = (heights * np.sin(n * PI * points[:, :1]) * decay).sum(axis=1)
    return Stated(SpreadingHat(), points, values[:, None])


class PlateSetInMotion(ki.Problem):
    """u_t = nu u_yy over a plate that moves at 0.1 m / s from t = 0 on; water, SI."""

    coordinates = ("y", "t")
    viscosity, speed, height, end = 1e-6, 0.1, 0.02, 10.0
    domain = Interval(0.0, height) * Interval(0.0, end)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("t") - self.viscosity * u.d("yy")

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet("y_min", self.speed),
            ki.Dirichlet("y_max", 0.0),
            ki.Initial(0.0),
        ]


def _plate_set_in_motion() -> Stated:
    """The complementary error function; at the upper end it is below 1e-5."""
    problem = PlateSetInMotion()
    points = places_and_times(
        line(0.0, problem.height, 101), line(1e-3 * problem.end, problem.end, 100)
    )
    width = 2.0 * np.sqrt(problem.viscosity * points[:, 1:])
    values = problem.speed * special.erfc(points[:, :1] / width)
    return Stated(problem, points, values)


CASES = {
    "heated-plate": Case("a square with one hot side", _heated_plate),
    "heated-cube": Case("a cube with one hot face", _heated_cube),
    "quenched-rod": Case(
        "a rod that meets another temperature, kelvin, metres and seconds",
        _quenched_rod,
    ),
    "spreading-hat": Case("a box of heat that spreads", _spreading_hat),
    "plate-set-in-motion": Case(
        "water over a plate that is set in motion, SI", _plate_set_in_motion
    ),
}
