"""Patterns and waves around a circle: films, pulses, shallow water."""

from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

import keras_isgd as ki
from as_given_problems.common import Case, Stated, in_time, places_and_times
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Interval

PI = np.pi


def around_a_circle(
    problem: ki.Problem,
    count: int,
    slopes: Callable[[np.ndarray, Callable], Sequence[np.ndarray]],
    start: Callable[[np.ndarray], Sequence[np.ndarray]],
    method: str = "BDF",
) -> Stated:
    """Solves a problem by Fourier's functions and SciPy.

    Args:
        problem: in ("x", "t"), periodic in x.
        count: of the points in x, which is even.
        slopes: of the outputs' values `(outputs, count)` and `d(values, order)`, which
            differentiates values `(count,)` along x, to each output's slope in time.
        start: of the places `(count,)` to each output's first values.
        method: of SciPy's `solve_ivp`, to 1e-9.

    Returns:
        The problem, and its solution at 20 times.
    """
    (low, first), (high, last) = problem.domain.lower, problem.domain.upper
    x = low + (high - low) * np.arange(count) / count
    waves = 2j * PI / (high - low) * np.fft.fftfreq(count, 1.0 / count)
    waves[count // 2] = 0.0

    def d(values: np.ndarray, order: int) -> np.ndarray:
        return np.fft.ifft(waves**order * np.fft.fft(values)).real

    def flat(_: float, values: np.ndarray) -> np.ndarray:
        return np.concatenate(slopes(values.reshape(-1, count), d))

    times = np.linspace(first, last, 21)
    begun = np.concatenate(start(x))
    found = in_time(flat, begun, times, method, rtol=1e-9, atol=1e-11)[1:]
    values = found.reshape(20, -1, count).transpose(0, 2, 1)
    points = places_and_times(x, times[1:])
    return Stated(problem, points, values.reshape(len(points), -1))


class SwiftHohenberg(ki.Problem):
    """u_t = 0.3 u - (1 + d_xx)^2 u - u^3, which makes stripes."""

    coordinates = ("x", "t")
    domain = Interval(0.0, 8.0 * PI) * Interval(0.0, 10.0)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        spread = u.value + 2.0 * u.d("xx") + u.d("xxxx")
        return u.d("t") - 0.3 * u.value + spread + u.value**3

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Periodic("x"),
            ki.Initial(
                lambda x: 0.3 * tf.cos(x[:, :1]) * (1 + 0.5 * tf.sin(x[:, :1] / 4))
            ),
        ]


def _swift_hohenberg() -> Stated:
    return around_a_circle(
        SwiftHohenberg(),
        128,
        lambda u, d: [-0.7 * u[0] - 2.0 * d(u[0], 2) - d(u[0], 4) - u[0] ** 3],
        lambda x: [0.3 * np.cos(x) * (1.0 + 0.5 * np.sin(x / 4.0))],
    )


class Film(ki.Problem):
    """A thin film that its surface tension levels: h_t = -(h^3 h_xxx)_x."""

    coordinates, outputs = ("x", "t"), ("h",)
    domain = Interval(0.0, 2.0 * PI) * Interval(0.0, 2.0)

    def residual(self, h: Field, x: tf.Tensor) -> tf.Tensor:
        bent = h.value**3 * h.d("xxxx") + 3.0 * h.value**2 * h.d("x") * h.d("xxx")
        return h.d("t") + bent

    def conditions(self) -> list[ki.Condition]:
        def start(x: tf.Tensor) -> tf.Tensor:
            return 1.0 + 0.5 * tf.cos(x[:, :1]) + 0.2 * tf.sin(2.0 * x[:, :1])

        return [ki.Periodic("x"), ki.Initial(start)]


def _film() -> Stated:
    return around_a_circle(
        Film(),
        64,
        lambda h, d: [-d(h[0] ** 3 * d(h[0], 3), 1)],
        lambda x: [1.0 + 0.5 * np.cos(x) + 0.2 * np.sin(2.0 * x)],
    )


class Pulses(ki.Problem):
    """Gray and Scott's equations: a pulse that divides."""

    coordinates, outputs = ("x", "t"), ("u", "v")
    domain = Interval(-1.0, 1.0) * Interval(0.0, 100.0)

    def residual(self, w: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        u, v = w["u"], w["v"]
        made = u.value * v.value**2
        return {
            "u": u.d("t") - 2e-4 * u.d("xx") + made - 0.04 * (1.0 - u.value),
            "v": v.d("t") - 1e-4 * v.d("xx") - made + 0.1 * v.value,
        }

    def conditions(self) -> list[ki.Condition]:
        def bump(x: tf.Tensor) -> tf.Tensor:
            return tf.exp(-50.0 * x[:, :1] ** 2)

        return [
            ki.Periodic("x"),
            ki.Initial(lambda x: 1.0 - 0.5 * bump(x), component="u"),
            ki.Initial(lambda x: 0.25 * bump(x), component="v"),
        ]


def _pulses() -> Stated:
    def slopes(values: np.ndarray, d: Callable) -> list[np.ndarray]:
        u, v = values
        made = u * v**2
        return [
            2e-4 * d(u, 2) - made + 0.04 * (1.0 - u),
            1e-4 * d(v, 2) + made - 0.1 * v,
        ]

    def start(x: np.ndarray) -> list[np.ndarray]:
        bump = np.exp(-50.0 * x**2)
        return [1.0 - 0.5 * bump, 0.25 * bump]

    return around_a_circle(Pulses(), 256, slopes, start, "LSODA")


class ShallowWater(ki.Problem):
    """A hump of 0.2 m on water of 2 m that parts into two waves; q is h times speed."""

    coordinates, outputs = ("x", "t"), ("h", "q")
    domain = Interval(0.0, 100.0) * Interval(0.0, 8.0)
    gravity = 9.81

    def residual(self, w: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        h, q = w["h"], w["q"]
        speed = q.value / h.value
        carried = 2.0 * speed * q.d("x") - speed**2 * h.d("x")
        return {
            "mass": h.d("t") + q.d("x"),
            "momentum": q.d("t") + carried + self.gravity * h.value * h.d("x"),
        }

    def conditions(self) -> list[ki.Condition]:
        def hump(x: tf.Tensor) -> tf.Tensor:
            return 2.0 + 0.2 * tf.exp(-(((x[:, :1] - 50.0) / 10.0) ** 2))

        return [
            ki.Periodic("x"),
            ki.Initial(hump, component="h"),
            ki.Initial(0.0, component="q"),
        ]


def _shallow_water() -> Stated:
    def slopes(values: np.ndarray, d: Callable) -> list[np.ndarray]:
        h, q = values
        return [-d(q, 1), -d(q**2 / h + 0.5 * ShallowWater.gravity * h**2, 1)]

    def start(x: np.ndarray) -> list[np.ndarray]:
        return [2.0 + 0.2 * np.exp(-(((x - 50.0) / 10.0) ** 2)), 0.0 * x]

    return around_a_circle(ShallowWater(), 512, slopes, start, "DOP853")


CASES = {
    "stripes": Case("Swift and Hohenberg's equation, fourth order", _swift_hohenberg),
    "thin-film": Case("a thin film that levels, fourth order", _film),
    "pulses": Case("Gray and Scott's equations in one dimension", _pulses),
    "shallow-water": Case(
        "a hump of shallow water, metres and seconds", _shallow_water
    ),
}
