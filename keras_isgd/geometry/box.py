"""Boxes and their faces."""

import dataclasses
import math

import numpy as np

__all__ = ["Box", "Faces"]


class Box:
    """An axis-aligned box.

    Args:
        lower: lower corner, d numbers.
        upper: upper corner, d numbers, each above the lower one.

    Raises:
        ValueError: corners of different lengths, not finite, or out of order.
    """

    def __init__(self, lower, upper):
        self.lower = tuple(float(v) for v in np.atleast_1d(lower))
        self.upper = tuple(float(v) for v in np.atleast_1d(upper))
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
    def dimension(self):
        """The number of coordinates, d."""
        return len(self.lower)

    @property
    def lengths(self):
        """The edge lengths, d numbers."""
        return tuple(b - a for a, b in zip(self.lower, self.upper))

    def contains(self, x):
        """Tells for each point of a NumPy array `(n, d)` whether it is inside.

        The boundary counts as inside, up to rounding.
        """
        x = np.asarray(x, np.float64)
        slack = 1e-6 * np.asarray(self.lengths)
        above = x >= np.asarray(self.lower) - slack
        below = x <= np.asarray(self.upper) + slack
        return np.all(above & below, axis=1)

    def grid(self, counts):
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

    def __repr__(self):
        return f"Box({self.lower}, {self.upper})"


@dataclasses.dataclass(frozen=True)
class Faces:
    """Some faces of a box, as `(axis, side)` pairs; side 0 is the lower one."""

    box: Box
    faces: tuple

    def allotment(self, count):
        """How many of `count` points each face gets, by its area.

        In one dimension a face is one point, and gets one.
        """
        if self.box.dimension == 1:
            return [1] * len(self.faces)
        lengths = self.box.lengths
        areas = np.array([math.prod(lengths) / lengths[axis] for axis, _ in self.faces])
        ends = np.rint(np.cumsum(areas) / areas.sum() * count).astype(int)
        return list(np.diff(ends, prepend=0))
