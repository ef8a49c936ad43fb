"""Unknown numbers of an equation."""

import dataclasses
import math
from typing import Any

import tensorflow as tf

from keras_isgd.utils.checks import check_array

__all__ = ["Coefficient"]


@dataclasses.dataclass(frozen=True)
class Coefficient:
    """A trainable number of an equation, with what is known of it.

    What is trained is a free number z, and the coefficient a smooth function of it:

        value(z) = z                                             without bounds
        lower + (initial - lower) (sqrt(1 + z^2) - 1)            with a lower bound
        upper - (upper - initial) (sqrt(1 + z^2) - 1)            with an upper bound
        lower + (upper - lower) (1 + sin z) / 2                  with both

    These are the transformations of MINUIT (James and Roos, Comput. Phys. Commun. 10,
    1975), with the first value's distance from its bound as the unit: unlike a
    sigmoid they do not become flat, so that a number that a step has thrown against
    its bound comes back. With `log` the logarithm of the coefficient is what has
    these forms, without bounds log(initial) + z.

    Args:
        initial: the first value, strictly between the bounds.
        lower: a bound from below, or None.
        upper: a bound from above, or None.
        log: whether the logarithm of the coefficient is trained, which suits a
            positive number whose order of magnitude is unknown.

    Raises:
        ValueError: numbers that are not finite, bounds out of order, a first value
            that is not between them, or, with `log`, one that is not positive.
    """

    initial: float
    lower: float | None = None
    upper: float | None = None
    log: bool = False

    def __post_init__(self) -> None:
        for name in ("initial", "lower", "upper"):
            value = getattr(self, name)
            if value is None and name != "initial":
                continue
            number = check_array(f"`{name}` of a coefficient", value)
            if number.ndim:
                raise ValueError(
                    f"Expected `{name}` of a coefficient as one number, got {value!r}."
                )
            object.__setattr__(self, name, float(number))
        low = -math.inf if self.lower is None else self.lower
        high = math.inf if self.upper is None else self.upper
        if not low < self.initial < high:
            raise ValueError(
                "Expected lower < initial < upper for a coefficient, got lower = "
                f"{self.lower}, initial = {self.initial}, upper = {self.upper}. It "
                "starts strictly between its bounds."
            )
        positive = self.initial > 0 and (self.lower is None or self.lower > 0)
        if self.log and not positive:
            raise ValueError(
                "A coefficient with log=True is positive: expected `initial` and "
                f"`lower` above zero, got initial = {self.initial}, lower = "
                f"{self.lower}. Leave `lower` out; the logarithm keeps it positive."
            )

    @property
    def free(self) -> bool:
        """Whether the number itself is what is trained."""
        return self.lower is None and self.upper is None and not self.log

    @property
    def start(self) -> float:
        """What the trained number z starts at."""
        return self.raw(self.initial)

    def value(self, z: tf.Tensor) -> tf.Tensor:
        """Returns the coefficient from the trained number, in its dtype, `()`."""
        initial, lower, upper = self._ends()
        if lower is not None and upper is not None:
            found = lower + (upper - lower) * 0.5 * (1.0 + tf.sin(z))
        elif lower is not None:
            found = lower + (initial - lower) * (tf.sqrt(1.0 + z**2) - 1.0)
        elif upper is not None:
            found = upper - (upper - initial) * (tf.sqrt(1.0 + z**2) - 1.0)
        else:
            found = z + initial if self.log else z
        return tf.exp(found) if self.log else found

    def raw(self, value: float) -> float:
        """Returns a trained number for a value of the coefficient.

        Raises:
            ValueError: the value is not between the bounds.
        """
        low = -math.inf if self.lower is None else self.lower
        high = math.inf if self.upper is None else self.upper
        if not (low < value < high and (value > 0 or not self.log)):
            raise ValueError(
                f"Expected a value between {self.lower} and {self.upper}, got {value}."
            )
        initial, lower, upper = self._ends()
        value = math.log(value) if self.log else value
        if lower is not None and upper is not None:
            return math.asin(2.0 * (value - lower) / (upper - lower) - 1.0)
        if lower is not None:
            return math.sqrt(((value - lower) / (initial - lower) + 1.0) ** 2 - 1.0)
        if upper is not None:
            return math.sqrt(((upper - value) / (upper - initial) + 1.0) ** 2 - 1.0)
        return value - initial if self.log else value

    def slope(self, z: float) -> float:
        """Returns the derivative of `value` at z."""
        with tf.GradientTape() as tape:
            number = tf.constant(z, tf.float64)
            tape.watch(number)
            value = self.value(number)
        return float(tape.gradient(value, number))

    def _ends(self) -> tuple[float, float | None, float | None]:
        """First value and bounds of what is mapped, the number or its logarithm."""
        if not self.log:
            return self.initial, self.lower, self.upper
        ends = [None if v is None else math.log(v) for v in (self.lower, self.upper)]
        return math.log(self.initial), ends[0], ends[1]


def as_coefficient(what: str, value: Any) -> Coefficient:
    """Returns a `Coefficient`, from one or from its first value.

    Args:
        what: for sentences.
        value: a `Coefficient`, or a number.

    Raises:
        ValueError: neither.
    """
    if isinstance(value, Coefficient):
        return value
    if check_array(what, value).ndim:
        raise ValueError(f"{what} has to start at one number, got {value!r}.")
    return Coefficient(float(value))
