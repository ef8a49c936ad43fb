"""Ordinary differential equations: motion, nerves, growth and delay."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

import keras_isgd as ki
from as_given_problems.common import (
    Case,
    Stated,
    System,
    in_time,
    line,
    of_system,
)
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Interval

GRAVITY = 9.81  # metres per second squared


class Orbit(System):
    """x'' = -x / r^3, y'' = -y / r^3: a satellite on an ellipse of eccentricity 0.5.

    u and v are its velocities. The unit of time is 1 / (2 pi) of a revolution.
    """

    outputs = ("x", "y", "u", "v")
    domain = Interval(0.0, 10.0)
    start = (0.5, 0.0, 0.0, math.sqrt(3.0))

    def slopes(self, values: Sequence[Any], library: Any) -> Sequence[Any]:
        x, y, u, v = values
        cube = (x**2 + y**2) ** 1.5
        return [u, v, -x / cube, -y / cube]


class VanDerPol(System):
    """x'' = mu (1 - x^2) x' - x with mu = 10, which is stiff; v is x'."""

    outputs = ("x", "v")
    domain = Interval(0.0, 20.0)
    start = (2.0, 0.0)

    def slopes(self, values: Sequence[Any], library: Any) -> Sequence[Any]:
        x, v = values
        return [v, 10.0 * (1.0 - x**2) * v - x]


class Lorenz(System):
    """x' = 10 (y - x), y' = x (28 - z) - y, z' = x y - 8 z / 3."""

    outputs = ("x", "y", "z")
    domain = Interval(0.0, 3.0)
    start = (-8.0, 7.0, 27.0)

    def slopes(self, values: Sequence[Any], library: Any) -> Sequence[Any]:
        x, y, z = values
        return [10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z]


def _opening(voltage: Any, scale: float, library: Any) -> Any:
    """V / (1 - exp(-V / scale)), which is the scale where V is zero."""
    ratio = voltage / (1.0 - library.exp(-voltage / scale))
    near = library.abs(voltage) < 1e-6
    return library.where(near, scale + 0.0 * voltage, ratio)


class HodgkinHuxley(System):
    """V' = I - sum of g (V - E), m' = a(V) (1 - m) - b(V) m, h and n likewise.

    A neuron and its spikes. V is in millivolts, t in milliseconds, the conductances g
    in millisiemens and the current I = 10 in microamperes, both for each square
    centimetre.
    """

    outputs = ("V", "m", "h", "n")
    domain = Interval(0.0, 20.0)
    start = (-65.0, 0.0529, 0.5961, 0.3177)

    def slopes(self, values: Sequence[Any], library: Any) -> Sequence[Any]:
        voltage, m, h, n = values
        exp, above_rest = library.exp, voltage + 65.0
        sodium = 120.0 * m**3 * h * (voltage - 50.0)
        potassium = 36.0 * n**4 * (voltage + 77.0)
        leak = 0.3 * (voltage + 54.387)
        m_opens = 0.1 * _opening(voltage + 40.0, 10.0, library)
        m_closes = 4.0 * exp(-above_rest / 18.0)
        h_opens = 0.07 * exp(-above_rest / 20.0)
        h_closes = 1.0 / (1.0 + exp(-(voltage + 35.0) / 10.0))
        n_opens = 0.01 * _opening(voltage + 55.0, 10.0, library)
        n_closes = 0.125 * exp(-above_rest / 80.0)
        return [
            10.0 - sodium - potassium - leak,
            m_opens * (1.0 - m) - m_closes * m,
            h_opens * (1.0 - h) - h_closes * h,
            n_opens * (1.0 - n) - n_closes * n,
        ]

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Initial(first, component=name)
            for name, first in zip(self.outputs, self.start)
        ]


class Pendulums(ki.Problem):
    """u'' = -(g / L) sin u for every length L from 0.5 to 2 metres, from 2 radians."""

    coordinates = ("t",)
    domain = Interval(0.0, 4.0)
    parameters = {"L": (0.5, 2.0)}

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("tt") + GRAVITY / u.parameter("L") * tf.sin(u.value)

    def conditions(self) -> list[ki.Condition]:
        return [ki.Initial(2.0), ki.Initial(0.0, order=1)]


def _swing(length: float, angle: float, times: np.ndarray) -> np.ndarray:
    """A pendulum's angle and angular velocity after it was let go, `(n, 2)`."""

    def slopes(time: float, values: np.ndarray) -> list[float]:
        return [values[1], -GRAVITY / length * np.sin(values[0])]

    return in_time(slopes, (angle, 0.0), times)


def _pendulums() -> Stated:
    times, lengths = np.linspace(0.0, 4.0, 101), np.linspace(0.5, 2.0, 16)
    points = [np.stack([times, np.full_like(times, one)], axis=1) for one in lengths]
    values = [_swing(one, 2.0, times)[:, :1] for one in lengths]
    return Stated(Pendulums(), np.concatenate(points), np.concatenate(values))


class PendulumInPlane(ki.Problem):
    """x'' = -l x, y'' = -l y - g, x^2 + y^2 = 1: a pendulum with its rod's force l.

    The third equation is algebraic. Metres and seconds; it starts level with its pivot.
    """

    coordinates = ("t",)
    domain = Interval(0.0, 4.0)
    outputs = ("x", "y", "l")

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        across, up, force = u["x"], u["y"], u["l"].value
        return {
            "x": across.d("tt") + force * across.value,
            "y": up.d("tt") + force * up.value + GRAVITY,
            "rod": across.value**2 + up.value**2 - 1.0,
        }

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Initial(1.0, component="x"),
            ki.Initial(0.0, component="y"),
            ki.Initial(0.0, order=1, component="x"),
            ki.Initial(0.0, order=1, component="y"),
        ]


def _pendulum_in_plane() -> Stated:
    times = np.linspace(0.0, 4.0, 801)
    angle, velocity = _swing(1.0, np.pi / 2.0, times).T
    force = velocity**2 + GRAVITY * np.cos(angle)
    values = np.stack([np.sin(angle), -np.cos(angle), force], axis=1)
    return Stated(PendulumInPlane(), times[:, None], values)


class LogisticGrowth(ki.Problem):
    """u' = u (1 - u) from 4.5e-5, half of 1 where t = 0."""

    coordinates = ("t",)
    domain = Interval(-10.0, 10.0)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("t") - u.value * (1.0 - u.value)

    def conditions(self) -> list[ki.Condition]:
        return [ki.Initial(1.0 / (1.0 + math.exp(10.0)))]


def _logistic_growth() -> Stated:
    times = line(-10.0, 10.0, 1001)
    return Stated(LogisticGrowth(), times, 1.0 / (1.0 + np.exp(-times)))


class ExponentialGrowth(ki.Problem):
    """u' = u from 1e-3, by a factor of e^10."""

    coordinates = ("t",)
    domain = Interval(0.0, 10.0)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("t") - u.value

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet("t_min", 1e-3)]


def _exponential_growth() -> Stated:
    times = line(0.0, 10.0, 1001)
    return Stated(ExponentialGrowth(), times, 1e-3 * np.exp(times))


class Delay(ki.Problem):
    """u'(t) = -u(t - 1), with u = 1 until t = 0."""

    coordinates = ("t",)
    domain = Interval(0.0, 5.0)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        earlier = u.at(tf.maximum(x - 1.0, 0.0)).value
        return u.d("t") + tf.where(x < 1.0, tf.ones_like(x), earlier)

    def conditions(self) -> list[ki.Condition]:
        return [ki.Dirichlet("t_min", 1.0)]


def _delay() -> Stated:
    times = line(0.0, 5.0, 2001)
    terms = [
        (-1) ** k * np.maximum(times - (k - 1), 0.0) ** k / math.factorial(k)
        for k in range(7)
    ]
    return Stated(Delay(), times, sum(terms))


CASES = {
    "orbit": of_system("a satellite, eccentricity 0.5, to t = 10", Orbit),
    "van-der-pol": of_system(
        "Van der Pol's equation, mu = 10, to t = 20", VanDerPol, "Radau"
    ),
    "lorenz": of_system("Lorenz' equations to t = 3", Lorenz),
    "hodgkin-huxley": of_system(
        "Hodgkin and Huxley's neuron, 20 ms with its spikes",
        HodgkinHuxley,
        "LSODA",
        rtol=1e-10,
    ),
    "pendulums": Case("pendulums of all lengths from 0.5 to 2, to t = 4", _pendulums),
    "pendulum-dae": Case(
        "a pendulum in x and y with the force of its rod, an algebraic equation",
        _pendulum_in_plane,
    ),
    "logistic-growth": Case("logistic growth from 4.5e-5 to 1", _logistic_growth),
    "exponential-growth": Case("u' = u over e^10", _exponential_growth),
    "delay": Case("u' = -u one unit of time earlier, to t = 5", _delay),
}
