"""Two equations with an integral: a density, and an eigenvalue."""

import functools
import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.geometry import Box
from keras_isgd.problems.conditions import Condition, Dirichlet, Integral
from keras_isgd.problems.problem import Problem
from keras_isgd.utils.checks import check_positive

__all__ = ["Eigenvalue", "FokkerPlanck"]


@keras.saving.register_keras_serializable(package="keras_isgd")
class FokkerPlanck(Problem):
    """((a x - b x^3) p)' = s^2 / 2 p'' on (-2.2, 2.2): a particle in a double well.

        p(x) = exp((a x^2 - b x^4 / 2) / s^2) / Z

    with p = 0 at both ends, where it is 1e-8 for the default numbers, and its
    integral one.

    Source: Xu et al. (Chaos 30, 2020), with a = 0.3, b = 0.5 and s = 0.5.

    Args:
        linear, cubic, noise: a, b, s, positive numbers.

    Raises:
        ValueError: an argument that is not positive, or a density that is above
            1e-6 of its largest value at the ends.
    """

    coordinates = ("x",)
    domain = Box(-2.2, 2.2)
    reference = "Xu et al. (2020); closed form"
    reference_accuracy = 1e-8

    def __init__(
        self, linear: float = 0.3, cubic: float = 0.5, noise: float = 0.5
    ) -> None:
        self.linear = check_positive("linear", linear)
        self.cubic = check_positive("cubic", cubic)
        self.noise = check_positive("noise", noise)
        exponents = self._exponent(np.linspace(-2.2, 2.2, 1001))
        if exponents[0] > np.max(exponents) + math.log(1e-6):
            raise ValueError(
                "The density does not vanish at the ends -2.2 and 2.2: choose a larger "
                f"`cubic` than {cubic} or a smaller `noise` than {noise}."
            )

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        drift = self.linear * x - self.cubic * x**3
        slope = self.linear - 3.0 * self.cubic * x**2
        spread = 0.5 * self.noise**2 * u.d("xx")
        return drift * u.d("x") + slope * u.value - spread

    def conditions(self) -> list[Condition]:
        return [
            Dirichlet(on="boundary", value=0.0),
            Integral(over="interior", of=self.density, value=1.0, name="total"),
        ]

    def density(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        """What is integrated, `(n, 1)`."""
        return u.value

    def _exponent(self, x: Any) -> Any:
        return (self.linear * x**2 - 0.5 * self.cubic * x**4) / self.noise**2

    @functools.cached_property
    def _log_total(self) -> float:
        # The trapezoidal rule: p and all its derivatives vanish at the ends.
        x = np.linspace(-2.2, 2.2, 20_001)
        exponents = self._exponent(x)
        largest = np.max(exponents)
        return float(largest + np.log(np.trapezoid(np.exp(exponents - largest), x)))

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """p at points `(n, 1)`."""
        return tf.exp(self._exponent(x) - self._log_total)

    def get_config(self) -> dict[str, Any]:
        return {"linear": self.linear, "cubic": self.cubic, "noise": self.noise}


@keras.saving.register_keras_serializable(package="keras_isgd")
class Eigenvalue(Problem):
    """-u'' / 2 = E u on (0, 1) with u = 0 at the ends and E to be found.

    The lowest state of a particle in a box:

        u(x) = sqrt(2) sin(pi x),  E = pi^2 / 2

    Its integral, 2 sqrt(2) / pi, is given: that sets the sign, and makes the integral
    of u^2 one.

    Source: textbooks of quantum mechanics.

    Args:
        guess: what E starts at, a positive number.
    """

    coordinates = ("x",)
    domain = Box(0.0, 1.0)
    reference = "closed form"

    def __init__(self, guess: float = 4.0) -> None:
        self.guess = check_positive("guess", guess)
        self.coefficients = {"E": self.guess}

    def residual(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        return 0.5 * u.d("xx") + u.coefficient("E") * u.value

    def conditions(self) -> list[Condition]:
        total = 2.0 * math.sqrt(2.0) / math.pi
        return [
            Dirichlet(on="boundary", value=0.0),
            Integral(over="interior", of=self.state, value=total, name="total"),
        ]

    def state(self, u: Field, x: tf.Tensor) -> tf.Tensor:
        """What is integrated, `(n, 1)`."""
        return u.value

    def exact(self, x: tf.Tensor) -> tf.Tensor:
        """u at points `(n, 1)`."""
        return math.sqrt(2.0) * tf.sin(math.pi * x)

    def get_config(self) -> dict[str, Any]:
        return {"guess": self.guess}
