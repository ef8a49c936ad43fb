"""The residual Jacobian as outer products of what flows forward and back.

For a layer z = h W + b, with c channels (the value and its derivatives), a residual
row r_a of point n depends on W by

    dr_a / dW = sum over c of  h_cn (dr_a / dz_cn)^T           (i, o)

so J, J J^T, J v and J^T u are matrix products of h and g = dr / dz.
"""

from typing import Any, NamedTuple

import tensorflow as tf

__all__ = ["Factor", "FactoredRows"]


class Factor(NamedTuple):
    """What one use of weights adds to the Jacobian of k rows for each of n points.

    Attributes:
        kernel: the variable W `(i, o)`, or s `(o,)` where `elementwise`.
        bias: the variable b `(o,)`, or None.
        forward: h, `(c, n, i)`, or `(c, 1, i)` if the same at all points.
        backward: g, `(c, n, k, o)`.
        elementwise: whether z = h * s.
    """

    kernel: Any
    bias: Any
    forward: Any
    backward: Any
    elementwise: bool = False


class FactoredRows(NamedTuple):
    """Rows of a residual with their Jacobian in factors.

    Attributes:
        rows: `(n, k)`.
        factors: list of `Factor`.
        scalars: list of `(variable, (n, k))`: coefficients with dr / d(variable).
    """

    rows: Any
    factors: Any
    scalars: Any

    def flat(self):
        """The rows in one vector, `(n k,)`."""
        return tf.reshape(self.rows, [-1])

    def jacobian(self, variables):
        """Returns the Jacobian `(n k, p)`.

        Args:
            variables: what p counts, in its order.
        """
        parts = {}
        for factor in self.factors:
            if factor.elementwise:
                block = tf.reduce_sum(factor.forward[:, :, None] * factor.backward, 0)
            else:
                block = _outer(factor.forward, factor.backward)
            _add(parts, factor.kernel, block)
            if factor.bias is not None:
                _add(parts, factor.bias, factor.backward[0])
        for variable, derivative in self.scalars:
            _add(parts, variable, derivative)
        m = tf.size(self.rows)
        columns = []
        for variable in variables:
            size = tf.TensorShape(variable.shape).num_elements()
            part = parts.get(id(variable))
            if part is None:
                part = tf.zeros([m, size], self.rows.dtype)
            columns.append(tf.reshape(part, [m, size]))
        return tf.concat(columns, axis=1)

    def forward(self, variables, tangents):
        """Returns J v `(n k,)`; `tangents` are v's parts, shaped like `variables`."""
        v = {id(a): t for a, t in zip(variables, tangents, strict=True)}
        total = tf.zeros_like(self.rows)
        for factor in self.factors:
            if factor.elementwise:
                moved = factor.forward * v[id(factor.kernel)]
            else:
                moved = _times_matrix(factor.forward, v[id(factor.kernel)])
            if factor.bias is not None:
                shift = v[id(factor.bias)][None, None]
                moved = tf.concat([moved[:1] + shift, moved[1:]], axis=0)
            total += tf.einsum("cnko,cno->nk", factor.backward, moved + _none(factor))
        for variable, derivative in self.scalars:
            total += derivative * v[id(variable)]
        return tf.reshape(total, [-1])

    def backward(self, variables, u):
        """Returns J^T u as a list of tensors shaped like `variables`."""
        parts = {}
        u = tf.reshape(u, tf.shape(self.rows))
        for factor in self.factors:
            pulled = tf.einsum("cnko,nk->cno", factor.backward, u)
            if factor.elementwise:
                part = tf.reduce_sum(factor.forward * pulled, axis=[0, 1])
            elif factor.forward.shape[1] == 1 != pulled.shape[1]:
                part = tf.matmul(
                    factor.forward[:, 0], tf.reduce_sum(pulled, 1), transpose_a=True
                )
            else:
                part = tf.matmul(_flat(factor.forward), _flat(pulled), transpose_a=True)
            _add(parts, factor.kernel, part)
            if factor.bias is not None:
                _add(parts, factor.bias, tf.reduce_sum(pulled[0], axis=0))
        for variable, derivative in self.scalars:
            _add(parts, variable, tf.reduce_sum(derivative * u))
        return [parts.get(id(v), tf.zeros(v.shape, self.rows.dtype)) for v in variables]


def _add(parts, variable, part):
    key = id(variable)
    parts[key] = parts[key] + part if key in parts else part


def _outer(forward, backward):
    """sum over c of h_cn g_cna^T, `(n, k, i, o)`."""
    channels = forward.shape[0]
    if channels == 1:
        return forward[0][:, None, :, None] * backward[0][:, :, None, :]
    # One small matrix product for each row.
    left = tf.transpose(forward, [1, 2, 0])[:, None]
    right = tf.transpose(backward, [1, 2, 0, 3])
    return tf.matmul(left, right)


def _times_matrix(forward, matrix):
    shape = [forward.shape[0], tf.shape(forward)[1], matrix.shape[1]]
    return tf.reshape(_flat(forward) @ matrix, shape)


def _flat(tensor):
    return tf.reshape(tensor, [-1, tensor.shape[-1]])


def _none(factor):
    """Zeros that broadcast what is the same at all points to every point."""
    return tf.zeros_like(factor.backward[:, :, 0])
