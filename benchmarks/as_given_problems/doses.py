"""Rates that are unknown in systems of which one part was measured, with noise."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

import keras_isgd as ki
from as_given_problems.common import Case, Stated, in_time, line
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Interval


class Epidemic(ki.Problem):
    """Susceptible, infected and removed people, of whom the infected were counted.

    A million people, days; 31 counts with noise 3,000, whose largest is 300,000.
    """

    coordinates, outputs = ("t",), ("S", "I", "R")
    domain = Interval(0.0, 60.0)
    coefficients = {
        "beta": ki.Coefficient(0.3, lower=0.0),
        "gamma": ki.Coefficient(0.2, lower=0.0),
    }
    right = {"beta": 0.45, "gamma": 0.15}
    people, start, noise = 1e6, (1e6 - 100.0, 100.0, 0.0), 3000.0

    def __init__(self) -> None:
        self.days = line(0.0, 60.0, 31)
        infected = self.course(self.days[:, 0])[:, 1:2]
        random = np.random.default_rng(0)
        self.counts = infected + self.noise * random.standard_normal((31, 1))

    def course(self, times: np.ndarray) -> np.ndarray:
        """The right solution at ascending times from 0 on, `(n, 3)`."""
        beta, gamma = self.right["beta"], self.right["gamma"]

        def slopes(_: float, y: np.ndarray) -> Sequence[float]:
            new = beta * y[0] * y[1] / self.people
            return -new, new - gamma * y[1], gamma * y[1]

        return in_time(slopes, self.start, times)

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        s, i, r = (u[name] for name in self.outputs)
        new = u.coefficient("beta") * s.value * i.value / self.people
        healed = u.coefficient("gamma") * i.value
        return {
            "S": s.d("t") + new,
            "I": i.d("t") - new + healed,
            "R": r.d("t") - healed,
        }

    def conditions(self) -> list[ki.Condition]:
        first = [
            ki.Initial(value, component=name)
            for name, value in zip(self.outputs, self.start)
        ]
        counted = ki.Data(self.days, self.counts, component="I", sigma=self.noise)
        return [*first, counted]


def _epidemic() -> Stated:
    problem, times = Epidemic(), line(0.0, 60.0, 601)
    return Stated(problem, times, problem.course(times[:, 0]), problem.right)


class Dose(ki.Problem):
    """A drug that is swallowed, and measured in the blood 16 times in a day.

    Gut, blood and tissue; percent of the dose, hours; noise 0.5.
    """

    coordinates, outputs = ("t",), ("gut", "blood", "tissue")
    domain = Interval(0.0, 24.0)
    coefficients = {
        name: ki.Coefficient(0.5, lower=0.0) for name in ("ka", "ke", "k12", "k21")
    }
    right = {"ka": 1.2, "ke": 0.25, "k12": 0.4, "k21": 0.15}
    start, noise = (100.0, 0.0, 0.0), 0.5

    def __init__(self) -> None:
        hours = [0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24]
        self.hours = np.array(hours)[:, None]
        blood = self.course(np.r_[0.0, hours])[1:, 1:2]
        random = np.random.default_rng(1)
        self.values = blood + self.noise * random.standard_normal(blood.shape)

    def course(self, times: np.ndarray) -> np.ndarray:
        """The right solution at ascending times from 0 on, `(n, 3)`."""
        k = self.right

        def slopes(_: float, y: np.ndarray) -> Sequence[float]:
            absorbed, there, back = k["ka"] * y[0], k["k12"] * y[1], k["k21"] * y[2]
            return -absorbed, absorbed - k["ke"] * y[1] - there + back, there - back

        return in_time(slopes, self.start, times)

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        gut, blood, tissue = (u[name] for name in self.outputs)
        absorbed = u.coefficient("ka") * gut.value
        lost = u.coefficient("ke") * blood.value
        there = u.coefficient("k12") * blood.value
        back = u.coefficient("k21") * tissue.value
        return {
            "gut": gut.d("t") + absorbed,
            "blood": blood.d("t") - absorbed + lost + there - back,
            "tissue": tissue.d("t") - there + back,
        }

    def conditions(self) -> list[ki.Condition]:
        first = [
            ki.Initial(value, component=name)
            for name, value in zip(self.outputs, self.start)
        ]
        measured = ki.Data(self.hours, self.values, component="blood", sigma=self.noise)
        return [*first, measured]


def _dose() -> Stated:
    problem, times = Dose(), line(0.0, 24.0, 481)
    return Stated(problem, times, problem.course(times[:, 0]), problem.right)


CASES = {
    "epidemic": Case("an epidemic of which the infected were counted", _epidemic),
    "dose": Case("a drug's four rates from its level in the blood", _dose),
}
