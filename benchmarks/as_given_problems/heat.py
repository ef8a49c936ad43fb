"""Heat and diffusion: cylinders, two materials, radiation, and a porous medium."""

import math

import numpy as np
import tensorflow as tf
from scipy import special

import keras_isgd as ki
from as_given_problems.common import (
    Case,
    Stated,
    in_time,
    line,
    places_and_times,
    points_in_ball,
    uniform_points,
)
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Ball, Box, Disk, Interval, Rectangle

PI = math.pi


class HeatCylinder(ki.Problem):
    """u_rr + u_r / r + u_zz = 0 in a cylinder, r and z, with J_0(k r) on its top.

    k is the first zero of J_0, so that the side and the bottom are at 0.
    """

    coordinates = ("r", "z")
    domain = Rectangle((0.0, 0.0), (1.0, 1.0))
    zero = float(special.jn_zeros(0, 1)[0])

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("rr") + u.d("r") / x[:, :1] + u.d("zz")

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet("right", 0.0),
            ki.Dirichlet("bottom", 0.0),
            ki.Dirichlet("top", self.top),
            ki.Neumann("left"),
        ]

    def top(self, x: tf.Tensor) -> tf.Tensor:
        """u on the top, `(n, 1)`."""
        return tf.math.special.bessel_j0(self.zero * x[:, :1])


def _heat_cylinder() -> Stated:
    problem, points = HeatCylinder(), uniform_points((0.0, 0.0), (1.0, 1.0))
    k = problem.zero
    values = special.j0(k * points[:, :1]) * np.sinh(k * points[:, 1:]) / np.sinh(k)
    return Stated(problem, points, values)


class PorousMedium(ki.Problem):
    """u_t = (u^2)_xx: a gas in a porous medium, whose front is a kink."""

    coordinates = ("x", "t")
    domain = Interval(-8.0, 8.0) * Interval(1.0, 4.0)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("t") - 2.0 * (u.d("x") ** 2 + u.value * u.d("xx"))

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet(value=0.0),
            ki.Initial(lambda x: tf.nn.relu(1.0 - x[:, :1] ** 2 / 12.0)),
        ]


def _porous_medium() -> Stated:
    """Barenblatt's solution."""
    points = uniform_points((-8.0, 1.0), (8.0, 4.0))
    x, t = points[:, :1], points[:, 1:]
    height = np.maximum(0.0, 1.0 - x**2 / (12.0 * t ** (2.0 / 3.0)))
    return Stated(PorousMedium(), points, t ** (-1.0 / 3.0) * height)


class BallInBall(ki.Problem):
    """k Laplacian u = -1 in a ball, with k = 1 in its core and k = 10 around it."""

    coordinates = ("x", "y", "z")
    core = Ball((0.0, 0.0, 0.0), 0.5)
    domain = Ball((0.0, 0.0, 0.0), 1.0)
    subdomains = {"core": core, "shell": domain - core}
    k = {"core": 1.0, "shell": 10.0}

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return self.k[u.subdomain] * u.laplacian() + 1.0

    def conditions(self) -> list[ki.Condition]:
        between = ki.Interface(("core", "shell"), k=(self.k["core"], self.k["shell"]))
        return [ki.Dirichlet(), between]


def _ball_in_ball() -> Stated:
    problem, points, edge = BallInBall(), points_in_ball(3, 8000), 0.5
    radius = np.linalg.norm(points, axis=1, keepdims=True)
    core, shell = problem.k["core"], problem.k["shell"]
    middle = (1.0 - edge**2) / (6.0 * shell) + edge**2 / (6.0 * core)
    inside = middle - radius**2 / (6.0 * core)
    outside = (1.0 - radius**2) / (6.0 * shell)
    return Stated(problem, points, np.where(radius < edge, inside, outside))


class Soil(ki.Problem):
    """T_t = a T_zz in two layers of soil, under a temperature that varies by the day.

    Kelvin, metres and seconds. The upper 0.3 m conduct 1 W / (m K), what is below 3.
    """

    coordinates = ("z", "t")
    day, edge = 86_400.0, 0.3
    domain = Interval(0.0, 1.0) * Interval(0.0, 2.0 * day)
    subdomains = {"top": Interval(0.0, edge), "deep": Interval(edge, 1.0)}
    diffusivities = {"top": 5e-7, "deep": 1.5e-6}
    conductivities = (1.0, 3.0)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("t") - self.diffusivities[u.subdomain] * u.d("zz")

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet("z_min", self.air),
            ki.Dirichlet("z_max", 285.0),
            ki.Initial(lambda x: 288.0 - 3.0 * x[:, :1]),
            ki.Interface(("top", "deep"), k=self.conductivities),
        ]

    def air(self, x: tf.Tensor) -> tf.Tensor:
        """The temperature at the surface, `(n, 1)`."""
        return 288.0 + 10.0 * tf.sin(2.0 * PI * x[:, 1:2] / self.day)


def _soil() -> Stated:
    """By 400 finite volumes, and backward differences in time."""
    problem, count = Soil(), 400
    size = 1.0 / count
    places = (np.arange(count) + 0.5) * size
    in_top = places < problem.edge
    k = np.where(in_top, *problem.conductivities)
    names = "top", "deep"
    capacity = k / np.where(in_top, *(problem.diffusivities[name] for name in names))
    between = 2.0 * k[1:] * k[:-1] / (k[1:] + k[:-1])

    def slopes(time: float, values: np.ndarray) -> np.ndarray:
        air = 288.0 + 10.0 * np.sin(2.0 * PI * time / problem.day)
        first = 2.0 * k[0] * (values[0] - air)
        last = 2.0 * k[-1] * (285.0 - values[-1])
        fluxes = np.r_[first, between * np.diff(values), last] / size
        return np.diff(fluxes) / size / capacity

    times = np.linspace(0.0, 2.0 * problem.day, 49)
    values = in_time(slopes, 288.0 - 3.0 * places, times, "BDF", 1e-8, 1e-8)
    return Stated(problem, places_and_times(places, times), values.reshape(-1, 1))


class RadiatingSlab(ki.Problem):
    """k u'' = 0 with -k u' = q on the left and -k u' = e s (u^4 - T^4) on the right.

    Kelvin, metres and watts: s is Stefan and Boltzmann's constant, T = 300 K around
    the slab. The equations hold for a negative u(0.05), too, whose fourth power is
    the same.
    """

    coordinates = ("x",)
    length = 0.05
    domain = Interval(0.0, length)
    conductivity, heating, around = 20.0, 3e4, 300.0
    emission = 0.8 * 5.67e-8

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return self.conductivity * u.d("xx")

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Operator("x_min", self.heated),
            ki.Operator("x_max", self.radiating),
        ]

    def heated(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        """The balance on the left, `(n, 1)`."""
        return self.conductivity * u.d("x") + self.heating

    def radiating(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        """The balance on the right, `(n, 1)`."""
        radiated = self.emission * (u.value**4 - self.around**4)
        return self.conductivity * u.d("x") + radiated


def _radiating_slab() -> Stated:
    """The solution above absolute zero."""
    problem = RadiatingSlab()
    x = line(0.0, problem.length, 500)
    right = (problem.heating / problem.emission + problem.around**4) ** 0.25
    rise = problem.heating / problem.conductivity * (problem.length - x)
    return Stated(problem, x, right + rise)


class CoolingCube(ki.Problem):
    """A cube that cools, its faces at zero: two modes of three waves each."""

    coordinates = ("x", "y", "z", "t")
    domain = Box((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)) * Interval(0.0, 0.1)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("t") - u.laplacian("x", "y", "z")

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet(), ki.Initial(self.modes)]

    def modes(self, x: tf.Tensor) -> tf.Tensor:
        """The solution, `(n, 1)`."""
        waves, t = tf.sin(PI * x[:, :3]), x[:, 3:]
        slow = tf.exp(-3.0 * PI**2 * t) * waves[:, :1]
        fast = 0.5 * tf.exp(-6.0 * PI**2 * t) * tf.sin(2.0 * PI * x[:, :1])
        return (slow + fast) * waves[:, 1:2] * waves[:, 2:]


def _cooling_cube() -> Stated:
    problem = CoolingCube()
    points = uniform_points((0.0, 0.0, 0.0, 0.0), (1.0, 1.0, 1.0, 0.1))
    return Stated(problem, points, problem.modes(points).numpy())


class PowerLaw(ki.Problem):
    """div(|grad u| grad u) = -1 in a disk, which carries nothing where it is flat."""

    coordinates = ("x", "y")
    domain = Disk((0.0, 0.0), 1.0)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        a, b = u.d("x"), u.d("y")
        steepness = tf.sqrt(a**2 + b**2 + 1e-12)
        bent = a**2 * u.d("xx") + 2.0 * a * b * u.d("xy") + b**2 * u.d("yy")
        return steepness * u.laplacian() + bent / steepness + 1.0

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet(value=0.0)]


def _power_law() -> Stated:
    points = points_in_ball(2, 4000)
    r = np.linalg.norm(points, axis=1, keepdims=True)
    return Stated(PowerLaw(), points, 2.0 / 3.0 * math.sqrt(0.5) * (1.0 - r**1.5))


CASES = {
    "cooling-cube": Case("heat in a cube, x, y, z and t", _cooling_cube),
    "heat-cylinder": Case(
        "heat in a cylinder, r and z, with a Bessel function on its top",
        _heat_cylinder,
    ),
    "porous-medium": Case(
        "a gas in a porous medium, whose front is a kink", _porous_medium
    ),
    "ball-in-ball": Case("a source in a ball of two materials", _ball_in_ball),
    "power-law": Case("a conductivity that is the slope, in a disk", _power_law),
    "soil": Case("temperature of the soil, two layers, two days, kelvin", _soil),
    "radiating-slab": Case(
        "heat that a slab radiates, nothing prescribed but fluxes; a temperature "
        "below zero is another solution",
        _radiating_slab,
    ),
}
