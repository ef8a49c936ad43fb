"""Constrained least squares, where the answer is a line through points."""

import numpy as np
import pytest
from numpy.polynomial import chebyshev

from keras_isgd.linalg.constrained import ConstrainedLeastSquares

# Where functions on (-1, 1) are measured, and where an equation holds.
MEASURED = np.linspace(-0.9, 1.0, 12)
INSIDE = np.cos(np.linspace(0.0, np.pi, 200))
LINES = np.stack([np.ones(12), MEASURED], axis=1)


def functions(x, seed=0, order=0, unknowns=60, waves=40):
    """Derivatives of random smooth functions at x, `(n, unknowns)`.

    As those of a network by its weights: many more than are independent, of very unlike
    sizes, the rougher ones the smaller.
    """
    random = np.random.default_rng(seed)
    decay = 10.0 ** -(np.arange(waves) / 4.0)
    mixed = random.normal(size=(waves, unknowns)) * decay[:, None]
    mixed *= 10.0 ** random.uniform(-2.0, 2.0, unknowns)
    return chebyshev.chebval(x, chebyshev.chebder(mixed, order)).T


def line(seed=0, noise=0.0):
    """A and C for u'' = 0."""
    c = functions(INSIDE, seed, 2)
    c += noise * np.abs(c) * np.random.default_rng(9).normal(size=c.shape)
    return functions(MEASURED, seed), c / np.sqrt(len(INSIDE))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_solution_and_covariance_are_those_of_a_line(seed, size):
    a, c = line(seed)
    found = ConstrainedLeastSquares(size * a, c)
    assert found.free == 2
    hat = LINES @ np.linalg.pinv(LINES)
    np.testing.assert_allclose(found.hat(), hat, atol=1e-4)
    np.testing.assert_allclose(size * a @ found.influence(), hat, atol=1e-4)
    # At another place, and a slope there.
    rows = np.concatenate([functions([0.3], seed), functions([0.7], seed, 1)])
    covariance = np.linalg.inv(LINES.T @ LINES) / size**2
    expected = [r @ covariance @ r for r in ([1.0, 0.3], [0.0, 1.0])]
    free, rest = found.variances(rows)
    np.testing.assert_allclose(free, expected, rtol=1e-3)
    assert np.all(rest < 1e-2 * free)
    deviations = np.linalg.norm(rows @ found.influence(), axis=1)
    np.testing.assert_allclose(deviations**2, expected, rtol=1e-3)


def test_step_leads_to_the_best_line():
    a, c = line()
    random = np.random.default_rng(6)
    start = random.normal(size=a.shape[1]) / np.linalg.norm(c, axis=0)
    values = random.normal(size=12)
    step = ConstrainedLeastSquares(a, c).step(a @ start - values, c @ start)
    best = np.polyval(np.polyfit(MEASURED, values, 1), MEASURED)
    np.testing.assert_allclose(a @ (start + step), best, atol=1e-4)
    after = np.linalg.norm(c @ (start + step))
    assert after < 1e-5 * np.linalg.norm(c @ start)


def test_a_constraint_that_holds_only_nearly():
    found = ConstrainedLeastSquares(*line(noise=1e-5))
    assert found.free == 2
    np.testing.assert_allclose(found.hat(), LINES @ np.linalg.pinv(LINES), atol=1e-2)


@pytest.mark.parametrize("width", [0.02, 0.05])
def test_a_constraint_without_a_gap_leaves_a_rest(width):
    # The blurred function vanishes: rougher and rougher ones pass it.
    distances = INSIDE[:, None] - np.linspace(-1.0, 1.0, 400)
    blur = np.exp(-0.5 * (distances / width) ** 2) / 400
    c = blur @ functions(np.linspace(-1.0, 1.0, 400))
    a = functions(MEASURED)
    free, rest = ConstrainedLeastSquares(a, c).variances(a)
    assert np.sum(rest) > 0.02 * np.sum(free)


def test_repeated_rows_and_a_column_without_effect():
    a, c = (np.pad(matrix, ((0, 0), (0, 1))) for matrix in line())
    lines = np.concatenate([LINES, LINES])
    found = ConstrainedLeastSquares(np.concatenate([a, a]), c)
    assert found.free == 2
    np.testing.assert_allclose(found.hat(), lines @ np.linalg.pinv(lines), atol=1e-4)
    assert np.isinf(found.variances(np.eye(61)[-1:])[1][0])


def test_one_value_and_one_direction():
    found = ConstrainedLeastSquares(np.array([[2.0, 0.0]]), np.array([[0.0, 3.0]]))
    assert found.free == 1
    np.testing.assert_allclose(found.influence(), [[0.5], [0.0]], atol=1e-12)


def test_directions_that_are_rounding_are_left_out():
    a, c = line()
    noise = 1e-7 * np.random.default_rng(1).normal(size=(2, *c.shape))
    a = a * (1.0 + noise[0, :12])
    c = c * (1.0 + noise[1])
    assert ConstrainedLeastSquares(a, c[::7], rounding=1e-5).free == 2
    assert ConstrainedLeastSquares(a, c[::7], rounding=1e-14).free == 12
