"""What a shape is."""

import abc
import functools
import math
from typing import Any

import numpy as np
import tensorflow as tf

from keras_isgd.geometry.grids import even_points
from keras_isgd.geometry.piece import Piece
from keras_isgd.geometry.saving import Saved
from keras_isgd.geometry.spread import spread, spread_share
from keras_isgd.utils.checks import check_array, check_count

__all__ = ["SLACK", "Geometry"]

# A point is inside, and on the boundary, up to so much of the size: float32 knows it
# to 1e-7.
SLACK = 1e-6
# Points on which a measure is estimated that has no closed form.
_MEASURING = 2**18


class Geometry(Saved, abc.ABC):
    """A closed set of points in d coordinates with a boundary.

    One of your own sets `lower` and `upper` and defines `contains` and `pieces`; with
    `signed_distance`, `boundary_normals` and `smooth_distance` it can do more.

    Attributes:
        lower, upper: corners of a bounding box, d numbers each.
        name: name of its boundary as a part, or None.
    """

    lower: tuple[float, ...]
    upper: tuple[float, ...]
    name: str | None = None

    # -- size --------------------------------------------------------------------

    @property
    def dimension(self) -> int:
        """The number of coordinates, d."""
        return len(self.lower)

    @property
    def own_dimension(self) -> int:
        """The dimension of the set itself: 1 for a line in the plane."""
        return self.dimension

    @property
    def lengths(self) -> tuple[float, ...]:
        """The edge lengths of the bounding box, d numbers."""
        return tuple(b - a for a, b in zip(self.lower, self.upper))

    @property
    def size(self) -> float:
        """The longest edge of the bounding box."""
        return max(self.lengths) or 1.0

    @property
    def measure(self) -> float:
        """The length, area or volume.

        Exact for primitives, transformations and products of them, and if shapely is
        installed for booleans of triangles, polygons and rectangles. Else estimated
        once, on 2^18 evenly spread points: to about four digits in two and three
        dimensions.
        """
        outline = self.outline()
        return self._estimated_measure if outline is None else float(outline.area)

    def outline(self) -> Any:
        """Returns the geometry as a shapely polygon, or None if it is not one."""
        return None

    @functools.cached_property
    def _estimated_measure(self) -> float:
        kept = self.interior(spread(self.unit_dimension, _MEASURING))[1]
        return self.proposal_measure * spread_share(kept)

    def support(self, directions: np.ndarray) -> np.ndarray:
        """Returns how far the geometry reaches: at least the largest x . v, `(k,)`.

        Turned geometries get their bounding boxes from it.

        Args:
            directions: vectors v, `(k, d)`.
        """
        lower, upper = np.asarray(self.lower), np.asarray(self.upper)
        middle, half = (lower + upper) / 2.0, (upper - lower) / 2.0
        return directions @ middle + np.abs(directions) @ half

    # -- inside ------------------------------------------------------------------

    @abc.abstractmethod
    def contains(self, x: Any) -> np.ndarray:
        """Tells for each point of an array `(n, d)` whether it is inside, `(n,)`.

        The boundary counts as inside, up to 1e-6 of the size.
        """

    def within(self, x: np.ndarray, slack: float) -> np.ndarray:
        """Tells which points are in the set that is grown by a length.

        Args:
            x: `(n, d)` float64.
            slack: the length; it shrinks the set if negative. A geometry without a
                distance does not know how, and answers as `contains`.

        Returns:
            Booleans `(n,)`.
        """
        return self.contains(x)

    @property
    def unit_dimension(self) -> int:
        """How many columns `interior` takes."""
        return self.dimension

    @property
    def proposal_measure(self) -> float:
        """The measure of what `interior` places before it rejects."""
        return math.prod(self.lengths)

    def interior(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places points of the unit box in the geometry, uniformly in measure.

        Args:
            unit: `(n, unit_dimension)` float64.

        Returns:
            Points `(n, d)`, and which of them to keep, booleans `(n,)`.
        """
        x = np.asarray(self.lower) + np.asarray(self.lengths) * unit
        return x, self.within(x, 0.0)

    def test_points(self, count: int) -> np.ndarray:
        """Returns fixed points, evenly spread, `(n, d)` with n at most about `count`.

        Args:
            count: about how many. Up to three coordinates they are those points of a
                grid of the bounding box that are inside; in more, Sobol points.
        """
        return even_points(self, check_count("count", count))

    # -- boundary ----------------------------------------------------------------

    @abc.abstractmethod
    def pieces(self) -> tuple[Piece, ...]:
        """Returns the pieces that the boundary is made of."""

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the parts of the boundary."""
        names = (name for piece in self.pieces() for name in piece.names)
        return tuple(dict.fromkeys(names))

    def normals(self, x: Any) -> np.ndarray:
        """Returns the outward unit normals of points on the boundary, `(n, d)`.

        Args:
            x: `(n, d)`, on the boundary up to 1e-6 of the size.

        Raises:
            ValueError: a point that is not on the boundary, or at a corner or an
                edge, where there is no normal.
        """
        x = self.checked(x)
        normals = self.boundary_normals(x)
        for wrong, where in (
            (~np.isfinite(normals).all(axis=1), "not on the boundary"),
            (~normals.any(axis=1), "at a corner or an edge"),
        ):
            if wrong.any():
                point = tuple(x[wrong][0].tolist())
                raise ValueError(
                    f"{int(wrong.sum())} of {len(x)} points have no normal, such as "
                    f"{point}, which is {where} of {self}. Leave such points out, or "
                    "give the normals with them."
                )
        return normals

    def boundary_normals(self, x: np.ndarray) -> np.ndarray:
        """Returns outward normals `(n, d)`; NaN off the boundary, zeros at corners.

        Raises:
            ValueError: the geometry knows none.
        """
        raise ValueError(
            f"{self} knows no normals of given points: give them with the points, or "
            "define boundary_normals(self, x)."
        )

    # -- distances ---------------------------------------------------------------

    def signed_distance(self, x: Any) -> np.ndarray:
        """Returns the distances to the boundary, negative inside, `(n,)`.

        Exact for primitives, their transformations and products. For unions,
        intersections and differences their sign is right and their size a lower bound.

        Raises:
            TypeError: the geometry has none.
        """
        raise TypeError(f"{self} has no signed distance.")

    def smooth_distance(self, x: tf.Tensor) -> tf.Tensor:
        """Returns a smooth function that is zero on the boundary, `(n, 1)`.

        It is positive and infinitely often differentiable inside; its inward slope is
        one where the boundary is smooth. Hard conditions multiply a network by it.

        Args:
            x: `(n, d)`.

        Raises:
            TypeError: the geometry has none.
        """
        raise TypeError(
            f"{self} has no smooth distance, which hard conditions need: use a "
            "Dirichlet condition, or a geometry that is made of boxes, balls, "
            "ellipses, cylinders and convex polygons."
        )

    # -- others of it ------------------------------------------------------------

    def __or__(self, other: object) -> "Geometry":
        from keras_isgd.geometry.csg import Union

        return Union(self, other) if isinstance(other, Geometry) else NotImplemented

    def __and__(self, other: object) -> "Geometry":
        from keras_isgd.geometry.csg import Intersection

        if not isinstance(other, Geometry):
            return NotImplemented
        return Intersection(self, other)

    def __sub__(self, other: object) -> "Geometry":
        from keras_isgd.geometry.csg import Difference

        if not isinstance(other, Geometry):
            return NotImplemented
        return Difference(self, other)

    def __mul__(self, other: object) -> "Geometry":
        from keras_isgd.geometry.product import Product

        return Product(self, other) if isinstance(other, Geometry) else NotImplemented

    def translated(self, by: Any) -> "Geometry":
        """Returns the geometry moved by a vector of d numbers."""
        from keras_isgd.geometry.affine import translation

        return translation(self, by)

    def rotated(self, angle: float, axis: Any = None, about: Any = None) -> "Geometry":
        """Returns the geometry turned by an angle.

        Args:
            angle: in radians, counterclockwise.
            axis: in three dimensions, the vector that it turns about, by the right
                hand's rule; None in two.
            about: the point that stays, the origin if None.

        Raises:
            ValueError: in other dimensions, or without an axis in three.
        """
        from keras_isgd.geometry.affine import rotation

        return rotation(self, angle, axis, about)

    def scaled(self, factor: float, about: Any = None) -> "Geometry":
        """Returns the geometry made larger by a positive factor.

        Args:
            factor: of all lengths.
            about: the point that stays, the origin if None.
        """
        from keras_isgd.geometry.affine import scaling

        return scaling(self, factor, about)

    def checked(self, x: Any) -> np.ndarray:
        """Returns points as a float64 array `(n, d)`.

        Raises:
            ValueError: not that.
        """
        x = check_array("The array of points", x, finite=False)
        if x.ndim != 2 or x.shape[1] != self.dimension:
            raise ValueError(
                f"Expected points (n, {self.dimension}) for {self}, got an array of "
                f"shape {x.shape}."
            )
        return x
