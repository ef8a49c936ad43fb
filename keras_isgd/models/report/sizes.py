"""Natural sizes of residuals: what a small residual is small beside."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from keras_isgd.derivatives.channels import Request, is_laplacian
from keras_isgd.models.report.trained import Trained
from keras_isgd.models.scales import output_ranges
from keras_isgd.problems import Problem
from keras_isgd.residuals.term import Term

__all__ = ["Rows", "Sizes", "rows_of"]

# Points of a term whose rows are evaluated at once.
_CHUNK = 2048
# An output that varies by less than this part of a prescribed value is flat.
_FLAT = 1e-3


@dataclasses.dataclass(frozen=True)
class Sizes:
    """The sizes of outputs and coordinates.

    An output's middle and half range are those of the values that the problem's
    conditions prescribe for it. Where these do not say how it varies, since there are
    none, zeros or one value alone, its half range is that of the network's output, if
    that varies.

    Attributes:
        middles, halves: of the outputs, `(outputs,)`.
        lengths: of the domain along each coordinate and parameter.
    """

    middles: np.ndarray
    halves: np.ndarray
    lengths: tuple[float, ...]

    @classmethod
    def of(cls, problem: Problem, u: np.ndarray) -> "Sizes":
        """Returns those of a problem and a network's outputs `(n, outputs)`."""
        middles, halves, single = output_ranges(problem)
        own = 0.5 * np.ptp(u, axis=0)
        none = np.isnan(halves) & (own > 0.0)
        halves = np.where(np.isnan(halves), 1.0, halves)
        one = single & (own > _FLAT * halves) & (own < halves)
        halves = np.where(none | one, own, halves)
        return cls(middles, halves, tuple(problem.region.lengths))

    def flat(self, request: Request) -> float:
        """What a derivative is for outputs that are constant at their middle."""
        output, indices = request
        return 0.0 if indices else float(self.middles[output % len(self.middles)])

    def typical(self, request: Request) -> float:
        """A derivative whose output varies by its half range over the domain."""
        output, indices = request
        half = float(self.halves[output % len(self.halves)])
        if not indices:
            return self.flat(request) + half
        if is_laplacian(indices):
            return half / max(self.lengths[i] for i in indices[1:]) ** 2
        return half / math.prod(self.lengths[i] for i in indices)


@dataclasses.dataclass(frozen=True)
class Rows:
    """A term's rows with their natural size.

    Attributes:
        values: `(m, k)` float64, without weights.
        size: of each column, `(k,)`. For a condition it is the larger one of two: the
            root mean square of its rows for outputs that are constant at their middle,
            and the most that one output or derivative in it gives if the output varies
            by its half range over the length of the domain; so for given values it is
            the output's half range. For an equation it is the largest one of three:
            the rows' root mean square for constant outputs; how much the rows change,
            in root mean square, if one derivative in them is taken to be that of
            constant outputs, for the derivative where it is most (the largest part of
            the equation, as the network has it); and the least of what single
            derivatives give if the output varies by its half range. It is 1 where all
            these are zero.
    """

    values: np.ndarray
    size: np.ndarray


def rows_of(trained: Trained, term: Term, x: tf.Tensor, sizes: Sizes) -> Rows:
    """Returns a term's rows, and how large they would be without their cancelling.

    Args:
        trained: the model.
        term: one of its terms.
        x: the term's inputs, `(n, d + k)`.
        sizes: of outputs and coordinates.
    """
    equation = trained.is_equation(term)
    found, squares = [], _Squares()
    step = _CHUNK if term.pointwise else len(x)
    for start in range(0, len(x), step):
        piece = x[start : start + step]
        values = term.values_at(piece, trained.network)
        rows = _rows(trained, term, values, piece)
        found.append(rows)
        flat = [
            {request: tf.fill(tf.shape(v), tf.cast(sizes.flat(request), v.dtype))
             for request, v in at_place.items()}
            for at_place in values
        ]  # fmt: skip
        calm = _rows(trained, term, flat, piece)
        squares.add("flat", calm)
        for place, at_place in enumerate(values):
            for request, value in at_place.items():
                key = (place, request)
                typical = tf.fill(
                    tf.shape(value), tf.cast(sizes.typical(request), value.dtype)
                )
                other = _replaced(flat, place, request, typical)
                varied = _rows(trained, term, other, piece) - calm
                squares.add(("typical", *key), varied)
                if equation:
                    other = _replaced(values, place, request, flat[place][request])
                    part = rows - _rows(trained, term, other, piece)
                    squares.add(("part", *key), part)
    return Rows(np.concatenate(found), _size(squares, equation))


def _rows(
    trained: Trained,
    term: Term,
    values: Sequence[Mapping[Request, tf.Tensor]],
    x: tf.Tensor,
) -> np.ndarray:
    found = term.weighed(term.rows_of(values, x, trained.coefficients), x)
    return np.asarray(found).astype(np.float64)


def _replaced(
    values: Sequence[Mapping[Request, tf.Tensor]],
    place: int,
    request: Request,
    value: tf.Tensor,
) -> list[Mapping[Request, tf.Tensor]]:
    changed = list(values)
    changed[place] = {**values[place], request: value}
    return changed


class _Squares:
    """Mean squares of columns by keys, added up piece by piece."""

    def __init__(self) -> None:
        self._sums: dict = {}
        self._counts: dict = {}

    def add(self, key: object, rows: np.ndarray) -> None:
        with np.errstate(all="ignore"):
            total = np.sum(rows**2, axis=0)
        self._sums[key] = self._sums.get(key, 0.0) + total
        self._counts[key] = self._counts.get(key, 0) + len(rows)

    def sizes(self, kind: str) -> list[np.ndarray]:
        """Root mean squares; 0 where an argument was out of a function's domain."""
        with np.errstate(all="ignore"):
            found = [
                np.sqrt(total / self._counts[key])
                for key, total in self._sums.items()
                if kind in (key, key[0])
            ]
        return [np.where(np.isfinite(v), v, 0.0) for v in found]


def _size(squares: _Squares, equation: bool) -> np.ndarray:
    known, typical = squares.sizes("flat"), squares.sizes("typical")
    if equation:
        known += squares.sizes("part")
        least = [np.where(v > 0.0, v, np.inf) for v in typical]
        lowest = np.min(least, axis=0) if least else np.inf
        known.append(np.where(np.isfinite(lowest), lowest, 0.0) + 0.0 * known[0])
    else:
        known += typical
    size = np.max(known, axis=0)
    return np.where(size > 0.0, size, 1.0)
