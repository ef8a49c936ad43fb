"""Checks of arguments: each returns the value or raises a sentence."""

import math
import random

import numpy as np

__all__ = [
    "check_choice",
    "check_count",
    "check_not_negative",
    "check_positive",
    "check_seed",
]


def check_choice(name, value, choices):
    """Returns `value` if it is one of `choices`, strings.

    Raises:
        ValueError: otherwise.
    """
    if value in choices:
        return value
    raise ValueError(
        f"Expected `{name}` to be one of {', '.join(choices)}; got {value!r}."
    )


def check_count(name, value):
    """Returns `value` if it is a positive whole number.

    Raises:
        ValueError: otherwise.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"Expected `{name}` to be a whole number >= 1, got {value!r}.")
    return value


def check_positive(name, value):
    """Returns `value` as a float if it is positive and finite.

    Raises:
        ValueError: otherwise.
    """
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
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


def check_seed(seed):
    """Returns a seed as a non-negative integer; None draws one.

    Raises:
        ValueError: not a whole number from 0.
    """
    if seed is None:
        return random.SystemRandom().randrange(2**31)
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"Expected `seed` to be a whole number >= 0, got {seed!r}.")
    return int(seed)
