"""Damped linear least squares, one damping after another.

Symbols: J Jacobian (m, p), r right-hand side (m,), lambda damping, k = min(m, p).

    s(lambda) = argmin |J s + r|^2 + lambda |s|^2

J is reduced once to a matrix with k columns; each lambda then costs a fraction of
that. Two reductions are offered:

    gram    M = J J^T (m <= p) or J^T J (m > p), then one Cholesky factorisation of
            M + lambda I for each lambda. Cheap, but it squares the condition
            number: directions with sigma below 1e-8 of the largest drown.
    exact   the triangular factor R of J^T or J, then for each lambda the QR
            factorisation of R above sqrt(lambda) I, which on a CPU makes use of
            both being triangular.

The step is s = basis y, where basis is J^T or Q for m <= p and else the identity;
y solves (M + lambda) y = -right, or minimises
|R y + right|^2 + lambda |y|^2.
"""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from keras_isgd.linalg import lapack, on_device

__all__ = [
    "DampedStep",
    "Reduction",
    "column_metric",
    "damped_step",
    "damped_unknowns",
    "gram_suffices",
    "reduce",
    "reduce_rows",
    "step_for",
    "unknowns_for",
]

# The Gram matrix is off by about eps |J|^2; a damping that far above is safe.
_MARGIN = 1e3
# Of a parameter without effect on the residual.
_METRIC_FLOOR = 1e-12


class Reduction(NamedTuple):
    """What remains of J and r before a damping is known.

    Attributes:
        matrix: M or R, `(k, k)`.
        right: `(k,)`.
        basis: its transpose, `(k, p)`; empty for m > p.
        exact: boolean scalar: whether `matrix` is R.
        sample: boolean scalar: whether m <= p.
    """

    matrix: Any
    right: Any
    basis: Any
    exact: Any
    sample: Any


class DampedStep(NamedTuple):
    """The solution for one damping.

    Attributes:
        step: s, `(p,)`; NaN where there is none.
        decrease: `|r|^2 - |r + J s|^2`, `()`.
        factor: lower triangular L of the damped Gram matrix, `(k, k)`.
    """

    step: Any
    decrease: Any
    factor: Any


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


def column_metric(jacobian):
    """Returns weights `(p,)` that make parameters of unlike effect comparable.

    d_j = |J_j| / (mean |J_i|^(1/2))^2 + 1e-12, with |J_j| the norm of column j: the
    exponent of AdaGrad and Adam, from the present Jacobian instead of past
    gradients.

    Args:
        jacobian: J, `(m, p)`.
    """
    norms = tf.norm(jacobian, axis=0)
    usual = tf.reduce_mean(tf.sqrt(norms)) ** 2
    return tf.math.divide_no_nan(norms, usual) + _METRIC_FLOOR


def reduce(jacobian, residual, exact):
    """Reduces damped least squares to a square matrix.

    On a CPU the factorisations are LAPACK's own: TensorFlow's take about twice as
    long there. On other devices they are TensorFlow's.

    Args:
        jacobian: J, `(m, p)`.
        residual: r, `(m,)`.
        exact: boolean scalar: by QR rather than by the Gram matrix.

    Returns:
        `Reduction`.
    """
    exact = tf.convert_to_tensor(exact)
    dtype = jacobian.dtype
    m, p = tf.unstack(tf.shape(jacobian))
    if _on_gpu():
        matrix, right, basis = tf.cond(
            exact,
            lambda: on_device.reduce_exact(jacobian, residual),
            lambda: on_device.reduce_gram(jacobian, residual),
        )
    else:
        matrix, right, basis = tf.numpy_function(
            lapack.reduce, [jacobian, residual, exact], (dtype, dtype, dtype)
        )
    # The Gram matrix of the rows has J itself as its basis: not copied.
    basis = tf.cond(exact | (m > p), lambda: basis, lambda: jacobian)
    return Reduction(matrix, right, basis, exact, m <= p)


def reduce_rows(gram, residual):
    """The `Reduction` of a J with m <= p of which J J^T `(m, m)` is known."""
    none = tf.zeros((0, 0), gram.dtype)
    return Reduction(gram, residual, none, tf.constant(False), tf.constant(True))


def damped_step(reduction, damping):
    """Solves damped least squares for one damping.

    The Gram matrix takes a damping below 30 times its rounding for that.

    Args:
        reduction: of J and r.
        damping: lambda > 0, `()`.

    Returns:
        `DampedStep`.
    """
    y, decrease, factor = damped_unknowns(reduction, damping)
    return DampedStep(_from_unknowns(reduction, y), decrease, factor)


def damped_unknowns(reduction, damping):
    """Solves as `damped_step` does.

    Returns:
        y `(k,)`, of which the step is basis^T y, the decrease `()`, and the factor.
    """
    matrix, right, _, exact, sample = reduction
    arguments = [matrix, right, damping, exact, sample]
    if _on_gpu():
        return on_device.damped(*arguments)
    dtype = right.dtype
    y, decrease, factor = tf.numpy_function(lapack.damped, arguments, (dtype,) * 3)
    y.set_shape((None,))
    decrease.set_shape(())
    factor.set_shape((None, None))
    return y, decrease, factor


def step_for(reduction, jacobian, factor, right):
    """Solves damped least squares again, for another right-hand side.

    By the normal equations: the factor of an exact reduction knows small singular
    values, but the product J^T c does not.

    Args:
        reduction: of J.
        jacobian: J, `(m, p)`.
        factor: of a `DampedStep`.
        right: c in the place of r, `(m,)`.

    Returns:
        `(p,)`.
    """
    exact, sample = reduction.exact, reduction.sample

    def sample_right():
        turned = tf.reverse(right, [0])
        return tf.cond(
            exact,
            lambda: tf.linalg.matvec(reduction.matrix, turned, transpose_a=True),
            lambda: right,
        )

    projected = tf.cond(
        sample,
        sample_right,
        lambda: tf.linalg.matvec(jacobian, right, transpose_a=True),
    )
    return _from_unknowns(reduction, unknowns_for(factor, projected))


def unknowns_for(factor, projected):
    """Returns -(L L^T)^-1 b `(k,)`."""
    return -tf.linalg.cholesky_solve(factor, projected[:, None])[:, 0]


def _from_unknowns(reduction, y):
    return tf.cond(
        reduction.sample,
        lambda: tf.linalg.matvec(reduction.basis, y, transpose_a=True),
        lambda: y,
    )


def _on_gpu():
    return bool(tf.config.list_logical_devices("GPU"))
