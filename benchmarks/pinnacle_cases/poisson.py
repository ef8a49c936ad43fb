"""Poisson's equation on squares and cubes with holes, and in blocks."""

import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Ball, Box, Disk, Rectangle
from pinnacle_cases.common import Case, Folder, Reference, computed

PI = math.pi


class PoissonClassic(ki.Problem):
    """Laplace's equation on a square with four holes."""

    coordinates = ("x", "y")
    domain = Rectangle((-0.5, -0.5), (0.5, 0.5), name="square")
    for _centre in ((0.3, 0.3), (-0.3, 0.3), (-0.3, -0.3), (0.3, -0.3)):
        domain = domain - Disk(_centre, 0.1, name="hole")

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.laplacian()

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet("square", 1.0), ki.Dirichlet("hole", 0.0)]


class PoissonBoltzmann(ki.Problem):
    """-Laplacian u + 64 u = f on a square with four holes of unlike size."""

    coordinates = ("x", "y")
    domain = Rectangle((-1.0, -1.0), (1.0, 1.0), name="square")
    for _x, _y, _r in (
        (0.5, 0.5, 0.2),
        (0.4, -0.4, 0.4),
        (-0.2, -0.7, 0.1),
        (-0.6, 0.5, 0.3),
    ):
        domain = domain - Disk((_x, _y), _r, name="hole")

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return -u.laplacian() + 64.0 * u.value - self.source(x)

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet("square", 0.2), ki.Dirichlet("hole", 1.0)]

    def source(self, x: tf.Tensor) -> tf.Tensor:
        """f at points `(n, 2)`, shape `(n, 1)`."""
        waves = tf.sin(PI * x[:, :1]) * tf.sin(4.0 * PI * x[:, 1:2])
        return 10.0 * (17.0 + x[:, :1] ** 2 + x[:, 1:2] ** 2) * waves


class Poisson3D(ki.Problem):
    """-Laplacian u + k^2 u = f on a cube with four holes, k from 8 to 10 at z = 0.5.

    The coefficient of the Laplacian is the same on both sides, so that u and its
    gradient are continuous, and nothing has to be said at z = 0.5.
    """

    coordinates = ("x", "y", "z")
    domain = Box((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    for _centre, _r in (
        ((0.4, 0.3, 0.6), 0.2),
        ((0.6, 0.7, 0.6), 0.2),
        ((0.2, 0.8, 0.7), 0.1),
        ((0.6, 0.2, 0.3), 0.1),
    ):
        domain = domain - Ball(_centre, _r)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        square = tf.where(x[:, 2:3] < 0.5, tf.cast(64.0, x.dtype), 100.0)
        return -u.laplacian() + square * u.value - self.source(x)

    def conditions(self) -> list[ki.Condition]:
        return [ki.Neumann()]

    def source(self, x: tf.Tensor) -> tf.Tensor:
        """f at points `(n, 3)`, shape `(n, 1)`."""
        a, b, c = (
            tf.sin(m * PI * x[:, i : i + 1]) for i, m in enumerate((1.0, 10.0, 5.0))
        )
        square = tf.reduce_sum(x**2, axis=1, keepdims=True)
        steep = tf.exp(a + b + c) * (square - 1.0) / (square + 1.0)
        return 20.0 * steep + 100.0 * a * b * c


class Blocks(ki.Problem):
    """a Laplacian u + f = 0 on a square in 5 x 5 blocks, as it is coded.

    a is a number in each block, and du/dn = -u outside. Nothing is said between
    blocks, so that a smooth network has continuous slopes there.

    Args:
        a: `(5, 5)`, along x and along y.
        f: `(5, 5, 2, 2)`: a constant, and the factor of a bump, in its corners.
    """

    coordinates = ("x", "y")
    domain = Rectangle((-10.0, -10.0), (10.0, 10.0))

    def __init__(self, a: np.ndarray, f: np.ndarray) -> None:
        self.a, self.f = np.reshape(a, (5, 5)), np.reshape(f, (5, 5, 2, 2))

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return self.at(self.a, x) * u.laplacian() + self.source(x)

    def conditions(self) -> list[ki.Condition]:
        return [ki.Robin(a=1.0, b=1.0)]

    def at(self, table: np.ndarray, x: tf.Tensor) -> tf.Tensor:
        """The number of each point's block, `(n, 1)`."""
        index = tf.cast(tf.clip_by_value((x[:, :2] + 10.0) // 4.0, 0.0, 4.0), tf.int32)
        return tf.gather_nd(tf.constant(table, x.dtype), index)[:, None]

    def source(self, x: tf.Tensor) -> tf.Tensor:
        """f at points `(n, 2)`, shape `(n, 1)`."""
        unit = tf.math.floormod(x[:, :2] + 10.0, 4.0) / 4.0
        bump = tf.sin(PI * unit[:, :1]) * tf.sin(PI * unit[:, 1:])
        whole = self.at(self.f[:, :, 0, 0], x)
        return whole + self.at(self.f[:, :, 1, 1], x) * bump


class BlocksWithFluxes(Blocks):
    """div(a grad u) + f = 0 in the same blocks, as it was meant.

    The flux a du/dn is continuous between blocks, so that u has kinks there.
    """

    def __init__(self, a: np.ndarray, f: np.ndarray) -> None:
        super().__init__(a, f)
        edges = np.linspace(-10.0, 10.0, 6)
        self.subdomains = {
            f"block_{i}{j}": Rectangle(edges[[i, j]], edges[[i + 1, j + 1]])
            for i, j in np.ndindex(5, 5)
        }

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        i, j = self._block(u.subdomain)
        return float(self.a[i, j]) * u.laplacian() + self.source(x)

    def conditions(self) -> list[ki.Condition]:
        found = super().conditions()
        for i, j in np.ndindex(5, 5):
            for k, m in ((i + 1, j), (i, j + 1)):
                if k < 5 and m < 5:
                    names = (f"block_{i}{j}", f"block_{k}{m}")
                    k_of = (float(self.a[i, j]), float(self.a[k, m]))
                    found.append(ki.Interface(names, k=k_of))
        return found

    @staticmethod
    def _block(name: str | None) -> tuple[int, int]:
        return int(name[-2]), int(name[-1])


def _blocks(kind: type[Blocks]) -> Callable[[Folder], ki.Problem]:
    def make(data: Folder) -> ki.Problem:
        a, f = (data.table(f"ref/poisson_{name}_coef.dat") for name in "af")
        return kind(a, f)

    return make


def _file(name: str, accuracy: float) -> Callable[[Folder], list[Reference]]:
    def found(data: Folder) -> list[Reference]:
        if not data.has(name):
            return []
        table = data.table(name)
        label = "file" if name.startswith("ref/") else "computed (derived)"
        return [Reference(label, table[:, :2], table[:, 2:], accuracy)]

    return found


def _boltzmann(data: Folder) -> list[Reference]:
    derived = _file("derived/poisson_boltzmann2d_series.dat", 3e-5)
    file = _file("ref/poisson_boltzmann2d.dat", 9.1e-5)
    return (computed("boltzmann") or derived(data)) + file(data)


CASES = {
    "poisson2d": Case(
        "Poisson 2d-C",
        lambda data: PoissonClassic(),
        lambda data: (
            computed("poisson2d") + _file("ref/poisson1_cg_data.dat", 2.8e-5)(data)
        ),
    ),
    "poisson2d-holes": Case(
        "Poisson 2d-CG", lambda data: PoissonBoltzmann(), _boltzmann
    ),
    "poisson3d": Case(
        "Poisson 3d-CG",
        lambda data: Poisson3D(),
        lambda data: computed("poisson3d"),
        "the original file is not there",
    ),
    "poisson2d-blocks": Case(
        "Poisson 2d-MS",
        _blocks(BlocksWithFluxes),
        lambda data: computed("blocks_fluxes"),
        "as meant: div(a grad u), a du/dn continuous; the original file is not there",
    ),
    "poisson2d-blocks-coded": Case(
        "Poisson 2d-MS",
        _blocks(Blocks),
        lambda data: computed("blocks_coded"),
        "as coded: a Laplacian u, slopes continuous; the original file is not there",
    ),
}
