"""Bodies that a triangle mesh encloses."""

import functools
import os
from typing import Any

import numpy as np

from keras_isgd.geometry.base import SLACK, Geometry
from keras_isgd.geometry.columns import Columns
from keras_isgd.geometry.library import library
from keras_isgd.geometry.names import check_name
from keras_isgd.geometry.piece import Piece
from keras_isgd.geometry.triangulation import place_in_triangles, triangle_areas
from keras_isgd.geometry.vectors import corners

__all__ = ["Mesh"]


class Mesh(Geometry):
    """What a closed triangle mesh encloses, in three coordinates.

    Args:
        source: the path of a file that trimesh reads, such as an STL, OBJ or PLY
            file; or a `trimesh.Trimesh`.
        name: of its boundary; "mesh" if None.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: a file that trimesh cannot read, or a mesh that is not closed.
        ImportError: trimesh is missing.
    """

    def __init__(self, source: Any, name: str | None = None) -> None:
        trimesh = library("trimesh", "Mesh")
        library("rtree", "Mesh")
        self.name = check_name(name)
        if isinstance(source, trimesh.Trimesh):
            self._said, mesh = "a mesh", source.copy()
        elif isinstance(source, (str, os.PathLike)):
            self._said, mesh = os.fspath(source), _load(trimesh, os.fspath(source))
        else:
            raise ValueError(
                f"Expected the path of a file or a trimesh.Trimesh, got {source!r}."
            )
        self._mesh = _closed(mesh, self._said)
        self.lower, self.upper = corners("A mesh", *self._mesh.bounds)
        self._columns = Columns(np.asarray(self._mesh.triangles, np.float64))

    @property
    def measure(self) -> float:
        """The volume."""
        return _volume(self._mesh)

    def support(self, directions: np.ndarray) -> np.ndarray:
        return np.max(directions @ np.asarray(self._mesh.vertices).T, axis=1)

    def contains(self, x: Any) -> np.ndarray:
        return self.within(self.checked(x), SLACK * self.size)

    def within(self, x: np.ndarray, slack: float) -> np.ndarray:
        reach = max(slack, 0.0)
        above, below = (
            x >= np.subtract(self.lower, reach),
            x <= np.add(self.upper, reach),
        )
        near = np.all(above & below, axis=1)
        within = np.zeros(len(x), bool)
        within[near] = self._columns.enclose(x[near])
        # Nearest faces take longer, and matter only where the rays leave it open.
        (rows,) = np.nonzero(near & ~within if slack > 0.0 else within)
        if slack != 0.0 and len(rows):
            close = self._nearest(x[rows])[0] <= abs(slack)
            within[rows[close]] = slack > 0.0
        return within

    def _nearest(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The distances to the surface, and the nearest faces."""
        proximity = library("trimesh.proximity", "Mesh")
        _, distance, face = proximity.closest_point(self._mesh, x)
        return distance, face

    def signed_distance(self, x: Any) -> np.ndarray:
        x = self.checked(x)
        distance = self._nearest(x)[0]
        return np.where(self.within(x, 0.0), -distance, distance)

    @functools.cached_property
    def _triangles(self) -> tuple[np.ndarray, np.ndarray]:
        """The faces and the cumulative shares of their areas."""
        triangles = np.asarray(self._mesh.triangles, np.float64)
        ends = np.concatenate([[0.0], np.cumsum(triangle_areas(triangles))])
        return triangles, ends / ends[-1]

    def pieces(self) -> tuple[Piece, ...]:
        return (
            Piece(
                names=(self.name or "mesh",),
                measure=float(self._mesh.area),
                unit_dimension=2,
                place=self._place,
            ),
        )

    def _place(self, unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, face = place_in_triangles(unit, *self._triangles)
        return x, np.asarray(self._mesh.face_normals)[face]

    def boundary_normals(self, x: np.ndarray) -> np.ndarray:
        """See `Geometry.boundary_normals`; on an edge, of one of its faces."""
        distance, face = self._nearest(x)
        on = distance <= SLACK * self.size
        return np.where(on[:, None], self._mesh.face_normals[face], np.nan)

    def __repr__(self) -> str:
        return f"Mesh({self._said}, {len(self._mesh.faces)} faces)"


def _load(trimesh: Any, path: str) -> Any:
    if not os.path.isfile(path):
        raise FileNotFoundError(f"There is no file {path!r} to read a mesh from.")
    try:
        mesh = trimesh.load(path, force="mesh")
    except Exception as error:  # each of its readers has errors of its own
        raise ValueError(f"trimesh cannot read {path!r} as a mesh: {error}") from error
    if not len(mesh.faces):
        raise ValueError(f"There are no faces in {path!r}.")
    return mesh


def _closed(mesh: Any, said: str) -> Any:
    """The mesh with its normals outward, if it is closed."""
    if not len(mesh.faces) or not mesh.is_watertight:
        raise ValueError(
            f"The surface of {said} is not closed, so that it has no inside. Close "
            "its holes first, as by trimesh.repair.fill_holes or in the program that "
            "made it."
        )
    if not mesh.is_winding_consistent:
        raise ValueError(
            f"The faces of {said} do not all turn the same way round, so that inside "
            "and outside are unknown. Mend it by trimesh.repair.fix_normals."
        )
    volume = _volume(mesh)
    if not abs(volume) > 0.0:
        raise ValueError(f"The surface of {said} encloses no volume.")
    if volume < 0.0:
        mesh.invert()
    return mesh


def _volume(mesh: Any) -> float:
    """The volumes of the tetrahedra of a corner and each face, with signs."""
    a, b, c = np.moveaxis(np.asarray(mesh.triangles) - mesh.vertices[0], 1, 0)
    return float(np.sum(a * np.cross(b, c))) / 6.0
