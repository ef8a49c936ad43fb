"""The holes of a problem's domain."""

from collections.abc import Iterator

import numpy as np

from keras_isgd.geometry import Geometry, Shell
from keras_isgd.geometry.boolean import Boolean
from keras_isgd.geometry.csg import Difference
from keras_isgd.networks.hole_features import Hole
from keras_isgd.problems import Problem

__all__ = ["holes_of"]

# A hole is smaller than this part of the domain's shortest edge; what is around a
# larger one is a narrow ring.
_LARGEST = 0.75
# A network for more holes than that has more inputs than it could do with.
_MOST = 20


def holes_of(problem: Problem) -> tuple[Hole, ...]:
    """Returns what is cut out of the space of a problem.

    These are the geometries on the right of a difference, as the ball that lies within
    their bounding box, also where they are cut out at an edge: a quarter of a plate
    with a quarter of a hole. Time and parameters are not looked at.

    Args:
        problem: the `Problem`.

    Returns:
        What was found; nothing for more than 20 holes, and in less than two dimensions
        of space.
    """
    space = problem.region.space
    if space is None or space.dimension < 2:
        return ()
    lower, upper = np.asarray(space.lower), np.asarray(space.upper)
    largest = 0.5 * _LARGEST * float(np.min(upper - lower))
    found: list[Hole] = []
    for low, high in _cut_out(space):
        centre, radius = 0.5 * (low + high), 0.5 * float(np.min(high - low))
        hole = Hole(tuple(centre.tolist()), radius)
        apart = np.any(low >= upper) or np.any(high <= lower)
        inside = bool(space.contains(centre[None])[0])
        if not (radius >= largest or apart or inside or hole in found):
            found.append(hole)
    return tuple(found) if len(found) <= _MOST else ()


def _cut_out(geometry: Geometry) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The bounding boxes of what is cut out of a geometry."""
    if isinstance(geometry, Shell):
        hole = geometry.hole
        yield np.asarray(hole.lower), np.asarray(hole.upper)
    if not isinstance(geometry, Boolean):
        return
    first, second = geometry.children
    yield from _cut_out(first)
    if isinstance(geometry, Difference):
        for part in _parts(second):
            yield np.asarray(part.lower), np.asarray(part.upper)
    else:
        yield from _cut_out(second)


def _parts(geometry: Geometry) -> Iterator[Geometry]:
    """What a geometry is made of."""
    if isinstance(geometry, Boolean):
        for child in geometry.children:
            yield from _parts(child)
    else:
        yield geometry
