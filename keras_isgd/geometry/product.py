"""Products, such as of a shape and a time."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_isgd.geometry.base import SLACK, Geometry
from keras_isgd.geometry.piece import Piece
from keras_isgd.geometry.smooth import conjunction

__all__ = ["Product"]


class Product(Geometry):
    """The pairs of a point of one geometry and a point of another; `a * b`.

    Its boundary is the first one's boundary times the second, and the first times
    the second one's boundary. The parts keep their names.

    Args:
        first: a `Geometry`, of the first coordinates.
        second: a `Geometry`, of those that follow.

    Attributes:
        first, second: the same.
    """

    def __init__(self, first: Geometry, second: Geometry) -> None:
        self.first, self.second = first, second
        self.lower = first.lower + second.lower
        self.upper = first.upper + second.upper

    @property
    def own_dimension(self) -> int:
        return self.first.own_dimension + self.second.own_dimension

    @property
    def measure(self) -> float:
        """The product of both measures."""
        return self.first.measure * self.second.measure

    @property
    def proposal_measure(self) -> float:
        return self.first.proposal_measure * self.second.proposal_measure

    @property
    def unit_dimension(self) -> int:
        return self.first.unit_dimension + self.second.unit_dimension

    def _split(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        d = self.first.dimension
        return x[:, :d], x[:, d:]

    def support(self, directions: np.ndarray) -> np.ndarray:
        a, b = self._split(directions)
        return self.first.support(a) + self.second.support(b)

    def interior(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        columns = self.first.unit_dimension
        a, kept_a = self.first.interior(unit[:, :columns])
        b, kept_b = self.second.interior(unit[:, columns:])
        return np.concatenate([a, b], axis=1), kept_a & kept_b

    def contains(self, x: Any) -> np.ndarray:
        a, b = self._split(self.checked(x))
        return self.first.contains(a) & self.second.contains(b)

    def within(self, x: np.ndarray, slack: float) -> np.ndarray:
        a, b = self._split(x)
        return self.first.within(a, slack) & self.second.within(b, slack)

    def pieces(self) -> tuple[Piece, ...]:
        pieces = [
            _times(piece, self.second, first=True) for piece in self.first.pieces()
        ]
        pieces += [
            _times(piece, self.first, first=False) for piece in self.second.pieces()
        ]
        return tuple(pieces)

    def boundary_normals(self, x: np.ndarray) -> np.ndarray:
        a, b = self._split(x)
        first, second = (
            child.boundary_normals(part)
            for child, part in ((self.first, a), (self.second, b))
        )
        on_a, on_b = np.isfinite(first[:, 0]), np.isfinite(second[:, 0])
        normals = np.concatenate(
            [np.where(on_a[:, None], first, 0.0), np.where(on_b[:, None], second, 0.0)],
            axis=1,
        )
        normals[on_a & on_b] = 0.0
        normals[~(on_a | on_b) | ~self.within(x, SLACK * self.size)] = np.nan
        return normals

    def signed_distance(self, x: Any) -> np.ndarray:
        parts = self._split(self.checked(x))
        a, b = (
            child.signed_distance(part)
            for child, part in zip((self.first, self.second), parts)
        )
        outside = np.hypot(np.maximum(a, 0.0), np.maximum(b, 0.0))
        return outside + np.minimum(np.maximum(a, b), 0.0)

    def smooth_distance(self, x: tf.Tensor) -> tf.Tensor:
        d = self.first.dimension
        first = self.first.smooth_distance(x[:, :d])
        second = self.second.smooth_distance(x[:, d:])
        return conjunction([first, second], self.size)

    def __repr__(self) -> str:
        return f"({self.first} * {self.second})"


def _times(piece: Piece, other: Geometry, first: bool) -> Piece:
    """A piece of one factor's boundary, times the other factor.

    What the other factor rejects is NaN, which `keeps` drops.
    """
    columns = piece.unit_dimension if first else other.unit_dimension

    def place(unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        left, right = unit[:, :columns], unit[:, columns:]
        x, normals = piece.place(left if first else right)
        y, kept = other.interior(right if first else left)
        y = np.where(kept[:, None], y, np.nan)
        flat = np.zeros_like(y)
        pairs = ((x, y), (normals, flat)) if first else ((y, x), (flat, normals))
        points, outward = (np.concatenate(pair, axis=1) for pair in pairs)
        return points, outward

    def keeps(points: np.ndarray, outward: np.ndarray) -> np.ndarray:
        kept = np.isfinite(points).all(axis=1)
        if piece.keeps is not None:
            own = (
                slice(None, -other.dimension) if first else slice(other.dimension, None)
            )
            kept[kept] = piece.keeps(points[kept, own], outward[kept, own])
        return kept

    return Piece(
        names=piece.names,
        measure=piece.measure * other.proposal_measure,
        unit_dimension=piece.unit_dimension + other.unit_dimension,
        place=place,
        keeps=keeps,
    )
