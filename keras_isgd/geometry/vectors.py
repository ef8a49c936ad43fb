"""Checks of vectors, and directions."""

import math
from typing import Any

import numpy as np
from scipy.special import ndtri

from keras_isgd.utils.checks import check_array

__all__ = [
    "check_vector",
    "direction_columns",
    "directions",
    "radial_normals",
    "sphere_measure",
]

# Normal numbers of a unit number that is 0 or 1 are infinite.
_LEAST = 2.0**-40


def check_vector(what: str, value: Any, size: int | None = None) -> np.ndarray:
    """Returns finite numbers as a float64 array `(d,)`; one number is one of them.

    Args:
        what: what they are, the begin of a sentence in the singular.
        value: a list of numbers.
        size: how many there have to be; at least one if None.

    Raises:
        ValueError: other numbers.
    """
    vector = np.atleast_1d(check_array(what, value))
    if vector.ndim != 1 or (len(vector) == 0 if size is None else len(vector) != size):
        expected = "a list of numbers" if size is None else f"{size} numbers"
        raise ValueError(f"{what} has to be {expected}, got {value!r}.")
    return vector


def direction_columns(dimension: int) -> int:
    """Returns how many unit columns `directions` takes."""
    return dimension - 1 if dimension <= 3 else dimension


def directions(unit: np.ndarray, dimension: int) -> np.ndarray:
    """Returns unit vectors, uniform on the sphere, `(n, dimension)`.

    In two and three dimensions from angles and heights (Archimedes), in more from
    normal numbers (Muller 1959).

    Args:
        unit: `(n, direction_columns(dimension))`.
        dimension: from 2.
    """
    if dimension > 3:
        x = ndtri(np.clip(unit, _LEAST, 1.0 - _LEAST))
        norms = np.linalg.norm(x, axis=1, keepdims=True)
        x[:, :1] += norms == 0.0  # the middle of the unit box points nowhere
        return x / np.where(norms == 0.0, 1.0, norms)
    angle = 2.0 * math.pi * unit[:, 0]
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    if dimension == 2:
        return x
    height = 2.0 * unit[:, 1:] - 1.0
    return np.concatenate([np.sqrt(1.0 - height**2) * x, height], axis=1)


def sphere_measure(dimension: int) -> float:
    """Returns the length, area, ... of the unit sphere in some dimension."""
    half = dimension / 2.0
    return 2.0 * math.pi**half / math.gamma(half)


def radial_normals(x: np.ndarray, radius: float, tolerance: float) -> np.ndarray:
    """Returns x/|x| where |x| is a radius, else NaN, `(n, d)`."""
    distance = np.linalg.norm(x, axis=1, keepdims=True)
    on = np.abs(distance - radius) <= tolerance
    return np.where(on, x / np.where(distance == 0.0, 1.0, distance), np.nan)
