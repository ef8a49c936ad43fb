"""Checks of vectors, and directions."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_isgd.utils.checks import check_array

__all__ = [
    "check_proportions",
    "check_vector",
    "corners",
    "direction_columns",
    "directions",
    "radial_normals",
    "sphere_measure",
]

# Normal numbers of a unit number that is 0 or 1 are infinite.
_LEAST = 2.0**-40
# Beyond these sizes, areas and volumes leave the range of float64.
_SIZES = (1e-50, 1e50)
# Of the distance from the origin, and of the largest length of a shape: with less, a
# slack of 1e-6 of the size would be below the rounding of float64.
_PROPORTION = 1e-9


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


def corners(
    what: str, lower: np.ndarray, upper: np.ndarray
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Returns the corners of a bounding box as tuples.

    Args:
        what: what has them, the begin of a sentence in the singular.
        lower: lower corner, `(d,)`.
        upper: upper corner.

    Raises:
        ValueError: float64 cannot tell its points apart, or cannot hold its area.
    """
    size = float(np.max(upper - lower))
    if not _SIZES[0] <= size <= _SIZES[1]:
        raise ValueError(
            f"{what} has the size {size:g}, which is out of the range of numbers. "
            "Choose a unit in which it is near 1."
        )
    away = float(max(np.abs(lower).max(), np.abs(upper).max()))
    if size < _PROPORTION * away:
        raise ValueError(
            f"{what} of size {size:g} is {away:g} away from the origin, too far for "
            "the digits of float64. Choose an origin near it."
        )
    return tuple(lower.tolist()), tuple(upper.tolist())


def check_proportions(what: str, lengths: Sequence[float]) -> None:
    """Lets pass lengths of one shape of which none is far smaller than another.

    Raises:
        ValueError: one is less than 1e-9 of another.
    """
    if min(lengths) < _PROPORTION * max(lengths):
        raise ValueError(
            f"{what} is too thin: its lengths are {min(lengths):g} and "
            f"{max(lengths):g}. Leave out what is so small."
        )


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
        from scipy.special import ndtri  # a twentieth of a second, for few geometries

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
