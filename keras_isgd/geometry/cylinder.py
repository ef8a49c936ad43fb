"""Cylinders."""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from keras_isgd.geometry.base import SLACK
from keras_isgd.geometry.distance import DistanceGeometry
from keras_isgd.geometry.names import check_name
from keras_isgd.geometry.piece import Piece
from keras_isgd.geometry.smooth import conjunction
from keras_isgd.geometry.vectors import (
    check_proportions,
    check_vector,
    corners,
    directions,
)
from keras_isgd.utils.checks import check_positive

__all__ = ["Cylinder"]


class Cylinder(DistanceGeometry):
    """A round straight cylinder with its inside, in three coordinates.

    Args:
        base: the centre of its bottom, three numbers.
        height: positive, upwards along the third coordinate; or the vector from the
            centre of the bottom to that of the top.
        radius: positive.
        name: of its boundary; "cylinder" if None. Its parts are "{name}_side",
            "{name}_bottom" and "{name}_top".

    Raises:
        ValueError: numbers that are not finite, a radius or height that is not
            positive.
    """

    def __init__(
        self, base: Any, height: Any, radius: float, name: str | None = None
    ) -> None:
        self._base = check_vector("The base", base, 3)
        if np.ndim(height) == 0:
            axis = np.array([0.0, 0.0, check_positive("height", height)])
        else:
            axis = check_vector("The height", height, 3)
        self._height = math.hypot(*axis)
        if not self._height > 0.0:
            raise ValueError(f"Expected a height that is not zero, got {height!r}.")
        self._radius = check_positive("radius", radius)
        check_proportions("A cylinder", (self._radius, self._height))
        self.name = check_name(name)
        self._frame = _frame(axis / self._height)
        top = self._base + axis
        half = self._radius * np.sqrt(np.maximum(1.0 - self._frame[2] ** 2, 0.0))
        lower, upper = np.minimum(self._base, top), np.maximum(self._base, top)
        self.lower, self.upper = corners("A cylinder", lower - half, upper + half)

    @property
    def measure(self) -> float:
        """The volume."""
        return math.pi * self._radius**2 * self._height

    @property
    def proposal_measure(self) -> float:
        return self.measure

    def support(self, directions: np.ndarray) -> np.ndarray:
        along = directions @ self._frame[2]
        across = np.linalg.norm(directions @ self._frame[:2].T, axis=1)
        reach = np.maximum(self._height * along, 0.0) + self._radius * across
        return directions @ self._base + reach

    def interior(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._disk(unit[:, :2], self._height * unit[:, 2:]), np.ones(
            len(unit), bool
        )

    def _disk(self, unit: np.ndarray, height: np.ndarray | float) -> np.ndarray:
        """Points of a cross-section at a height, uniform in its area."""
        flat = self._radius * np.sqrt(unit[:, :1]) * directions(unit[:, 1:], 2)
        return self._outward(flat, np.broadcast_to(height, (len(unit), 1)))

    def _outward(self, flat: np.ndarray, height: np.ndarray) -> np.ndarray:
        """From coordinates across and along the axis to x."""
        return self._base + np.concatenate([flat, height], axis=1) @ self._frame

    def _own(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Coordinates across the axis `(n, 2)`, their norm and those along it."""
        own = (x - self._base) @ self._frame.T
        return own[:, :2], np.hypot(own[:, 0], own[:, 1]), own[:, 2]

    def pieces(self) -> tuple[Piece, ...]:
        name = self.name or "cylinder"
        lid = math.pi * self._radius**2
        side = 2.0 * math.pi * self._radius * self._height
        return tuple(
            Piece(
                names=(f"{name}_{part}", name),
                measure=measure,
                unit_dimension=2,
                place=place,
            )
            for part, measure, place in (
                ("side", side, self._place_side),
                ("bottom", lid, self._place_bottom),
                ("top", lid, self._place_top),
            )
        )

    def _place_side(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        flat = directions(unit[:, :1], 2)
        x = self._outward(self._radius * flat, self._height * unit[:, 1:])
        return x, flat @ self._frame[:2]

    def _place_bottom(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._disk(unit, 0.0), np.tile(-self._frame[2], (len(unit), 1))

    def _place_top(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._disk(unit, self._height), np.tile(self._frame[2], (len(unit), 1))

    def boundary_normals(self, x: np.ndarray) -> np.ndarray:
        flat, radius, height = self._own(x)
        slack = SLACK * self.size
        side = np.abs(radius - self._radius) <= slack
        bottom, top = np.abs(height) <= slack, np.abs(height - self._height) <= slack
        normals = np.zeros_like(x)
        normals[side] = (flat[side] / radius[side, None]) @ self._frame[:2]
        normals[bottom] = -self._frame[2]
        normals[top] = self._frame[2]
        normals[side & (bottom | top)] = 0.0
        normals[~(side | bottom | top) | ~self.within(x, slack)] = np.nan
        return normals

    def signed_distance(self, x: Any) -> np.ndarray:
        _, radius, height = self._own(self.checked(x))
        across = radius - self._radius
        along = np.abs(height - self._height / 2.0) - self._height / 2.0
        outside = np.hypot(np.maximum(across, 0.0), np.maximum(along, 0.0))
        return outside + np.minimum(np.maximum(across, along), 0.0)

    def smooth_distance(self, x: tf.Tensor) -> tf.Tensor:
        own = tf.matmul(
            x - tf.constant(self._base, x.dtype),
            tf.constant(self._frame, x.dtype),
            transpose_b=True,
        )
        square = tf.reduce_sum(own[:, :2] ** 2, axis=1, keepdims=True)
        side = (self._radius**2 - square) / (2.0 * self._radius)
        height = own[:, 2:]
        lids = height * (self._height - height) / self._height
        return conjunction([side, lids], self.size)

    def __repr__(self) -> str:
        base = tuple(self._base.tolist())
        axis = tuple((self._height * self._frame[2]).tolist())
        return f"Cylinder({base}, {axis}, {self._radius})"


def _frame(axis: np.ndarray) -> np.ndarray:
    """Rows are two unit vectors across a unit vector, and itself, right-handed."""
    # The coordinate axis that is farthest from it.
    other = np.eye(3)[np.argmin(np.abs(axis))]
    first = np.cross(other, axis)
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(axis, first), axis])
