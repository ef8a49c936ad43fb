"""Functions of two coordinates as sums of products."""

import functools
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

__all__ = ["BASES", "Table", "load"]

# Points at a time: a point needs some hundred numbers.
_CHUNK = 4096


def _chebyshev(unit: tf.Tensor, count: int) -> tf.Tensor:
    """T_0, T_1, ... at 2 s - 1, twice as many at a time.

    By T_{n + j} = 2 T_n T_j - T_{n - j}, which a tape can follow to both ends.
    """
    s = 2.0 * unit - 1.0
    columns, n = tf.concat([tf.ones_like(s), s], axis=1), 1
    while n + 1 < count:
        last = columns[:, n:]
        further = 2.0 * last * columns[:, 1:] - tf.reverse(columns[:, :n], axis=[1])
        columns, n = tf.concat([columns, further], axis=1), 2 * n
    return columns[:, :count]


def _chebyshev_of_root(unit: tf.Tensor, count: int) -> tf.Tensor:
    """T_0, T_1, ... at 2 sqrt(s) - 1, for functions with powers of sqrt(s)."""
    return _chebyshev(tf.sqrt(unit), count)


def _cosine(unit: tf.Tensor, count: int) -> tf.Tensor:
    """cos(k pi s), k = 0, 1, ..."""
    return tf.cos(np.pi * np.arange(count) * unit)


def _fourier(unit: tf.Tensor, count: int) -> tf.Tensor:
    """1, cos(2 pi s), ..., cos(2 pi K s), sin(2 pi s), ..., sin(2 pi K s)."""
    waves = 2.0 * np.pi * np.arange(1, count // 2 + 1) * unit
    return tf.concat([tf.ones_like(unit), tf.cos(waves), tf.sin(waves)], axis=1)


# From s in (0, 1), `(n, 1)`, to the functions' values, `(n, count)`.
BASES = {
    "chebyshev": _chebyshev,
    "chebyshev_of_root": _chebyshev_of_root,
    "cosine": _cosine,
    "fourier": _fourier,
}


class Table:
    """A function on some cells of a grid of rectangles.

        u_o(x, y) = sum_jk C[c, o, j, k] a_j(s) b_k(r)

    in the cell c, whose edges s and r run through from 0 to 1.

    Args:
        breaks: for each coordinate the lines of the grid, ascending.
        bases: for each coordinate the name of its functions, one of `BASES`.
        cells: the number of each cell, -1 where there is none,
            `(len(breaks[0]) - 1, len(breaks[1]) - 1)`.
        coefficients: C, `(cells, outputs, J, K)`.
        accuracy: the largest error that is to be expected.
    """

    def __init__(
        self,
        breaks: Sequence[np.ndarray],
        bases: Sequence[str],
        cells: np.ndarray,
        coefficients: np.ndarray,
        accuracy: float,
    ) -> None:
        self.breaks = [np.asarray(lines, np.float64) for lines in breaks]
        self.bases = [BASES[name] for name in bases]
        self.cells = np.asarray(cells, int)
        self.coefficients = np.asarray(coefficients, np.float64)
        self.accuracy = float(accuracy)

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        """Returns the function at points `(n, 2)`, `(n, outputs)`, NaN outside."""
        x = tf.convert_to_tensor(x)
        # Sliced, which makes the gradient of `gather` dense for outer tapes.
        y = tf.cast(x, tf.float64)[:, :2]
        found = self._cells_of(y.numpy())
        rows, values = [], []
        for cell in np.unique(found):
            here = np.flatnonzero(found == cell)
            for i in range(0, len(here), _CHUNK):
                some = here[i : i + _CHUNK]
                rows.append(tf.constant(some, tf.int32))
                values.append(self._in_cell(int(cell), tf.gather(y, some)))
        if not rows:
            return tf.zeros((0, self.coefficients.shape[1]), x.dtype)
        return tf.cast(tf.dynamic_stitch(rows, values), x.dtype)

    def _cells_of(self, x: np.ndarray) -> np.ndarray:
        """The cell of each point; of one on a line, a cell that is there."""
        found = np.full(len(x), -1)
        # float32 knows a point to 1e-7 of its size.
        slack = [1e-6 * (lines[-1] - lines[0]) for lines in self.breaks]
        for signs in itertools.product((1.0, -1.0), repeat=2):
            numbers, inside = [], np.ones(len(x), bool)
            for lines, at, nudge, sign in zip(self.breaks, x.T, slack, signs):
                inside &= (at > lines[0] - nudge) & (at < lines[-1] + nudge)
                number = np.searchsorted(lines, at + sign * nudge) - 1
                numbers.append(np.clip(number, 0, len(lines) - 2))
            cell = np.where(inside, self.cells[tuple(numbers)], -1)
            found = np.where(found < 0, cell, found)
        return found

    def _in_cell(self, cell: int, x: tf.Tensor) -> tf.Tensor:
        outputs = self.coefficients.shape[1]
        if cell < 0:
            return tf.fill((len(x), outputs), tf.constant(np.nan, tf.float64))
        i, j = (int(n) for n in np.argwhere(self.cells == cell)[0])
        functions = []
        for axis, number in enumerate((i, j)):
            low, high = self.breaks[axis][number : number + 2]
            unit = (x[:, axis : axis + 1] - low) / (high - low)
            count = self.coefficients.shape[2 + axis]
            functions.append(self.bases[axis](unit, count))
        columns = [
            tf.reduce_sum((functions[0] @ matrix) * functions[1], axis=1)
            for matrix in self.coefficients[cell]
        ]
        return tf.stack(columns, axis=1)


@functools.cache
def load(name: str) -> Table:
    """Returns the table of a file `name.npz` beside this module."""
    with np.load(Path(__file__).parent / f"{name}.npz") as file:
        return Table(
            [file["breaks_0"], file["breaks_1"]],
            [str(base) for base in file["bases"]],
            file["cells"],
            file["coefficients"],
            float(file["accuracy"]),
        )
