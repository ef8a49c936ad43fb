"""What unions, intersections and differences share.

A boundary point p of a child with outward normal n is on the boundary of the result
if the other child leaves one side of it inside and the other outside, which is
tested at p +- eps n. Where the boundaries of both children coincide, the first one
counts.

What an operation leaves is closed and has an inside everywhere: a common edge of which
neither side remains is not in it, and neither is a seam between two things cut out
(A. A. G. Requicha, Representations for rigid solids, 1980, calls such operations
regularised). Points near both boundaries are told by what lies beside them.
"""

import abc
import dataclasses
import textwrap
from typing import Any

import numpy as np

from keras_isgd.geometry.base import SLACK, Geometry
from keras_isgd.geometry.piece import Piece
from keras_isgd.geometry.spread import spread
from keras_isgd.geometry.vectors import direction_columns, directions

__all__ = ["Boolean"]

# The distance eps, in sizes of the smaller child.
_EPS = 1e-6
# Proposals among which an interior point is looked for; first few, then many.
_SEARCH = (2**12, 2**18)
# Normals whose difference is below it are the same.
_SAME = 1e-6
# Directions in which it is looked what lies beside a point: in the plane they find what
# is wider than 1.4 degrees.
_AROUND = 256
# Into so many sets they are cut: most points are told by the first.
_SETS = 16
# How far, in slacks; and what counts as rounding, in the same.
_BESIDE, _ROUNDING = 4.0, 1e-3
# Characters of a child in messages.
_LONG = 120


class Boolean(Geometry):
    """What two geometries of one dimension make.

    The bounding box of a difference is that of what it was cut from, and that of an
    intersection what both boxes have in common; they may be larger than need be.

    Args:
        first: a `Geometry`.
        second: another.

    Raises:
        ValueError: different numbers of coordinates, a line or a point cloud, or a
            result without interior points.
    """

    _sign: str

    def __init__(self, first: Geometry, second: Geometry) -> None:
        if first.dimension != second.dimension:
            raise ValueError(
                f"{first} has {first.dimension} dimensions and {second} has "
                f"{second.dimension}: `{self._sign}` needs equal ones. Use `*` for a "
                "product."
            )
        for child in (first, second):
            if child.own_dimension != child.dimension:
                raise ValueError(f"{child} has no inside, which `{self._sign}` needs.")
        self._first, self._second = first, second
        self._eps = _EPS * min(first.size, second.size)
        self.lower, self.upper = self._corners()
        self._check_not_empty()

    @property
    def children(self) -> tuple[Geometry, Geometry]:
        """What it is made of."""
        return self._first, self._second

    def _corners(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        return self._first.lower, self._first.upper

    def _check_not_empty(self) -> None:
        if all(a < b for a, b in zip(self.lower, self.upper)):
            for count in _SEARCH:
                if self.interior(spread(self.unit_dimension, count))[1].any():
                    return
        raise ValueError(
            f"{self} is empty, or too small a part of what it is cut from: none of "
            f"{_SEARCH[-1]} points lies in it."
        )

    def outline(self) -> Any:
        first, second = self._first.outline(), self._second.outline()
        return None if first is None or second is None else self._of(first, second)

    @abc.abstractmethod
    def _of(self, first: Any, second: Any) -> Any:
        """What the operation makes of two shapely polygons."""

    def support(self, directions: np.ndarray) -> np.ndarray:
        return self._first.support(directions)

    def contains(self, x: Any) -> np.ndarray:
        return self.within(self.checked(x), SLACK * self.size)

    def _remains(self, x: np.ndarray, slack: float) -> np.ndarray:
        """Whether some point beside each of `(n, d)` points is inside, `(n,)`."""
        found = self.within(x, -_ROUNDING * slack)
        for steps in _around(self.dimension):
            (rows,) = np.nonzero(~found)
            found[rows] = self._beside(
                x[rows], _BESIDE * slack * steps, -_ROUNDING * slack
            ).any(axis=1)
        return found

    def _surrounds(self, x: np.ndarray, slack: float) -> np.ndarray:
        """Whether all points at the distance `slack` are inside, `(n,)`."""
        found = np.ones(len(x), bool)
        for steps in _around(self.dimension):
            (rows,) = np.nonzero(found)
            found[rows] = self._beside(x[rows], slack * steps, _ROUNDING * slack).all(
                axis=1
            )
        return found

    def _beside(self, x: np.ndarray, steps: np.ndarray, slack: float) -> np.ndarray:
        """Whether points x + step are inside, `(n, k)` for k steps."""
        if not len(x):
            return np.zeros((0, len(steps)), bool)
        points = (x[:, None] + steps).reshape(-1, self.dimension)
        return self.within(points, slack).reshape(len(x), len(steps))

    # -- interior: the proposals of the first child, unless said otherwise ---------

    @property
    def unit_dimension(self) -> int:
        return self._first.unit_dimension

    @property
    def proposal_measure(self) -> float:
        return self._first.proposal_measure

    # -- boundary -----------------------------------------------------------------

    @abc.abstractmethod
    def _keeps_first(self, x: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Which points of the first child's boundary are on this one's."""

    @abc.abstractmethod
    def _keeps_second(self, x: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """The same for the second child, with the normals outward of this."""

    @abc.abstractmethod
    def _cuts(self, child: Geometry, x: np.ndarray) -> np.ndarray:
        """Where the other child, at points away from its boundary, hides this one."""

    def _inward(
        self, child: Geometry, x: np.ndarray, normals: np.ndarray
    ) -> np.ndarray:
        """Whether a child contains what is just inward of points of the boundary."""
        return child.within(x - self._eps * normals, 0.0)

    def _outward(
        self, child: Geometry, x: np.ndarray, normals: np.ndarray
    ) -> np.ndarray:
        """Whether a child contains what is just outward of points of the boundary."""
        return child.within(x + self._eps * normals, 0.0)

    def pieces(self) -> tuple[Piece, ...]:
        first = (_kept(piece, self._keeps_first) for piece in self._first.pieces())
        second = (_kept(piece, self._keeps_second) for piece in self._second_pieces())
        return (*first, *second)

    def _second_pieces(self) -> tuple[Piece, ...]:
        return self._second.pieces()

    def boundary_normals(self, x: np.ndarray) -> np.ndarray:
        first = self._first.boundary_normals(x)
        second = self._turned(self._second.boundary_normals(x))
        on_first, on_second = np.isfinite(first[:, 0]), np.isfinite(second[:, 0])
        normals = np.full_like(x, np.nan)
        for mine, on, keeps, other, on_other in (
            (second, on_second, self._keeps_second, self._first, on_first),
            (first, on_first, self._keeps_first, self._second, on_second),
        ):
            (rows,) = np.nonzero(on & mine.any(axis=1))
            rows = rows[keeps(x[rows], mine[rows])]
            normals[rows] = mine[rows]
            # A corner of a child is one of the result, unless the other hides it.
            (rows,) = np.nonzero(on & ~mine.any(axis=1) & ~on_other)
            normals[rows[~self._cuts(other, x[rows])]] = 0.0
        # Where boundaries meet at an angle there is a corner.
        both = on_first & on_second
        angle = (
            both & (_apart(first, second) > _SAME) & (_apart(first, -second) > _SAME)
        )
        normals[angle | (both & ~(first.any(axis=1) & second.any(axis=1)))] = 0.0
        # Unless there the result has no inside, or nothing but its inside.
        (rows,) = np.nonzero(both & ~normals.any(axis=1))
        slack = SLACK * self.size
        there = self._remains(x[rows], slack) & ~self._surrounds(x[rows], slack)
        normals[rows[~there]] = np.nan
        return normals

    def _turned(self, normals: np.ndarray) -> np.ndarray:
        return normals

    def __repr__(self) -> str:
        first, second = (
            textwrap.shorten(repr(child), _LONG)
            for child in (self._first, self._second)
        )
        return f"({first} {self._sign} {second})"


def _around(dimension: int) -> list[np.ndarray]:
    """Unit vectors all around, `(k, dimension)` each; along no axis but in 1-D."""
    if dimension == 1:
        return [np.array([[-1.0], [1.0]])]
    unit = spread(direction_columns(dimension), _AROUND)
    return np.split(directions(unit, dimension), _SETS)


def _apart(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The largest difference of two rows, `(n,)`; infinite where one is NaN."""
    apart = np.abs(a - b).max(axis=1, initial=0.0)
    return np.where(np.isnan(apart), np.inf, apart)


def _kept(piece: Piece, keeps: Any) -> Piece:
    """A piece of which a further test keeps what it keeps."""
    before = piece.keeps
    if before is None:
        return dataclasses.replace(piece, keeps=keeps)

    def both(x: np.ndarray, normals: np.ndarray) -> np.ndarray:
        kept = before(x, normals)
        kept[kept] = keeps(x[kept], normals[kept])
        return kept

    return dataclasses.replace(piece, keeps=both)
