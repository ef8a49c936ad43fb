"""Burgers' equation on a line and in the plane."""

import math

import numpy as np
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.derivatives import Field
from pinnacle_cases.common import Case, Folder, Reference, computed, rows_of

PI = math.pi


class Burgers1D(ki.Problem):
    """A wave that steepens to a shock at x = 0."""

    coordinates = ("x", "t")
    domain = ki.geometry.Interval(-1.0, 1.0) * ki.geometry.Interval(0.0, 1.0)
    viscosity = 0.01 / PI

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("t") + u.value * u.d("x") - self.viscosity * u.d("xx")

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet(), ki.Initial(lambda x: -tf.sin(PI * x[:, :1]))]


def _burgers1d(data: Folder) -> list[Reference]:
    times = np.linspace(0.0, 1.0, 11)
    cole = ki.problems.Burgers()
    places = np.linspace(-1.0, 1.0, 401)
    points = np.stack([np.tile(places, 11), np.repeat(times, 401)], axis=1)
    found = [Reference("exact", points, cole.exact(points).numpy(), 0.0)]
    if data.has("ref/burgers1d.dat"):
        rows = rows_of(data.table("ref/burgers1d.dat"), 1, times)
        found.append(Reference("file", *rows, 1.33e-2))
    return found


class Burgers2D(ki.Problem):
    """Two velocities on a torus, from a sum of random waves.

    Args:
        edge: of the square; waves and solution have the period 1, the benchmark has 4.
    """

    coordinates = ("x", "y", "t")
    outputs = ("u", "v")
    viscosity = 0.001

    def __init__(self, edge: float = 4.0) -> None:
        square = ki.geometry.Rectangle((0.0, 0.0), (edge, edge))
        self.domain = square * ki.geometry.Interval(0.0, 1.0)
        self.sines, self.cosines, self.means = waves()

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        def carried(w: Field) -> tf.Tensor:
            change = u["u"].value * w.d("x") + u["v"].value * w.d("y")
            return w.d("t") + change - self.viscosity * w.laplacian()

        return {"u": carried(u["u"]), "v": carried(u["v"])}

    def conditions(self) -> list[ki.Condition]:
        return [ki.Periodic(("x", "y")), ki.Initial(self.start)]

    def start(self, x: tf.Tensor) -> tf.Tensor:
        """u and v at first, `(n, 2)`."""
        numbers = np.arange(4.0)
        i, j = (n.ravel() for n in np.meshgrid(numbers, numbers, indexing="ij"))
        angle = 2.0 * PI * (x[:, :1] * i + x[:, 1:2] * j)
        sines = tf.sin(angle) @ tf.constant(self.sines, x.dtype)
        cosines = tf.cos(angle) @ tf.constant(self.cosines, x.dtype)
        return sines + cosines + tf.constant(self.means, x.dtype)


def waves(number: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns factors of sines and cosines, `(16, 2)` each, and means, `(2,)`.

    The benchmark draws them from NumPy's old generator by this seed; they are rebuilt
    here, and were not compared with its own tables, which are too large to be had.
    """
    random = np.random.RandomState(20220722 + number)
    drawn = random.normal(size=(4, 4, 4))
    means = random.normal(size=2)
    places = np.linspace(0.0, 4.0, 512)
    numbers = np.arange(4)
    wave = np.exp(2j * PI * np.outer(places, numbers))
    sums = [
        (wave @ (b - 1j * a) @ wave.T).real for a, b in zip(drawn[::2], drawn[1::2])
    ]
    largest = max(float(s.max()) for s in sums)
    sines, cosines = (drawn[k::2].reshape(2, 16).T * 2.0 / largest for k in (0, 1))
    return sines, cosines, means


def _burgers2d(data: Folder) -> list[Reference]:
    return computed("burgers2d")


def _burgers2d_whole(data: Folder) -> list[Reference]:
    """The cell's solution, in four of the sixteen cells."""
    found = []
    for one in computed("burgers2d"):
        shifts = np.array([[0, 0, 0], [1, 2, 0], [2, 1, 0], [3, 3, 0]], float)
        points = np.concatenate([one.points + shift for shift in shifts])
        found.append(one._replace(points=points, values=np.tile(one.values, (4, 1))))
    return found


CASES = {
    "burgers1d": Case("Burgers 1d-C", lambda data: Burgers1D(), _burgers1d),
    "burgers2d": Case(
        "Burgers 2d-C",
        lambda data: Burgers2D(),
        _burgers2d_whole,
        "slopes match across the periodic sides, too; the original file is not there",
    ),
    "burgers2d-cell": Case(
        "Burgers 2d-C",
        lambda data: Burgers2D(1.0),
        _burgers2d,
        "one period of the sixteen that the benchmark's square holds",
        comparable=False,
    ),
}
