"""Damped linear least squares for many dampings at once.

Symbols: J Jacobian (m, p), r right-hand side (m,), lambda damping, k = min(m, p),
J = A diag(sigma) B^T its singular value decomposition.

    s(lambda) = argmin |J s + r|^2 + lambda |s|^2
              = -B (sigma c / (sigma^2 + lambda)),     c = A^T r
    |r|^2 - |r + J s|^2 = sum (sigma c)^2 (sigma^2 + 2 lambda) / (sigma^2 + lambda)^2

One factorisation serves every lambda. Two are offered:

    gram    eigh of J J^T (m <= p) or J^T J (m > p). Cheap, but it squares the
            condition number: directions with sigma below 1e-8 of the largest drown.
    exact   QR of J^T or J, then the SVD of the triangular factor.
"""

from typing import Any, NamedTuple

import numpy as np
import scipy.linalg
import tensorflow as tf

__all__ = ["DampedSteps", "conjugate_gradients", "damped_steps", "gram_suffices"]

# The Gram matrix is off by about eps |J|^2; a damping that far above is safe.
_MARGIN = 1e3


class DampedSteps(NamedTuple):
    """Solutions for several dampings.

    Attributes:
        steps: `(g, p)`, one row for each damping.
        decreases: `|r|^2 - |r + J s|^2` of each, `(g,)`.
    """

    steps: Any
    decreases: Any


def gram_suffices(jacobian, damping):
    """Tells whether `damping` is well above the rounding of the Gram matrix.

    Args:
        jacobian: J, `(m, p)`.
        damping: the smallest lambda, `()`.

    Returns:
        A boolean scalar: lambda > 1000 eps |J|_F^2.
    """
    eps = np.finfo(jacobian.dtype.as_numpy_dtype).eps
    return damping > _MARGIN * eps * tf.reduce_sum(jacobian**2)


def damped_steps(jacobian, residual, dampings, exact):
    """Solves damped least squares for several dampings by one factorisation.

    On a CPU the factorisations are LAPACK's own: TensorFlow's `eigh` takes about
    twice as long there. On other devices they are TensorFlow's.

    Args:
        jacobian: J, `(m, p)`.
        residual: r, `(m,)`.
        dampings: positive numbers lambda, `(g,)`.
        exact: boolean scalar: by QR and SVD rather than by the Gram matrix.

    Returns:
        `DampedSteps`; NaN where J or r is not finite.
    """
    if tf.config.list_logical_devices("GPU"):
        return tf.cond(
            exact,
            lambda: _combine(*_exact(jacobian, residual), dampings),
            lambda: _combine(*_gram(jacobian, residual), dampings),
        )
    dtype = jacobian.dtype
    steps, decreases = tf.numpy_function(
        _lapack, [jacobian, residual, dampings, exact], (dtype, dtype)
    )
    steps.set_shape((dampings.shape[0], jacobian.shape[1]))
    decreases.set_shape(dampings.shape)
    return DampedSteps(steps, decreases)


# -- both factorisations in TensorFlow ------------------------------------------
# Each returns M (p, k), f (k,), sigma^2 (k,) and c^2 (k,), so that the step is
# -M (f / (sigma^2 + lambda)); where f lacks the factor sigma, M has it.


def _gram(jacobian, residual):
    def sample():
        squares, vectors = tf.linalg.eigh(
            tf.matmul(jacobian, jacobian, transpose_b=True)
        )
        squares = tf.maximum(squares, 0.0)
        f = tf.linalg.matvec(vectors, residual, transpose_a=True)
        return tf.matmul(jacobian, vectors, transpose_a=True), f, squares, f**2

    def parameter():
        squares, vectors = tf.linalg.eigh(
            tf.matmul(jacobian, jacobian, transpose_a=True)
        )
        squares = tf.maximum(squares, 0.0)
        gradient = tf.linalg.matvec(jacobian, residual, transpose_a=True)
        f = tf.linalg.matvec(vectors, gradient, transpose_a=True)
        return vectors, f, squares, tf.math.divide_no_nan(f**2, squares)

    return _by_shape(jacobian, sample, parameter)


def _exact(jacobian, residual):
    def sample():
        q, triangle = tf.linalg.qr(tf.transpose(jacobian))
        sigma, left, right = tf.linalg.svd(triangle)
        c = tf.linalg.matvec(right, residual, transpose_a=True)
        return tf.matmul(q, left), sigma * c, sigma**2, c**2

    def parameter():
        # With r as one more column, R's last column is Q^T r: no Q is formed.
        p = tf.shape(jacobian)[1]
        joined = tf.concat([jacobian, residual[:, None]], axis=1)
        _, triangle = tf.linalg.qr(joined)
        sigma, left, right = tf.linalg.svd(triangle[:p, :p])
        c = tf.linalg.matvec(left, triangle[:p, p], transpose_a=True)
        return right, sigma * c, sigma**2, c**2

    return _by_shape(jacobian, sample, parameter)


def _by_shape(jacobian, sample, parameter):
    m, p = tf.unstack(tf.shape(jacobian))
    return tf.cond(m <= p, sample, parameter)


def _combine(basis, f, squares, c_squares, dampings):
    shifted = squares[None, :] + dampings[:, None]
    steps = -tf.matmul(f[None, :] / shifted, basis, transpose_b=True)
    gains = _gains(c_squares, squares, shifted, dampings)
    return DampedSteps(steps, tf.reduce_sum(gains, axis=1))


def _gains(c_squares, squares, shifted, dampings):
    """The decrease along each singular direction, `(g, k)`."""
    return c_squares * squares * (squares + 2.0 * dampings[:, None]) / shifted**2


# -- the same by LAPACK -----------------------------------------------------------


def _lapack(jacobian, residual, dampings, exact):
    m, p = jacobian.shape
    nan = np.full(len(dampings), np.nan, jacobian.dtype)
    failed = np.repeat(nan[:, None], p, axis=1), nan
    if not (np.isfinite(jacobian).all() and np.isfinite(residual).all()):
        return failed
    factorise = {
        (False, True): _lapack_gram_sample,
        (False, False): _lapack_gram_parameter,
        (True, True): _lapack_exact_sample,
        (True, False): _lapack_exact_parameter,
    }[bool(exact), m <= p]
    try:
        bases, f, squares, c_squares = factorise(jacobian, residual)
    except np.linalg.LinAlgError:
        return failed
    shifted = squares[None, :] + dampings[:, None]
    steps = -(f[None, :] / shifted).T
    for basis in reversed(bases):
        steps = basis @ steps
    decreases = _gains(c_squares, squares, shifted, dampings).sum(axis=1)
    return np.ascontiguousarray(steps.T), decreases


def _eigh(matrix):
    squares, vectors = scipy.linalg.eigh(
        matrix, driver="evd", check_finite=False, overwrite_a=True
    )
    return np.maximum(squares, 0.0), vectors


def _svd(matrix):
    try:
        return scipy.linalg.svd(matrix, check_finite=False)
    except np.linalg.LinAlgError:  # rare; the slower driver always converges
        return scipy.linalg.svd(matrix, check_finite=False, lapack_driver="gesvd")


def _lapack_gram_sample(jacobian, residual):
    squares, vectors = _eigh(jacobian @ jacobian.T)
    f = vectors.T @ residual
    return (jacobian.T, vectors), f, squares, f**2


def _lapack_gram_parameter(jacobian, residual):
    squares, vectors = _eigh(jacobian.T @ jacobian)
    f = vectors.T @ (jacobian.T @ residual)
    c_squares = np.divide(f**2, squares, out=np.zeros_like(f), where=squares > 0.0)
    return (vectors,), f, squares, c_squares


def _lapack_exact_sample(jacobian, residual):
    q, triangle = scipy.linalg.qr(jacobian.T, mode="economic", check_finite=False)
    left, sigma, right = _svd(triangle)
    c = right @ residual
    return (q, left), sigma * c, sigma**2, c**2


def _lapack_exact_parameter(jacobian, residual):
    p = jacobian.shape[1]
    joined = np.concatenate([jacobian, residual[:, None]], axis=1)
    (triangle,) = scipy.linalg.qr(
        joined, mode="r", check_finite=False, overwrite_a=True
    )
    left, sigma, right = _svd(triangle[:p, :p])
    c = left.T @ triangle[:p, p]
    return (right.T,), sigma * c, sigma**2, c**2


# -- without the matrix -------------------------------------------------------------


def conjugate_gradients(operator, right, precondition, tolerance, steps):
    """Solves A x = b for a symmetric positive definite A by preconditioned CG.

    Stops when |A x - b| <= tolerance |b|, after `steps` iterations, or when
    rounding has spoiled A (a direction with v^T A v <= 0).

    Args:
        operator: function from v to A v, `(p,)`.
        right: b, `(p,)`.
        precondition: function from v to an approximation of A^-1 v, symmetric
            positive definite.
        tolerance: relative residual.
        steps: largest number of iterations.

    Returns:
        x `(p,)` and the number of iterations, int32.
    """
    goal = tolerance * tf.norm(right)

    def going(k, x, residual, direction, product):
        return (k < steps) & (tf.norm(residual) > goal) & (product > 0.0)

    def advance(k, x, residual, direction, product):
        image = operator(direction)
        curvature = tf.tensordot(direction, image, 1)
        usable = curvature > 0.0
        length = tf.math.divide_no_nan(product, curvature) * tf.cast(
            usable, right.dtype
        )
        x = x + length * direction
        residual = residual - length * image
        conditioned = precondition(residual)
        new = tf.tensordot(residual, conditioned, 1)
        direction = conditioned + new / product * direction
        return k + 1, x, residual, direction, new * tf.cast(usable, right.dtype)

    first = precondition(right)
    k, x, *_ = tf.while_loop(
        going,
        advance,
        (
            tf.constant(0, tf.int32),
            tf.zeros_like(right),
            right,
            first,
            tf.tensordot(right, first, 1),
        ),
        parallel_iterations=1,
    )
    return x, k


def damped_inverse(jacobian, damping):
    """Returns the function v -> (J^T J + lambda I)^-1 v for a J of few rows.

    By Woodbury, (v - J^T (J J^T + lambda I)^-1 J v) / lambda.

    Args:
        jacobian: J, `(l, p)` with l of some hundreds.
        damping: lambda, `()`.
    """
    gram = tf.matmul(jacobian, jacobian, transpose_b=True)
    squares, vectors = tf.linalg.eigh(gram)
    weights = 1.0 / (tf.maximum(squares, 0.0) + damping)

    def apply(v):
        projected = tf.linalg.matvec(vectors, tf.linalg.matvec(jacobian, v), True)
        inner = tf.linalg.matvec(vectors, weights * projected)
        return (v - tf.linalg.matvec(jacobian, inner, transpose_a=True)) / damping

    return apply
