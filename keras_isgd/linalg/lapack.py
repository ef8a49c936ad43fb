"""Damped least squares in NumPy arrays, by LAPACK; see `damped`."""

import numpy as np
import scipy.linalg

from keras_isgd.linalg import blas

__all__ = ["FLOOR", "column_norms", "damped", "reduce"]

Arrays = tuple[np.ndarray, ...]

# A damping below this many times its rounding could make the Gram matrix indefinite.
FLOOR = 30.0


def column_norms(jacobian: np.ndarray) -> np.ndarray:
    """Returns the norm of each column of J `(m, p)`, `(p,)`."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.sqrt(np.einsum("ij,ij->j", jacobian, jacobian))


def reduce(jacobian: np.ndarray, residual: np.ndarray, exact: bool) -> Arrays:
    """Returns `matrix`, `right` and `basis` of a `Reduction`."""
    m, p = jacobian.shape
    none = np.zeros((0, 0), jacobian.dtype)
    if not exact:
        if m <= p:
            return blas.gram(jacobian.T), residual, none
        # What is not finite ends as NaN, and needs no warning.
        with blas.one_blas_thread(), np.errstate(invalid="ignore", over="ignore"):
            gradient = residual @ jacobian
        return blas.gram(jacobian), gradient, none
    if not (np.isfinite(jacobian).all() and np.isfinite(residual).all()):
        k = min(m, p)
        nan = np.full((k, k), np.nan, jacobian.dtype)
        return nan, residual[:k], np.zeros((k, p), jacobian.dtype)
    if m <= p:
        q, triangle = scipy.linalg.qr(jacobian.T, mode="economic", check_finite=False)
        turned = np.ascontiguousarray(triangle.T[::-1, ::-1])
        return turned, residual[::-1].copy(), np.ascontiguousarray(q.T[::-1])
    # With the residual as one more column, R's last column is Q^T r: no Q is formed.
    factor = blas.triangle(jacobian, residual)
    # What is below the diagonal is never read.
    return np.ascontiguousarray(factor[:p, :p]), factor[:p, p].copy(), none


def damped(
    matrix: np.ndarray,
    right: np.ndarray,
    damping: np.floating,
    exact: bool,
    sample: bool,
) -> Arrays:
    """The unknowns, the decrease and the factor L of one damping.

    L L^T is the Gram matrix with the damping on its diagonal; NaN where there is none.
    """
    solve = _by_triangle if exact else _by_gram
    nan = right.dtype.type(np.nan)
    failed = np.full_like(right, nan), nan, np.full_like(matrix, nan)
    if not (np.isfinite(matrix).all() and np.isfinite(damping)):
        return failed
    try:
        with blas.one_blas_thread():
            y, decrease, factor = solve(matrix, right, damping, sample)
    except np.linalg.LinAlgError:
        return failed
    return y, right.dtype.type(decrease), factor


def _by_gram(
    matrix: np.ndarray, right: np.ndarray, damping: np.floating, sample: bool
) -> Arrays:
    shift = max(damping, FLOOR * np.finfo(matrix.dtype).eps * np.trace(matrix))
    shifted = matrix.copy()
    shifted.ravel()[:: len(matrix) + 1] += shift
    # LAPACK's upper factor, by columns, is the lower one by rows.
    factor = scipy.linalg.cho_factor(shifted.T, overwrite_a=True, check_finite=False)
    y = -scipy.linalg.cho_solve(factor, right, check_finite=False)
    z = matrix @ y
    return y, (z + 2.0 * shift * y) @ (z if sample else y), factor[0].T


def _by_triangle(
    matrix: np.ndarray, right: np.ndarray, damping: np.floating, sample: bool
) -> Arrays:
    k = len(matrix)
    (apply,) = scipy.linalg.get_lapack_funcs(("tpmqrt",), (matrix,))
    below = np.sqrt(damping) * np.eye(k, dtype=matrix.dtype)
    triangle, reflectors, factors = blas.stacked_triangles(matrix, below)
    column = right[:, None]
    d, _, _ = apply(k, reflectors, factors, column, np.zeros_like(column), trans="T")
    y = -scipy.linalg.solve_triangular(triangle, d[:, 0], check_finite=False)
    return y, d[:, 0] @ d[:, 0] + damping * (y @ y), triangle.T
