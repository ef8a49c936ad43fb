"""Reactions, decay, phases that separate, ions, and a population."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from scipy.fft import dct, idct

import keras_isgd as ki
from as_given_problems.common import (
    Case,
    Stated,
    System,
    between_ends,
    chebyshev,
    in_time,
    line,
    of_system,
    places_and_times,
    uniform_points,
)
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Interval


class Ignition(System):
    """c' = -k c, T' = 500 k c with k = 1e7 exp(-6000 / T): a thermal runaway.

    T is in kelvin, t in seconds. The fuel c burns within 1e-4 of the time.
    """

    outputs = ("c", "T")
    domain = Interval(0.0, 2.0)
    start = (1.0, 400.0)

    def slopes(self, values: Sequence[Any], library: Any) -> Sequence[Any]:
        c, temperature = values
        burnt = 1e7 * library.exp(-6000.0 / temperature) * c
        return [-burnt, 500.0 * burnt]


class DecayChain(ki.Problem):
    """A' = -a A, B' = a A - b B, C' = b B: 1e20 nuclei that decay twice, in seconds."""

    coordinates = ("t",)
    domain = Interval(0.0, 1e6)
    outputs = ("A", "B", "C")
    a, b = 1e-5, 3e-6  # for each second
    nuclei = 1e20

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        first, second, third = u["A"], u["B"], u["C"]
        return {
            "A": first.d("t") + self.a * first.value,
            "B": second.d("t") - self.a * first.value + self.b * second.value,
            "C": third.d("t") - self.b * second.value,
        }

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Initial(self.nuclei, component="A"),
            ki.Initial(0.0, component="B"),
            ki.Initial(0.0, component="C"),
        ]


def _decay_chain() -> Stated:
    problem, times = DecayChain(), line(0.0, 1e6, 1001)
    a, b, nuclei = problem.a, problem.b, problem.nuclei
    first = nuclei * np.exp(-a * times)
    second = nuclei * a / (b - a) * (np.exp(-a * times) - np.exp(-b * times))
    values = np.concatenate([first, second, nuclei - first - second], axis=1)
    return Stated(problem, times, values)


class Brusselator(ki.Problem):
    """u_t = 1 + u^2 v - 4 u + 0.02 u_xx, v_t = 3 u - u^2 v + 0.02 v_xx."""

    coordinates = ("x", "t")
    domain = Interval(0.0, 1.0) * Interval(0.0, 5.0)
    outputs = ("u", "v")

    def residual(self, w: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        u, v = w["u"], w["v"]
        made = u.value**2 * v.value
        return {
            "u": u.d("t") - 1.0 - made + 4.0 * u.value - 0.02 * u.d("xx"),
            "v": v.d("t") - 3.0 * u.value + made - 0.02 * v.d("xx"),
        }

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet(value=1.0, component="u"),
            ki.Dirichlet(value=3.0, component="v"),
            ki.Initial(lambda x: 1.0 + tf.sin(2.0 * np.pi * x[:, :1]), component="u"),
            ki.Initial(3.0, component="v"),
        ]


def _brusselator() -> Stated:
    """By Chebyshev's points in space and Radau's method in time."""
    count = 65
    x, slope = chebyshev(count, 0.0, 1.0)
    curvature = slope @ slope

    def slopes(time: float, values: np.ndarray) -> np.ndarray:
        u, v = values[:count], values[count:]
        made = u * u * v
        u_slope = 1.0 + made - 4.0 * u + 0.02 * curvature @ u
        v_slope = 3.0 * u - made + 0.02 * curvature @ v
        u_slope[[0, -1]] = 0.0
        v_slope[[0, -1]] = 0.0
        return np.concatenate([u_slope, v_slope])

    start = np.concatenate([1.0 + np.sin(2.0 * np.pi * x), np.full(count, 3.0)])
    times = np.linspace(0.0, 5.0, 41)
    found = in_time(slopes, start, times, "Radau", 1e-9, 1e-11)
    values = np.stack([found[:, :count].ravel(), found[:, count:].ravel()], axis=1)
    return Stated(Brusselator(), places_and_times(x, times), values)


class CahnHilliard(ki.Problem):
    """u_t = (u^3 - u - e^2 u_xx)_xx with e = 0.05: two phases separate."""

    coordinates = ("x", "t")
    domain = Interval(0.0, 1.0) * Interval(0.0, 0.05)
    e = 0.05

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        bent = (3.0 * u.value**2 - 1.0) * u.d("xx") - self.e**2 * u.d("xxxx")
        return u.d("t") - 6.0 * u.value * u.d("x") ** 2 - bent

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Neumann("boundary"),
            ki.Operator("boundary", lambda u, x: u.d("xxx")),
            ki.Initial(lambda x: 0.5 * tf.cos(2.0 * np.pi * x[:, :1])),
        ]


def _cahn_hilliard() -> Stated:
    """By 128 cosines in space and Radau's method in time."""
    problem, count = CahnHilliard(), 128
    x = (np.arange(count) + 0.5) / count
    square = (np.arange(count) * np.pi) ** 2

    def slopes(time: float, cosines: np.ndarray) -> np.ndarray:
        u = idct(cosines, type=2, norm="ortho")
        potential = dct(u**3 - u, type=2, norm="ortho")
        return -square * (potential + problem.e**2 * square * cosines)

    start = dct(0.5 * np.cos(2.0 * np.pi * x), type=2, norm="ortho")
    times = np.linspace(0.0, 0.05, 21)
    found = in_time(slopes, start, times, "Radau", 1e-9, 1e-10)
    values = idct(found, type=2, norm="ortho", axis=1)
    return Stated(problem, places_and_times(x, times), values.reshape(-1, 1))


class Ions(ki.Problem):
    """(p' + p V')' = 0, (n' - n V')' = 0, l^2 V'' = n - p: ions between electrodes.

    l = 0.1 is Debye's length over the distance, the potential V is in units of the
    thermal voltage, and p and n in units of a concentration.
    """

    coordinates = ("x",)
    domain = Interval(0.0, 1.0)
    outputs = ("p", "n", "V")
    debye, voltage = 0.1, 4.0

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        p, n, potential = u["p"], u["n"], u["V"]
        pull, bend = potential.d("x"), potential.d("xx")
        return {
            "p": p.d("xx") + p.d("x") * pull + p.value * bend,
            "n": n.d("xx") - n.d("x") * pull - n.value * bend,
            "V": self.debye**2 * bend + p.value - n.value,
        }

    def conditions(self) -> list[ki.Condition]:
        return [
            ki.Dirichlet("x_min", 2.0, component="p"),
            ki.Dirichlet("x_max", 1.0, component="p"),
            ki.Dirichlet("x_min", 0.5, component="n"),
            ki.Dirichlet("x_max", 1.0, component="n"),
            ki.Dirichlet("x_min", self.voltage, component="V"),
            ki.Dirichlet("x_max", 0.0, component="V"),
        ]


def _ions_at(voltage: float, x: np.ndarray, guess: np.ndarray) -> Any:
    """SciPy's solution for a voltage: p, p', n, n', V and V' in its rows."""

    def slopes(x: np.ndarray, values: np.ndarray) -> np.ndarray:
        p, p_slope, n, n_slope, _, pull = values
        bend = -(p - n) / Ions.debye**2
        p_bend = -p_slope * pull - p * bend
        n_bend = n_slope * pull + n * bend
        return np.array([p_slope, p_bend, n_slope, n_bend, pull, bend])

    def ends(left: np.ndarray, right: np.ndarray) -> np.ndarray:
        first = left[[0, 2, 4]] - [2.0, 0.5, voltage]
        return np.concatenate([first, right[[0, 2, 4]] - [1.0, 1.0, 0.0]])

    return between_ends(slopes, ends, x, guess, 1e-7, 20_000)


def _ions() -> Stated:
    """From an eighth of the voltage to all of it: with all of it at once it fails."""
    x = np.linspace(0.0, 1.0, 101)
    one, first, *others = np.ones_like(x), *np.linspace(0.0, Ions.voltage, 9)[1:]
    line_of_v = [first * (1.0 - x), -first * one]
    guess = np.array([2.0 - x, -one, 0.5 + 0.5 * x, 0.5 * one, *line_of_v])
    for voltage in (first, *others):
        found = _ions_at(voltage, x, guess)
        x, guess = found.x, found.y
    points = line(0.0, 1.0, 1001)
    return Stated(Ions(), points, found.sol(points[:, 0])[[0, 2, 4]].T)


class AgeStructure(ki.Problem):
    """u_t + u_a = -u, u(0, t) = c times the integral of u: a population by its age a.

    c is such that the population grows as e^(t / 2).
    """

    coordinates = ("a", "t")
    domain = Interval(0.0, 5.0) * Interval(0.0, 2.0)
    deaths, growth = 1.0, 0.5
    births = (growth + deaths) / (1.0 - math.exp(-5.0 * (growth + deaths)))

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return u.d("t") + u.d("a") + self.deaths * u.value

    def conditions(self) -> list[ki.Condition]:
        fall = self.growth + self.deaths
        return [
            ki.Operator("a_min", self.born),
            ki.Initial(lambda x: tf.exp(-fall * x[:, :1])),
        ]

    def born(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        """The newborn less the births by all ages, by Gauss' rule with 20 nodes."""
        nodes, weights = np.polynomial.legendre.leggauss(20)
        ages = tf.constant(2.5 + 2.5 * nodes, x.dtype)[None, :, None]
        ages = ages + 0.0 * x[:, None, :1]
        times = tf.repeat(x[:, None, 1:2], 20, axis=1)
        everybody = u.at(tf.concat([ages, times], axis=2)).value
        weighted = tf.constant(2.5 * weights, x.dtype) * everybody
        return u.value - self.births * tf.reduce_sum(weighted, axis=1, keepdims=True)


def _age_structure() -> Stated:
    problem, points = AgeStructure(), uniform_points((0.0, 0.0), (5.0, 2.0))
    fall = problem.growth + problem.deaths
    values = np.exp(problem.growth * points[:, 1:] - fall * points[:, :1])
    return Stated(problem, points, values)


CASES = {
    "ignition": of_system(
        "thermal runaway, exp(-6000 / T) from 400 K, a front of 1e-4 of the time",
        Ignition,
        "Radau",
    ),
    "decay-chain": Case("two decays one after another, 1e20 nuclei", _decay_chain),
    "brusselator": Case("the Brusselator in x and t, to t = 5", _brusselator),
    "cahn-hilliard": Case("Cahn and Hilliard's equation, fourth order", _cahn_hilliard),
    "ions": Case("ions between two electrodes, Debye length 0.1", _ions),
    "age-structure": Case(
        "a population whose births are an integral over its ages", _age_structure
    ),
}
