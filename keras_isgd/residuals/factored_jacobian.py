"""The residual Jacobian as products of what flows forward and back.

For a layer z = h W + b, with c channels (the value and its derivatives), a residual
row r_a of point n depends on W by

    dr_a / dW = sum over c of  h_cn (dr_a / dz_cn)^T           (i, o)

so J, J J^T, J v and J^T u are matrix products of h and g = dr / dz.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import keras
import tensorflow as tf

from keras_isgd.objectives.weight_rows import WeightFactors
from keras_isgd.residuals.row_products import row_products

__all__ = ["Factor", "FactoredRows"]

# With more channels, XLA's sum of outer products is no faster than matrix products.
_FUSED_CHANNELS = 16


class Factor(NamedTuple):
    """What one use of weights adds to the Jacobian of k rows for each of n points.

    Attributes:
        kernel: the variable W `(i, o)`, or s `(o,)` where `elementwise`.
        bias: the variable b `(o,)`, which enters the first `values` channels, or None.
        forward: h for each channel, `(n, i)`, or `(1, i)` if it is the same at all
            points.
        backward: g for each channel, `(n, k, o)`.
        elementwise: whether z = h * s.
        values: the number of channels that are values, those of several points.
    """

    kernel: keras.Variable
    bias: keras.Variable | None
    forward: list[tf.Tensor]
    backward: list[tf.Tensor]
    elementwise: bool = False
    values: int = 1

    def block(self, fused: bool) -> tf.Tensor:
        """dr / dW, `(n, k, i, o)`, or dr / ds, `(n, k, o)`."""
        if self.elementwise:
            return _sum(h[:, None] * g for h, g in self.pairs())
        few = len(self.forward) <= _FUSED_CHANNELS
        if (fused and few) or len(self.forward) == 1:
            return _sum(h[:, None, :, None] * g[:, :, None] for h, g in self.pairs())
        # One small matrix product for each row.
        n = tf.shape(self.backward[0])[0]
        left = [tf.broadcast_to(h, [n, h.shape[1]]) for h in self.forward]
        left = tf.stack(left, axis=2)[:, None]
        return tf.matmul(left, tf.stack(self.backward, axis=2))

    def bias_flow(self) -> tf.Tensor:
        """dr / db, `(n, k, o)`."""
        return _sum(iter(self.backward[: self.values]))

    def pairs(self) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
        """h and g of each channel."""
        return zip(self.forward, self.backward, strict=True)

    def jvp(self, kernel: tf.Tensor, bias: tf.Tensor | None) -> tf.Tensor:
        """J v `(n, k)` for the parts of v in the kernel and in the bias."""
        total = 0.0
        for h, g in self.pairs():
            z = h * kernel if self.elementwise else h @ kernel
            total += tf.reduce_sum(g * z[:, None], axis=2)
        if bias is not None:
            total += tf.linalg.matvec(self.bias_flow(), bias)
        return total

    def vjp(self, u: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor | None]:
        """J^T u: the part in the kernel, and that in the bias or None.

        Args:
            u: `(n, k)`.
        """
        flows = [tf.reduce_sum(g * u[:, :, None], axis=1) for g in self.backward]
        total = 0.0
        for h, flow in zip(self.forward, flows, strict=True):
            if self.elementwise:
                total += tf.reduce_sum(h * flow, axis=0)
            elif h.shape[0] == 1 != flow.shape[0]:
                total += tf.transpose(h) * tf.reduce_sum(flow, axis=0)
            else:
                total += tf.matmul(h, flow, transpose_a=True)
        if self.bias is None:
            return total, None
        return total, tf.reduce_sum(_sum(iter(flows[: self.values])), axis=0)


class FactoredRows(NamedTuple):
    """Rows of a residual, k for each of n points, with their Jacobian in factors.

    Attributes:
        rows: `(n, k)`.
        factors: list of `Factor`.
        scalars: list of `(variable, (n, k))`: coefficients with dr / d(variable).
    """

    rows: tf.Tensor
    factors: list[Factor]
    scalars: list[tuple[keras.Variable, tf.Tensor]]

    def flat(self) -> tf.Tensor:
        """The rows in one vector, `(n k,)`."""
        return tf.reshape(self.rows, [-1])

    def jacobian(
        self, variables: list[keras.Variable], fused: bool = False
    ) -> tf.Tensor:
        """Returns the Jacobian `(n k, p)`.

        Args:
            variables: what p counts, in its order.
            fused: whether XLA compiles this. It then writes sums of outer products
                in one pass, several times faster than small matrix products, which
                are what is fast without it.
        """
        parts: dict[int, tf.Tensor] = {}
        for factor in self.factors:
            _add(parts, factor.kernel, factor.block(fused))
            if factor.bias is not None:
                _add(parts, factor.bias, factor.bias_flow())
        for variable, derivative in self.scalars:
            _add(parts, variable, derivative)
        m = tf.size(self.rows)
        columns = []
        for variable in variables:
            size = math.prod(variable.shape)
            part = parts.get(id(variable))
            if part is None:
                part = tf.zeros([m, size], self.rows.dtype)
            columns.append(tf.reshape(part, [m, size]))
        return tf.concat(columns, axis=1)

    def jvp(
        self, variables: list[keras.Variable], tangents: list[tf.Tensor]
    ) -> tf.Tensor:
        """Returns J v `(n k,)`; `tangents` are v's parts, shaped like `variables`."""
        v = {id(a): t for a, t in zip(variables, tangents, strict=True)}
        total = tf.zeros_like(self.rows)
        for factor in self.factors:
            bias = None if factor.bias is None else v[id(factor.bias)]
            total += factor.jvp(v[id(factor.kernel)], bias)
        for variable, derivative in self.scalars:
            total += derivative * v[id(variable)]
        return tf.reshape(total, [-1])

    def vjp(self, variables: list[keras.Variable], u: tf.Tensor) -> list[tf.Tensor]:
        """Returns J^T u as a list of tensors shaped like `variables`."""
        parts: dict[int, tf.Tensor] = {}
        u = tf.reshape(u, tf.shape(self.rows))
        for factor in self.factors:
            kernel, bias = factor.vjp(u)
            _add(parts, factor.kernel, kernel)
            if bias is not None:
                _add(parts, factor.bias, bias)
        for variable, derivative in self.scalars:
            _add(parts, variable, tf.reduce_sum(derivative * u))
        return [parts.get(id(v), tf.zeros(v.shape, self.rows.dtype)) for v in variables]

    def gram(self, other: "FactoredRows | WeightFactors") -> tf.Tensor:
        """Returns J K^T `(n k, n' k')` for the Jacobian K of other rows, without both.

        Args:
            other: rows in the same variables with a `gram`; these rows themselves
                give the Gram matrix.
        """
        if not isinstance(other, FactoredRows):
            return tf.transpose(other.gram(self))
        return row_products(self, other)

    def gram_cost(self) -> int:
        """Multiplications for an entry of `gram`; with J they are p."""
        total = 0
        for factor in self.factors:
            channels = len(factor.forward)
            sizes = factor.forward[0].shape[-1] + factor.backward[0].shape[-1]
            total += channels * (channels + 1) // 2 * sizes
        return total


def _add(
    parts: dict[int, tf.Tensor], variable: keras.Variable, part: tf.Tensor
) -> None:
    key = id(variable)
    parts[key] = parts[key] + part if key in parts else part


def _sum(terms: Iterator[tf.Tensor]) -> tf.Tensor:
    first, *rest = terms
    return sum(rest, first)
