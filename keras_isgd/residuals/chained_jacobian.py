"""The Jacobian of rows that mix points, as a chain of two.

Such rows, an integral over the points for example, are functions of a network's
derivatives u at all points, and each of these depends on its own point alone:

    dr / dw = sum over places of  (dr / du) (du / dw)

The first factor is a small dense matrix, the second one a Jacobian in factors.
"""

import math
from typing import NamedTuple

import keras
import tensorflow as tf

from keras_isgd.residuals.factored_jacobian import FactoredRows

__all__ = ["ChainedRows"]


class ChainedRows(NamedTuple):
    """Rows that mix points: functions of a network's derivatives at all of them.

    Attributes:
        rows: `(m, k)`.
        outer: for each place, how they depend on the derivatives there, `(m k, n q)`.
        inner: for each place, `FactoredRows` of the q derivatives at n points.
        scalars: list of `(variable, (m k, 1))`.
    """

    rows: tf.Tensor
    outer: list[tf.Tensor]
    inner: list[FactoredRows]
    scalars: list[tuple[keras.Variable, tf.Tensor]]

    def flat(self) -> tf.Tensor:
        """The rows in one vector, `(m k,)`."""
        return tf.reshape(self.rows, [-1])

    def jacobian(
        self, variables: list[keras.Variable], fused: bool = False
    ) -> tf.Tensor:
        """Returns the Jacobian `(m k, p)`; see `FactoredRows.jacobian`."""
        through = tf.add_n(
            [
                tf.matmul(outer, inner.jacobian(variables, fused))
                for outer, inner in zip(self.outer, self.inner, strict=True)
            ]
        )
        direct = {id(variable): column for variable, column in self.scalars}
        columns = [
            direct.get(
                id(v),
                tf.zeros([1, math.prod(v.shape)], through.dtype),
            )
            for v in variables
        ]
        shape = tf.shape(through)
        return through + tf.concat(
            [tf.broadcast_to(c, [shape[0], c.shape[1]]) for c in columns], axis=1
        )

    def jvp(
        self, variables: list[keras.Variable], tangents: list[tf.Tensor]
    ) -> tf.Tensor:
        """Returns J v; see `FactoredRows.jvp`."""
        total = tf.add_n(
            [
                tf.linalg.matvec(outer, inner.jvp(variables, tangents))
                for outer, inner in zip(self.outer, self.inner, strict=True)
            ]
        )
        v = {id(a): t for a, t in zip(variables, tangents, strict=True)}
        for variable, column in self.scalars:
            total += column[:, 0] * v[id(variable)]
        return total

    def vjp(self, variables: list[keras.Variable], u: tf.Tensor) -> list[tf.Tensor]:
        """Returns J^T u; see `FactoredRows.vjp`."""
        direct = {id(v): tf.tensordot(c[:, 0], u, 1) for v, c in self.scalars}
        parts = [direct.get(id(v), tf.zeros(v.shape, u.dtype)) for v in variables]
        for outer, inner in zip(self.outer, self.inner, strict=True):
            flow = tf.linalg.matvec(outer, u, transpose_a=True)
            parts = [a + b for a, b in zip(parts, inner.vjp(variables, flow))]
        return parts
