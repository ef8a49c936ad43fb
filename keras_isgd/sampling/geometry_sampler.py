"""Points of any geometry or part of a boundary, a function of a seed and the step."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from keras_isgd.geometry import BoundaryPart, Box, Geometry, Piece
from keras_isgd.geometry.spread import spread, spread_share
from keras_isgd.sampling.samplers import LARGEST_SET, METHODS, draw
from keras_isgd.utils.checks import check_choice, check_count
from keras_isgd.utils.memory import require_memory

__all__ = ["GeometrySampler"]

# Proposals beyond those that a kept share asks for, so that most sets take one batch.
_MARGIN = 1.1
# The largest number of proposals that are placed at once.
_BATCH = 2**20
# No set is filled where less than this share of the proposals is kept.
_LEAST_SHARE = 1e-6
_PATIENCE = 2**22
# Between the seeds of pieces; seeds of sets are below it.
_SEED_STRIDE = 2**80

# From points of the unit box (n, c) to rows (n, k) and which of them to keep (n,).
Propose = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


class GeometrySampler:
    """Draws points of a geometry, or of a part of its boundary.

    Points are uniform in measure: pieces of a boundary share them by their length or
    area. What is bounded by other shapes is filled by rejection, so that the number
    of points is static. In one dimension a boundary is its points, each once; with
    `extra` coordinates they share the `count`.

    Args:
        geometry: the `Geometry`.
        count: number of points.
        method: one of `METHODS`. Low-discrepancy points are drawn once and then
            shifted at random modulo 1 for each new set.
        seed: integer.
        part: the `BoundaryPart`, or None for the interior.
        extra: a `Box` of q further coordinates, such as parameters, that are drawn
            with the points.
        with_normals: whether the outward normals are d further columns.

    Raises:
        ValueError: wrong arguments, more than 2 GiB of points, or a place so small
            that not one in a million proposals lies in it.
    """

    def __init__(
        self,
        geometry: Geometry,
        count: int,
        method: str,
        seed: int,
        part: BoundaryPart | None = None,
        extra: Box | None = None,
        with_normals: bool = False,
    ) -> None:
        check_choice("method", method, METHODS)
        count = check_count("count", count)
        if with_normals and part is None:
            raise ValueError("Points of the interior have no normals: give a `part`.")
        q = 0 if extra is None else extra.dimension
        self._columns = geometry.dimension * (2 if with_normals else 1) + q
        require_memory(
            8 * self._columns * count,
            LARGEST_SET,
            f"A set of {count} points with {self._columns} columns",
            "Take fewer points: with resample=True each step has new ones.",
        )
        if part is None:
            places = [_Place(_interior(geometry, extra), geometry.unit_dimension + q)]
            shares, measures = [_interior_share(geometry)], [1.0]
        else:
            pieces = [kept.piece for kept in part.pieces]
            places = [
                _Place(_boundary(piece, extra, with_normals), piece.unit_dimension + q)
                for piece in pieces
            ]
            shares = [kept.share for kept in part.pieces]
            measures = [kept.measure for kept in part.pieces]
        counts = _allotment(count, measures, places)
        self._fillers = [
            _Filler(place, number, share, method, seed, stream)
            for stream, (place, number, share) in enumerate(zip(places, counts, shares))
            if number
        ]
        self._count = sum(counts)

    @property
    def count(self) -> int:
        """The number of points in a set."""
        return self._count

    def __call__(self, step: int | tf.Tensor) -> tf.Tensor:
        """Returns the set for a step, `(count, d + q [+ d])` float64.

        The columns are the point, the extra coordinates, and the normal.
        """
        with tf.device("CPU:0"):
            step = tf.cast(step, tf.int64)
            x = tf.numpy_function(self._set, [step], tf.float64, stateful=False)
        x.set_shape((self._count, self._columns))
        return x

    def _set(self, step: int) -> np.ndarray:
        return np.concatenate([filler(int(step)) for filler in self._fillers], axis=0)


class _Place(NamedTuple):
    propose: Propose
    columns: int


class _Filler:
    """Fills a number of rows with proposals that are kept.

    Args:
        place: what proposes, and how many columns of the unit box it takes.
        count: number of rows.
        share: how many of the proposals are kept, about.
        method: one of `METHODS`.
        seed: integer.
        stream: tells the fillers of one seed apart.
    """

    def __init__(
        self,
        place: _Place,
        count: int,
        share: float,
        method: str,
        seed: int,
        stream: int,
    ) -> None:
        self._propose, self._unit_columns = place
        self._count = count
        self._first = count if share == 1.0 else int(count / share * _MARGIN) + 16
        self._method = method
        self._seed = seed
        self._stream = stream
        self._drawn: list[np.ndarray] = []
        if method != "uniform" and self._unit_columns:
            require_memory(
                8 * self._unit_columns * self._first,
                LARGEST_SET,
                f"{self._first} proposals for {count} points",
                'Take fewer points, or method="uniform".',
            )
            self._low_discrepancy(0)

    def __call__(self, step: int) -> np.ndarray:
        rows: list[np.ndarray] = []
        missing, proposed = self._count, 0
        for unit in self._batches(step):
            x, kept = self._propose(unit)
            # Most sets keep everything, and need no copy.
            x = x[:missing] if kept.all() else x[kept][:missing]
            rows.append(x)
            missing -= len(x)
            proposed += len(unit)
            if not missing:
                break
            if proposed > _PATIENCE and self._count - missing < _LEAST_SHARE * proposed:
                raise ValueError(
                    f"Only {self._count - missing} of {proposed} proposals lie in the "
                    "geometry: it is too small a part of what it was cut from. Build "
                    "it from smaller shapes."
                )
        return np.concatenate(rows, axis=0) if len(rows) > 1 else rows[0]

    def _batches(self, step: int) -> Iterator[np.ndarray]:
        """Points of the unit box, without end, `(n, columns)` at a time."""
        rng = np.random.Generator(
            np.random.Philox(
                key=np.array([self._seed % 2**64, step], np.uint64),
                counter=np.array([0, 0, self._seed // 2**64, self._stream], np.uint64),
            )
        )
        low_discrepancy = self._method != "uniform" and self._unit_columns > 0
        shift = rng.random(self._unit_columns) if low_discrepancy else None
        index = 0
        while True:
            size = self._first * 2 ** max(index - 1, 0)
            for start in range(0, size, _BATCH):
                if shift is None:
                    shape = (min(_BATCH, size - start), self._unit_columns)
                    yield rng.random(shape)
                else:
                    base = self._low_discrepancy(index)[start : start + _BATCH]
                    yield (base + shift) % 1.0
            index += 1

    def _low_discrepancy(self, index: int) -> np.ndarray:
        """A batch, drawn when it is first needed; each doubles what was drawn."""
        while len(self._drawn) <= index:
            last = len(self._drawn)
            d, seed = self._unit_columns, self._seed + self._stream * _SEED_STRIDE
            before = self._first * 2 ** (last - 1) if last else 0
            if self._method == "latin_hypercube":
                # Hypercubes do not go on: each batch is one of its own.
                seed += last * _SEED_STRIDE**2
                new = draw(self._method, d, before or self._first, seed)
            else:
                new = draw(self._method, d, 2 * before or self._first, seed)[before:]
            self._drawn.append(new)
        return self._drawn[index]


def _interior(geometry: Geometry, extra: Box | None) -> Propose:
    columns = geometry.unit_dimension

    def propose(unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, kept = geometry.interior(unit[:, :columns])
        return _joined([x], extra, unit[:, columns:]), kept

    return propose


def _boundary(piece: Piece, extra: Box | None, with_normals: bool) -> Propose:
    columns = piece.unit_dimension

    def propose(unit: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x, normals = piece.place(unit[:, :columns])
        kept = np.ones(len(x), bool) if piece.keeps is None else piece.keeps(x, normals)
        further = [normals] if with_normals else []
        return _joined([x, *further], extra, unit[:, columns:]), kept

    return propose


def _joined(
    blocks: Sequence[np.ndarray], extra: Box | None, unit: np.ndarray
) -> np.ndarray:
    """The columns of a set: points, extra coordinates, normals."""
    if extra is not None:
        blocks = [blocks[0], extra.from_unit(unit), *blocks[1:]]
    return np.concatenate(blocks, axis=1) if len(blocks) > 1 else blocks[0]


def _interior_share(geometry: Geometry) -> float:
    """How many proposals for the interior are kept, about."""
    for count in (4096, _PATIENCE):
        share = spread_share(
            geometry.interior(spread(geometry.unit_dimension, count))[1]
        )
        if share:
            return share
    raise ValueError(f"{geometry} has no interior points.")


def _allotment(
    count: int, measures: Sequence[float], places: Sequence[_Place]
) -> list[int]:
    """How many of `count` points each place gets, by its measure."""
    if not any(place.columns for place in places):
        return [1] * len(places)  # the end points of an interval
    ends = np.rint(np.cumsum(measures) / sum(measures) * count).astype(int)
    return np.diff(ends, prepend=0).tolist()
