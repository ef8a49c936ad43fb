"""Unions, intersections and differences."""

import dataclasses
import functools
from typing import Any

import numpy as np
import tensorflow as tf

from keras_isgd.geometry.base import Geometry
from keras_isgd.geometry.boolean import Boolean
from keras_isgd.geometry.piece import Piece
from keras_isgd.geometry.smooth import conjunction, disjunction
from keras_isgd.geometry.spread import spread

__all__ = ["Difference", "Intersection", "Union"]

# Boundary points of each piece that are tested for a common boundary.
_SEAM = 2**12


class Union(Boolean):
    """The points of one geometry or the other; `a | b`."""

    _sign = "|"

    def _corners(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        a, b = self._first, self._second
        return tuple(map(min, a.lower, b.lower)), tuple(map(max, a.upper, b.upper))

    def support(self, directions: np.ndarray) -> np.ndarray:
        first, second = self._first, self._second
        return np.maximum(first.support(directions), second.support(directions))

    def _of(self, first: Any, second: Any) -> Any:
        return first | second

    def within(self, x: np.ndarray, slack: float) -> np.ndarray:
        first, second = self._first, self._second
        found = first.within(x, slack) | second.within(x, slack)
        if slack < 0.0:
            # Between two that touch, neither of them is inside by itself.
            (rows,) = np.nonzero(~found)
            rows = rows[first.within(x[rows], -slack)]
            rows = rows[second.within(x[rows], -slack)]
            found[rows] = self._surrounds(x[rows], -slack)
        return found

    @property
    def unit_dimension(self) -> int:
        return max(self._first.unit_dimension, self._second.unit_dimension)

    @property
    def proposal_measure(self) -> float:
        return self._first.proposal_measure + self._second.proposal_measure

    def interior(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        # The first column chooses the child, by what their proposals measure; where
        # both are, points of the second one are dropped.
        share = self._first.proposal_measure / self.proposal_measure
        of_first = unit[:, 0] < share
        x = np.empty((len(unit), self.dimension))
        kept = np.empty(len(unit), bool)
        for child, chosen, low, high in (
            (self._first, of_first, 0.0, share),
            (self._second, ~of_first, share, 1.0),
        ):
            own = unit[chosen, : child.unit_dimension]
            own[:, 0] = (own[:, 0] - low) / (high - low)
            x[chosen], kept[chosen] = child.interior(own)
        (second,) = np.nonzero(~of_first & kept)
        kept[second] = ~self._first.within(x[second], 0.0)
        return x, kept

    def _keeps_first(self, x: np.ndarray, normals: np.ndarray) -> np.ndarray:
        return ~self._outward(self._second, x, normals)

    def _keeps_second(self, x: np.ndarray, normals: np.ndarray) -> np.ndarray:
        sides = (self._inward, self._outward)
        inward, outward = (side(self._first, x, normals) for side in sides)
        return ~outward & ~inward

    def _cuts(self, child: Geometry, x: np.ndarray) -> np.ndarray:
        return child.within(x, 0.0)

    def signed_distance(self, x: Any) -> np.ndarray:
        first, second = (
            child.signed_distance(x) for child in (self._first, self._second)
        )
        return np.minimum(first, second)

    def smooth_distance(self, x: tf.Tensor) -> tf.Tensor:
        if self._has_seam:
            raise TypeError(
                f"{self._first} and {self._second} share a part of their boundaries "
                "that lies inside of the union, where its smooth distance would be "
                "zero. Let them overlap instead."
            )
        children = (self._first, self._second)
        return disjunction([c.smooth_distance(x) for c in children], self.size)

    @functools.cached_property
    def _has_seam(self) -> bool:
        """Whether the children touch from both sides along a part of a boundary."""
        for piece in self._first.pieces():
            x, normals = piece.place(spread(piece.unit_dimension, _SEAM))
            if piece.keeps is not None:
                kept = piece.keeps(x, normals)
                x, normals = x[kept], normals[kept]
            outward = self._outward(self._second, x, normals)
            if (outward & ~self._inward(self._second, x, normals)).any():
                return True
        return False


class Intersection(Boolean):
    """The points of both geometries; `a & b`."""

    _sign = "&"

    def _corners(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        a, b = self._first, self._second
        return tuple(map(max, a.lower, b.lower)), tuple(map(min, a.upper, b.upper))

    def support(self, directions: np.ndarray) -> np.ndarray:
        first, second = self._first, self._second
        return np.minimum(first.support(directions), second.support(directions))

    def _of(self, first: Any, second: Any) -> Any:
        return first & second

    def within(self, x: np.ndarray, slack: float) -> np.ndarray:
        first, second = self._first, self._second
        found = first.within(x, slack) & second.within(x, slack)
        if slack > 0.0:
            (rows,) = np.nonzero(found)
            rows = rows[~first.within(x[rows], -slack)]
            rows = rows[~second.within(x[rows], -slack)]
            found[rows] = self._remains(x[rows], slack)
        return found

    @property
    def _smaller(self) -> tuple[Geometry, Geometry]:
        """The child whose proposals measure less, and the other."""
        a, b = self._first, self._second
        return (a, b) if a.proposal_measure <= b.proposal_measure else (b, a)

    @property
    def unit_dimension(self) -> int:
        return self._smaller[0].unit_dimension

    @property
    def proposal_measure(self) -> float:
        return self._smaller[0].proposal_measure

    def interior(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        smaller, other = self._smaller
        x, kept = smaller.interior(unit)
        return x, kept & other.within(x, 0.0)

    def _keeps_first(self, x: np.ndarray, normals: np.ndarray) -> np.ndarray:
        return self._inward(self._second, x, normals)

    def _keeps_second(self, x: np.ndarray, normals: np.ndarray) -> np.ndarray:
        sides = (self._inward, self._outward)
        inward, outward = (side(self._first, x, normals) for side in sides)
        return inward & outward

    def _cuts(self, child: Geometry, x: np.ndarray) -> np.ndarray:
        return ~child.within(x, 0.0)

    def signed_distance(self, x: Any) -> np.ndarray:
        first, second = (
            child.signed_distance(x) for child in (self._first, self._second)
        )
        return np.maximum(first, second)

    def smooth_distance(self, x: tf.Tensor) -> tf.Tensor:
        children = (self._first, self._second)
        return conjunction([c.smooth_distance(x) for c in children], self.size)


class Difference(Boolean):
    """The points of one geometry without those of another; `a - b`."""

    _sign = "-"

    def _of(self, first: Any, second: Any) -> Any:
        return first - second

    def within(self, x: np.ndarray, slack: float) -> np.ndarray:
        first, second = self._first, self._second
        # Closed: the boundary of what was cut out belongs to it.
        found = first.within(x, slack) & ~second.within(x, -slack)
        if slack > 0.0:
            (rows,) = np.nonzero(found)
            rows = rows[second.within(x[rows], slack)]
            rows = rows[~first.within(x[rows], -slack)]
            found[rows] = self._remains(x[rows], slack)
        return found

    def interior(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, kept = self._first.interior(unit)
        return x, kept & ~self._second.within(x, 0.0)

    def _keeps_first(self, x: np.ndarray, normals: np.ndarray) -> np.ndarray:
        return ~self._inward(self._second, x, normals)

    def _keeps_second(self, x: np.ndarray, normals: np.ndarray) -> np.ndarray:
        sides = (self._inward, self._outward)
        inward, outward = (side(self._first, x, normals) for side in sides)
        return inward & outward

    def _cuts(self, child: Geometry, x: np.ndarray) -> np.ndarray:
        return child.within(x, 0.0) == (child is self._second)

    def _turned(self, normals: np.ndarray) -> np.ndarray:
        return -normals

    def _second_pieces(self) -> tuple[Piece, ...]:
        return tuple(_flipped(piece) for piece in self._second.pieces())

    def signed_distance(self, x: Any) -> np.ndarray:
        first, second = (
            child.signed_distance(x) for child in (self._first, self._second)
        )
        return np.maximum(first, -second)

    def smooth_distance(self, x: tf.Tensor) -> tf.Tensor:
        first, second = (
            child.smooth_distance(x) for child in (self._first, self._second)
        )
        return conjunction([first, -second], self.size)


def _flipped(piece: Piece) -> Piece:
    """A piece with its normals turned round."""
    keeps = piece.keeps

    def place(unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, normals = piece.place(unit)
        return x, -normals

    return dataclasses.replace(
        piece,
        place=place,
        keeps=None if keeps is None else lambda x, normals: keeps(x, -normals),
    )
