"""Which points a closed triangle surface encloses.

A point is inside if the ray upwards from it meets the surface an odd number of times.
Faces are looked up by the columns of a grid over their shadows on the plane of the
first two coordinates, so that a point meets only the faces above and below it.
"""

import math

import numpy as np

__all__ = ["Columns"]

# Pairs of a point and a face that are compared at once.
_PAIRS = 2**21


class Columns:
    """A look-up of faces by column.

    Rays that meet an edge or a corner count as those a little to their side, by one
    rule for all faces (simulation of simplicity, Edelsbrunner and Muecke 1990), so
    that they meet just one of the faces there.

    Args:
        triangles: corners of the faces of a closed surface, `(m, 3, 3)`.
    """

    def __init__(self, triangles: np.ndarray) -> None:
        self._corners = triangles
        edges = triangles[:, 1:] - triangles[:, :1]
        self._normals = np.cross(edges[:, 0], edges[:, 1])
        shadows = triangles[:, :, :2]
        self._origin = shadows.min(axis=(0, 1))
        self._cells = max(math.isqrt(len(triangles)), 1)
        lengths = shadows.max(axis=(0, 1)) - self._origin
        self._per_length = self._cells / lengths
        first, last = self._cell(shadows.min(axis=1)), self._cell(shadows.max(axis=1))
        widths = last - first + 1
        counts = widths[:, 0] * widths[:, 1]
        faces = np.repeat(np.arange(len(triangles)), counts)
        place = np.arange(len(faces)) - np.repeat(np.cumsum(counts) - counts, counts)
        across = first[faces, 0] + place // widths[faces, 1]
        along = first[faces, 1] + place % widths[faces, 1]
        column = across * self._cells + along
        order = np.argsort(column, kind="stable")
        self._faces = faces[order]
        self._starts = np.searchsorted(column[order], np.arange(self._cells**2 + 1))

    def _cell(self, shadow: np.ndarray) -> np.ndarray:
        cell = np.floor((shadow - self._origin) * self._per_length).astype(int)
        return np.clip(cell, 0, self._cells - 1)

    def enclose(self, x: np.ndarray) -> np.ndarray:
        """Tells which points are inside, `(n,)`.

        Args:
            x: `(n, 3)`, finite.
        """
        cell = self._cell(x[:, :2])
        column = cell[:, 0] * self._cells + cell[:, 1]
        counts = self._starts[column + 1] - self._starts[column]
        inside = np.zeros(len(x), bool)
        ends = np.cumsum(counts)
        start = 0
        while start < len(x):
            done = ends[start - 1] if start else 0
            stop = max(int(np.searchsorted(ends, done + _PAIRS, "right")), start + 1)
            rows = slice(start, stop)
            inside[rows] = self._odd(x[rows], column[rows], counts[rows])
            start = stop
        return inside

    def _odd(self, x: np.ndarray, column: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Whether an odd number of faces lies above each point, `(n,)`."""
        point = np.repeat(np.arange(len(x)), counts)
        place = np.arange(len(point)) - np.repeat(np.cumsum(counts) - counts, counts)
        face = self._faces[np.repeat(self._starts[column], counts) + place]
        corners = self._corners[face]
        left = [
            _left(corners[:, i, :2], corners[:, (i + 1) % 3, :2], x[point, :2])
            for i in range(3)
        ]
        meets = (left[0] == left[1]) & (left[1] == left[2])
        point, face = point[meets], face[meets]
        normals = self._normals[face]
        height = np.sum(normals * (x[point] - self._corners[face, 0]), axis=1)
        above = (height < 0.0) == (normals[:, 2] > 0.0)
        return np.bincount(point[above], minlength=len(x)) % 2 == 1


def _left(a: np.ndarray, b: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Whether x is to the left of the way from a to b, `(n,)`.

    On the line it counts as the point a little above it, and then to its left.
    """
    swapped = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    start = np.where(swapped[:, None], b, a)
    along = np.where(swapped[:, None], a, b) - start
    away = x - start
    left = along[:, 0] * away[:, 1] - along[:, 1] * away[:, 0] >= 0.0
    return left != swapped
