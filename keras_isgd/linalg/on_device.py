"""Damped least squares by TensorFlow's factorisations; see `damped`."""

import numpy as np
import tensorflow as tf

from keras_isgd.linalg.lapack import FLOOR

__all__ = ["damped", "reduce_exact", "reduce_gram"]

Tensors = tuple[tf.Tensor, tf.Tensor, tf.Tensor]


def reduce_gram(jacobian: tf.Tensor, residual: tf.Tensor) -> Tensors:
    """Matrix, right-hand side and an empty basis, of the Gram matrix."""

    def sample() -> Tensors:
        gram = tf.matmul(jacobian, jacobian, transpose_b=True)
        return gram, residual, tf.zeros((0, 0), residual.dtype)

    def parameter() -> Tensors:
        gram = tf.matmul(jacobian, jacobian, transpose_a=True)
        gradient = tf.linalg.matvec(jacobian, residual, transpose_a=True)
        return gram, gradient, tf.zeros((0, 0), residual.dtype)

    m, p = tf.unstack(tf.shape(jacobian))
    return tf.cond(m <= p, sample, parameter)


def reduce_exact(jacobian: tf.Tensor, residual: tf.Tensor) -> Tensors:
    """Matrix, right-hand side and basis by QR."""

    def sample() -> Tensors:
        # |R^T y + r| with y and r in reversed order, which makes R^T upper triangular.
        q, triangle = tf.linalg.qr(tf.transpose(jacobian))
        turned = tf.reverse(tf.transpose(triangle), [0, 1])
        basis = tf.reverse(tf.transpose(q), [0])
        return turned, tf.reverse(residual, [0]), basis

    def parameter() -> Tensors:
        # With r as one more column, R's last column is Q^T r: no Q is formed.
        joined = tf.concat([jacobian, residual[:, None]], axis=1)
        _, triangle = tf.linalg.qr(joined)
        return triangle[:p, :p], triangle[:p, p], tf.zeros((0, 0), residual.dtype)

    m, p = tf.unstack(tf.shape(jacobian))
    return tf.cond(m <= p, sample, parameter)


def damped(
    matrix: tf.Tensor,
    right: tf.Tensor,
    damping: tf.Tensor,
    exact: tf.Tensor,
    sample: tf.Tensor,
) -> Tensors:
    """The unknowns, the decrease and the factor L of one damping."""
    k = tf.shape(matrix)[0]
    identity = tf.eye(k, dtype=matrix.dtype)

    def by_gram() -> Tensors:
        floor = FLOOR * _eps(matrix) * tf.linalg.trace(matrix)
        shift = tf.maximum(damping, floor)
        factor = _cholesky(matrix + shift * identity)
        y = -tf.linalg.cholesky_solve(factor, right[:, None])[:, 0]
        z = tf.linalg.matvec(matrix, y)
        other = tf.where(sample, z, y)
        return y, tf.tensordot(z + 2.0 * shift * y, other, 1), factor

    def by_triangle() -> Tensors:
        stacked = tf.concat([matrix, tf.sqrt(damping) * identity], axis=0)
        column = tf.concat([right, tf.zeros_like(right)], axis=0)
        _, triangle = tf.linalg.qr(tf.concat([stacked, column[:, None]], axis=1))
        d = triangle[:k, k:]
        factor = triangle[:k, :k]
        y = -tf.linalg.triangular_solve(factor, d, lower=False)[:, 0]
        decrease = tf.reduce_sum(d**2) + damping * tf.reduce_sum(y**2)
        return y, decrease, tf.transpose(factor)

    def nothing() -> Tensors:
        nan = _nan(right)
        return tf.fill(tf.shape(right), nan), nan, tf.fill(tf.shape(matrix), nan)

    # TensorFlow's factorisations may raise on NaN.
    finite = tf.reduce_all(tf.math.is_finite(matrix)) & tf.reduce_all(
        tf.math.is_finite(right)
    )
    return tf.cond(
        finite & tf.math.is_finite(damping),
        lambda: tf.cond(exact, by_triangle, by_gram),
        nothing,
    )


@tf.function(jit_compile=True, autograph=False)
def _cholesky(matrix: tf.Tensor) -> tf.Tensor:
    """The lower factor; NaN where there is none, for which TensorFlow's own raises."""
    return tf.linalg.cholesky(matrix)


def _nan(like: tf.Tensor) -> tf.Tensor:
    return tf.constant(np.nan, like.dtype)


def _eps(matrix: tf.Tensor) -> np.floating:
    return np.finfo(matrix.dtype.as_numpy_dtype).eps
