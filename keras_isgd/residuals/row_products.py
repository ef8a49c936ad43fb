"""J K^T from the factors of two Jacobians, tile by tile where it is large.

Two points share, for each weight, the sum over channels c, e of
(h_c . h'_e) (g_c . g'_e): matrix products of i and o columns instead of one of i o
columns; see `factored_jacobian`.
"""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import tensorflow as tf

if TYPE_CHECKING:
    from keras_isgd.residuals.factored_jacobian import Factor, FactoredRows

__all__ = ["row_products"]

# Each pair of channels has products of the size of the whole matrix. One with more
# entries than these is made of tiles, with about so many rows and columns each.
_ENTRIES, _TILE = 2_000_000, 512


def row_products(left: "FactoredRows", right: "FactoredRows") -> tf.Tensor:
    """Returns J K^T `(n k, n' k')`.

    Where both numbers of points are known, it needs little more memory than it takes
    itself.

    Args:
        left: the rows of J.
        right: the rows of K, in the same variables; the same object gives J J^T.
    """
    shapes = [side.rows.shape for side in (left, right)]
    if not all(shape.is_fully_defined() for shape in shapes):
        return _at_once(left, right)
    if math.prod(shape.num_elements() for shape in shapes) <= _ENTRIES:
        return _at_once(left, right)
    return _by_tiles(left, right)


class _Tiles(NamedTuple):
    """Rows cut into tiles of as many points each.

    Attributes:
        rows: `FactoredRows`, filled up with rows of zeros.
        number: of tiles.
        points: in each of them.
        size: its rows.
    """

    rows: "FactoredRows"
    number: int
    points: int
    size: int

    @classmethod
    def of(cls, rows: "FactoredRows") -> "_Tiles":
        """Cuts rows of known shape."""
        n, k = rows.rows.shape
        points = math.ceil(n / math.ceil(n * k / _TILE))
        number = math.ceil(n / points)
        more = number * points - n
        filled = _moved(
            rows,
            lambda x: tf.pad(x, [[0, more]] + [[0, 0]] * (x.shape.rank - 1)),
        )
        return cls(filled, number, points, points * k)

    def at(self, i: tf.Tensor) -> "FactoredRows":
        """The rows of tile i, an integer scalar."""

        def cut(x: tf.Tensor) -> tf.Tensor:
            others = x.shape.rank - 1
            begin = [i * self.points] + [0] * others
            return tf.slice(x, begin, [self.points, *x.shape[1:]])

        return _moved(self.rows, cut)


def _by_tiles(left: "FactoredRows", right: "FactoredRows") -> tf.Tensor:
    """`row_products` one tile after the other, of J J^T those above the diagonal."""
    same = left is right
    down = _Tiles.of(left)
    across = down if same else _Tiles.of(right)
    pairs = [
        (i, j)
        for i in range(down.number)
        for j in range(i if same else 0, across.number)
    ]
    found = tf.map_fn(
        lambda pair: _at_once(down.at(pair[0]), across.at(pair[1])),
        tf.constant(pairs),
        parallel_iterations=1,
        fn_output_signature=tf.TensorSpec((down.size, across.size), left.rows.dtype),
    )
    tiles = dict(zip(pairs, tf.unstack(found, num=len(pairs)), strict=True))

    def at(i: int, j: int) -> tf.Tensor:
        return tiles[i, j] if (i, j) in tiles else tf.transpose(tiles[j, i])

    matrix = tf.concat(
        [
            tf.concat([at(i, j) for j in range(across.number)], axis=1)
            for i in range(down.number)
        ],
        axis=0,
    )
    return matrix[: left.rows.shape.num_elements(), : right.rows.shape.num_elements()]


def _moved(
    rows: "FactoredRows", move: Callable[[tf.Tensor], tf.Tensor]
) -> "FactoredRows":
    """Rows after the same change of all that has one entry for each point."""

    def each(channels: Sequence[tf.Tensor]) -> list[tf.Tensor]:
        # What is the same at all points stays as it is.
        return [x if x.shape[0] == 1 else move(x) for x in channels]

    return rows._replace(
        rows=move(rows.rows),
        factors=[
            factor._replace(
                forward=each(factor.forward), backward=each(factor.backward)
            )
            for factor in rows.factors
        ],
        scalars=[(variable, move(slope)) for variable, slope in rows.scalars],
    )


def _at_once(left: "FactoredRows", right: "FactoredRows") -> tf.Tensor:
    total = tf.zeros([tf.size(left.rows), tf.size(right.rows)], left.rows.dtype)
    for a in left.factors:
        for b in right.factors:
            if a.kernel is b.kernel:
                total += _shared(a, b)
            elif a.bias is not None and a.bias is b.bias:
                total += _products([a.bias_flow()], [b.bias_flow()])[0][0]
    for variable, derivative in left.scalars:
        for again, slope in right.scalars:
            if variable is again:
                total += tf.reshape(derivative, [-1, 1]) * tf.reshape(slope, [1, -1])
    return total


def _shared(left: "Factor", right: "Factor") -> tf.Tensor:
    """What one weight adds, `(n k, n' k')`."""
    if left.elementwise:
        return _products([left.block(True)], [right.block(True)])[0][0]
    inputs = _products(_for_each_row(left), _for_each_row(right))
    outputs = _products(left.backward, right.backward)
    same = left is right
    biased = left.bias is not None and left.bias is right.bias
    total = 0.0
    for c, row in enumerate(outputs):
        for e, product in enumerate(row):
            if same and e < c:
                continue
            shared = inputs[c][e]
            if c < left.values and e < right.values and biased:
                shared = shared + 1.0
            term = product * shared
            total += term + tf.transpose(term) if same and e > c else term
    return total


def _for_each_row(factor: "Factor") -> list[tf.Tensor]:
    """The forward flow of each row's point, `(n, k, i)` for each channel."""
    n, k, _ = tf.unstack(tf.shape(factor.backward[0]))
    return [tf.broadcast_to(h[:, None], [n, k, h.shape[1]]) for h in factor.forward]


def _products(
    left: Sequence[tf.Tensor], right: Sequence[tf.Tensor]
) -> list[list[tf.Tensor]]:
    """All products of channels, lists of lists of `(n k, n' k')`."""
    flat = [[tf.reshape(t, [-1, t.shape[-1]]) for t in side] for side in (left, right)]
    return [[tf.matmul(a, b, transpose_b=True) for b in flat[1]] for a in flat[0]]
