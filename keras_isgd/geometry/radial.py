"""What balls and shells share."""

import functools

import numpy as np
import tensorflow as tf

from keras_isgd.geometry.distance import DistanceGeometry
from keras_isgd.geometry.piece import Piece
from keras_isgd.geometry.vectors import direction_columns, directions, sphere_measure

__all__ = ["Radial"]


class Radial(DistanceGeometry):
    """A geometry that spheres about one centre bound.

    Attributes:
        _centre: d numbers.
        _reach: the radius of the largest sphere.
    """

    _default: str
    _centre: np.ndarray
    _reach: float

    def support(self, directions: np.ndarray) -> np.ndarray:
        reach = self._reach * np.linalg.norm(directions, axis=1)
        return directions @ self._centre + reach

    def _sphere(self, names: tuple[str, ...], radius: float, sign: float) -> Piece:
        """A sphere as a piece, in two or more dimensions; -1.0 turns its normals in."""
        d = self.dimension
        return Piece(
            names=names,
            measure=sphere_measure(d) * radius ** (d - 1),
            unit_dimension=direction_columns(d),
            place=functools.partial(self._place, radius, sign),
        )

    def _place(
        self, radius: float, sign: float, unit: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        outward = directions(unit, self.dimension)
        return self._centre + radius * outward, sign * outward

    def _within_sphere(self, x: tf.Tensor, radius: float) -> tf.Tensor:
        """Zero on a sphere and smooth, with the inward slope one there, `(n, 1)`."""
        y = x - tf.constant(self._centre, x.dtype)
        square = tf.reduce_sum(y * y, axis=1, keepdims=True)
        return (radius**2 - square) / (2.0 * radius)
