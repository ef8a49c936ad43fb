"""Transport: pulses, traffic, and a layer."""

import numpy as np
import tensorflow as tf

import keras_isgd as ki
from as_given_problems.common import Case, Stated, uniform_points
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Interval, Rectangle

PI = np.pi


class Pulse(ki.Problem):
    """u_t + u_x = 0: a pulse that is carried over twenty of its widths."""

    coordinates = ("x", "t")
    domain = Interval(0.0, 2.0) * Interval(0.0, 1.0)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("t") + u.d("x")

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet("x_min", 0.0),
            ki.Initial(lambda x: tf.exp(-(((x[:, :1] - 0.5) / 0.05) ** 2))),
        ]


def _pulse() -> Stated:
    points = uniform_points((0.0, 0.0), (2.0, 1.0), 8000)
    place = points[:, :1] - points[:, 1:]
    return Stated(Pulse(), points, np.exp(-(((place - 0.5) / 0.05) ** 2)))


class TorusAdvection(ki.Problem):
    """u_t + u_x + u_y / 2 = 0 on a torus: a wave that is carried around it."""

    coordinates = ("x", "y", "t")
    domain = Rectangle((0.0, 0.0), (1.0, 1.0)) * Interval(0.0, 2.0)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("t") + u.d("x") + 0.5 * u.d("y")

    def conditions(self) -> list[ki.Condition]:
        return [ki.Periodic("x"), ki.Periodic("y"), ki.Initial(self.first)]

    def first(self, x: tf.Tensor) -> tf.Tensor:
        """u at first, `(n, 1)`."""
        return tf.sin(2.0 * PI * x[:, :1]) * tf.cos(2.0 * PI * x[:, 1:2])


def _torus_advection() -> Stated:
    points = uniform_points((0.0, 0.0, 0.0), (1.0, 1.0, 2.0))
    x, y, t = np.split(points, 3, axis=1)
    values = np.sin(2.0 * PI * (x - t)) * np.cos(2.0 * PI * (y - 0.5 * t))
    return Stated(TorusAdvection(), points, values)


class TurningPulse(ki.Problem):
    """A pulse that is carried around the origin by a turning flow, and spreads."""

    coordinates = ("x", "y", "t")
    domain = Rectangle((-1.0, -1.0), (1.0, 1.0)) * Interval(0.0, 2.0)
    diffusivity = 0.005

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        across, up = x[:, :1], x[:, 1:2]
        carried = across * u.d("y") - up * u.d("x")
        return u.d("t") + carried - self.diffusivity * u.laplacian("x", "y")

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet(value=self.pulse), ki.Initial(self.pulse)]

    def pulse(self, x: tf.Tensor) -> tf.Tensor:
        """The solution, `(n, 1)`."""
        t = x[:, 2:]
        across, up = x[:, :1] - 0.4 * tf.cos(t), x[:, 1:2] - 0.4 * tf.sin(t)
        area = 0.04 + 4.0 * self.diffusivity * t
        return 0.04 / area * tf.exp(-(across**2 + up**2) / area)


def _turning_pulse() -> Stated:
    problem = TurningPulse()
    points = uniform_points((-1.0, -1.0, 0.0), (1.0, 1.0, 2.0))
    return Stated(problem, points, problem.pulse(points).numpy())


class AskewFront(ki.Problem):
    """u_t + u (u_x + u_y) = nu Laplacian u: a front that stands askew."""

    coordinates = ("x", "y", "t")
    domain = Rectangle((0.0, 0.0), (1.0, 1.0)) * Interval(0.0, 1.0)
    viscosity = 0.02

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        carried = u.value * (u.d("x") + u.d("y"))
        return u.d("t") + carried - self.viscosity * u.laplacian("x", "y")

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet(value=self.front), ki.Initial(self.front)]

    def front(self, x: tf.Tensor) -> tf.Tensor:
        """The solution, `(n, 1)`."""
        place = x[:, :1] + x[:, 1:2] - x[:, 2:]
        return tf.sigmoid(-place / (2.0 * self.viscosity))


def _askew_front() -> Stated:
    problem = AskewFront()
    points = uniform_points((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    return Stated(problem, points, problem.front(points).numpy())


class Traffic(ki.Problem):
    """u_t + (1 - 2 u) u_x = 0: the density of cars on a ring, before it jams."""

    coordinates = ("x", "t")
    domain = Interval(0.0, 1.0) * Interval(0.0, 0.5)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("t") + (1.0 - 2.0 * u.value) * u.d("x")

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Periodic("x"),
            ki.Initial(lambda x: 0.4 + 0.1 * tf.sin(2.0 * PI * x[:, :1])),
        ]


def _traffic() -> Stated:
    """By characteristics, whose feet are found by a damped iteration."""
    points = uniform_points((0.0, 0.0), (1.0, 0.5))
    x, t = points[:, :1], points[:, 1:]
    values = np.full_like(x, 0.4)
    for _ in range(200):
        foot = x - (1.0 - 2.0 * values) * t
        values = 0.5 * values + 0.5 * (0.4 + 0.1 * np.sin(2.0 * PI * foot))
    return Stated(Traffic(), points, values)


class Layer(ki.Problem):
    """-e u'' + u' = 1 with e = 0.001: a layer at the right end."""

    coordinates = ("x",)
    domain = Interval(0.0, 1.0)
    e = 1e-3

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return -self.e * u.d("xx") + u.d("x") - 1.0

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet(value=0.0)]


def _layer() -> Stated:
    """Half of the points are in the last hundredth, where the layer is."""
    problem = Layer()
    x = np.r_[np.linspace(0.0, 0.99, 1000), np.linspace(0.99, 1.0, 1000)][:, None]
    none = np.exp(-1.0 / problem.e)
    values = x - (np.exp((x - 1.0) / problem.e) - none) / (1.0 - none)
    return Stated(problem, x, values)


CASES = {
    "pulse": Case("a pulse carried over twenty of its widths", _pulse),
    "torus-advection": Case("a wave carried around a torus", _torus_advection),
    "turning-pulse": Case("a pulse in a turning flow", _turning_pulse),
    "askew-front": Case("a front askew to the coordinates", _askew_front),
    "traffic": Case("traffic before it jams", _traffic),
    "layer-eps0.001": Case("convection and diffusion, a layer of 0.001", _layer),
}
