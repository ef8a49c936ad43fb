"""Rates that are unknown in systems of which one part was measured, with noise."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

import keras_isgd as ki
from as_given_problems.common import Case, Stated, in_time, line
from keras_isgd.derivatives import Field
from keras_isgd.geometry import Interval

# From the name of a rate to its value.
Rates = Callable[[str], Any]


class Measured(ki.Problem):
    """u' = slopes(u) with unknown rates, one output of which was measured with noise.

    Attributes:
        right: the rates by name.
        start: the first value of each output.
        measured: the name of the output that was measured.
        noise: its standard deviation, of the draw `seed`.
        times: of the measurements, `(m,)`.
    """

    coordinates = ("t",)
    right: dict[str, float]
    start: tuple[float, ...]
    measured: str
    noise: float
    seed: int
    times: np.ndarray

    def __init__(self) -> None:
        # The first of them may be the first time.
        exact = self.course(np.unique(np.r_[0.0, self.times]))[-len(self.times) :]
        column = self.outputs.index(self.measured)
        random = np.random.default_rng(self.seed)
        noise = self.noise * random.standard_normal((len(self.times), 1))
        self.values = exact[:, column : column + 1] + noise

    def slopes(self, values: Sequence[Any], k: Rates) -> Sequence[Any]:
        """Returns the slope of each output from all values."""
        raise TypeError(f"{type(self).__name__} must define slopes(values, k).")

    def course(self, times: np.ndarray) -> np.ndarray:
        """The right solution at ascending times from 0 on, `(n, outputs)`."""
        rates = self.right.__getitem__
        return in_time(lambda _, y: self.slopes(y, rates), self.start, times)

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        slopes = self.slopes([u[name].value for name in self.outputs], u.coefficient)
        return {n: u[n].d("t") - slope for n, slope in zip(self.outputs, slopes)}

    def conditions(self) -> list[ki.Condition]:
        first = [
            ki.Initial(value, component=name)
            for name, value in zip(self.outputs, self.start)
        ]
        where, sigma = self.times[:, None], self.noise
        data = ki.Data(where, self.values, component=self.measured, sigma=sigma)
        return [*first, data]


class Epidemic(Measured):
    """Susceptible, infected and removed people, of whom the infected were counted.

    A million people, days; 31 counts with noise 3,000, whose largest is 300,000.
    """

    outputs = ("S", "I", "R")
    domain = Interval(0.0, 60.0)
    coefficients = {
        "beta": ki.Coefficient(0.3, lower=0.0),
        "gamma": ki.Coefficient(0.2, lower=0.0),
    }
    right = {"beta": 0.45, "gamma": 0.15}
    people, start = 1e6, (1e6 - 100.0, 100.0, 0.0)
    measured, noise, seed, times = "I", 3000.0, 0, np.linspace(0.0, 60.0, 31)

    def slopes(self, values: Sequence[Any], k: Rates) -> Sequence[Any]:
        susceptible, infected, _ = values
        new = k("beta") * susceptible * infected / self.people
        healed = k("gamma") * infected
        return -new, new - healed, healed


class Dose(Measured):
    """A drug that is swallowed, and measured in the blood 16 times in a day.

    Gut, blood and tissue; percent of the dose, hours; noise 0.5.
    """

    outputs = ("gut", "blood", "tissue")
    domain = Interval(0.0, 24.0)
    coefficients = {
        name: ki.Coefficient(0.5, lower=0.0) for name in ("ka", "ke", "k12", "k21")
    }
    right = {"ka": 1.2, "ke": 0.25, "k12": 0.4, "k21": 0.15}
    start = (100.0, 0.0, 0.0)
    measured, noise, seed = "blood", 0.5, 1
    times = np.array([0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24])

    def slopes(self, values: Sequence[Any], k: Rates) -> Sequence[Any]:
        gut, blood, tissue = values
        absorbed, there, back = k("ka") * gut, k("k12") * blood, k("k21") * tissue
        return -absorbed, absorbed - k("ke") * blood - there + back, there - back


def _of(kind: type[Measured]) -> Stated:
    problem = kind()
    times = line(0.0, problem.domain.upper[0], 601)
    return Stated(problem, times, problem.course(times[:, 0]), problem.right)


CASES = {
    "epidemic": Case(
        "an epidemic of which the infected were counted", lambda: _of(Epidemic)
    ),
    "dose": Case("a drug's four rates from its level in the blood", lambda: _of(Dose)),
}
