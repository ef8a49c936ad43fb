"""Damped linear least squares, one damping after another.

Symbols: J Jacobian (m, p), r right-hand side (m,), lambda damping, k = min(m, p).

    s(lambda) = argmin |J s + r|^2 + lambda |s|^2

J is reduced once to a matrix with k columns; each lambda then costs a fraction of
that. Two reductions are offered:

    gram    M = J J^T (m <= p) or J^T J (m > p), then one Cholesky factorisation of
            M + lambda I for each lambda. Cheap, but it squares the condition
            number: singular values below 1e-8 of the largest are lost to rounding.
    exact   the triangular factor R of J^T or J, then for each lambda the QR
            factorisation of R above sqrt(lambda) I, which on a CPU makes use of
            both being triangular.

The step is s = basis y, where basis is J^T or Q for m <= p and else the identity;
y solves (M + lambda) y = -right, or minimises
|R y + right|^2 + lambda |y|^2.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from keras_isgd.linalg import lapack, on_device

__all__ = [
    "Reduction",
    "Solution",
    "column_metric",
    "column_norms",
    "damped_step",
    "damped_unknowns",
    "gram_suffices",
    "reduce",
    "reduce_rows",
    "step_for",
    "unknowns_for",
]

Branch = Callable[[], Any]

# The Gram matrix is off by about eps |J|^2; a damping so many times above is safe.
_MARGIN = 1e3
# The weight of a parameter that has no effect on the residual.
_METRIC_FLOOR = 1e-12


class Reduction(NamedTuple):
    """What remains of J and r before a damping is known.

    Attributes:
        matrix: M or R, `(k, k)`.
        right: `(k,)`.
        basis: its transpose, `(k, p)`; empty for m > p.
        exact: boolean scalar: whether `matrix` is R.
        sample: whether m <= p, boolean; a scalar tensor if that is not known.
        on_gpu: whether TensorFlow factorises, on the GPU, instead of LAPACK.
        jacobian: J as it was given, `(m, p)`, or `(0, 0)` where it is not at hand.
        scale: of the unknowns, `(p,)`, or None for ones.
    """

    matrix: tf.Tensor
    right: tf.Tensor
    basis: tf.Tensor
    exact: tf.Tensor
    sample: bool | tf.Tensor
    on_gpu: bool
    jacobian: tf.Tensor
    scale: tf.Tensor | None = None


class Solution(NamedTuple):
    """The solution for one damping.

    Attributes:
        step: s, `(p,)`; NaN where there is none.
        decrease: `|r|^2 - |r + J s|^2`, `()`.
        factor: lower triangular L of the damped Gram matrix, `(k, k)`.
    """

    step: tf.Tensor
    decrease: tf.Tensor
    factor: tf.Tensor


def gram_suffices(norms: tf.Tensor, damping: tf.Tensor) -> tf.Tensor:
    """Tells whether `damping` is well above the rounding of the Gram matrix.

    Args:
        norms: those of J's columns, `(p,)`.
        damping: the smallest lambda, `()`.

    Returns:
        A boolean scalar: lambda > 1000 eps |J|_F^2.
    """
    eps = np.finfo(norms.dtype.as_numpy_dtype).eps
    return damping > _MARGIN * eps * tf.reduce_sum(norms**2)


def column_norms(jacobian: tf.Tensor, on_gpu: bool = False) -> tf.Tensor:
    """Returns the norm |J_j| of each column of J `(m, p)`, `(p,)`.

    Args:
        jacobian: J, `(m, p)`.
        on_gpu: whether it lives on a GPU. On a CPU it is read once by NumPy, where
            TensorFlow writes its squares first.
    """
    if on_gpu:
        return tf.norm(jacobian, axis=0)
    norms = tf.numpy_function(lapack.column_norms, [jacobian], jacobian.dtype)
    return tf.ensure_shape(norms, (jacobian.shape[1],))


def column_metric(norms: tf.Tensor) -> tf.Tensor:
    """Returns weights `(p,)` that make parameters of unlike effect comparable.

    d_j = |J_j| / (mean |J_i|^(1/2))^2 + 1e-12, with |J_j| the norm of column j: the
    exponent of AdaGrad and Adam, from the present Jacobian instead of past
    gradients.

    Args:
        norms: |J_j|, `(p,)`; any factor on all of them cancels.
    """
    usual = tf.reduce_mean(tf.sqrt(norms)) ** 2
    return tf.math.divide_no_nan(norms, usual) + _METRIC_FLOOR


def reduce(
    jacobian: tf.Tensor,
    residual: tf.Tensor,
    exact: tf.Tensor | bool,
    on_gpu: bool = False,
    scale: tf.Tensor | None = None,
) -> Reduction:
    """Reduces damped least squares to a square matrix.

    With a scale c it is the problem in x = c s,

        argmin |J s + r|^2 + lambda |c s|^2.

    On a CPU the factorisations are LAPACK's own: TensorFlow's take about twice as
    long there. On a GPU Gram matrices are TensorFlow's, and QR is LAPACK's: cuSOLVER
    takes 45 ms for 500 rows of 800 columns, on which a CPU spends less, and a small
    matrix is copied in a millisecond.

    Args:
        jacobian: J, `(m, p)`.
        residual: r, `(m,)`.
        exact: boolean scalar: by QR rather than by the Gram matrix.
        on_gpu: whether the tensors live on a GPU.
        scale: c, positive `(p,)`, or None for ones.

    Returns:
        `Reduction`.
    """
    exact = tf.convert_to_tensor(exact)
    dtype = jacobian.dtype
    sample, given = _has_fewer_rows(jacobian), jacobian
    # Of more rows than columns the square matrix is scaled, which is smaller.
    scaled_first = scale is not None and sample is not False
    if scaled_first:
        jacobian = jacobian / scale

    def by_lapack() -> list[tf.Tensor]:
        arguments = [jacobian, residual, exact]
        return tf.numpy_function(lapack.reduce, arguments, (dtype, dtype, dtype))

    if on_gpu:
        matrix, right, basis = tf.cond(
            exact, by_lapack, lambda: list(on_device.reduce_gram(jacobian, residual))
        )
    else:
        matrix, right, basis = by_lapack()
    # The Gram matrix of the rows has J itself as its basis: not copied.
    basis = _choose(
        sample, lambda: tf.cond(exact, lambda: basis, lambda: jacobian), lambda: basis
    )
    if scale is not None and not scaled_first:
        # R's columns, or the Gram matrix's columns and rows.
        rows = tf.where(exact, tf.ones_like(scale), scale)
        matrix, right = matrix / scale / rows[:, None], right / rows
    return Reduction(matrix, right, basis, exact, sample, on_gpu, given, scale)


def _has_fewer_rows(jacobian: tf.Tensor) -> bool | tf.Tensor:
    """Whether m <= p: known where the shape is, else a boolean scalar."""
    m, p = jacobian.shape
    if m is not None and p is not None:
        return m <= p
    rows, columns = tf.unstack(tf.shape(jacobian))
    return rows <= columns


def _choose(condition: bool | tf.Tensor, yes: Branch, no: Branch) -> Any:
    """`tf.cond`, or one branch alone where the condition is known."""
    if isinstance(condition, bool):
        return yes() if condition else no()
    return tf.cond(condition, yes, no)


def reduce_rows(
    gram: tf.Tensor, residual: tf.Tensor, on_gpu: bool = False
) -> Reduction:
    """The `Reduction` of a J with m <= p of which J J^T `(m, m)` is known."""
    none = tf.zeros((0, 0), gram.dtype)
    return Reduction(gram, residual, none, tf.constant(False), True, on_gpu, none)


def damped_step(reduction: Reduction, damping: tf.Tensor) -> Solution:
    """Solves damped least squares for one damping.

    With the Gram matrix, a damping below 30 times its rounding is raised to that.

    Args:
        reduction: of J and r.
        damping: lambda > 0, `()`.

    Returns:
        `Solution`.
    """
    y, decrease, factor = damped_unknowns(reduction, damping)
    return Solution(_from_unknowns(reduction, y), decrease, factor)


def damped_unknowns(
    reduction: Reduction, damping: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Solves as `damped_step` does.

    Returns:
        y `(k,)`, of which the step is basis^T y, the decrease `()`, and the factor.
    """
    matrix, right, _, exact, sample, on_gpu, *_ = reduction
    dtype = right.dtype

    def by_lapack() -> list[tf.Tensor]:
        arguments = [matrix, right, damping, exact, sample]
        return tf.numpy_function(lapack.damped, arguments, (dtype,) * 3)

    if on_gpu:
        y, decrease, factor = tf.cond(
            exact,
            by_lapack,
            lambda: list(on_device.damped(matrix, right, damping, sample)),
        )
    else:
        y, decrease, factor = by_lapack()
    y.set_shape((None,))
    decrease.set_shape(())
    factor.set_shape((None, None))
    return y, decrease, factor


def step_for(reduction: Reduction, factor: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """Solves damped least squares again, for another right-hand side.

    By the normal equations. The factor of an exact reduction resolves small singular
    values, but the product J^T c loses them.

    Args:
        reduction: of J, not by `reduce_rows`.
        factor: of a `Solution`.
        right: c in the place of r, `(m,)`.

    Returns:
        `(p,)`.
    """
    exact, sample, scale = reduction.exact, reduction.sample, reduction.scale

    def gradient() -> tf.Tensor:
        found = tf.linalg.matvec(reduction.jacobian, right, transpose_a=True)
        return found if scale is None else found / scale

    def sample_right() -> tf.Tensor:
        turned = tf.reverse(right, [0])
        return tf.cond(
            exact,
            lambda: tf.linalg.matvec(reduction.matrix, turned, transpose_a=True),
            lambda: right,
        )

    projected = _choose(sample, sample_right, gradient)
    return _from_unknowns(reduction, unknowns_for(factor, projected))


def unknowns_for(factor: tf.Tensor, projected: tf.Tensor) -> tf.Tensor:
    """Returns -(L L^T)^-1 b `(k,)`."""
    return -tf.linalg.cholesky_solve(factor, projected[:, None])[:, 0]


def _from_unknowns(reduction: Reduction, y: tf.Tensor) -> tf.Tensor:
    scaled = _choose(
        reduction.sample,
        lambda: tf.linalg.matvec(reduction.basis, y, transpose_a=True),
        lambda: y,
    )
    return scaled if reduction.scale is None else scaled / reduction.scale
