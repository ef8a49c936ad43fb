"""Parts of boundaries."""

import copy
import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from keras_isgd.geometry.base import Geometry
from keras_isgd.geometry.piece import Piece
from keras_isgd.geometry.spread import spread, spread_share

__all__ = ["BoundaryPart", "KeptPiece"]

# Points on which the kept share of a piece is estimated, and more of them on which a
# small part is looked for before it is called empty.
_POINTS = 4096
_MORE_POINTS = 2**18

# From points (n, d) to truth values (n,) or (n, 1), an array or a tensor.
Where = Callable[[np.ndarray], Any]
# From points and outward normals, (n, d) each, to the same.
WhereWithNormals = Callable[[np.ndarray, np.ndarray], Any]


class KeptPiece(NamedTuple):
    """A piece of a part, and how much of it belongs to the part.

    Attributes:
        piece: the `Piece`, whose `keeps` tells which points belong to the part.
        share: of its measure, in (0, 1].
    """

    piece: Piece
    share: float

    @property
    def measure(self) -> float:
        """The length or area of what belongs to the part; 1 for a point."""
        return self.piece.measure * self.share


class BoundaryPart:
    """A part of a boundary: some of its named parts, or what a function chooses.

    Args:
        geometry: the `Geometry`.
        names: names of parts; None takes the whole boundary.
        where: a function of points, an array `(n, d)`, that tells which of them
            belong, `(n,)` or `(n, 1)` booleans, an array or a tensor; None takes all.
        boundary_of: the same, of points and their outward normals.

    Raises:
        ValueError: an unknown name, a function that returns something else, or no
            points at all.

    Attributes:
        geometry: the same.
        pieces: `KeptPiece`s, those without points left out. Their shares are
            estimated on 4096 evenly spread points each.
    """

    def __init__(
        self,
        geometry: Geometry,
        names: str | Sequence[str] | None = None,
        where: Where | None = None,
        boundary_of: WhereWithNormals | None = None,
    ) -> None:
        self.geometry = geometry
        self._names = (names,) if isinstance(names, str) else names
        chosen = [
            dataclasses.replace(piece, keeps=_all_of(piece.keeps, where, boundary_of))
            for piece in self._named()
        ]
        self.pieces = _kept(chosen, _POINTS) or _kept(chosen, _MORE_POINTS)
        if not self.pieces:
            what = "The boundary" if names is None else f"The part {self._listed()}"
            everything = where is None and boundary_of is None
            chosen_by = "" if everything else " where the function is true"
            raise ValueError(f"{what} of {geometry} has no points{chosen_by}.")

    def restricted(self, where: Where) -> "BoundaryPart":
        """Returns the part of this part where a function of points is true.

        Raises:
            ValueError: there are no such points.
        """
        other = copy.copy(self)
        chosen = [
            dataclasses.replace(
                kept.piece, keeps=_all_of(kept.piece.keeps, where, None)
            )
            for kept in self.pieces
        ]
        other.pieces = _kept(chosen, _POINTS) or _kept(chosen, _MORE_POINTS)
        if not other.pieces:
            raise ValueError(
                f"The part of the boundary of {self.geometry} has no points where the "
                "function is true."
            )
        return other

    @property
    def measure(self) -> float:
        """The length or area of the part; in one dimension its number of points."""
        return sum(kept.measure for kept in self.pieces)

    def _named(self) -> list[Piece]:
        pieces = self.geometry.pieces()
        if self._names is None:
            return list(pieces)
        parts = self.geometry.parts
        unknown = [name for name in self._names if name not in parts]
        if unknown:
            has = f"it has {', '.join(parts)}" if parts else "it has none with a name"
            raise ValueError(
                f"{self.geometry} has no part {', '.join(map(repr, unknown))}: {has}."
            )
        wanted = set(self._names)
        return [piece for piece in pieces if wanted & set(piece.names)]

    def _listed(self) -> str:
        return ", ".join(map(repr, self._names or ()))


def _kept(pieces: Sequence[Piece], count: int) -> tuple[KeptPiece, ...]:
    kept = [KeptPiece(piece, _share(piece, count)) for piece in pieces]
    return tuple(k for k in kept if k.share > 0.0)


def _share(piece: Piece, count: int) -> float:
    if piece.keeps is None:
        return 1.0
    unit = spread(piece.unit_dimension, count if piece.unit_dimension else 1)
    return spread_share(piece.keeps(*piece.place(unit)))


def _all_of(
    keeps: WhereWithNormals | None,
    where: Where | None,
    boundary_of: WhereWithNormals | None,
) -> WhereWithNormals | None:
    tests: list[WhereWithNormals] = []
    if keeps is not None:
        tests.append(keeps)
    if where is not None:
        tests.append(functools.partial(_answer, lambda points, normals: where(points)))
    if boundary_of is not None:
        tests.append(functools.partial(_answer, boundary_of))
    if len(tests) == 1:
        return tests[0]
    return functools.partial(_passes, tests) if tests else None


def _passes(
    tests: Sequence[WhereWithNormals], points: np.ndarray, normals: np.ndarray
) -> np.ndarray:
    """Which points pass all tests, `(n,)`; each sees what passed those before."""
    passed = np.ones(len(points), bool)
    for test in tests:
        (rows,) = np.nonzero(passed)
        passed[rows] = test(points[rows], normals[rows])
    return passed


def _answer(
    test: WhereWithNormals, points: np.ndarray, normals: np.ndarray
) -> np.ndarray:
    with tf.init_scope(), tf.device("CPU:0"):
        answer = np.asarray(test(points, normals))
    if answer.dtype != bool or answer.shape not in ((len(points),), (len(points), 1)):
        raise ValueError(
            "A function that chooses a part of a boundary has to return True or False "
            f"for each point, ({len(points)},); got dtype {answer.dtype} and shape "
            f"{answer.shape}. If it is a prescribed value, give it as value=..."
        )
    return answer.reshape(-1)
