"""Boxes."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_isgd.utils.checks import check_array

__all__ = ["Box"]

# A point is inside up to so much of an edge: float32 knows it to 1e-7.
_SLACK = 1e-6


class Box:
    """An axis-aligned box.

    Args:
        lower: lower corner, d numbers.
        upper: upper corner, d numbers, each above the lower one.

    Raises:
        ValueError: corners of different lengths, not finite, or out of order.
    """

    def __init__(self, lower: Any, upper: Any) -> None:
        self.lower = _corner("The lower corner of a box", lower)
        self.upper = _corner("The upper corner of a box", upper)
        if len(self.lower) != len(self.upper):
            raise ValueError(
                f"Expected corners of one length, got {self.lower} and {self.upper}."
            )
        if not all(
            math.isfinite(a) and math.isfinite(b) and a < b
            for a, b in zip(self.lower, self.upper)
        ):
            raise ValueError(
                f"Expected finite corners with lower < upper in each coordinate, got "
                f"{self.lower} and {self.upper}."
            )

    @property
    def dimension(self) -> int:
        """The number of coordinates, d."""
        return len(self.lower)

    @property
    def lengths(self) -> tuple[float, ...]:
        """The edge lengths, d numbers."""
        return tuple(b - a for a, b in zip(self.lower, self.upper))

    def edge(self, axis: int, side: int) -> float:
        """Returns where a face lies on its axis; side 0 is the lower one."""
        return (self.lower, self.upper)[side][axis]

    def from_unit(self, unit: Any) -> Any:
        """Moves points of the unit box into this one.

        Args:
            unit: `(n, d)`, a NumPy array or a tensor, float64.

        Returns:
            `(n, d)` of the same kind.
        """
        return np.asarray(self.lower) + np.asarray(self.lengths) * unit

    def contains(self, x: Any) -> np.ndarray:
        """Tells for each point of a NumPy array `(n, d)` whether it is inside.

        The boundary counts as inside, up to rounding.
        """
        x = np.asarray(x, np.float64)
        slack = _SLACK * np.asarray(self.lengths)
        above = x >= np.asarray(self.lower) - slack
        below = x <= np.asarray(self.upper) + slack
        return np.all(above & below, axis=1)

    def grid(self, counts: Sequence[int]) -> np.ndarray:
        """Returns a tensor-product grid with the boundary, `(prod(counts), d)`.

        Args:
            counts: points along each coordinate.
        """
        axes = [
            np.linspace(a, b, n)
            for a, b, n in zip(self.lower, self.upper, counts, strict=True)
        ]
        mesh = np.meshgrid(*axes, indexing="ij")
        return np.stack([m.ravel() for m in mesh], axis=1)

    def __repr__(self) -> str:
        return f"Box({self.lower}, {self.upper})"


def _corner(what: str, values: Any) -> tuple[float, ...]:
    return tuple(np.atleast_1d(check_array(what, values, finite=False)).tolist())
