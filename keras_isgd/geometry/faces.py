"""Faces of boxes."""

import dataclasses
import math

import numpy as np
import tensorflow as tf

from keras_isgd.geometry.box import Box

__all__ = ["Faces"]


@dataclasses.dataclass(frozen=True)
class Faces:
    """Some faces of a box.

    Args:
        box: the `Box`.
        faces: `(axis, side)` pairs; side 0 is the lower one.
    """

    box: Box
    faces: tuple[tuple[int, int], ...]

    def allotment(self, count: int) -> list[int]:
        """Returns how many of `count` points each face gets, by its area.

        In one dimension a face is one point, and gets one.
        """
        if self.box.dimension == 1:
            return [1] * len(self.faces)
        lengths = self.box.lengths
        areas = np.array([math.prod(lengths) / lengths[axis] for axis, _ in self.faces])
        ends = np.rint(np.cumsum(areas) / areas.sum() * count).astype(int)
        return np.diff(ends, prepend=0).tolist()

    def project(self, x: tf.Tensor, allotment: list[int]) -> tf.Tensor:
        """Moves points onto the faces, along the axis of each.

        Args:
            x: points of the box, `(n, d)`; the first ones are for the first face.
            allotment: how many points each face gets, n in all.

        Returns:
            `(n, d)`.
        """
        parts = []
        for part, (axis, side) in zip(tf.split(x, allotment), self.faces, strict=True):
            on_axis = tf.one_hot(axis, self.box.dimension, dtype=x.dtype)
            parts.append(part * (1.0 - on_axis) + self.box.edge(axis, side) * on_axis)
        return tf.concat(parts, axis=0)

    def all_normals(self, allotment: list[int]) -> np.ndarray:
        """Returns the outward normals of points that `project` returns, `(n, d)`.

        Args:
            allotment: how many points each face gets.
        """
        normals = np.zeros((len(self.faces), self.box.dimension))
        for row, (axis, side) in enumerate(self.faces):
            normals[row, axis] = 1.0 if side else -1.0
        return np.repeat(normals, allotment, axis=0)

    def normals(self, x: tf.Tensor) -> tf.Tensor:
        """Returns the outward normal of the nearest face for each point.

        Args:
            x: `(n, d)`, on the faces up to rounding.

        Returns:
            Unit vectors, `(n, d)`, in the dtype of `x`.
        """
        distances = []
        normals = np.zeros((len(self.faces), self.box.dimension))
        for row, (axis, side) in enumerate(self.faces):
            away = tf.abs(x[:, axis] - self.box.edge(axis, side))
            distances.append(away / self.box.lengths[axis])
            normals[row, axis] = 1.0 if side else -1.0
        nearest = tf.argmin(tf.stack(distances, axis=1), axis=1)
        return tf.gather(tf.constant(normals, x.dtype), nearest)
