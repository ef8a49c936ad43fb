"""Triangles that a polygon or a mesh is made of."""

import numpy as np

__all__ = ["ear_clipping", "place_in_triangles", "triangle_areas"]


def ear_clipping(vertices: np.ndarray) -> np.ndarray:
    """Cuts a simple polygon into triangles (Meisters 1975), `(m - 2, 3, 2)`.

    Args:
        vertices: `(m, 2)`, counterclockwise.
    """
    left = list(range(len(vertices)))
    triangles = []
    while len(left) > 3:
        ear = _ear(vertices[left])
        triangles.append([left[ear - 1], left[ear], left[(ear + 1) % len(left)]])
        del left[ear]
    return vertices[np.array([*triangles, left])]


def _ear(corners: np.ndarray) -> int:
    """A corner whose triangle with its neighbours has no other corner in it."""
    before, after = np.roll(corners, 1, axis=0), np.roll(corners, -1, axis=0)
    turn = _cross(corners - before, after - corners)
    for i in np.argsort(-turn):
        if turn[i] <= 0.0:
            break
        a, b, c = before[i], corners[i], after[i]
        inside = np.ones(len(corners), bool)
        for start, end in ((a, b), (b, c), (c, a)):
            inside &= _cross(end - start, corners - start) >= 0.0
        for corner in (a, b, c):
            inside &= (corners != corner).any(axis=1)
        if not inside.any():
            return int(i)
    # What is left is flat: any corner will do.
    return int(np.argmin(np.abs(turn)))


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def triangle_areas(triangles: np.ndarray) -> np.ndarray:
    """Returns the areas of triangles `(m, 3, 2)` or `(m, 3, 3)`, `(m,)`."""
    a, b = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    gram = np.sum(a * a, 1) * np.sum(b * b, 1) - np.sum(a * b, 1) ** 2
    return np.sqrt(np.maximum(gram, 0.0)) / 2.0


def place_in_triangles(
    unit: np.ndarray, triangles: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Places unit points in triangles, uniformly in area.

    The first column chooses a triangle, and where it lies in the triangle's share of
    [0, 1] is the first coordinate in it, so that evenly spread points stay so.

    Args:
        unit: `(n, 2)`.
        triangles: `(m, 3, d)`.
        ends: the cumulative shares of their areas, `(m + 1,)` from 0 to 1.

    Returns:
        Points `(n, d)`, and the indices of their triangles `(n,)`.
    """
    index = np.searchsorted(ends, unit[:, 0], side="right") - 1
    index = np.clip(index, 0, len(triangles) - 1)
    share = ends[index + 1] - ends[index]
    along = (unit[:, 0] - ends[index]) / np.where(share > 0.0, share, 1.0)
    root = np.sqrt(np.clip(along, 0.0, 1.0))[:, None]
    across = unit[:, 1:2]
    a, b, c = (triangles[index, corner] for corner in range(3))
    return (1.0 - root) * a + root * ((1.0 - across) * b + across * c), index
