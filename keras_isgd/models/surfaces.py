"""The smooth surfaces that a part of a boundary is made of."""

from typing import Any

from keras_isgd.geometry import Ball, Box, Ellipse, Geometry, Shell
from keras_isgd.geometry.boolean import Boolean
from keras_isgd.problems import Problem

__all__ = ["Plane", "surfaces_of"]

# A coordinate's number and its value.
Plane = tuple[int, float]

# With a distance that is smooth at the boundary and has no corners.
_ROUND = (Ball, Ellipse, Shell)


def surfaces_of(problem: Problem, on: Any) -> list[Plane | Geometry]:
    """Returns the surfaces of a part of the boundary of space.

    Args:
        problem: the `Problem`.
        on: a condition's: "boundary", or names of parts of the geometry.

    Returns:
        Planes on which a coordinate has a value, and geometries whose
        `smooth_distance` is zero on them. Nothing for other parts, and other
        geometries than balls, ellipses, shells and boxes and what is made of them.
    """
    space = problem.region.space
    if space is None:
        return []
    names = (on,) if isinstance(on, str) else on
    if not isinstance(names, tuple) or not all(isinstance(n, str) for n in names):
        return []
    chosen = None if names == ("boundary",) else frozenset(names)
    if chosen is not None and not chosen <= set(space.parts):
        return []
    axes = [i for i, of_space in enumerate(problem.region.space_columns()) if of_space]
    return _surfaces(space, chosen, axes)


def _surfaces(
    geometry: Geometry, names: frozenset[str] | None, axes: list[int]
) -> list[Plane | Geometry]:
    if isinstance(geometry, Boolean):
        return [
            surface
            for child in geometry.children
            for surface in _surfaces(child, names, axes)
        ]
    if names is not None and not names & set(geometry.parts):
        return []
    if isinstance(geometry, Box):
        return [
            (axes[number // 2], geometry.edge(number // 2, number % 2))
            for number, piece in enumerate(geometry.pieces())
            if names is None or names & set(piece.names)
        ]
    return [geometry] if isinstance(geometry, _ROUND) else []
