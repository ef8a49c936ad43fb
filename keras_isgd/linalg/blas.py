"""Products and triangular factors by BLAS, in Python's threads instead of BLAS's own.

OpenBLAS's threads wait for their next job by spinning, long after the last one. On
two cores this was two fifths of the CPU time of a Gauss-Newton step. So BLAS is
limited to one thread, and Python's threads, which sleep while they wait, compute a part
each.
"""

import concurrent.futures
import contextlib
import functools
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import scipy.linalg
import threadpoolctl

__all__ = ["gram", "one_blas_thread", "stacked_triangles", "triangle"]

# With more threads than that, BLAS's own divide the work better, and a part of the
# cores may spin.
_MOST_PARTS = 4
# Multiplications of a part that are worth a thread.
_WORTH = 5e7
# Columns that the QR factorisation of stacked triangles takes at a time.
_BLOCK = 32


def gram(matrix: np.ndarray) -> np.ndarray:
    """Returns A^T A `(p, p)` of A `(m, p)`, which may be a transposed view."""
    m, p = matrix.shape
    with _parts(0.5 * m * p * p) as parts:
        first, *others = _each(_square, np.array_split(matrix, parts))
    for other in others:
        first += other
    return first


def triangle(matrix: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Returns R of the QR factorisation of A with one more column b beside it.

    By parts of its rows, whose triangles are factorised once more (TSQR: Demmel,
    Grigori, Hoemmen and Langou, SIAM J. Sci. Comput. 34, 2012).

    Args:
        matrix: A, `(m, p)` with m >= p.
        column: b, `(m,)`.

    Returns:
        `(min(m, p + 1), p + 1)`, of which nothing below the diagonal is defined.
    """
    m, p = matrix.shape
    with _parts(m * p * p, m // (p + 1)) as parts:
        pairs = zip(np.array_split(matrix, parts), np.array_split(column, parts))
        first, *others = _each(_triangle, list(pairs))
        for other in others:
            first, _, _ = stacked_triangles(first, np.triu(other))
    return first


def stacked_triangles(
    upper: np.ndarray, lower: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Factorises one upper triangular matrix above another by QR.

    Args:
        upper: `(k, k)`, of which nothing below the diagonal is read.
        lower: `(k, k)`, upper triangular as well; it may be overwritten.

    Returns:
        The triangle of both, of which nothing below the diagonal is defined, and the
        reflectors and their factors, for LAPACK's `tpmqrt`.
    """
    k = len(upper)
    (factorise,) = scipy.linalg.get_lapack_funcs(("tpqrt",), (upper,))
    below = np.asfortranarray(lower)
    found, reflectors, factors, _ = factorise(
        k, min(_BLOCK, k), upper, below, overwrite_b=True
    )
    return found, reflectors, factors


def _square(matrix: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore", over="ignore"):  # NaN says it
        return matrix.T @ matrix


def _triangle(pair: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """R of one part; `scipy.linalg.qr` would copy the matrix twice more."""
    matrix, column = pair
    m, p = matrix.shape
    joined = np.empty((m, p + 1), matrix.dtype, order="F")
    joined[:, :p] = matrix
    joined[:, p] = column
    factorise, workspace = scipy.linalg.get_lapack_funcs(
        ("geqrf", "geqrf_lwork"), (joined,)
    )
    size = int(workspace(m, p + 1)[0].real)
    factors, *_ = factorise(joined, lwork=size, overwrite_a=True)
    return factors[: p + 1]


@contextlib.contextmanager
def _parts(work: float, most: int = _MOST_PARTS) -> Iterator[int]:
    """Gives a number of parts, and limits BLAS to one thread where its own do not pay.

    Args:
        work: multiplications in all.
        most: parts at most.
    """
    threads = _threads()
    parts = max(min(threads, most, int(work / _WORTH)), 1)
    worth_more = work >= 2 * _WORTH and parts == 1
    if threads == 1 or threads > _MOST_PARTS or worth_more:
        yield 1
        return
    with one_blas_thread() as limited:
        yield parts if limited else 1


def _each(
    function: Callable[[Any], np.ndarray], parts: Sequence[Any]
) -> list[np.ndarray]:
    """Maps parts at the same time, the first of them in this thread."""
    others = [_workers(os.getpid()).submit(function, part) for part in parts[1:]]
    return [function(parts[0]), *(other.result() for other in others)]


@functools.cache
def _workers(process: int) -> concurrent.futures.ThreadPoolExecutor:
    """Threads of a process; one that was forked has none of its parent's."""
    return concurrent.futures.ThreadPoolExecutor(_MOST_PARTS - 1, "keras_isgd")


_limiting = threading.Lock()


@contextlib.contextmanager
def one_blas_thread() -> Iterator[bool]:
    """Limits BLAS to one thread inside, and gives back what there was before.

    Threads of many small products wait for each other by spinning: with another
    process on one of two cores a step took fifty times as long. The limit is the
    process's own. Of several Python threads one sets it and lifts it; another that
    comes meanwhile would take the limit for what there was before.

    Yields:
        Whether this thread has set it.
    """
    if not _limiting.acquire(blocking=False):
        yield False
        return
    try:
        with _pools().limit(limits=1, user_api="blas"):
            yield True
    finally:
        _limiting.release()


def _threads() -> int:
    """The number of threads that BLAS may use now."""
    return max((x.num_threads or 1 for x in _libraries()), default=1)


@functools.cache
def _libraries() -> list[threadpoolctl.LibController]:
    return [x for x in _pools().lib_controllers if x.user_api == "blas"]


@functools.cache
def _pools() -> threadpoolctl.ThreadpoolController:
    return threadpoolctl.ThreadpoolController()
