"""Unknown numbers: eigenvalues, and what measurements with noise tell."""

import math

import numpy as np
import tensorflow as tf
from scipy import special

import keras_isgd as ki
from as_given_problems.common import (
    Case,
    Stated,
    chebyshev,
    clenshaw_curtis,
    in_time,
    line,
    points_in_ball,
    uniform_points,
)
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Disk, Interval


def _noise(deviation: float, values: np.ndarray) -> np.ndarray:
    """The same in every run: it belongs to the problem."""
    return deviation * np.random.default_rng(0).standard_normal(values.shape)


class TransportInverse(ki.Problem):
    """u_t + c u_x = D u_xx with c and D unknown, from 300 values with noise 0.01."""

    coordinates = ("x", "t")
    domain = Interval(0.0, 2.0) * Interval(0.0, 1.0)
    coefficients = {"c": ki.Coefficient(0.0), "D": ki.Coefficient(0.1, lower=0.0)}
    right = {"c": 0.7, "D": 0.02}
    noise = 0.01

    def __init__(self) -> None:
        random = np.random.default_rng(0)
        self.measured_at = random.uniform(0.0, 1.0, (300, 2)) * [2.0, 1.0]
        self.measured = self.cloud(self.measured_at)
        self.measured += self.noise * random.standard_normal((300, 1))

    def cloud(self, points: np.ndarray) -> np.ndarray:
        """u at points `(n, 2)`, shape `(n, 1)`."""
        x, t = points[:, :1], points[:, 1:]
        variance = 0.01 + 2.0 * self.right["D"] * t
        away = x - 0.3 - self.right["c"] * t
        return np.sqrt(0.01 / variance) * np.exp(-(away**2) / (2.0 * variance))

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        carried = u.coefficient("c") * u.d("x")
        return u.d("t") + carried - u.coefficient("D") * u.d("xx")

    def conditions(self) -> list[ki.Condition]:
        return [ki.Data(self.measured_at, self.measured, sigma=self.noise)]


def _transport_inverse() -> Stated:
    problem, points = TransportInverse(), uniform_points((0.0, 0.0), (2.0, 1.0))
    return Stated(problem, points, problem.cloud(points), problem.right)


class Enzyme(ki.Problem):
    """S' = -V S / (K + S) with V and K unknown, from 40 values of S with noise.

    Moles for each litre, and seconds: S is 1e-3 at first, the noise 1e-5.
    """

    coordinates = ("t",)
    domain = Interval(0.0, 600.0)
    outputs = ("S",)
    coefficients = {
        "V": ki.Coefficient(1e-5, log=True),
        "K": ki.Coefficient(1e-3, log=True),
    }
    right = {"V": 5e-6, "K": 2e-4}
    noise = 1e-5

    def __init__(self) -> None:
        self.times = line(0.0, 600.0, 40)
        self.substrate = in_time(
            lambda time, s: -self.right["V"] * s / (self.right["K"] + s),
            (1e-3,),
            self.times[:, 0],
            atol=1e-16,
        )
        self.measured = self.substrate + _noise(self.noise, self.substrate)

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        s = u["S"]
        used = u.coefficient("V") * s.value
        return s.d("t") * (u.coefficient("K") + s.value) + used

    def conditions(self) -> list[ki.Condition]:
        return [ki.Data(self.times, self.measured, sigma=self.noise)]


def _enzyme() -> Stated:
    problem = Enzyme()
    return Stated(problem, problem.times, problem.substrate, problem.right)


class CoolingFin(ki.Problem):
    """k A T'' = h P (T - T_air) with h unknown, from ten temperatures with noise.

    Kelvin, metres and watts: k = 200, A = 1e-4, P = 0.04, h = 25, the noise 0.1 K.
    """

    coordinates = ("x",)
    length, air, above = 0.1, 293.0, 100.0
    domain = Interval(0.0, length)
    outputs = ("T",)
    coefficients = {"h": ki.Coefficient(10.0, lower=0.0)}
    right = {"h": 25.0}
    conducting, perimeter, noise = 200.0 * 1e-4, 0.04, 0.1

    def __init__(self) -> None:
        self.places = line(0.01, self.length, 10)
        values = self.temperature(self.places)
        self.measured = values + _noise(self.noise, values)

    def temperature(self, x: np.ndarray) -> np.ndarray:
        """T at places `(n, 1)`, shape `(n, 1)`."""
        rate = math.sqrt(self.right["h"] * self.perimeter / self.conducting)
        share = np.cosh(rate * (self.length - x)) / math.cosh(rate * self.length)
        return self.air + self.above * share

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        lost = u.coefficient("h") * self.perimeter * (u["T"].value - self.air)
        return self.conducting * u["T"].d("xx") - lost

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet("x_min", self.air + self.above),
            ki.Neumann("x_max"),
            ki.Data(self.places, self.measured, sigma=self.noise),
        ]


def _cooling_fin() -> Stated:
    problem, x = CoolingFin(), line(0.0, CoolingFin.length, 300)
    return Stated(problem, x, problem.temperature(x), problem.right)


class Condensate(ki.Problem):
    """-u'' / 2 + x^2 u / 2 + 10 u^3 = mu u with mu unknown, and a norm of one."""

    coordinates = ("x",)
    domain = Interval(-6.0, 6.0)
    coefficients = {"mu": ki.Coefficient(1.0)}
    repulsion = 10.0

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        energy = -0.5 * u.d("xx") + 0.5 * x**2 * u.value
        energy = energy + self.repulsion * u.value**3
        return energy - u.coefficient("mu") * u.value

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet(value=0.0),
            ki.Integral(of=lambda u, x: u.value**2, value=1.0),
        ]


def _condensate() -> Stated:
    """By Newton's method on Chebyshev's points, from a Gaussian."""
    problem, count = Condensate(), 121
    points, slope = chebyshev(count, -6.0, 6.0)
    curvature, x = (slope @ slope)[1:-1, 1:-1], points[1:-1]
    weights = clenshaw_curtis(count, -6.0, 6.0)[1:-1]
    u, mu = np.exp(-(x**2) / 4.0), 2.0
    u /= np.sqrt(weights @ u**2)
    fixed = -0.5 * curvature + np.diag(0.5 * x**2)
    for _ in range(60):
        density = problem.repulsion * u**2
        rows = np.r_[fixed @ u + density * u - mu * u, weights @ u**2 - 1.0]
        jacobian = np.block(
            [
                [fixed + np.diag(3.0 * density - mu), -u[:, None]],
                [2.0 * (weights * u)[None], np.zeros((1, 1))],
            ]
        )
        step = np.linalg.solve(jacobian, -rows)
        step *= min(1.0, 0.5 / np.abs(step).max())
        u, mu = u + step[:-1], mu + step[-1]
    if np.abs(rows).max() > 1e-9:
        raise RuntimeError("There is no reference: Newton's method did not converge.")
    return Stated(problem, x[:, None], u[:, None], {"mu": float(mu)})


class DrumGroundState(ki.Problem):
    """Laplacian u = -E u on a disk with E unknown, and a norm of one."""

    coordinates = ("x", "y")
    domain = Disk((0.0, 0.0), 1.0)
    coefficients = {"E": ki.Coefficient(4.0)}

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.laplacian() + u.coefficient("E") * u.value

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet(),
            ki.Integral(of=lambda u, x: u.value**2, value=1.0),
        ]


def _drum_ground_state() -> Stated:
    points, zero = points_in_ball(2, 6000), float(special.jn_zeros(0, 1)[0])
    radius = np.linalg.norm(points, axis=1, keepdims=True)
    values = special.j0(zero * radius) / (math.sqrt(math.pi) * special.j1(zero))
    return Stated(DrumGroundState(), points, values, {"E": zero**2})


CASES = {
    "transport-inverse": Case(
        "speed and spreading from 300 values with noise 0.01, nothing else known",
        _transport_inverse,
    ),
    "enzyme": Case(
        "an enzyme's two constants from 40 values, 1e-5 of 1e-3 mol noise", _enzyme
    ),
    "cooling-fin": Case(
        "heat lost by a fin from ten temperatures with noise 0.1 K", _cooling_fin
    ),
    "condensate": Case(
        "ground state of a trapped condensate, and its chemical potential",
        _condensate,
        either_sign=True,
    ),
    "drum-ground-state": Case(
        "ground state of a drum, and its eigenvalue",
        _drum_ground_state,
        either_sign=True,
    ),
}
