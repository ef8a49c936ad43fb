"""The ends of parts of a boundary in the plane."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from keras_isgd.geometry.part import BoundaryPart
from keras_isgd.geometry.piece import Piece

__all__ = ["End", "ends_of"]

# Points along all pieces, along each one at least and at most, and how often the last
# step to an end is halved.
_POINTS, _FEWEST, _ALONG, _HALVINGS = 20_000, 17, 1001, 50
# How far from its end a piece's own values are taken, in parts of it.
_STEP = 1e-6


class End(NamedTuple):
    """Where a piece of a part ends.

    Attributes:
        at: the point, `(2,)`.
        inside: a point of the piece close to it, `(2,)`.
    """

    at: np.ndarray
    inside: np.ndarray


def ends_of(part: BoundaryPart) -> Iterator[End]:
    """Yields the two ends of all that is left of each piece of a part's boundary.

    Args:
        part: of a geometry in the plane. A closed curve has its ends where its
            parameter has them.
    """
    count = int(np.clip(_POINTS // len(part.pieces), _FEWEST, _ALONG))
    for kept in part.pieces:
        if kept.piece.unit_dimension == 1:
            yield from _ends_of_piece(kept.piece, count)


def _ends_of_piece(piece: Piece, count: int) -> Iterator[End]:
    def points(units: np.ndarray) -> np.ndarray:
        return piece.place(np.clip(units, 0.0, 1.0)[:, None])[0]

    units = np.linspace(0.0, 1.0, count)
    here = _is_kept(piece, units)
    for first in (True, False):
        # From each side a step from what is left out to what is kept.
        order = np.arange(count) if first else np.arange(count)[::-1]
        sign = 1.0 if first else -1.0
        for position, i in enumerate(order):
            before = order[position - 1] if position else None
            if not here[i] or (before is not None and here[before]):
                continue
            end = units[i]
            if before is not None:
                end = _halved(piece, units[before], units[i])
            if not _is_kept(piece, np.array([end + sign * _STEP]))[0]:
                continue  # a point alone
            at, inside = points(np.array([end, end + sign * _STEP]))
            yield End(at, inside)


def _is_kept(piece: Piece, units: np.ndarray) -> np.ndarray:
    if piece.keeps is None:
        return np.ones(len(units), bool)
    return np.ravel(piece.keeps(*piece.place(units[:, None])))


def _halved(piece: Piece, outside: float, inside: float) -> float:
    """Where a piece begins to be kept, between two of its parameters."""
    for _ in range(_HALVINGS):
        middle = 0.5 * (outside + inside)
        if _is_kept(piece, np.array([middle]))[0]:
            inside = middle
        else:
            outside = middle
    return float(inside)
