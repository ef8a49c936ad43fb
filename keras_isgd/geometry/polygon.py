"""Triangles and polygons."""

import functools
from typing import Any

import numpy as np
import tensorflow as tf

from keras_isgd.geometry.base import SLACK
from keras_isgd.geometry.distance import DistanceGeometry
from keras_isgd.geometry.library import library, outline_library
from keras_isgd.geometry.names import check_name, part_names
from keras_isgd.geometry.piece import Piece
from keras_isgd.geometry.smooth import conjunction
from keras_isgd.geometry.triangulation import (
    ear_clipping,
    place_in_triangles,
    triangle_areas,
)
from keras_isgd.geometry.vectors import check_vector
from keras_isgd.geometry.vectors import corners as box_corners
from keras_isgd.utils.checks import check_array

__all__ = ["Polygon", "Triangle"]

# Of the square of the size: a polygon with less area is a line.
_LEAST_AREA = 1e-12
# Sine of the angle up to which two edges are one line.
_STRAIGHT = 1e-9


class Polygon(DistanceGeometry):
    """A polygon with its inside, in the plane.

    Its edges are the parts "edge_0" (from the first vertex to the second), "edge_1"
    and so on. Holes are cut out by `-`.

    Args:
        vertices: `(m, 2)`, in order, either way round.
        name: of its boundary; "polygon" if None. An edge is also "{name}_edge_0"
            with a name.

    Raises:
        ValueError: fewer than three vertices, a vertex twice, edges that cross or
            touch, or no area.
        ImportError: shapely is missing, which checks that.
    """

    _default = "polygon"

    def __init__(self, vertices: Any, name: str | None = None) -> None:
        corners = check_array("The list of vertices", vertices)
        if corners.ndim != 2 or corners.shape[1] != 2:
            raise ValueError(
                f"Expected vertices (m, 2), got an array of shape {corners.shape}."
            )
        if len(corners) > 3 and (corners[0] == corners[-1]).all():
            corners = corners[:-1]  # a ring that says its first vertex again
        self.name = check_name(name)
        self._vertices = corners
        if len(corners) < 3:
            raise ValueError(
                f"A {self._default} needs at least three vertices, got {len(corners)}."
            )
        # First: areas of larger shapes are beyond the range of float64.
        self.lower, self.upper = box_corners(
            f"A {self._default}", corners.min(axis=0), corners.max(axis=0)
        )
        self._check()
        # Counterclockwise inside; the edges keep the numbers that the user knows.
        self._backward = _signed_area(corners) < 0.0
        self._from = corners
        self._to = np.roll(corners, -1, axis=0)
        edges = self._to - self._from
        self._edge_lengths = np.linalg.norm(edges, axis=1)
        outward = np.stack([edges[:, 1], -edges[:, 0]], axis=1)
        sign = -1.0 if self._backward else 1.0
        self._normals = sign * outward / self._edge_lengths[:, None]

    def _check(self) -> None:
        corners, what = self._vertices, self._default
        size = float(np.ptp(corners, axis=0).max())
        if (np.roll(corners, -1, axis=0) == corners).all(axis=1).any():
            raise ValueError(f"Two vertices of a {what} in a row are the same one.")
        if len(corners) > 3:
            shapely = library("shapely", "Polygon")
            if not shapely.Polygon(corners).is_valid:
                why = shapely.is_valid_reason(shapely.Polygon(corners))
                raise ValueError(f"The edges of the polygon cross or touch: {why}.")
        if abs(_signed_area(corners)) <= _LEAST_AREA * size**2:
            raise ValueError(f"The vertices of the {what} lie on a line: it is flat.")

    # -- inside ------------------------------------------------------------------

    @property
    def measure(self) -> float:
        """The area."""
        return abs(_signed_area(self._vertices))

    @property
    def proposal_measure(self) -> float:
        return self.measure

    def outline(self) -> Any:
        shapely = outline_library()
        return shapely and shapely.Polygon(self._vertices)

    def support(self, directions: np.ndarray) -> np.ndarray:
        return np.max(directions @ self._vertices.T, axis=1)

    @functools.cached_property
    def _triangles(self) -> tuple[np.ndarray, np.ndarray]:
        """Triangles that make up the polygon, and their cumulative shares of it."""
        corners = self._vertices[::-1] if self._backward else self._vertices
        triangles = ear_clipping(corners)
        ends = np.concatenate([[0.0], np.cumsum(triangle_areas(triangles))])
        return triangles, ends / ends[-1]

    def interior(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x = place_in_triangles(unit, *self._triangles)[0]
        return x, np.ones(len(unit), bool)

    def within(self, x: np.ndarray, slack: float) -> np.ndarray:
        if slack == 0.0:
            return self._inside(x)
        return self.signed_distance(x) <= slack

    def _inside(self, x: np.ndarray) -> np.ndarray:
        """Whether a ray from a point crosses the boundary an odd number of times."""
        odd = np.zeros(len(x), bool)
        for (x0, y0), (x1, y1) in zip(self._from, self._to):
            if y0 == y1:
                continue
            spans = (x[:, 1] < y0) != (x[:, 1] < y1)
            crossing = x0 + (x[:, 1] - y0) * ((x1 - x0) / (y1 - y0))
            odd ^= spans & (x[:, 0] < crossing)
        return odd

    def signed_distance(self, x: Any) -> np.ndarray:
        x = self.checked(x)
        distance = np.full(len(x), np.inf)
        for edge in range(len(self._from)):
            distance = np.minimum(distance, self._distance(x, edge))
        return np.where(self._inside(x), -distance, distance)

    def _distance(self, x: np.ndarray, edge: int) -> np.ndarray:
        """The distances of points to an edge, `(n,)`."""
        along = self._to[edge] - self._from[edge]
        y = x - self._from[edge]
        place = np.clip(y @ along / self._edge_lengths[edge] ** 2, 0.0, 1.0)
        return np.hypot(y[:, 0] - place * along[0], y[:, 1] - place * along[1])

    def smooth_distance(self, x: tf.Tensor) -> tf.Tensor:
        lines = self._lines()
        if lines is None:
            return super().smooth_distance(x)
        functions = [
            tf.constant(offset, x.dtype)
            - tf.linalg.matvec(x, tf.constant(normal, x.dtype))[:, None]
            for normal, offset in lines
        ]
        return conjunction(functions, self.size)

    def _lines(self) -> list[tuple[np.ndarray, float]] | None:
        """Normals and offsets of the edges, each line once; None if not convex."""
        last = np.roll(self._normals, 1, axis=0)
        turn = last[:, 0] * self._normals[:, 1] - last[:, 1] * self._normals[:, 0]
        turn = -turn if self._backward else turn
        if (turn < -_STRAIGHT).any():
            return None
        return [
            (normal, float(normal @ start))
            for normal, start, angle in zip(self._normals, self._from, turn)
            if angle > _STRAIGHT
        ]

    # -- boundary ----------------------------------------------------------------

    def pieces(self) -> tuple[Piece, ...]:
        return tuple(
            Piece(
                names=part_names(self.name, self._default, f"edge_{edge}"),
                measure=float(length),
                unit_dimension=1,
                place=functools.partial(self._place, edge),
            )
            for edge, length in enumerate(self._edge_lengths)
        )

    def _place(self, edge: int, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x = self._from[edge] + unit * (self._to[edge] - self._from[edge])
        return x, np.tile(self._normals[edge], (len(x), 1))

    def boundary_normals(self, x: np.ndarray) -> np.ndarray:
        normals = np.full_like(x, np.nan)
        for edge, normal in enumerate(self._normals):
            on = self._distance(x, edge) <= SLACK * self.size
            before = np.isfinite(normals[:, 0])
            same = np.abs(normals - normal).max(axis=1, initial=0.0) <= _STRAIGHT
            normals[on & ~before] = normal
            normals[on & before & ~same] = 0.0
        return normals

    def __repr__(self) -> str:
        vertices = tuple(tuple(v) for v in self._vertices.tolist())
        if len(vertices) > 8:
            return f"{type(self).__name__}(of {len(vertices)} vertices)"
        return f"{type(self).__name__}({vertices})"


class Triangle(Polygon):
    """A triangle with its inside, in the plane.

    Its edges are the parts "edge_0" (from a to b), "edge_1" and "edge_2".

    Args:
        a: a corner, two numbers.
        b: another.
        c: the third.
        name: of its boundary; "triangle" if None. An edge is also "{name}_edge_0"
            with a name.

    Raises:
        ValueError: corners that are not two finite numbers, or lie on a line.
    """

    _default = "triangle"

    def __init__(self, a: Any, b: Any, c: Any, name: str | None = None) -> None:
        corners = [check_vector("A corner of a triangle", x, 2) for x in (a, b, c)]
        super().__init__(np.stack(corners), name)

    def __repr__(self) -> str:
        corners = ", ".join(str(tuple(v)) for v in self._vertices.tolist())
        return f"Triangle({corners})"


def _signed_area(vertices: np.ndarray) -> float:
    """Positive if counterclockwise (the shoelace formula)."""
    # From the first vertex: far from the origin, products would lose digits.
    x, y = (vertices - vertices[0]).T
    return float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2.0
