"""Damped least squares by TensorFlow's Cholesky factorisation; see `damped`."""

import numpy as np
import tensorflow as tf

from keras_isgd.linalg.lapack import FLOOR

__all__ = ["damped", "reduce_gram"]

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


def damped(
    matrix: tf.Tensor, right: tf.Tensor, damping: tf.Tensor, sample: tf.Tensor | bool
) -> Tensors:
    """The unknowns, the decrease and the factor L of one damping of a Gram matrix."""
    k = tf.shape(matrix)[0]

    def by_gram() -> Tensors:
        floor = FLOOR * _eps(matrix) * tf.linalg.trace(matrix)
        shift = tf.maximum(damping, floor)
        factor = _cholesky(matrix + shift * tf.eye(k, dtype=matrix.dtype))
        y = -tf.linalg.cholesky_solve(factor, right[:, None])[:, 0]
        z = tf.linalg.matvec(matrix, y)
        other = tf.where(sample, z, y)
        return y, tf.tensordot(z + 2.0 * shift * y, other, 1), factor

    def nothing() -> Tensors:
        nan = _nan(right)
        return tf.fill(tf.shape(right), nan), nan, tf.fill(tf.shape(matrix), nan)

    # TensorFlow's factorisations may raise on NaN.
    finite = tf.reduce_all(tf.math.is_finite(matrix)) & tf.reduce_all(
        tf.math.is_finite(right)
    )
    return tf.cond(finite & tf.math.is_finite(damping), by_gram, nothing)


@tf.function(jit_compile=True, autograph=False)
def _cholesky(matrix: tf.Tensor) -> tf.Tensor:
    """The lower factor; NaN where there is none, for which TensorFlow's own raises."""
    return tf.linalg.cholesky(matrix)


def _nan(like: tf.Tensor) -> tf.Tensor:
    return tf.constant(np.nan, like.dtype)


def _eps(matrix: tf.Tensor) -> np.floating:
    return np.finfo(matrix.dtype.as_numpy_dtype).eps
