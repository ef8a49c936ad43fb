"""What every condition is: one named term of a PINN's loss."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.utils.checks import check_array, check_real_dtype

if TYPE_CHECKING:
    from keras_isgd.problems.problem import Problem

__all__ = ["Condition", "Value", "at", "check_value", "component_of", "derivative"]

# What a condition prescribes: a number, one number for each output, or a function from
# points (n, d) to (n, 1) or (n, outputs).
Value = float | Sequence[float] | np.ndarray | Callable[[tf.Tensor], Any]


class Condition:
    """One named term of a PINN's loss.

    Args:
        on: the point set that it holds on: "boundary" (all faces but those of
            the problem's time), or one face such as "x_min" or "t_max".
        weight: omega, its weight in the loss (Eq. 6), a number > 0.
        name: the term's name in `History`.

    Attributes:
        pointwise: whether the row at a point depends on that point alone; None finds
            it out.
    """

    kind = "condition"
    pointwise: bool | None = None

    def __init__(
        self, on: str | None, weight: float = 1.0, name: str | None = None
    ) -> None:
        self.on = on
        self.weight = weight
        self.name = name or (f"{self.kind}_{on}" if on else self.kind)

    def bound_to(self, problem: "Problem") -> "Condition":
        """Returns the condition with what it leaves to the problem filled in."""
        return self

    def check(self, problem: "Problem") -> None:
        """Checks that the condition, bound to a problem, fits it.

        Raises:
            ValueError: with a sentence, if it does not.
        """
        if self.on is not None:
            problem.faces(self.on)

    def places(self, problem: "Problem", x: tf.Tensor) -> list[tf.Tensor]:
        """Where the network is needed for points `x`: a list of `(n, d)`."""
        return [x]

    def residual(
        self, problem: "Problem", fields: Sequence[Field], x: tf.Tensor
    ) -> tf.Tensor:
        """Returns the rows that should vanish, `(n, k)`.

        Args:
            problem: the `Problem`.
            fields: one `Field` for each of `places`.
            x: the points, `(n, d)`.
        """
        raise TypeError(f"{type(self).__name__} must define residual().")


def component_of(u: Field, component: int | None) -> Field:
    """A field, or one of its outputs."""
    return u if component is None else u[component]


def derivative(u: Field, coordinate: str, order: int) -> tf.Tensor:
    """Returns the derivative of some order in one coordinate; order 0 is u itself."""
    return u.value if order == 0 else u.d(*[coordinate] * order)


def check_value(name: str, value: Value) -> Value:
    """Returns what a condition prescribes if it is one of `Value`.

    A function is not called before there are points: see `at`.

    Raises:
        ValueError: complex numbers, strings, Python objects, or NaN or infinite
            entries.
    """
    if callable(value):
        return value
    what = f"The value of the condition {name!r}"
    array = check_array(what, value)
    if array.ndim > 1 and len(array) != 1:
        raise ValueError(
            f"{what} has to be a number, one number for each output, or a function of "
            f"points; got shape {array.shape}. Give values at single points as "
            "ki.Data(points, values)."
        )
    return value


def at(value: Value, x: tf.Tensor, name: str) -> tf.Tensor:
    """Returns what a condition prescribes at points.

    Args:
        value: see `Value`.
        x: points, `(n, d)`.
        name: the condition's.

    Returns:
        A tensor in the dtype of `x`, which broadcasts to `(n, outputs)`.

    Raises:
        ValueError: a function that returned no real numbers.
    """
    what = f"The value of the condition {name!r}"
    found = value(x) if callable(value) else value
    if tf.is_tensor(found) or isinstance(found, keras.Variable):
        found = tf.convert_to_tensor(found)
        check_real_dtype(what, found.dtype.as_numpy_dtype)
    else:
        # In float64: TensorFlow would round a Python number to float32 first.
        found = check_array(what, found, finite=False)
    return tf.cast(found, x.dtype)
