"""Systems of ordinary differential equations, solved and identified."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.geometry import Box
from keras_isgd.problems.conditions import Condition, Data, Initial
from keras_isgd.problems.problem import Problem
from keras_isgd.utils.checks import check_array, check_count, check_positive

__all__ = ["SIR", "Lorenz", "LotkaVolterra"]

Rates = Callable[..., tuple[Any, ...]]


def _lotka_volterra(
    values: Sequence[Any], growth: Any, hunting: Any, feeding: Any, death: Any
) -> tuple[Any, ...]:
    prey, predators = values
    eaten = prey * predators
    return growth * prey - hunting * eaten, feeding * eaten - death * predators


def _lorenz(values: Sequence[Any], s: Any, r: Any, b: Any) -> tuple[Any, ...]:
    x, y, z = values
    return s * (y - x), x * (r - z) - y, x * y - b * z


def _sir(values: Sequence[Any], b: Any, g: Any, population: Any) -> tuple[Any, ...]:
    susceptible, infected, _ = values
    infections = b * susceptible * infected / population
    return -infections, infections - g * infected, g * infected


@functools.lru_cache(maxsize=16)
def _trajectory(
    rates: Rates, start: tuple[float, ...], factors: tuple[float, ...], end: float
) -> Any:
    """The solution on (0, end), a function of t; `(n,)` to `(equations, n)`."""
    from scipy.integrate import solve_ivp  # not every run needs it

    return solve_ivp(
        lambda t, values: rates(values, *factors),
        (0.0, end),
        start,
        method="DOP853",
        rtol=1e-13,
        atol=1e-13 * max(abs(value) for value in start),
        # Between its steps DOP853 interpolates with one order less.
        max_step=end / 400.0,
        dense_output=True,
    ).sol


class _Dynamics(Problem):
    """A system in time whose solution SciPy computes.

    Attributes:
        rates: the right-hand side, a function of the values and the factors.
        start: the first values.
        factors: the numbers in its equations, the true ones where they are to be found.
    """

    coordinates = ("t",)
    reference_accuracy = 1e-11
    rates: Rates
    start: tuple[float, ...]
    factors: tuple[float, ...]

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """The outputs at points `(n, 1)`, shape `(n, outputs)`."""
        solution = _trajectory(
            type(self).rates, self.start, self.factors, self.domain.upper[0]
        )
        times = np.asarray(x, np.float64)[:, 0]
        return tf.cast(solution(times).T, tf.convert_to_tensor(x).dtype)

    def _equations(self, u: Field, *factors: Any) -> dict[str, tf.Tensor]:
        values = [u[name].value for name in self.names.outputs]
        changes = type(self).rates(values, *factors)
        return {
            f"change_of_{name}": u[name].d("t") - change
            for name, change in zip(self.names.outputs, changes, strict=True)
        }

    def _begin(self) -> list[Condition]:
        return [
            Initial(value, component=name, name=f"initial_{name}")
            for name, value in zip(self.names.outputs, self.start, strict=True)
        ]

    def _measured(self, count: int) -> Data:
        times = np.linspace(0.0, self.domain.upper[0], count)[:, None]
        return Data(times, np.asarray(self.exact(tf.constant(times))))


@keras.saving.register_keras_serializable(package="keras_isgd")
class LotkaVolterra(_Dynamics):
    """r' = a r - b r p, p' = c r p - d p: prey and predators, t in (0, 10).

    Source: Lotka (1925), Volterra (1926); an example of DeepXDE with a = 2,
    b = 0.04, c = 0.02, d = 1.06 and 100 prey and 15 predators at first. The solution
    is computed by SciPy's DOP853.

    Args:
        growth, hunting, feeding, death: a, b, c, d, positive numbers.
        start: prey and predators at first, positive numbers.

    Raises:
        ValueError: an argument that is not positive, or other than two first values.
    """

    outputs = ("prey", "predators")
    domain = Box(0.0, 10.0)
    reference = "an example of DeepXDE; computed by DOP853"
    rates = staticmethod(_lotka_volterra)

    def __init__(
        self,
        growth: float = 2.0,
        hunting: float = 0.04,
        feeding: float = 0.02,
        death: float = 1.06,
        start: Sequence[float] = (100.0, 15.0),
    ) -> None:
        self.growth = check_positive("growth", growth)
        self.hunting = check_positive("hunting", hunting)
        self.feeding = check_positive("feeding", feeding)
        self.death = check_positive("death", death)
        if len(start) != 2:
            raise ValueError(f"Expected two numbers in `start`, got {start!r}.")
        self.start = tuple(check_positive("start", value) for value in start)
        self.factors = (self.growth, self.hunting, self.feeding, self.death)

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._equations(u, *self.factors)

    def conditions(self) -> list[Condition]:
        return self._begin()

    def get_config(self) -> dict[str, Any]:
        return {
            "growth": self.growth,
            "hunting": self.hunting,
            "feeding": self.feeding,
            "death": self.death,
            "start": list(self.start),
        }


@keras.saving.register_keras_serializable(package="keras_isgd")
class Lorenz(_Dynamics):
    """x' = s (y - x), y' = x (r - z) - y, z' = x y - b z, with s, r, b to be found.

    From (-8, 7, 27), t in (0, 3), with measured values of x, y and z at equal
    distances in time; s = 10, r = 15 and b = 8/3 made them.

    Source: an example of DeepXDE, after Lorenz (J. Atmos. Sci. 20, 1963). The
    solution is computed by SciPy's DOP853.

    Args:
        measurements: their number, a whole number >= 2.
        guess: what s, r and b start at, three numbers.

    Raises:
        ValueError: fewer measurements, or other than three numbers.
    """

    outputs = ("x", "y", "z")
    domain = Box(0.0, 3.0)
    reference = "an example of DeepXDE; computed by DOP853"
    rates = staticmethod(_lorenz)
    start = (-8.0, 7.0, 27.0)
    factors = (10.0, 15.0, 8.0 / 3.0)

    def __init__(
        self, measurements: int = 25, guess: Sequence[float] = (1.0, 1.0, 1.0)
    ) -> None:
        self.measurements = _measurements(measurements)
        self.guess = _guess(guess, 3)
        self.coefficients = dict(zip(("s", "r", "b"), self.guess, strict=True))

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return self._equations(u, *(u.coefficient(name) for name in ("s", "r", "b")))

    def conditions(self) -> list[Condition]:
        return [*self._begin(), self._measured(self.measurements)]

    def get_config(self) -> dict[str, Any]:
        return {"measurements": self.measurements, "guess": self.guess}


@keras.saving.register_keras_serializable(package="keras_isgd")
class SIR(_Dynamics):
    """S' = -b S I / N, I' = b S I / N - g I, R' = g I, with b and g to be found.

    An epidemic in raw counts: N = 7,900,010, ten infected at first, 150 days with the
    three counts measured in equal distances; b = 0.5 and g = 0.33 made them.

    Source: Kermack and McKendrick (Proc. R. Soc. A 115, 1927); posed by a user of
    DeepXDE (its issue 515). The solution is computed by SciPy's DOP853.

    Args:
        measurements: their number, a whole number >= 2; 151 are daily counts.
        guess: what b and g start at, two numbers.

    Raises:
        ValueError: fewer measurements, or other than two numbers.
    """

    outputs = ("S", "I", "R")
    domain = Box(0.0, 150.0)
    population = 7_900_010.0
    reference = "Kermack and McKendrick (1927); computed by DOP853"
    rates = staticmethod(_sir)
    start = (7_900_000.0, 10.0, 0.0)
    factors = (0.5, 0.33, population)

    def __init__(
        self, measurements: int = 151, guess: Sequence[float] = (0.2, 0.1)
    ) -> None:
        self.measurements = _measurements(measurements)
        self.guess = _guess(guess, 2)
        self.coefficients = dict(zip(("b", "g"), self.guess, strict=True))

    def residual(self, u: Field, x: tf.Tensor) -> dict[str, tf.Tensor]:
        b, g = u.coefficient("b"), u.coefficient("g")
        return self._equations(u, b, g, self.population)

    def conditions(self) -> list[Condition]:
        return [*self._begin(), self._measured(self.measurements)]

    def get_config(self) -> dict[str, Any]:
        return {"measurements": self.measurements, "guess": self.guess}


def _measurements(count: int) -> int:
    if check_count("measurements", count) < 2:
        raise ValueError("Expected `measurements` from 2 on, got 1.")
    return count


def _guess(guess: Sequence[float], count: int) -> list[float]:
    found = check_array("`guess`", list(guess))
    if found.shape != (count,):
        raise ValueError(f"Expected {count} numbers in `guess`, got {guess!r}.")
    return found.tolist()
