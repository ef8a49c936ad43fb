"""Checks of arguments: each returns the value or raises a sentence."""

import math
import numbers
import random
from collections.abc import Collection
from typing import Any

import numpy as np

__all__ = [
    "check_array",
    "check_choice",
    "check_count",
    "check_not_negative",
    "check_order",
    "check_positive",
    "check_real_dtype",
    "check_seed",
    "is_whole",
]


def check_choice(name: str, value: Any, choices: Collection[str]) -> str:
    """Returns `value` if it is one of `choices`, strings.

    Raises:
        ValueError: otherwise.
    """
    if value in choices:
        return value
    raise ValueError(
        f"Expected `{name}` to be one of {', '.join(choices)}; got {value!r}."
    )


def is_whole(value: Any, least: int) -> bool:
    """Tells whether `value` is a whole number from `least`; booleans are none."""
    number = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    return number and value >= least


def check_count(name: str, value: Any) -> int:
    """Returns `value` if it is a positive whole number.

    Raises:
        ValueError: otherwise.
    """
    if not is_whole(value, 1):
        raise ValueError(f"Expected `{name}` to be a whole number >= 1, got {value!r}.")
    return int(value)


def check_order(name: str, value: Any) -> int:
    """Returns `value` if it is the order of a derivative, a whole number from 0.

    Raises:
        ValueError: otherwise.
    """
    if not is_whole(value, 0):
        raise ValueError(
            f"Expected `{name}` to be a derivative's order, a whole number >= 0, got "
            f"{value!r}."
        )
    return int(value)


def check_positive(name: str, value: Any) -> float:
    """Returns `value` as a float if it is positive and finite.

    Raises:
        ValueError: otherwise.
    """
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if number and math.isfinite(value) and value > 0:
        return float(value)
    raise ValueError(
        f"Expected `{name}` to be a positive finite number, got {value!r}."
    )


def check_not_negative(name: str, value: float) -> float:
    """Returns `value` as a float if it is finite and not below 0.

    Raises:
        ValueError: otherwise.
    """
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if number and math.isfinite(value) and value >= 0:
        return float(value)
    raise ValueError(f"Expected `{name}` to be a finite number >= 0, got {value!r}.")


def check_seed(seed: Any) -> int:
    """Returns a seed as a non-negative integer; None draws one.

    Raises:
        ValueError: not a whole number from 0.
    """
    if seed is None:
        return random.SystemRandom().randrange(2**31)
    if not is_whole(seed, 0):
        raise ValueError(f"Expected `seed` to be a whole number >= 0, got {seed!r}.")
    return int(seed)


def check_real_dtype(what: str, dtype: Any) -> None:
    """Lets the dtypes of real numbers pass: floats and integers.

    Args:
        what: what has the dtype, the begin of a sentence in the singular.
        dtype: a NumPy dtype, or a TensorFlow one by its `as_numpy_dtype`.

    Raises:
        ValueError: complex numbers, strings, truth values or Python objects.
    """
    dtype = np.dtype(dtype)
    if dtype.kind == "c":
        raise ValueError(
            f"{what} is complex. Networks compute with real numbers: give the real and "
            "the imaginary part as two of them, two outputs or two coordinates."
        )
    # bfloat16, which NumPy does not know, is a void type to it.
    if dtype.kind not in "fiu" and dtype.name != "bfloat16":
        raise ValueError(f"{what} has to be made of real numbers, got dtype {dtype}.")


def check_array(what: str, value: Any, finite: bool = True) -> np.ndarray:
    """Returns real numbers as a NumPy array in float64, of the same shape.

    Args:
        what: what they are, the begin of a sentence in the singular.
        value: a number, an array, a tensor, or lists of numbers.
        finite: whether NaN and infinite entries are refused.

    Raises:
        ValueError: complex numbers, strings, Python objects, lists of different
            lengths, or entries that are not finite.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(
            f"{what} has to be an array of numbers, got rows of different lengths."
        ) from error
    if array.size == 0 and isinstance(value, (list, tuple)):
        return array.astype(np.float64)  # NumPy gives empty lists a dtype at random
    check_real_dtype(what, array.dtype)
    array = array.astype(np.float64)
    if finite and not np.isfinite(array).all():
        raise ValueError(f"{what} has NaN or infinite entries. Remove them.")
    return array
