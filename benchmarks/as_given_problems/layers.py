"""Thin boundary layers: what leaves, what reacts, what turns, what is clamped."""

import numpy as np
import tensorflow as tf

import keras_isgd as ki
from as_given_problems.common import Case, Stated, uniform_points
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Interval, Rectangle

PI = np.pi


def _points_in_layers(
    lower: tuple, upper: tuple, layers: dict[tuple[int, int], float], count: int = 2000
) -> np.ndarray:
    """Points of a box, and as many within ten thicknesses of each layer.

    Args:
        lower, upper: the corners of the box.
        layers: the thickness by axis and side, 0 for the lower one.
        count: of the points of each.
    """
    found = [uniform_points(lower, upper, count)]
    for (axis, side), thickness in layers.items():
        low, high = list(lower), list(upper)
        if side:
            low[axis] = upper[axis] - 10.0 * thickness
        else:
            high[axis] = lower[axis] + 10.0 * thickness
        found.append(uniform_points(tuple(low), tuple(high), count))
    return np.concatenate(found)


class Outflow(ki.Problem):
    """Heat that a flow carries through a box whose outlet is kept cold.

    Args:
        e: one over the Peclet number.
    """

    coordinates = ("x", "y")
    domain = Rectangle((0.0, 0.0), (1.0, 1.0))
    e = 1e-3

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        source = tf.sin(PI * x[:, 1:]) * (1.0 + self.e * PI**2 * x[:, :1])
        return -self.e * u.laplacian() + u.d("x") - source

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet(value=0.0)]


def _outflow() -> Stated:
    """The sine in y leaves -e X'' + X' + e pi^2 X = 1 + e pi^2 x: X = x and two
    exponentials."""
    e = Outflow.e
    points = _points_in_layers((0.0, 0.0), (1.0, 1.0), {(0, 1): e})
    x, y = np.split(points, 2, axis=1)
    root = np.sqrt(1.0 + 4.0 * e**2 * PI**2)
    grows, decays = (1.0 + root) / (2.0 * e), (1.0 - root) / (2.0 * e)
    # a exp(grows (x - 1)) + b exp(decays x) is 0 at x = 0 and -1 at x = 1.
    small, at_end = np.exp(-grows), np.exp(decays)
    a = -1.0 / (1.0 - small * at_end)
    b = -a * small
    along = x + a * np.exp(grows * (x - 1.0)) + b * np.exp(decays * x)
    return Stated(Outflow(), points, along * np.sin(PI * y))


class OutflowInTime(Outflow):
    """The same in one dimension, with a source that is turned on and off."""

    coordinates = ("x", "t")
    domain = Interval(0.0, 1.0) * Interval(0.0, 1.0)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        place, t = x[:, :1], x[:, 1:]
        steady = place - tf.exp((place - 1.0) / self.e)
        source = 3.0 * tf.cos(3.0 * t) * steady + 1.0 + tf.sin(3.0 * t)
        return u.d("t") + u.d("x") - self.e * u.d("xx") - source

    def conditions(self) -> list[ki.Condition]:
        start = ki.Initial(lambda x: x[:, :1] - tf.exp((x[:, :1] - 1.0) / self.e))
        return [ki.Dirichlet(on=("x_min", "x_max"), value=0.0), start]


def _outflow_in_time() -> Stated:
    e = Outflow.e
    points = _points_in_layers((0.0, 0.0), (1.0, 1.0), {(0, 1): e})
    x, t = np.split(points, 2, axis=1)
    values = (1.0 + np.sin(3.0 * t)) * (x - np.exp((x - 1.0) / e))
    return Stated(OutflowInTime(), points, values)


class Reaction(ki.Problem):
    """-e^2 Laplacian u + u = 1, u = 0 on all four sides of a square."""

    coordinates = ("x", "y")
    domain = Rectangle((0.0, 0.0), (1.0, 1.0))
    e = 1e-2

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return -(self.e**2) * u.laplacian() + u.value - 1.0

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet(value=0.0)]


def _reaction() -> Stated:
    """A solution of x alone, and a series of sines for what it is not at y = 0 and 1.

    With 10,000 sines its error is below 1e-6.
    """
    e, points = Reaction.e, uniform_points((0.0, 0.0), (1.0, 1.0), 2000)
    points = np.r_[points, points * [0.1, 1.0], points * [1.0, 0.1]]
    x, y = points[:, 0], points[:, 1]
    values = 1.0 - _between(x, e)
    for n in range(1, 20_000, 2):
        rate = np.sqrt(1.0 + (e * n * PI) ** 2)
        values -= 4.0 / (n * PI * rate**2) * np.sin(n * PI * x) * _between(y, e / rate)
    return Stated(Reaction(), points, values[:, None])


def _between(x: np.ndarray, e: float) -> np.ndarray:
    """The solution of e^2 u'' = u that is one at 0 and 1."""
    return (np.exp(-x / e) + np.exp((x - 1.0) / e)) / (1.0 + np.exp(-1.0 / e))


class Ekman(ki.Problem):
    """A wind over the ground on a turning earth: the velocities turn in a spiral."""

    coordinates = ("z",)
    outputs = ("u", "v")
    domain = Interval(0.0, 1.0)
    e = 1e-4

    def residual(self, u: Field, z: tf.Tensor) -> dict[str, tf.Tensor]:
        return {
            "x": self.e * u["u"].d("zz") + u["v"].value,
            "y": self.e * u["v"].d("zz") - u["u"].value + 1.0,
        }

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet("z_min", value=0.0),
            ki.Dirichlet("z_max", value=1.0, component="u"),
            ki.Dirichlet("z_max", value=0.0, component="v"),
        ]


def _ekman() -> Stated:
    k = np.sqrt(0.5 / Ekman.e)
    z = _points_in_layers((0.0,), (1.0,), {(0, 0): 1.0 / k})
    decay = np.exp(-k * z)
    values = np.hstack([1.0 - decay * np.cos(k * z), decay * np.sin(k * z)])
    return Stated(Ekman(), z, values)


class Hartmann(ki.Problem):
    """A conducting fluid between walls in a magnetic field across, Ha = 200."""

    coordinates = ("y",)
    outputs = ("u", "b")
    domain = Interval(-1.0, 1.0)
    ha = 200.0

    def residual(self, u: Field, y: tf.Tensor) -> dict[str, tf.Tensor]:
        return {
            "momentum": u["u"].d("yy") + self.ha * u["b"].d("y") + 1.0,
            "induction": u["b"].d("yy") + self.ha * u["u"].d("y"),
        }

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet(value=0.0)]


def _hartmann() -> Stated:
    ha = Hartmann.ha
    y = _points_in_layers((-1.0,), (1.0,), {(0, 0): 1.0 / ha, (0, 1): 1.0 / ha})
    one, other, none = np.exp(ha * (y - 1.0)), np.exp(-ha * (y + 1.0)), np.exp(-2 * ha)
    u = (1.0 - (one + other) / (1.0 + none)) / (ha * np.tanh(ha))
    b = ((one - other) / (1.0 - none) - y) / ha
    return Stated(Hartmann(), y, np.hstack([u, b]))


class Tension(ki.Problem):
    """A beam that is clamped at its ends and under a large tension."""

    coordinates = ("x",)
    domain = Interval(0.0, 1.0)
    e = 1e-3

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return self.e**2 * u.d("xxxx") - u.d("xx") - 1.0

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet(value=0.0), ki.Neumann(value=0.0)]


def _tension() -> Stated:
    e = Tension.e
    x = _points_in_layers((0.0,), (1.0,), {(0, 0): e, (0, 1): e})
    none = np.exp(-1.0 / e)
    c = 0.5 * e / (1.0 - none)
    ends = np.exp(-x / e) + np.exp((x - 1.0) / e) - 1.0 - none
    return Stated(Tension(), x, 0.5 * x * (1.0 - x) + c * ends)


CASES = {
    "outflow": Case("heat in a flow with a cold outlet, a layer of 0.001", _outflow),
    "outflow-in-time": Case("the same in x and t", _outflow_in_time),
    "reaction-layers": Case("a reaction in a square, layers of 0.01", _reaction),
    "ekman": Case("Ekman's spiral, 0.014 thick", _ekman),
    "hartmann": Case("Hartmann's flow, Ha = 200", _hartmann),
    "tension": Case("a clamped beam under tension, layers of 0.001", _tension),
}
