"""Pieces of boundaries."""

import dataclasses
from collections.abc import Callable

import numpy as np

__all__ = ["Piece"]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Piece:
    """A piece of a boundary that unit points are placed on.

    Args:
        names: the parts of the boundary that it belongs to, such as `("left",)`.
        measure: of the whole piece: its length or area; 1 for a point.
        unit_dimension: how many columns `place` takes; 0 for a point.
        place: from points of the unit box `(n, unit_dimension)` to points `(n, d)`
            and outward unit normals `(n, d)`, row by row, uniform in measure.
        keeps: from points and normals to booleans `(n,)`: what of the piece is on
            the boundary. None keeps all.
    """

    names: tuple[str, ...]
    measure: float
    unit_dimension: int
    place: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
    keeps: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None
