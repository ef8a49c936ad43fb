"""Flow: between cylinders, in a box, along plates, in an ocean, and in the ground."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

import keras_isgd as ki
from as_given_problems.common import (
    Case,
    Stated,
    between_ends,
    in_time,
    line,
    places_and_times,
    uniform_columns,
    uniform_points,
)
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Annulus, Box, Interval, Rectangle

PI = math.pi


class RotatingCylinders(ki.Problem):
    """u . grad u + grad p = 0.01 Laplacian u, div u = 0, the inner cylinder turning."""

    coordinates = ("x", "y")
    inner, outer, turning, viscosity = 0.5, 1.0, 1.0, 0.01
    domain = Annulus((0.0, 0.0), inner, outer)
    outputs = ("u", "v", "p")
    defined_up_to_constant = ("p",)

    def residual(self, w: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        u, v, p = w["u"], w["v"], w["p"]

        def momentum(one: Field, axis: str) -> tf.Tensor:
            carried = u.value * one.d("x") + v.value * one.d("y")
            return carried + p.d(axis) - self.viscosity * one.laplacian()

        return {
            "momentum_x": momentum(u, "x"),
            "momentum_y": momentum(v, "y"),
            "continuity": u.d("x") + v.d("y"),
        }

    def conditions(self) -> list[ki.Condition]:
        def inside(x: Any) -> Any:
            return tf.norm(x, axis=1) < 0.51

        def outside(x: Any) -> Any:
            return tf.norm(x, axis=1) > 0.99

        return [
            ki.Dirichlet(inside, lambda x: -x[:, 1:2], "u", name="inner_u"),
            ki.Dirichlet(inside, lambda x: x[:, :1], "v", name="inner_v"),
            ki.Dirichlet(outside, component="u", name="outer_u"),
            ki.Dirichlet(outside, component="v", name="outer_v"),
        ]


def _rotating_cylinders() -> Stated:
    """Couette's flow a r + b / r."""
    problem = RotatingCylinders()
    inner, outer = problem.inner, problem.outer
    radius, angle = uniform_columns((inner, outer), (0.0, 2.0 * PI))
    a = -problem.turning * inner**2 / (outer**2 - inner**2)
    b = -a * outer**2
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    speed = a * radius + b / radius
    pressure = a**2 * radius**2 / 2.0 + 2.0 * a * b * np.log(radius)
    pressure = pressure - b**2 / (2.0 * radius**2)
    values = [-speed * y / radius, speed * x / radius, pressure - pressure.mean()]
    points = np.concatenate([x, y], axis=1)
    return Stated(problem, points, np.concatenate(values, axis=1))


def _ethier_steinman(points: Any, library: Any) -> list[Any]:
    """u, v, w and p of Ethier and Steinman (1994) with a = d = 1, `(n, 1)` each."""
    x, y, z, t = [points[:, i : i + 1] for i in range(4)]
    exp, sin, cos = library.exp, library.sin, library.cos
    decay = exp(-t)
    u = -(exp(x) * sin(y + z) + exp(z) * cos(x + y)) * decay
    v = -(exp(y) * sin(z + x) + exp(x) * cos(y + z)) * decay
    w = -(exp(z) * sin(x + y) + exp(y) * cos(z + x)) * decay
    squares = exp(2.0 * x) + exp(2.0 * y) + exp(2.0 * z)
    products = (
        sin(x + y) * cos(z + x) * exp(y + z)
        + sin(y + z) * cos(x + y) * exp(z + x)
        + sin(z + x) * cos(y + z) * exp(x + y)
    )
    return [u, v, w, -0.5 * (squares + 2.0 * products) * decay**2]


class BeltramiFlow(ki.Problem):
    """u_t + u . grad u + grad p = Laplacian u, div u = 0 in x, y, z and t."""

    coordinates = ("x", "y", "z", "t")
    domain = Box((-1.0, -1.0, -1.0), (1.0, 1.0, 1.0)) * Interval(0.0, 1.0)
    outputs = ("u", "v", "w", "p")

    def residual(self, f: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        velocity, p = [f[name] for name in "uvw"], f["p"]

        def momentum(one: Field, axis: str) -> tf.Tensor:
            carried = sum(v.value * one.d(k) for v, k in zip(velocity, "xyz"))
            return one.d("t") + carried + p.d(axis) - one.laplacian()

        rows = {f"momentum_{k}": momentum(v, k) for v, k in zip(velocity, "xyz")}
        continuity = sum(v.d(k) for v, k in zip(velocity, "xyz"))
        return {**rows, "continuity": continuity}

    def conditions(self) -> list[ki.Condition]:
        def right(i: int) -> Callable[[tf.Tensor], tf.Tensor]:
            return lambda x: _ethier_steinman(x, tf)[i]

        names = list(enumerate(self.outputs))
        around = [ki.Dirichlet(value=right(i), component=name) for i, name in names]
        first = [ki.Initial(right(i), component=name) for i, name in names[:3]]
        return [*around, *first]


def _beltrami_flow() -> Stated:
    points = uniform_points((-1.0, -1.0, -1.0, 0.0), (1.0, 1.0, 1.0, 1.0))
    values = np.concatenate(_ethier_steinman(points, np), axis=1)
    return Stated(BeltramiFlow(), points, values)


class OscillatingPlate(ki.Problem):
    """u_t = nu u_yy with nu = 1e-6 m^2 / s: water beside a plate that swings.

    Metres and seconds; the plate moves by 0.1 (1 - cos(t / 2)) m / s.
    """

    coordinates = ("y", "t")
    viscosity, height, end = 1e-6, 0.01, 40.0
    domain = Interval(0.0, height) * Interval(0.0, end)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("t") - self.viscosity * u.d("yy")

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet("y_min", lambda x: 0.1 * (1.0 - tf.cos(0.5 * x[:, 1:2]))),
            ki.Dirichlet("y_max", 0.0),
            ki.Initial(0.0),
        ]


def _oscillating_plate() -> Stated:
    """By finite differences on 401 points, and Radau's method in time."""
    problem, places = OscillatingPlate(), np.linspace(0.0, OscillatingPlate.height, 401)
    factor = problem.viscosity / (places[1] - places[0]) ** 2

    def slopes(time: float, values: np.ndarray) -> np.ndarray:
        plate = 0.1 * (1.0 - np.cos(0.5 * time))
        return factor * np.diff(np.r_[plate, values, 0.0], 2)

    times = np.linspace(0.0, problem.end, 41)
    values = in_time(slopes, np.zeros(399), times, "Radau", 1e-8, 1e-10)
    points = places_and_times(places[1:-1], times)
    return Stated(problem, points, values.reshape(-1, 1))


class FreeConvection(ki.Problem):
    """f''' + 3 f f'' - 2 f'^2 + T = 0, T'' + 2.16 f T' = 0: air along a warm wall.

    The boundary layer, cut off at 10, has other solutions, one of which flows
    backwards far outside.
    """

    coordinates = ("x",)
    domain = Interval(0.0, 10.0)
    outputs = ("f", "T")

    def residual(self, w: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        f, warmth = w["f"], w["T"]
        carried = 3.0 * f.value * f.d("xx") - 2.0 * f.d("x") ** 2
        return {
            "f": f.d("xxx") + carried + warmth.value,
            "T": warmth.d("xx") + 3.0 * 0.72 * f.value * warmth.d("x"),
        }

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet("x_min", 0.0, component="f"),
            ki.Dirichlet("x_min", 1.0, component="T"),
            ki.Dirichlet("x_max", 0.0, component="T"),
            ki.Operator("boundary", lambda w, x: w["f"].d("x")),
        ]


def _free_convection() -> Stated:
    def slopes(x: np.ndarray, values: np.ndarray) -> np.ndarray:
        f, speed, shear, warmth, flux = values
        bent = -3.0 * f * shear + 2.0 * speed**2 - warmth
        return np.array([speed, shear, bent, flux, -2.16 * f * flux])

    def ends(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        return np.array([left[0], left[1], right[1], left[3] - 1.0, right[3]])

    x = np.linspace(0.0, 10.0, 201)
    fall = np.exp(-x)
    guess = [0.5 * (1.0 - fall), 0.5 * fall * x, np.zeros_like(x), fall, -fall]
    found = between_ends(slopes, ends, x, np.array(guess), 1e-8, 50_000)
    points = line(0.0, 10.0, 1001)
    return Stated(FreeConvection(), points, found.sol(points[:, 0])[[0, 3]].T)


class StommelGyre(ki.Problem):
    """e Laplacian u + u_x + sin(pi y) = 0 with e = 0.05: an ocean's western current."""

    coordinates = ("x", "y")
    domain = Rectangle((0.0, 0.0), (1.0, 1.0))
    e = 0.05

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return self.e * u.laplacian() + u.d("x") + tf.sin(PI * x[:, 1:2])

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet()]


def _stommel_gyre() -> Stated:
    """X(x) sin(pi y) with e X'' + X' - e pi^2 X = -1."""
    problem, points = StommelGyre(), uniform_points((0.0, 0.0), (1.0, 1.0))
    rates = np.roots([problem.e, 1.0, -problem.e * PI**2])
    constant = 1.0 / (problem.e * PI**2)
    at_ends = np.array([[1.0, 1.0], np.exp(rates)])
    factors = np.linalg.solve(at_ends, [-constant, -constant])
    along = constant + np.exp(points[:, :1] * rates) @ factors[:, None]
    return Stated(problem, points, along * np.sin(PI * points[:, 1:]))


class Darcy(ki.Problem):
    """(k / mu) Laplacian p + Q sin(pi x / L) sin(2 pi y / L) = 0: water in rock.

    Pascal and metres: permeability k = 1e-13 m^2, viscosity mu = 1e-3 Pa s, L = 1 km,
    wells of Q = 2e-9 / s.
    """

    coordinates = ("x", "y")
    length, wells, around = 1000.0, 2e-9, 1e7
    mobility = 1e-13 / 1e-3
    domain = Rectangle((0.0, 0.0), (length, length))

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        first = tf.sin(PI * x[:, :1] / self.length)
        second = tf.sin(2.0 * PI * x[:, 1:2] / self.length)
        return self.mobility * u.laplacian() + self.wells * first * second

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet(value=self.around)]


def _darcy() -> Stated:
    problem, length = Darcy(), Darcy.length
    points = uniform_points((0.0, 0.0), (length, length))
    factor = problem.wells / problem.mobility * length**2 / (5.0 * PI**2)
    x, y = PI * points[:, :1] / length, PI * points[:, 1:] / length
    return Stated(problem, points, problem.around + factor * np.sin(x) * np.sin(2 * y))


CASES = {
    "rotating-cylinders": Case(
        "flow between rotating cylinders, nu = 0.01, with its pressure",
        _rotating_cylinders,
    ),
    "beltrami-flow": Case("Ethier and Steinman's flow, x, y, z and t", _beltrami_flow),
    "oscillating-plate": Case("an oscillating plate in water, SI", _oscillating_plate),
    "free-convection": Case(
        "free convection along a wall, cut off at 10; a flow that turns back far "
        "outside is another solution",
        _free_convection,
    ),
    "stommel-gyre": Case("Stommel's gyre, a layer of 0.05", _stommel_gyre),
    "darcy": Case("pressure around wells, 1e7 Pa, permeability 1e-13", _darcy),
}
