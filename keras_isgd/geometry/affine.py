"""Geometries that were moved, turned or made larger."""

import dataclasses
import math
from typing import Any

import numpy as np
import tensorflow as tf

from keras_isgd.geometry.base import Geometry
from keras_isgd.geometry.library import library
from keras_isgd.geometry.piece import Piece
from keras_isgd.geometry.vectors import check_vector
from keras_isgd.utils.checks import check_positive

__all__ = ["Affine", "rotation", "scaling", "translation"]


class Affine(Geometry):
    """The points `factor * turn x + shift` of the points x of a geometry.

    Args:
        child: the `Geometry`.
        turn: an orthogonal matrix `(d, d)`.
        factor: positive.
        shift: `(d,)`.
    """

    def __init__(
        self, child: Geometry, turn: np.ndarray, factor: float, shift: np.ndarray
    ) -> None:
        self._child = child
        self._turn, self._factor, self._shift = turn, factor, shift
        self.name = child.name
        axes = np.eye(child.dimension)
        self.lower = tuple((-self.support(-axes)).tolist())
        self.upper = tuple(self.support(axes).tolist())

    def outline(self) -> Any:
        outline = self._child.outline()
        if outline is None:
            return None
        (a, b), (c, d) = (self._factor * self._turn).tolist()
        affinity = library("shapely.affinity", "The area of polygons")
        return affinity.affine_transform(outline, (a, b, c, d, *self._shift))

    def support(self, directions: np.ndarray) -> np.ndarray:
        own = self._child.support(directions @ self._turn)
        return self._factor * own + directions @ self._shift

    def _outward(self, own: np.ndarray) -> np.ndarray:
        return self._factor * own @ self._turn.T + self._shift

    def _own(self, x: np.ndarray) -> np.ndarray:
        return (x - self._shift) @ self._turn / self._factor

    @property
    def own_dimension(self) -> int:
        return self._child.own_dimension

    @property
    def measure(self) -> float:
        """The measure of what was transformed, times a power of the factor."""
        return self._child.measure * self._factor**self.own_dimension

    @property
    def proposal_measure(self) -> float:
        return self._child.proposal_measure * self._factor**self.own_dimension

    @property
    def unit_dimension(self) -> int:
        return self._child.unit_dimension

    def interior(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        own, kept = self._child.interior(unit)
        return self._outward(own), kept

    def contains(self, x: Any) -> np.ndarray:
        return self._child.contains(self._own(self.checked(x)))

    def within(self, x: np.ndarray, slack: float) -> np.ndarray:
        return self._child.within(self._own(x), slack / self._factor)

    def pieces(self) -> tuple[Piece, ...]:
        return tuple(self._moved(piece) for piece in self._child.pieces())

    def _moved(self, piece: Piece) -> Piece:
        keeps = piece.keeps

        def place(unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            own, normals = piece.place(unit)
            return self._outward(own), normals @ self._turn.T

        def keeps_own(x: np.ndarray, normals: np.ndarray) -> np.ndarray:
            assert keeps is not None
            return keeps(self._own(x), normals @ self._turn)

        # A line in the plane is its own part; a boundary has one dimension less.
        thin = self.own_dimension < self.dimension
        power = self.own_dimension - (0 if thin else 1)
        return dataclasses.replace(
            piece,
            measure=piece.measure * self._factor**power,
            place=place,
            keeps=None if keeps is None else keeps_own,
        )

    def test_points(self, count: int) -> np.ndarray:
        return self._outward(self._child.test_points(count))

    def boundary_normals(self, x: np.ndarray) -> np.ndarray:
        return self._child.boundary_normals(self._own(x)) @ self._turn.T

    def signed_distance(self, x: Any) -> np.ndarray:
        own = self._own(self.checked(x))
        return self._factor * self._child.signed_distance(own)

    def smooth_distance(self, x: tf.Tensor) -> tf.Tensor:
        turn = tf.constant(self._turn / self._factor, x.dtype)
        own = tf.matmul(x - tf.constant(self._shift, x.dtype), turn)
        return self._factor * self._child.smooth_distance(own)

    def __repr__(self) -> str:
        turned = not np.allclose(self._turn, np.eye(self.dimension))
        how = ", turned" if turned else ""
        if self._factor != 1.0:
            how += f", scaled by {self._factor:g}"
        if self._shift.any():
            how += f", moved by {tuple(self._shift.tolist())}"
        return f"({self._child}{how})"


def translation(child: Geometry, by: Any) -> Geometry:
    """Returns a geometry moved by a vector of d numbers."""
    by = check_vector("The vector of a translation", by, child.dimension)
    return Affine(child, np.eye(child.dimension), 1.0, by)


def scaling(child: Geometry, factor: float, about: Any) -> Geometry:
    """Returns a geometry made larger by a factor about a point."""
    factor = check_positive("factor", factor)
    stays = _stays(child, about)
    return Affine(child, np.eye(child.dimension), factor, (1.0 - factor) * stays)


def rotation(child: Geometry, angle: float, axis: Any, about: Any) -> Geometry:
    """Returns a geometry turned by an angle about a point, and in 3-D an axis."""
    angle = float(check_vector("The angle", angle, 1)[0])
    if child.dimension == 2:
        if axis is not None:
            raise ValueError("In the plane a rotation has no `axis`: leave it out.")
        cos, sin = math.cos(angle), math.sin(angle)
        turn = np.array([[cos, -sin], [sin, cos]])
    elif child.dimension == 3:
        turn = _turn(angle, axis)
    else:
        raise ValueError(
            f"{child} has {child.dimension} dimensions; rotations need two or three."
        )
    stays = _stays(child, about)
    return Affine(child, turn, 1.0, stays - turn @ stays)


def _turn(angle: float, axis: Any) -> np.ndarray:
    """The matrix of a rotation about an axis (Rodrigues)."""
    if axis is None:
        raise ValueError(
            "A rotation in three dimensions needs an `axis`, such as (0, 0, 1)."
        )
    vector = check_vector("The axis", axis, 3)
    norm = float(np.linalg.norm(vector))
    if not norm > 0.0:
        raise ValueError("The `axis` of a rotation cannot be zero.")
    x, y, z = vector / norm
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross


def _stays(child: Geometry, about: Any) -> np.ndarray:
    if about is None:
        return np.zeros(child.dimension)
    return check_vector("The point that stays", about, child.dimension)
