"""Products and triangular factors in parts, against NumPy's own."""

import concurrent.futures
import threading

import numpy as np
import pytest
import threadpoolctl

from keras_isgd.linalg import blas

THREADS = [1, 2, 3, 4, 16]


@pytest.fixture(params=THREADS)
def threads(request, monkeypatch):
    """Parts are worth it for small matrices too, with so many threads."""
    monkeypatch.setattr(blas, "_WORTH", 10.0)
    monkeypatch.setattr(blas, "_threads", lambda: request.param)
    return request.param


def _limits():
    return [
        pool["num_threads"]
        for pool in threadpoolctl.threadpool_info()
        if pool["user_api"] == "blas"
    ]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", [(31, 7), (7, 31), (8, 8), (1, 3)])
def test_the_gram_matrix(threads, shape, dtype):
    matrix = np.random.default_rng(0).normal(size=shape).astype(dtype)
    rtol = 1e-12 if dtype == "float64" else 1e-4
    for a in (matrix, matrix.T):
        expected = np.einsum("ki,kj->ij", a, a)
        found = blas.gram(a)
        assert found.dtype == dtype
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("shape", [(40, 5), (12, 5), (11, 5), (6, 5), (5, 5), (4, 3)])
def test_the_triangle(threads, shape):
    rng = np.random.default_rng(1)
    matrix, column = rng.normal(size=shape), rng.normal(size=shape[0])
    joined = np.column_stack([matrix, column])
    found = np.triu(blas.triangle(matrix, column))
    expected = np.linalg.qr(joined, mode="r")
    assert found.shape == expected.shape
    np.testing.assert_allclose(abs(found), abs(expected), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(found.T @ found, joined.T @ joined, atol=1e-12)


def test_small_singular_values_survive_the_parts(threads):
    """By parts as well R is that of A, not that of A^T A."""
    rng = np.random.default_rng(2)
    left = np.linalg.qr(rng.normal(size=(60, 6)))[0]
    right = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    sigma = np.logspace(0, -12, 6)
    matrix = left * sigma @ right.T
    r = np.triu(blas.triangle(matrix, np.zeros(60)))[:6, :6]
    np.testing.assert_allclose(np.linalg.svd(r)[1], sigma, rtol=1e-3)


@pytest.mark.skipif(max(_limits(), default=1) == 1, reason="one core")
def test_parts_have_one_thread_of_blas_each(monkeypatch):
    monkeypatch.setattr(blas, "_WORTH", 10.0)
    monkeypatch.setattr(blas, "_threads", lambda: 2)
    before, seen, square = _limits(), [], blas._square

    def watched(matrix):
        seen.append((threading.get_ident(), max(_limits())))
        return square(matrix)

    monkeypatch.setattr(blas, "_square", watched)
    blas.gram(np.ones((20, 4)))
    assert [limit for _, limit in seen] == [1, 1]
    assert len({thread for thread, _ in seen}) == 2
    assert _limits() == before


def test_two_threads_of_python_at_the_same_time(monkeypatch):
    monkeypatch.setattr(blas, "_WORTH", 10.0)
    before = _limits()
    matrices = [np.random.default_rng(k).normal(size=(300, 40)) for k in range(20)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        found = list(pool.map(blas.gram, matrices))
    for matrix, gram in zip(matrices, found, strict=True):
        np.testing.assert_allclose(gram, matrix.T @ matrix, rtol=1e-10, atol=1e-10)
    assert _limits() == before


def test_the_same_numbers_each_time():
    matrix = np.random.default_rng(3).normal(size=(1500, 400))
    first = blas.gram(matrix)
    assert all(np.array_equal(blas.gram(matrix), first) for _ in range(5))
    column = np.ones(1500)
    triangle = np.triu(blas.triangle(matrix, column))
    for _ in range(3):
        assert np.array_equal(np.triu(blas.triangle(matrix, column)), triangle)
