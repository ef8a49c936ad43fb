"""Annuli and shells: what is between two spheres."""

from typing import Any

import numpy as np
import tensorflow as tf

from keras_isgd.geometry.ball import Ball
from keras_isgd.geometry.base import SLACK
from keras_isgd.geometry.names import check_name
from keras_isgd.geometry.piece import Piece
from keras_isgd.geometry.radial import Radial
from keras_isgd.geometry.smooth import conjunction
from keras_isgd.geometry.vectors import (
    check_proportions,
    check_vector,
    corners,
    direction_columns,
    directions,
    radial_normals,
    sphere_measure,
)
from keras_isgd.utils.checks import check_positive

__all__ = ["Annulus", "Shell"]


class Shell(Radial):
    """The points between two spheres of one centre, in two or more dimensions.

    Args:
        centre: d numbers.
        inner: the inner radius, positive.
        outer: the outer radius, above the inner one.
        name: of its boundary; "shell" if None. Its parts are "{name}_inner" and
            "{name}_outer".

    Raises:
        ValueError: numbers that are not finite, a single coordinate, or radii that
            are not positive and in order.
    """

    _default = "shell"

    def __init__(
        self, centre: Any, inner: float, outer: float, name: str | None = None
    ) -> None:
        self._centre = check_vector("The centre", centre)
        if len(self._centre) < 2:
            raise ValueError(
                "A shell needs at least two coordinates: in one it is two intervals, "
                "Interval(a, b) | Interval(c, d)."
            )
        self._inner = check_positive("inner", inner)
        self._outer = self._reach = check_positive("outer", outer)
        if not self._inner < self._outer:
            raise ValueError(f"Expected inner < outer, got {inner!r} and {outer!r}.")
        lengths = (self._inner, self._outer - self._inner, self._outer)
        check_proportions("A shell", lengths)
        self.name = check_name(name)
        self.lower, self.upper = corners(
            "A shell", self._centre - self._outer, self._centre + self._outer
        )

    @property
    def hole(self) -> Ball:
        """The ball within it that is no part of it."""
        return Ball(self._centre, self._inner)

    @property
    def measure(self) -> float:
        """The area or volume between the spheres."""
        d = self.dimension
        return sphere_measure(d) * (self._outer**d - self._inner**d) / d

    @property
    def proposal_measure(self) -> float:
        return self.measure

    @property
    def unit_dimension(self) -> int:
        return 1 + direction_columns(self.dimension)

    def interior(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        d = self.dimension
        low, high = self._inner**d, self._outer**d
        radius = (low + (high - low) * unit[:, :1]) ** (1.0 / d)
        x = self._centre + radius * directions(unit[:, 1:], d)
        return x, np.ones(len(unit), bool)

    def pieces(self) -> tuple[Piece, ...]:
        name = self.name or self._default
        return (
            self._sphere((f"{name}_inner", name), self._inner, -1.0),
            self._sphere((f"{name}_outer", name), self._outer, 1.0),
        )

    def boundary_normals(self, x: np.ndarray) -> np.ndarray:
        y, tolerance = x - self._centre, SLACK * self.size
        outer = radial_normals(y, self._outer, tolerance)
        inner = radial_normals(y, self._inner, tolerance)
        return np.where(np.isnan(outer), -inner, outer)

    def signed_distance(self, x: Any) -> np.ndarray:
        radius = np.linalg.norm(self.checked(x) - self._centre, axis=1)
        return np.maximum(radius - self._outer, self._inner - radius)

    def smooth_distance(self, x: tf.Tensor) -> tf.Tensor:
        outer = self._within_sphere(x, self._outer)
        inner = self._within_sphere(x, self._inner)
        return conjunction([outer, -inner], self.size)

    def __repr__(self) -> str:
        centre = tuple(self._centre.tolist())
        return f"{type(self).__name__}({centre}, {self._inner}, {self._outer})"


class Annulus(Shell):
    """The points of the plane between two circles of one centre.

    Args:
        centre: two numbers.
        inner: the inner radius, positive.
        outer: the outer radius, above the inner one.
        name: of its boundary; "annulus" if None. Its parts are "{name}_inner" and
            "{name}_outer".

    Raises:
        ValueError: as a `Shell`, or a centre that is not two numbers.
    """

    _default = "annulus"

    def __init__(
        self, centre: Any, inner: float, outer: float, name: str | None = None
    ) -> None:
        super().__init__(check_vector("The centre", centre, 2), inner, outer, name)
