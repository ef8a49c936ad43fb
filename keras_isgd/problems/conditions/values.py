"""What conditions prescribe: numbers, or functions of the points."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.utils.checks import check_array, check_real_dtype

__all__ = ["Value", "arguments_of", "at", "check_value"]

# What a condition prescribes: a number, one number for each output, or a function from
# points (n, d + q), or from a `Field` and points, to (n, 1) or (n, outputs).
Value = float | Sequence[float] | np.ndarray | Callable[..., Any]


def check_value(name: str, value: Value) -> Value:
    """Returns what a condition prescribes if it is one of `Value`.

    A function is not called before there are points: see `at`.

    Raises:
        ValueError: complex numbers, strings, Python objects, or NaN or infinite
            entries; or a function of other than one or two arguments.
    """
    if callable(value):
        _takes_field(name, value)
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


def at(value: Value, x: tf.Tensor, name: str, u: Field | None = None) -> tf.Tensor:
    """Returns what a condition prescribes at points.

    Args:
        value: see `Value`.
        x: points, `(n, d + q)`.
        name: the condition's.
        u: for values that read coefficients and parameters.

    Returns:
        A tensor in the dtype of `x`, which broadcasts to `(n, outputs)`.

    Raises:
        ValueError: a function that returned no real numbers.
    """
    what = f"The value of the condition {name!r}"
    if callable(value):
        found = value(u, x) if _takes_field(name, value) else value(x)
    else:
        found = value
    if tf.is_tensor(found) or isinstance(found, keras.Variable):
        found = tf.convert_to_tensor(found)
        check_real_dtype(what, found.dtype.as_numpy_dtype)
    else:
        # In float64: TensorFlow would round a Python number to float32 first.
        found = check_array(what, found, finite=False)
    return tf.cast(found, x.dtype)


def arguments_of(function: Any, what: str) -> int:
    """Returns how many arguments a function must be given.

    Args:
        function: what a user handed over.
        what: for the sentence.

    Raises:
        ValueError: it is no function.
    """
    if not callable(function):
        raise ValueError(f"Expected {what} as a function, got {function!r}.")
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # built in
        return 1
    places = [
        p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    needed = sum(p.default is p.empty for p in places)
    optional = len(places) > needed or any(
        p.kind == p.VAR_POSITIONAL for p in parameters
    )
    return max(needed, 1) if optional else needed


def _takes_field(name: str, value: Callable) -> bool:
    """Whether a function takes (u, x) instead of x.

    Raises:
        ValueError: it takes neither.
    """
    count = arguments_of(value, f"the value of the condition {name!r}")
    if count not in (1, 2):
        raise ValueError(
            f"Expected the value of the condition {name!r} as a number, a function of "
            f"x, or a function of (u, x); got a function of {count} arguments."
        )
    return count == 2
