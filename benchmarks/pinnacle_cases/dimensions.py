"""Five dimensions."""

import math

import numpy as np
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Ball, Box, Interval
from pinnacle_cases.common import (
    Case,
    Folder,
    Reference,
    exact_on,
    inner_grid,
    random_points,
)

PI = math.pi
NAMES = tuple(f"x{i}" for i in range(1, 6))


class Poisson5D(ki.Problem):
    """Poisson's equation on the unit cube of five dimensions."""

    coordinates = NAMES
    domain = Box([0.0] * 5, [1.0] * 5)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.laplacian() + PI**2 / 4.0 * self.exact(x)

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet(value=self.exact)]

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(tf.sin(PI / 2.0 * x), axis=1, keepdims=True)


class Heat5D(ki.Problem):
    """Heat in the unit ball of five dimensions, with a given flux outside."""

    coordinates = (*NAMES, "t")
    domain = Ball([0.0] * 5, 1.0) * Interval(0.0, 1.0)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        square = tf.reduce_sum(x[:, :5] ** 2, axis=1, keepdims=True)
        return u.d("t") - (u.laplacian() - square * self.exact(x)) / 5.0

    def conditions(self) -> list[ki.Condition]:
        return [ki.Neumann(value=self.exact), ki.Initial(self.exact)]

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        square = tf.reduce_sum(x[:, :5] ** 2, axis=1, keepdims=True)
        return tf.exp(0.5 * square + x[:, 5:])


def _poisson(data: Folder) -> list[Reference]:
    problem = Poisson5D()
    points = inner_grid([0.0] * 5, [1.0] * 5, [8] * 5)
    return [
        exact_on(problem, random_points(problem)),
        exact_on(problem, points, "exact, on the benchmark's points"),
    ]


def _heat(data: Folder) -> list[Reference]:
    problem = Heat5D()
    places = random_points(problem, 800)[:, :5]
    times = np.arange(1, 26) / 25.0
    points = np.concatenate(
        [np.repeat(places, 25, axis=0), np.tile(times, 800)[:, None]], axis=1
    )
    return [exact_on(problem, points)]


CASES = {
    "poisson5d": Case("PNd", lambda data: Poisson5D(), _poisson),
    "heat5d": Case("HNd", lambda data: Heat5D(), _heat),
}
