"""Points that a user has."""

import functools
from typing import Any

import numpy as np

from keras_isgd.geometry.base import SLACK, Geometry
from keras_isgd.geometry.names import check_name
from keras_isgd.geometry.piece import Piece
from keras_isgd.utils.checks import check_array, check_count

__all__ = ["PointCloud"]

# Normals are made unit vectors; what is this far from one is no normal.
_UNIT = 1e-3


class PointCloud(Geometry):
    """A finite set of points, with its counting measure.

    Its interior is the points: samples are picked from them. With normals, they are
    also its only part.

    Args:
        points: `(n, d)`, at least one.
        normals: their outward unit normals, `(n, d)`, or None.
        name: of the part; "point_cloud" if None.

    Raises:
        ValueError: not an array of finite numbers of that shape, or normals that are
            no unit vectors.
    """

    def __init__(
        self, points: Any, normals: Any = None, name: str | None = None
    ) -> None:
        self._points = check_array("The array of points", points)
        if self._points.ndim != 2 or 0 in self._points.shape:
            raise ValueError(
                f"Expected points (n, d), got an array of shape {self._points.shape}."
            )
        self._normals = None
        if normals is not None:
            self._normals = self._unit(check_array("The array of normals", normals))
        self.name = check_name(name)
        self.lower = tuple(self._points.min(axis=0).tolist())
        self.upper = tuple(self._points.max(axis=0).tolist())

    def _unit(self, normals: np.ndarray) -> np.ndarray:
        if normals.shape != self._points.shape:
            raise ValueError(
                f"Expected normals of shape {self._points.shape}, as the points, got "
                f"{normals.shape}."
            )
        norms = np.linalg.norm(normals, axis=1, keepdims=True)
        if (np.abs(norms - 1.0) > _UNIT).any():
            raise ValueError(
                "Normals have to be unit vectors; their lengths are between "
                f"{norms.min():.3g} and {norms.max():.3g}."
            )
        return normals / norms

    @property
    def own_dimension(self) -> int:
        return 0

    @property
    def measure(self) -> float:
        """The number of points."""
        return float(len(self._points))

    @property
    def proposal_measure(self) -> float:
        return self.measure

    @property
    def unit_dimension(self) -> int:
        return 1

    def _rows(self, unit: np.ndarray) -> np.ndarray:
        count = len(self._points)
        return np.minimum((unit[:, 0] * count).astype(int), count - 1)

    def interior(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._points[self._rows(unit)], np.ones(len(unit), bool)

    def support(self, directions: np.ndarray) -> np.ndarray:
        return np.max(directions @ self._points.T, axis=1)

    @functools.cached_property
    def _tree(self) -> Any:
        from scipy.spatial import cKDTree  # not every import needs it

        return cKDTree(self._points)

    def contains(self, x: Any) -> np.ndarray:
        return self.within(self.checked(x), SLACK * self.size)

    def within(self, x: np.ndarray, slack: float) -> np.ndarray:
        inside = np.isfinite(x).all(axis=1)
        inside[inside] = self._tree.query(x[inside])[0] <= slack
        return inside

    def test_points(self, count: int) -> np.ndarray:
        count = min(check_count("count", count), len(self._points))
        return self._points[np.linspace(0, len(self._points) - 1, count).astype(int)]

    def pieces(self) -> tuple[Piece, ...]:
        if self._normals is None:
            return ()
        return (
            Piece(
                names=(self.name or "point_cloud",),
                measure=self.measure,
                unit_dimension=1,
                place=self._place,
            ),
        )

    def _place(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert self._normals is not None  # else it has no piece
        rows = self._rows(unit)
        return self._points[rows], self._normals[rows]

    def boundary_normals(self, x: np.ndarray) -> np.ndarray:
        if self._normals is None:
            raise ValueError(
                f"{self} has no normals: give them, PointCloud(points, normals)."
            )
        distance, nearest = self._tree.query(x)
        on = distance <= SLACK * self.size
        return np.where(on[:, None], self._normals[nearest], np.nan)

    def __repr__(self) -> str:
        return f"PointCloud(of {len(self._points)} points)"
