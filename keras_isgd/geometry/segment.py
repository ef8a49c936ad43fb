"""Lines inside of other geometries."""

from typing import Any

import numpy as np

from keras_isgd.geometry.base import SLACK, Geometry
from keras_isgd.geometry.names import check_name
from keras_isgd.geometry.piece import Piece
from keras_isgd.geometry.vectors import check_vector, corners

__all__ = ["Segment"]


class Segment(Geometry):
    """A straight line between two points, in two or more coordinates.

    It is for conditions on inner lines: its interior is the line. In the plane the
    line is also its only part, with normals to the right of the way from a to b; in
    more coordinates a line has no normals, and no boundary.

    Args:
        a: the first point, d numbers.
        b: the last one.
        name: of the part; "segment" if None.

    Raises:
        ValueError: points of one coordinate, of different lengths, or the same.
    """

    def __init__(self, a: Any, b: Any, name: str | None = None) -> None:
        self._from = check_vector("The first point", a)
        if len(self._from) < 2:
            raise ValueError(
                "A segment needs at least two coordinates: use Interval in one."
            )
        self._to = check_vector("The last point", b, len(self._from))
        if (self._from == self._to).all():
            raise ValueError(f"The ends of the segment are the same point, {a!r}.")
        ends = (self._from, self._to)
        self.lower, self.upper = corners(
            "A segment", np.minimum(*ends), np.maximum(*ends)
        )
        self._length = float(np.linalg.norm(self._to - self._from))
        self.name = check_name(name)

    @property
    def own_dimension(self) -> int:
        return 1

    @property
    def measure(self) -> float:
        """The length."""
        return self._length

    @property
    def proposal_measure(self) -> float:
        return self._length

    @property
    def unit_dimension(self) -> int:
        return 1

    def support(self, directions: np.ndarray) -> np.ndarray:
        return np.maximum(directions @ self._from, directions @ self._to)

    def interior(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._from + unit * (self._to - self._from), np.ones(len(unit), bool)

    def contains(self, x: Any) -> np.ndarray:
        return self.within(self.checked(x), SLACK * self.size)

    def within(self, x: np.ndarray, slack: float) -> np.ndarray:
        along = self._to - self._from
        place = np.clip((x - self._from) @ along / self._length**2, 0.0, 1.0)
        nearest = self._from + place[:, None] * along
        return np.linalg.norm(x - nearest, axis=1) <= slack

    def test_points(self, count: int) -> np.ndarray:
        return self.interior(np.linspace(0.0, 1.0, max(count, 2))[:, None])[0]

    def pieces(self) -> tuple[Piece, ...]:
        if self.dimension != 2:
            return ()
        return (
            Piece(
                names=(self.name or "segment",),
                measure=self._length,
                unit_dimension=1,
                place=self._place,
            ),
        )

    def _place(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self.interior(unit)[0], np.tile(self._normal(), (len(unit), 1))

    def _normal(self) -> np.ndarray:
        x, y = (self._to - self._from) / self._length
        return np.array([y, -x])

    def boundary_normals(self, x: np.ndarray) -> np.ndarray:
        if self.dimension != 2:
            raise ValueError(
                f"{self} has no normals: a line has one only in the plane."
            )
        on = self.within(x, SLACK * self.size)
        return np.where(on[:, None], self._normal(), np.nan)

    def __repr__(self) -> str:
        return f"Segment({tuple(self._from.tolist())}, {tuple(self._to.tolist())})"
