"""A line search against the conditions that it promises, and SciPy's functions."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import optimize

from keras_isgd.objectives.objective import Evaluation
from keras_isgd.solvers.line_search import strong_wolfe


def _search(value, gradient, w, direction, first=1.0, limit=50):
    calls = []

    def both(x):
        calls.append(1)
        return tf.constant(value(x.numpy())), tf.constant(gradient(x.numpy()))

    w = np.asarray(w, float)
    start = Evaluation(tf.constant(w), tf.constant(value(w)), tf.constant(gradient(w)))
    found = strong_wolfe(
        both, start, tf.constant(direction), tf.constant(first, tf.float64), limit
    )
    assert len(calls) == int(found.evaluations) <= limit
    return found


def _check(value, gradient, w, direction, found):
    w, t = np.asarray(w, float), float(found.length)
    slope = gradient(w) @ direction
    end = w + t * direction
    assert bool(found.found)
    assert value(end) <= value(w) + 1e-4 * t * slope
    assert abs(gradient(end) @ direction) <= 0.9 * abs(slope)
    np.testing.assert_allclose(float(found.value), value(end), rtol=1e-12)
    np.testing.assert_allclose(found.gradient, gradient(end), rtol=1e-12)


@pytest.mark.parametrize("first", [1e-8, 1e-3, 1.0, 1e3])
@pytest.mark.parametrize("seed", range(5))
def test_both_conditions_hold_on_rosenbrocks_function(seed, first):
    w = np.random.default_rng(seed).normal(size=4)
    direction = -optimize.rosen_der(w) / np.linalg.norm(optimize.rosen_der(w))
    found = _search(optimize.rosen, optimize.rosen_der, w, direction, first)
    _check(optimize.rosen, optimize.rosen_der, w, direction, found)


def test_a_wall_of_infinity_is_kept_away_from():
    def value(x):
        return np.float64(np.inf) if x[0] >= 2.0 else -np.log(2.0 - x[0]) - 5.0 * x[0]

    def gradient(x):
        return np.array([np.nan if x[0] >= 2.0 else 1.0 / (2.0 - x[0]) - 5.0])

    found = _search(value, gradient, [0.0], np.array([1.0]), 100.0)
    _check(value, gradient, [0.0], np.array([1.0]), found)


def test_without_a_lower_value_it_stays():
    found = _search(
        lambda x: x[0] ** 2, lambda x: -2.0 * x, [1.0], np.array([1.0]), limit=12
    )
    assert float(found.length) == 0.0
    assert not bool(found.found)
    np.testing.assert_array_equal(found.gradient, [-2.0])
