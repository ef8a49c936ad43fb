"""Disks and balls."""

import functools
from typing import Any

import numpy as np
import tensorflow as tf

from keras_isgd.geometry.base import SLACK
from keras_isgd.geometry.names import check_name
from keras_isgd.geometry.piece import Piece
from keras_isgd.geometry.radial import Radial
from keras_isgd.geometry.vectors import (
    check_vector,
    corners,
    direction_columns,
    directions,
    radial_normals,
    sphere_measure,
)
from keras_isgd.utils.checks import check_positive

__all__ = ["Ball", "Disk"]


class Ball(Radial):
    """The points within a radius of a centre, in any dimension.

    Args:
        centre: d numbers.
        radius: positive.
        name: of its boundary; "ball" if None.

    Raises:
        ValueError: numbers that are not finite, or a radius that is not positive.
    """

    _default = "ball"

    def __init__(self, centre: Any, radius: float, name: str | None = None) -> None:
        self._centre = check_vector("The centre", centre)
        self._radius = self._reach = check_positive("radius", radius)
        self.name = check_name(name)
        self.lower, self.upper = corners(
            "A ball", self._centre - self._radius, self._centre + self._radius
        )

    @property
    def measure(self) -> float:
        """The length, area or volume of the ball."""
        d = self.dimension
        return sphere_measure(d) * self._radius**d / d

    @property
    def proposal_measure(self) -> float:
        return self.measure

    @property
    def unit_dimension(self) -> int:
        d = self.dimension
        return 1 if d == 1 else 1 + direction_columns(d)

    def interior(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        d = self.dimension
        if d == 1:
            x = 2.0 * unit - 1.0
        else:
            x = unit[:, :1] ** (1.0 / d) * directions(unit[:, 1:], d)
        return self._centre + self._radius * x, np.ones(len(unit), bool)

    def within(self, x: np.ndarray, slack: float) -> np.ndarray:
        # Column by column, and without a square root: sets of a million points are
        # cut out of many disks.
        square = sum((x[:, i] - c) ** 2 for i, c in enumerate(self._centre))
        return square <= max(self._radius + slack, 0.0) ** 2

    def pieces(self) -> tuple[Piece, ...]:
        d = self.dimension
        names = (self.name or self._default,)
        if d == 1:
            return tuple(
                Piece(
                    names=names,
                    measure=1.0,
                    unit_dimension=0,
                    place=functools.partial(self._end, sign),
                )
                for sign in (-1.0, 1.0)
            )
        return (self._sphere(names, self._radius, 1.0),)

    def _end(self, sign: float, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        normals = np.full((len(unit), 1), sign)
        return self._centre + self._radius * normals, normals

    def boundary_normals(self, x: np.ndarray) -> np.ndarray:
        return radial_normals(x - self._centre, self._radius, SLACK * self.size)

    def signed_distance(self, x: Any) -> np.ndarray:
        return np.linalg.norm(self.checked(x) - self._centre, axis=1) - self._radius

    def smooth_distance(self, x: tf.Tensor) -> tf.Tensor:
        return self._within_sphere(x, self._radius)

    def __repr__(self) -> str:
        centre = tuple(self._centre.tolist())
        return f"{type(self).__name__}({centre}, {self._radius})"


class Disk(Ball):
    """The points of the plane within a radius of a centre.

    Args:
        centre: two numbers.
        radius: positive.
        name: of its boundary; "disk" if None.

    Raises:
        ValueError: as a `Ball`, or a centre that is not two numbers.
    """

    _default = "disk"

    def __init__(self, centre: Any, radius: float, name: str | None = None) -> None:
        super().__init__(check_vector("The centre", centre, 2), radius, name)
