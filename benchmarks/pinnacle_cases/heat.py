"""Heat: a rough conductivity, unlike scales, many holes, a long time."""

import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Disk, Interval, Rectangle
from pinnacle_cases.common import (
    Case,
    Folder,
    Reference,
    computed,
    exact_on,
    grid_in_time,
    product,
    rows_of,
)
from pinnacle_cases.fields import CubicTable, gaussian_field, nearest

PI = math.pi


class HeatVarying(ki.Problem):
    """u_t = div(a grad u) + f, as it was meant, with a smooth rough conductivity.

    The logarithm of a is the cubic spline through the benchmark's random field.
    """

    coordinates = ("x", "y", "t")
    domain = Rectangle((0.0, 0.0), (1.0, 1.0)) * Interval(0.0, 5.0)

    def __init__(self) -> None:
        self.logarithm = CubicTable(gaussian_field())

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        log_a, along_x, along_y = self.logarithm(x[:, :2])
        drift = along_x * u.d("x") + along_y * u.d("y")
        return u.d("t") - tf.exp(log_a) * (u.laplacian() + drift) - self.source(x)

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet(), ki.Initial()]

    def source(self, x: tf.Tensor) -> tf.Tensor:
        """f at points `(n, 3)`, shape `(n, 1)`."""
        a, b, c = (
            tf.sin(m * PI * x[:, i : i + 1]) for i, m in enumerate((1.0, 5.0, 1.0))
        )
        return 200.0 * a * b * c


class HeatVaryingCoded(HeatVarying):
    """u_t = a Laplacian u + f, as it is coded, with a number a in each cell."""

    def __init__(self) -> None:
        self.table = np.exp(gaussian_field())

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        a = nearest(self.table, x[:, :2])
        return u.d("t") - a * u.laplacian() - self.source(x)


def _varying(name: str) -> Callable[[Folder], list[Reference]]:
    def found(data: Folder) -> list[Reference]:
        more = []
        if data.has("ref/heat_darcy.dat"):
            table = data.table("ref/heat_darcy.dat")
            rows = rows_of(table, 2, np.linspace(0.0, 5.0, 51))
            more.append(Reference("file (of another conductivity)", *rows, None))
        return computed(name) + more

    return found


class HeatMultiscale(ki.Problem):
    """Ten waves along x and half a wave along y that decay at unlike rates."""

    coordinates = ("x", "y", "t")
    domain = Rectangle((0.0, 0.0), (1.0, 1.0)) * Interval(0.0, 5.0)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        spread = u.d("xx") / (500.0 * PI) ** 2 + u.d("yy") / PI**2
        return u.d("t") - spread

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet(), ki.Initial(self.exact)]

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        waves = tf.sin(20.0 * PI * x[:, :1]) * tf.sin(PI * x[:, 1:2])
        return waves * tf.exp(-(1.0 + (20.0 / 500.0) ** 2) * x[:, 2:])


def _multiscale(data: Folder) -> list[Reference]:
    problem = HeatMultiscale()
    cells = [(np.arange(n) + 0.5) / n for n in (200, 20)]
    fine = product(*cells, np.linspace(0.0, 5.0, 26))
    coarse = grid_in_time((0.0, 0.0), (1.0, 1.0), 5.0, 20_000)
    return [
        exact_on(problem, fine),
        exact_on(problem, coarse, "exact, on the benchmark's points"),
    ]


class HeatHoles(ki.Problem):
    """A plate with 17 round holes that heat it."""

    coordinates = ("x", "y", "t")
    large = [(x, y) for x in (-4.0, 4.0) for y in (-9.0, -3.0, 3.0, 9.0)]
    large += [(0.0, y) for y in (-6.0, 0.0, 6.0)]
    small = [(x, y) for x in (-3.2, 3.2) for y in (-6.0, 0.0, 6.0)]

    def __init__(self) -> None:
        plate = Rectangle((-8.0, -12.0), (8.0, 12.0), name="plate")
        for centre in self.large:
            plate = plate - Disk(centre, 1.0, name="large")
        for centre in self.small:
            plate = plate - Disk(centre, 0.4, name="small")
        self.domain = plate * Interval(0.0, 3.0)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("t") - u.laplacian()

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Robin("large", value=5.0),
            ki.Robin("small", value=1.0),
            ki.Robin("plate", value=0.1),
            ki.Initial(),
        ]


class HeatLong(ki.Problem):
    """Heat with a source that pulses with time, for which u = 0 is a solution, too."""

    coordinates = ("x", "y", "t")
    domain = Rectangle((0.0, 0.0), (1.0, 1.0)) * Interval(0.0, 100.0)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        waves = tf.sin(4.0 * PI * x[:, :1]) * tf.sin(2.0 * PI * x[:, 1:2])
        pulse = 1.0 + 2.0 * tf.sin(PI * x[:, 2:] / 4.0)
        source = 5.0 * tf.sin(u.value**2) * pulse * waves
        return u.d("t") - 0.001 * u.laplacian() - source

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet(), ki.Initial(self.start)]

    def start(self, x: tf.Tensor) -> tf.Tensor:
        """u at first, `(n, 1)`."""
        return tf.sin(4.0 * PI * x[:, :1]) * tf.sin(3.0 * PI * x[:, 1:2])


def _long(data: Folder) -> list[Reference]:
    found, times = [], np.linspace(0.0, 100.0, 501)
    for name, label, accuracy in (
        ("derived/heat_longtime_spectral.dat", "computed (derived)", 2e-5),
        ("ref/heat_longtime.dat", "file", 3.5e-2),
    ):
        if data.has(name):
            rows = rows_of(data.table(name), 2, times)
            found.append(Reference(label, *rows, accuracy))
    return computed("heat_long") + found


CASES = {
    "heat2d-varying": Case(
        "Heat 2d-VC",
        lambda data: HeatVarying(),
        _varying("heat_varying"),
        "as meant: div(a grad u); the published conductivity is not known, and no "
        "error against its file means anything",
        comparable=False,
    ),
    "heat2d-varying-coded": Case(
        "Heat 2d-VC",
        lambda data: HeatVaryingCoded(),
        _varying("heat_varying_coded"),
        "as coded: a Laplacian u; the published conductivity is not known",
        comparable=False,
    ),
    "heat2d-multiscale": Case(
        "Heat 2d-MS",
        lambda data: HeatMultiscale(),
        _multiscale,
        "on the benchmark's points sin(20 pi x) cannot be told from sin(2 pi x)",
    ),
    "heat2d-holes": Case(
        "Heat 2d-CG",
        lambda data: HeatHoles(),
        lambda data: computed("heat_holes"),
        "the original file is not there",
    ),
    "heat2d-long": Case("Heat 2d-LT", lambda data: HeatLong(), _long),
}
