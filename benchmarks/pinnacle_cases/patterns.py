"""Patterns of Gray and Scott, and chaos of Kuramoto and Sivashinsky."""

import math

import numpy as np
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Interval, Rectangle
from pinnacle_cases.common import Case, Folder, Reference, computed, product

PI = math.pi


class GrayScott(ki.Problem):
    """Two substances that feed on each other, on a torus."""

    coordinates = ("x", "y", "t")
    outputs = ("u", "v")
    domain = Rectangle((-1.0, -1.0), (1.0, 1.0)) * Interval(0.0, 200.0)

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        a, b = u["u"], u["v"]
        eaten = a.value * b.value**2
        fed = 1e-5 * a.laplacian() + 0.04 * (1.0 - a.value)
        grown = 5e-6 * b.laplacian() - 0.1 * b.value
        return {"u": a.d("t") - fed + eaten, "v": b.d("t") - grown - eaten}

    def conditions(self) -> list[ki.Condition]:
        return [ki.Periodic(("x", "y")), ki.Initial(self.start)]

    def start(self, x: tf.Tensor) -> tf.Tensor:
        """u and v at first, `(n, 2)`."""

        def bump(sign: float) -> tf.Tensor:
            along_x, along_y = x[:, :1] + 0.05 * sign, x[:, 1:2] + 0.02 * sign
            return tf.exp(-80.0 * (along_x**2 + along_y**2))

        return tf.concat([1.0 - bump(1.0), bump(-1.0)], axis=1)


def _gray_scott(data: Folder) -> list[Reference]:
    name = "derived/grayscott_spectral.npy"
    if not data.has(name):
        return computed("gray_scott")
    table = np.load(data.file(name))[:, :, ::2, ::2]
    axis = -1.0 + 0.04 * np.arange(50)
    points = product(axis, axis, np.linspace(0.0, 200.0, 21))
    values = table.transpose(2, 3, 0, 1).reshape(-1, 2)
    alone = values.copy()
    alone[:, 0] = np.nan
    return [
        Reference("computed (derived)", points, values, 1e-4),
        Reference("computed (derived), v alone", points, alone, 1.6e-3),
    ]


class KuramotoSivashinsky(ki.Problem):
    """A front that breaks into chaos, on a circle."""

    coordinates = ("x", "t")
    domain = Interval(0.0, 2.0 * PI) * Interval(0.0, 1.0)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        carried = 100.0 / 16 * u.value * u.d("x")
        spread = 100.0 / 16**2 * u.d("xx") + 100.0 / 16**4 * u.d("xxxx")
        return u.d("t") + carried + spread

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Periodic("x"),
            ki.Initial(lambda x: tf.cos(x[:, :1]) * (1.0 + tf.sin(x[:, :1]))),
        ]


def _kuramoto(data: Folder) -> list[Reference]:
    known = ki.problems.KuramotoSivashinsky("chaotic")
    points = product(2.0 * PI * np.arange(256) / 256, np.linspace(0.0, 1.0, 126))
    # Its accuracy is an absolute one, and u is of the order of one.
    return [Reference("computed", points, known.exact(points).numpy(), 1e-5)]


CASES = {
    "gray-scott": Case(
        "GS",
        lambda data: GrayScott(),
        _gray_scott,
        "periodic; the code says nothing at the sides",
    ),
    "kuramoto-sivashinsky": Case(
        "KS",
        lambda data: KuramotoSivashinsky(),
        _kuramoto,
        "periodic; the code says nothing at the sides",
    ),
}
