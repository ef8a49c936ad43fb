"""Boxes: intervals, rectangles, and so on."""

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_isgd.geometry.base import SLACK, Geometry
from keras_isgd.geometry.grids import grid
from keras_isgd.geometry.library import outline_library
from keras_isgd.geometry.names import check_name
from keras_isgd.geometry.piece import Piece
from keras_isgd.geometry.smooth import conjunction
from keras_isgd.utils.checks import check_array, check_positive

__all__ = ["Box", "Interval", "Rectangle"]

# The lower and the upper face of each axis.
_FACES = {
    1: (("left", "right"),),
    2: (("left", "right"), ("bottom", "top")),
    3: (("left", "right"), ("front", "back"), ("bottom", "top")),
}


class Box(Geometry):
    """An axis-aligned box.

    Its faces are the parts "left" and "right" of the first axis, "bottom" and "top"
    of the last one in two and three dimensions, and "front" and "back" of the second
    one in three.

    Args:
        lower: lower corner, d numbers.
        upper: upper corner, d numbers, each above the lower one.
        name: a part that all faces belong to; a face is also "{name}_left" then.

    Raises:
        ValueError: corners of different lengths, not finite, or out of order.
    """

    def __init__(self, lower: Any, upper: Any, name: str | None = None) -> None:
        self.lower = _corner("The lower corner of a box", lower)
        self.upper = _corner("The upper corner of a box", upper)
        self.name = check_name(name)
        if len(self.lower) != len(self.upper):
            raise ValueError(
                f"Expected corners of one length, got {self.lower} and {self.upper}."
            )
        if not self.lower:
            raise ValueError("Expected corners of at least one number, got none.")
        if not all(
            math.isfinite(a) and math.isfinite(b) and a < b
            for a, b in zip(self.lower, self.upper)
        ):
            raise ValueError(
                f"Expected finite corners with lower < upper in each coordinate, got "
                f"{self.lower} and {self.upper}."
            )

    @property
    def measure(self) -> float:
        """The product of the edges."""
        return math.prod(self.lengths)

    def outline(self) -> Any:
        shapely = outline_library() if self.dimension == 2 else None
        return shapely and shapely.box(*self.lower, *self.upper)

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

        The boundary counts as inside, up to 1e-6 of each edge.
        """
        return self._between(self.checked(x), SLACK * np.asarray(self.lengths))

    def within(self, x: np.ndarray, slack: float) -> np.ndarray:
        return self._between(x, np.full(self.dimension, slack))

    def _between(self, x: np.ndarray, slack: np.ndarray) -> np.ndarray:
        above = x >= np.asarray(self.lower) - slack
        below = x <= np.asarray(self.upper) + slack
        return np.all(above & below, axis=1)

    def interior(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.from_unit(unit), np.ones(len(unit), bool)

    def grid(self, counts: Sequence[int]) -> np.ndarray:
        """Returns a tensor-product grid with the boundary, `(prod(counts), d)`.

        Args:
            counts: points along each coordinate.
        """
        return grid(self.lower, self.upper, counts)

    def pieces(self) -> tuple[Piece, ...]:
        lengths = self.lengths
        return tuple(
            Piece(
                names=self._names(axis, side),
                measure=math.prod(lengths[:axis] + lengths[axis + 1 :]),
                unit_dimension=self.dimension - 1,
                place=functools.partial(self._place, axis, side),
            )
            for axis in range(self.dimension)
            for side in (0, 1)
        )

    def _names(self, axis: int, side: int) -> tuple[str, ...]:
        own = (_FACES[self.dimension][axis][side],) if self.dimension in _FACES else ()
        if self.name is None:
            return own
        return (*own, self.name, *(f"{self.name}_{face}" for face in own))

    def _place(
        self, axis: int, side: int, unit: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        x = self.from_unit(np.insert(unit, axis, 0.0, axis=1))
        x[:, axis] = self.edge(axis, side)
        normals = np.zeros_like(x)
        normals[:, axis] = 1.0 if side else -1.0
        return x, normals

    def boundary_normals(self, x: np.ndarray) -> np.ndarray:
        slack = SLACK * np.asarray(self.lengths)
        at_lower = np.abs(x - np.asarray(self.lower)) <= slack
        at_upper = np.abs(x - np.asarray(self.upper)) <= slack
        faces = np.sum(at_lower, axis=1) + np.sum(at_upper, axis=1)
        normals = at_upper.astype(np.float64) - at_lower
        normals[faces > 1] = 0.0
        normals[(faces == 0) | ~self._between(x, slack)] = np.nan
        return normals

    def signed_distance(self, x: Any) -> np.ndarray:
        x = self.checked(x)
        out = np.maximum(np.asarray(self.lower) - x, x - np.asarray(self.upper))
        outside = np.linalg.norm(np.maximum(out, 0.0), axis=1)
        return outside + np.minimum(np.max(out, axis=1), 0.0)

    def smooth_distance(self, x: tf.Tensor) -> tf.Tensor:
        between = [
            (x[:, i : i + 1] - a) * (b - x[:, i : i + 1]) / (b - a)
            for i, (a, b) in enumerate(zip(self.lower, self.upper))
        ]
        return conjunction(between, self.size)

    def translated(self, by: Any) -> "Box":
        by = _corner("The vector", by)
        if len(by) != self.dimension or not np.isfinite(by).all():
            raise ValueError(f"Expected {self.dimension} finite numbers, got {by}.")
        move = np.asarray(by)
        return Box(self.lower + move, self.upper + move, self.name)

    def scaled(self, factor: float, about: Any = None) -> "Box":
        factor = check_positive("factor", factor)
        stays = np.zeros(self.dimension) if about is None else _corner("`about`", about)
        if len(stays) != self.dimension or not np.isfinite(stays).all():
            raise ValueError(f"Expected {self.dimension} finite numbers, got {about}.")
        lower, upper = (
            stays + factor * (np.asarray(corner) - stays)
            for corner in (self.lower, self.upper)
        )
        return Box(lower, upper, self.name)

    def __mul__(self, other: object) -> Geometry:
        if isinstance(other, Box):
            return Box(self.lower + other.lower, self.upper + other.upper)
        return super().__mul__(other)

    def __repr__(self) -> str:
        return f"Box({self.lower}, {self.upper})"


class Interval(Box):
    """The numbers from a to b; its parts are the points "left" and "right".

    Args:
        a: the first number.
        b: the last one, above a.
        name: a part that both end points belong to.

    Raises:
        ValueError: as a `Box`, or more than one number.
    """

    def __init__(self, a: Any, b: Any, name: str | None = None) -> None:
        super().__init__(a, b, name)
        _expect(self, 1, "an interval", "one number")

    def __repr__(self) -> str:
        return f"Interval({self.lower[0]}, {self.upper[0]})"


class Rectangle(Box):
    """A rectangle along the axes; its parts are "left", "right", "bottom", "top".

    Args:
        lower: lower left corner, two numbers.
        upper: upper right corner, each number above the lower one.
        name: a part that all edges belong to; an edge is also "{name}_left" then.

    Raises:
        ValueError: as a `Box`, or not two numbers.
    """

    def __init__(self, lower: Any, upper: Any, name: str | None = None) -> None:
        super().__init__(lower, upper, name)
        _expect(self, 2, "a rectangle", "two numbers")

    def __repr__(self) -> str:
        return f"Rectangle({self.lower}, {self.upper})"


def _expect(box: Box, dimension: int, what: str, numbers: str) -> None:
    if box.dimension != dimension:
        raise ValueError(
            f"Expected {numbers} for each corner of {what}, got {box.lower} and "
            f"{box.upper}. Use Box for other dimensions."
        )


def _corner(what: str, values: Any) -> tuple[float, ...]:
    array = np.atleast_1d(check_array(what, values, finite=False))
    if array.ndim != 1:
        raise ValueError(f"{what} has to be a list of numbers, got {values!r}.")
    return tuple(array.tolist())
