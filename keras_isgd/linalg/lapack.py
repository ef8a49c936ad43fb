"""Damped least squares in NumPy arrays, by LAPACK; see `damped`."""

import contextlib
import functools
import threading
from collections.abc import Iterator

import numpy as np
import scipy.linalg
import threadpoolctl

__all__ = ["FLOOR", "damped", "one_blas_thread", "reduce"]

Arrays = tuple[np.ndarray, ...]

# A damping below this many times its rounding could make the Gram matrix indefinite.
FLOOR = 30.0
# Columns that the triangular QR factorises at a time.
_BLOCK = 32


def reduce(jacobian: np.ndarray, residual: np.ndarray, exact: bool) -> Arrays:
    """Returns `matrix`, `right` and `basis` of a `Reduction`."""
    m, p = jacobian.shape
    none = np.zeros((0, 0), jacobian.dtype)
    if not (np.isfinite(jacobian).all() and np.isfinite(residual).all()):
        k = min(m, p)
        nan = np.full((k, k), np.nan, jacobian.dtype)
        return nan, residual[:k], np.zeros((k, p), jacobian.dtype)
    if not exact:
        if m <= p:
            return jacobian @ jacobian.T, residual, none
        return jacobian.T @ jacobian, residual @ jacobian, none
    if m <= p:
        q, triangle = scipy.linalg.qr(jacobian.T, mode="economic", check_finite=False)
        turned = np.ascontiguousarray(triangle.T[::-1, ::-1])
        return turned, residual[::-1].copy(), np.ascontiguousarray(q.T[::-1])
    return *_triangle_above(jacobian, residual), none


def _triangle_above(jacobian: np.ndarray, residual: np.ndarray) -> Arrays:
    """R and Q^T r: the residual as one more column, so that no Q is formed.

    `scipy.linalg.qr` would copy the matrix twice more, which takes half as long again.
    """
    m, p = jacobian.shape
    joined = np.empty((m, p + 1), jacobian.dtype, order="F")
    joined[:, :p] = jacobian
    joined[:, p] = residual
    factorise, workspace = scipy.linalg.get_lapack_funcs(
        ("geqrf", "geqrf_lwork"), (joined,)
    )
    size = int(workspace(m, p + 1)[0].real)
    factors, *_ = factorise(joined, lwork=size, overwrite_a=True)
    # What is below the diagonal is never read.
    return np.ascontiguousarray(factors[:p, :p]), factors[:p, p].copy()


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
        with one_blas_thread():
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
    factorise, apply = scipy.linalg.get_lapack_funcs(("tpqrt", "tpmqrt"), (matrix,))
    below = np.asfortranarray(np.sqrt(damping) * np.eye(k, dtype=matrix.dtype))
    triangle, reflectors, factors, _ = factorise(
        k, min(_BLOCK, k), matrix, below, overwrite_b=True
    )
    column = right[:, None]
    d, _, _ = apply(k, reflectors, factors, column, np.zeros_like(column), trans="T")
    y = -scipy.linalg.solve_triangular(triangle, d[:, 0], check_finite=False)
    return y, d[:, 0] @ d[:, 0] + damping * (y @ y), triangle.T


_limiting = threading.Lock()


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limits BLAS to one thread inside, and gives back what there was before.

    Threads of these many small products wait for each other by spinning: with another
    process on one of two cores a step took fifty times as long. The limit is the
    process's own. Of several Python threads one sets it and lifts it; another that
    comes meanwhile would take the limit for what there was before.
    """
    if not _limiting.acquire(blocking=False):
        yield
        return
    try:
        with _pools().limit(limits=1, user_api="blas"):
            yield
    finally:
        _limiting.release()


@functools.cache
def _pools() -> threadpoolctl.ThreadpoolController:
    return threadpoolctl.ThreadpoolController()
