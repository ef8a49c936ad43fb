"""Constrained least squares, against a null space and against KKT's equations."""

import numpy as np
import pytest
import scipy.linalg

from keras_isgd.linalg.constrained import ConstrainedLeastSquares


def system(seed, n=12, m=30, p=20, rank=17, noise=0.0):
    """A and C, of some rank; the unknowns have scales from 1e-2 to 1e2."""
    random = np.random.default_rng(seed)
    scales = 10.0 ** random.uniform(-2.0, 2.0, p)
    a = random.normal(size=(n, p)) * scales
    c = random.normal(size=(m, rank)) @ random.normal(size=(rank, p)) * scales
    return a, c + noise * random.normal(size=(m, p)) * scales


def null_of(c):
    lengths = np.linalg.norm(c, axis=0)
    return scipy.linalg.null_space(c / lengths, rcond=1e-10) / lengths[:, None]


@pytest.mark.parametrize("seed", range(3))
def test_solution_and_covariance_are_those_of_the_null_space(seed):
    a, c = system(seed)
    null = null_of(c)
    assert null.shape[1] == 3
    found = ConstrainedLeastSquares(a, c)
    assert found.free == 3
    exact = null @ np.linalg.pinv(a @ null)
    size = np.abs(exact).max()
    np.testing.assert_allclose(found.influence(), exact, atol=1e-6 * size)
    np.testing.assert_allclose(found.hat(), a @ exact, atol=1e-6)
    free, rest = found.variances(a)
    np.testing.assert_allclose(free, np.diag(a @ exact), rtol=1e-6)
    assert np.all(rest < 1e-4 * free)


def test_step_satisfies_the_constraint_and_is_optimal_along_it():
    a, c = system(5)
    random = np.random.default_rng(6)
    start = random.normal(size=a.shape[1]) / np.linalg.norm(a, axis=0)
    residual, defect = random.normal(size=len(a)), c @ start
    step = ConstrainedLeastSquares(a, c).step(residual, defect)
    after = np.linalg.norm(c @ step + defect)
    assert after < 1e-5 * np.linalg.norm(defect)
    slope = null_of(c).T @ (a.T @ (a @ step + residual))
    before = null_of(c).T @ (a.T @ residual)
    assert np.linalg.norm(slope) < 1e-5 * np.linalg.norm(before)


def test_a_constraint_that_holds_only_nearly():
    a, c = system(7, noise=1e-7)
    exact = system(7)[1]
    null = null_of(exact)
    found = ConstrainedLeastSquares(a, c)
    assert found.free == 3
    variances = np.diag(a @ null @ np.linalg.pinv(a @ null))
    np.testing.assert_allclose(found.variances(a)[0], variances, rtol=1e-3)


def test_without_a_gap_the_rest_counts():
    a, c = system(8, noise=0.3)
    found = ConstrainedLeastSquares(a, c)
    free, rest = found.variances(a)
    assert np.sum(rest) > 0.02 * np.sum(free)


def test_repeated_and_vanishing_rows_and_columns():
    a, c = system(9)
    null = null_of(c)
    a = np.concatenate([a, a])
    exact = null @ np.linalg.pinv(a @ null)
    wider = [np.pad(matrix, ((0, 0), (0, 1))) for matrix in (a, c)]
    found = ConstrainedLeastSquares(*wider)
    assert found.free == 3
    np.testing.assert_allclose(found.hat(), a @ exact, atol=1e-6)
    gradients = np.eye(21)[-1:]
    assert np.isinf(found.variances(gradients)[1][0])


def test_one_value_and_one_direction():
    found = ConstrainedLeastSquares(np.array([[2.0, 0.0]]), np.array([[0.0, 3.0]]))
    assert found.free == 1
    np.testing.assert_allclose(found.influence(), [[0.5], [0.0]], atol=1e-12)


def test_a_gap_between_free_directions_is_not_taken_for_the_last():
    # mu^2 of 1e16, 1e9, 1e8, 1e7, and then of about 1.
    sizes = 10.0 ** -np.array([8.0, 4.5, 4.0, 3.5, 0.0, 0.1, 0.2, -0.1])
    found = ConstrainedLeastSquares(np.eye(8), np.diag(sizes))
    assert found.free == 4
    # Without a gap at the end.
    sizes[4:] = 10.0 ** -np.array([2.5, 2.0, 1.5, 1.0])
    found = ConstrainedLeastSquares(np.eye(8), np.diag(sizes))
    free, rest = found.variances(np.eye(8))
    assert np.sum(rest) > 0.02 * np.sum(free)
