"""Where a problem's equation holds: space, time and parameters together."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from keras_isgd import sampling
from keras_isgd.geometry import Box, Faces
from keras_isgd.geometry.base import Geometry
from keras_isgd.problems.arranged import Arranged
from keras_isgd.problems.places import (
    Inner,
    Interior,
    OnFaces,
    OnPart,
    Place,
    TimeEnd,
    place_of,
)
from keras_isgd.problems.ranges import box_of, ranges_of
from keras_isgd.problems.space_and_time import space_and_time

__all__ = ["Region"]

# Grid points along each axis of the test grid of a box, by dimension.
_TEST_COUNTS = {1: 20_001, 2: 201, 3: 41}
# In more dimensions, so many points of a Sobol sequence.
_TEST_POINTS = 2**16
# A point is inside up to so much of a range: float32 knows it to 1e-7.
_SLACK = 1e-6


class Region:
    """The product of a geometry, an interval of time and ranges of parameters.

    Points in it have a column for each coordinate, in their order, and then one for
    each parameter.

    Args:
        owner: the problem's name, for sentences.
        domain: the geometry of all coordinates; where time is one of them, a `Box`,
            or a geometry of the others times an `Interval`.
        coordinates: their names.
        time: the name of the time, or None.
        parameters: ranges `(low, high)` by name.

    Attributes:
        space: the geometry without time; None where time is the only coordinate.
        box: all coordinates and parameters as one `Box`, or None.
        extra: time and parameters as one `Box`, or None.
        width: d + q, the number of columns.

    Raises:
        ValueError: numbers of dimensions that do not match, a product whose last
            factor is not time, or a range out of order.
    """

    def __init__(
        self,
        owner: str,
        domain: Geometry,
        coordinates: Sequence[str],
        time: str | None,
        parameters: Mapping[str, Any],
    ) -> None:
        self.owner = owner
        self.domain = domain
        self.coordinates = tuple(coordinates)
        self.time = self.coordinates.index(time) if time in self.coordinates else None
        d = len(self.coordinates)
        self._axes = [i for i in range(d) if i != self.time]
        self.space, span = space_and_time(owner, domain, self.coordinates, self.time)
        self._parameters = ranges_of(owner, parameters)
        ends = [] if span is None else [span]
        ends += list(self._parameters.values())
        self.extra = box_of(ends)
        self.box: Box | None = None
        if isinstance(domain, Box):
            ranges = list(self._parameters.values())
            self.box = Box(
                domain.lower + tuple(low for low, _ in ranges),
                domain.upper + tuple(high for _, high in ranges),
            )
        self._span = span
        self._places: dict[Any, Place] = {}
        self.width = d + len(self._parameters)
        self.lower = domain.lower + tuple(r[0] for r in self._parameters.values())
        self.upper = domain.upper + tuple(r[1] for r in self._parameters.values())

    @property
    def dimension(self) -> int:
        """d + q, as a geometry has it."""
        return self.width

    @property
    def parameters(self) -> dict[str, tuple[float, float]]:
        """The ranges `(low, high)` of the parameters by name, in their order."""
        return dict(self._parameters)

    @property
    def lengths(self) -> tuple[float, ...]:
        """The edges of the bounding box, d + q numbers."""
        return tuple(b - a for a, b in zip(self.lower, self.upper))

    # -- places -------------------------------------------------------------------

    def place(self, on: Any) -> Place:
        """Returns what a condition's `on` means; see `Condition`.

        Raises:
            ValueError: an unknown word, or a place without points.
        """
        if on not in self._places:
            self._places[on] = place_of(
                on,
                self.owner,
                self.coordinates,
                self.time,
                self.space,
                self.box is not None,
            )
        return self._places[on]

    def normal_axes(self, on: Any) -> list[tuple[int, float | None]]:
        """Returns the coordinates in which normals point, and the sign if it is fixed.

        Args:
            on: a part of the boundary.
        """
        place = self.place(on)
        if isinstance(place, OnFaces):
            if len(place.faces) == 1:
                ((axis, side),) = place.faces
                return [(axis, 1.0 if side else -1.0)]
            return [(axis, None) for axis in sorted({a for a, _ in place.faces})]
        if isinstance(place, TimeEnd) and self.time is not None:
            return [(self.time, 1.0 if place.side else -1.0)]
        if isinstance(place, OnPart):
            return [(axis, None) for axis in self._axes]
        raise ValueError(
            f"{self.owner} has no outward normals on {on!r}: a condition that needs "
            "them holds on a part of the boundary."
        )

    def is_point(self, on: Any) -> bool:
        """Tells whether a place is one point, or a few, whatever is drawn."""
        place = self.place(on)
        single = isinstance(place, OnFaces) and self.width == 1
        return single

    def sampler(
        self, on: Any, count: int, method: str, seed: int, normals: bool = False
    ) -> sampling.Sampler:
        """Returns what draws a point set, `(n, d + q)`, with normals `(n, d)` beside.

        Args:
            on: where.
            count: number of points.
            method: one of `sampling.METHODS`.
            seed: whole number.
            normals: whether d further columns hold outward normals.
        """
        place = self.place(on)
        if self.box is not None and isinstance(place, Interior | OnFaces):
            faces = None
            if isinstance(place, OnFaces):
                faces = Faces(self.box, place.faces)
            columns = len(self.coordinates) if normals else 0
            return sampling.SetSampler(self.box, count, method, seed, faces, columns)
        part = place.part if isinstance(place, OnPart) else None
        geometry = self.space
        if isinstance(place, Inner | TimeEnd) and place.geometry is not None:
            geometry = place.geometry
        extra = self.extra
        if isinstance(place, TimeEnd):
            extra = box_of(list(self._parameters.values()))
        if normals:
            self.normal_axes(on)  # refuses where there are none
        assert geometry is not None
        with_normals = normals and part is not None
        draw = sampling.GeometrySampler(
            geometry, count, method, seed, part, extra, with_normals
        )
        return Arranged(draw, self, place, normals)

    def normals(self, on: Any, x: np.ndarray) -> np.ndarray:
        """Returns the outward normals `(n, d)` of points `(n, d + q)` on a place.

        Raises:
            ValueError: a point without one.
        """
        place = self.place(on)
        result = np.zeros((len(x), len(self.coordinates)))
        if isinstance(place, OnFaces) and self.box is not None:
            faces = Faces(self.box, place.faces)
            return faces.normals(tf.constant(x)).numpy()[:, : len(self.coordinates)]
        axes = self.normal_axes(on)
        if isinstance(place, TimeEnd):
            result[:, axes[0][0]] = axes[0][1]
        elif self.space is not None:
            result[:, self._axes] = self.space.normals(x[:, self._axes])
        return result

    def contains(self, x: np.ndarray) -> np.ndarray:
        """Tells which points `(n, d + q)` are inside, up to rounding, `(n,)`."""
        d = len(self.coordinates)
        inside = self.domain.contains(x[:, :d])
        for column, (low, high) in enumerate(self._parameters.values(), d):
            slack = _SLACK * (high - low)
            inside &= (x[:, column] >= low - slack) & (x[:, column] <= high + slack)
        return inside

    def in_space(self, x: np.ndarray) -> np.ndarray:
        """Returns the coordinates of space of points `(n, d + q)`."""
        return x[:, self._axes]

    # -- fixed points ---------------------------------------------------------------

    def test_points(self) -> np.ndarray:
        """Returns fixed points, evenly spread, on which errors are measured."""
        if self.box is not None:
            if self.width in _TEST_COUNTS:
                return self.box.grid([_TEST_COUNTS[self.width]] * self.width)
            return self.box.from_unit(sampling.sobol_points(self.width, _TEST_POINTS))
        assert self.space is not None
        if self.extra is None:
            return self.space.test_points(_TEST_COUNTS.get(2, 0) ** 2)
        draw = sampling.GeometrySampler(
            self.space, _TEST_POINTS, "sobol", 0, extra=self.extra
        )
        return Arranged(draw, self, Interior(), False)(0).numpy()

    def space_columns(self) -> list[bool]:
        """Tells for each of the d + q columns whether it is a coordinate of space."""
        return [column in self._axes for column in range(self.width)]

    def arranged(self, x: Any) -> Any:
        """Brings columns (space, time, parameters) into the order of a point."""
        s = len(self._axes)
        order = [self._axes.index(i) if i in self._axes else s
                 for i in range(len(self.coordinates))]  # fmt: skip
        order += list(range(len(self.coordinates), self.width))
        if order == list(range(self.width)):
            return x
        return tf.gather(x, order, axis=1) if tf.is_tensor(x) else x[:, order]

    def with_time(self, x: tf.Tensor, side: int) -> tf.Tensor:
        """Puts an end of time between columns of space and of parameters."""
        assert self._span is not None
        s = len(self._axes)
        time = tf.fill([tf.shape(x)[0], 1], tf.constant(self._span[side], x.dtype))
        return tf.concat([x[:, :s], time, x[:, s:]], axis=1)

    def spread_normals(self, normals: Any) -> Any:
        """Gives normals in space `(n, s)` a column of zeros for time, `(n, d)`."""
        if self.time is None:
            return normals
        left, right = normals[:, : self.time], normals[:, self.time :]
        if tf.is_tensor(normals):
            return tf.concat([left, tf.zeros_like(normals[:, :1]), right], axis=1)
        return np.concatenate([left, np.zeros_like(normals[:, :1]), right], axis=1)

    def __repr__(self) -> str:
        extra = "".join(f" x {name} in {r}" for name, r in self._parameters.items())
        return f"{self.domain}{extra}"
