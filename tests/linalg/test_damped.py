"""Damped least squares against the normal equations and the closed form."""

import numpy as np
import pytest
import tensorflow as tf

from keras_isgd.linalg import conjugate_gradients as cg
from keras_isgd.linalg import damped as linear_algebra

SHAPES = [(6, 11), (9, 9), (13, 5)]
DAMPINGS = np.array([1e-3, 0.1, 30.0])


def _problem(shape, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape), rng.normal(size=shape[0])


@pytest.fixture(params=["lapack", "tensorflow"])
def on_gpu(request):
    """Both ways through the same functions, whatever devices there are."""
    return request.param == "tensorflow"


def _steps(jacobian, residual, exact, on_gpu=False):
    reduction = linear_algebra.reduce(
        tf.constant(jacobian), tf.constant(residual), exact, on_gpu
    )
    return [
        linear_algebra.damped_step(reduction, tf.constant(d, jacobian.dtype))
        for d in DAMPINGS
    ]


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_against_the_normal_equations(shape, exact, on_gpu):
    jacobian, residual = _problem(shape)
    found = _steps(jacobian, residual, exact, on_gpu)
    for damping, (step, decrease, _) in zip(DAMPINGS, found, strict=True):
        matrix = jacobian.T @ jacobian + damping * np.eye(shape[1])
        expected = -np.linalg.solve(matrix, jacobian.T @ residual)
        np.testing.assert_allclose(step, expected, rtol=1e-8, atol=1e-10)
        after = residual + jacobian @ expected
        np.testing.assert_allclose(
            decrease, residual @ residual - after @ after, rtol=1e-9
        )


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_factor_serves_another_right_hand_side(shape, exact, on_gpu):
    jacobian, residual = _problem(shape)
    other = np.random.default_rng(4).normal(size=shape[0])
    reduction = linear_algebra.reduce(
        tf.constant(jacobian), tf.constant(residual), exact, on_gpu
    )
    for damping in DAMPINGS:
        factor = linear_algebra.damped_step(reduction, tf.constant(damping)).factor
        found = linear_algebra.step_for(reduction, factor, tf.constant(other))
        matrix = jacobian.T @ jacobian + damping * np.eye(shape[1])
        expected = -np.linalg.solve(matrix, jacobian.T @ other)
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_scaled_unknowns_against_the_normal_equations(shape, exact, on_gpu):
    jacobian, residual = _problem(shape)
    scale = np.random.default_rng(2).uniform(0.1, 10.0, shape[1])
    other = np.random.default_rng(4).normal(size=shape[0])
    reduction = linear_algebra.reduce(
        tf.constant(jacobian),
        tf.constant(residual),
        exact,
        on_gpu,
        tf.constant(scale),
    )
    for damping in DAMPINGS:
        found = linear_algebra.damped_step(reduction, tf.constant(damping))
        again = linear_algebra.step_for(reduction, found.factor, tf.constant(other))
        matrix = jacobian.T @ jacobian + damping * np.diag(scale**2)
        for step, right in ((found.step, residual), (again, other)):
            expected = -np.linalg.solve(matrix, jacobian.T @ right)
            np.testing.assert_allclose(step, expected, rtol=1e-8, atol=1e-10)
        after = residual + jacobian @ found.step.numpy()
        np.testing.assert_allclose(
            found.decrease, residual @ residual - after @ after, rtol=1e-9
        )


def test_float32_stays_float32(on_gpu):
    jacobian, residual = (a.astype("float32") for a in _problem((13, 5)))
    for exact in (False, True):
        for step, decrease, factor in _steps(jacobian, residual, exact, on_gpu):
            assert step.dtype == decrease.dtype == factor.dtype == tf.float32


@pytest.mark.parametrize("shape", [(8, 12), (12, 8)])
def test_only_the_exact_route_sees_small_singular_values(shape, on_gpu):
    rng = np.random.default_rng(1)
    k = min(shape)
    left = np.linalg.qr(rng.normal(size=(shape[0], k)))[0]
    right = np.linalg.qr(rng.normal(size=(shape[1], k)))[0]
    sigma = np.logspace(0, -11, k)
    jacobian = tf.constant(left * sigma @ right.T)
    residual = tf.constant(left.sum(axis=1))
    damping = tf.constant(1e-26, tf.float64)
    expected = -right @ (sigma / (sigma**2 + 1e-26))

    def error(exact):
        reduction = linear_algebra.reduce(jacobian, residual, exact, on_gpu)
        step, *_ = linear_algebra.damped_step(reduction, damping)
        return np.linalg.norm(step - expected) / np.linalg.norm(expected)

    # The entries of J are rounded: sigma = 1e-11 is known to about 1e-5.
    assert error(True) < 1e-3
    assert error(False) > 0.5
    norms = linear_algebra.column_norms(jacobian, on_gpu)
    assert not linear_algebra.gram_suffices(norms, damping)
    assert linear_algebra.gram_suffices(norms, tf.constant(1e-6, tf.float64))


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("shape", [(4, 3), (3, 4)])
def test_infinity_gives_nan_and_no_crash(shape, exact, on_gpu):
    jacobian, residual = _problem(shape)
    jacobian[0, 0] = np.inf
    for step, decrease, _ in _steps(jacobian, residual, exact, on_gpu):
        assert np.isnan(step).all()
        assert np.isnan(decrease)


def _metric(jacobian):
    norms = linear_algebra.column_norms(tf.constant(jacobian))
    return linear_algebra.column_metric(norms)


def test_the_metric_evens_out_columns():
    jacobian, _ = _problem((7, 4))
    scaled = jacobian * [1e-3, 1.0, 1e2, 0.0]
    metric = _metric(scaled).numpy()
    norms = np.linalg.norm(scaled, axis=0)
    np.testing.assert_allclose(metric[:3] / norms[:3], metric[0] / norms[0])
    assert 0 < metric[3] < 1e-11
    doubled = _metric(2.0 * scaled)
    np.testing.assert_allclose(doubled, metric)


def test_conjugate_gradients_solve_and_stop_by_their_rule():
    rng = np.random.default_rng(2)
    a = rng.normal(size=(20, 20))
    matrix, right = a @ a.T + 0.1 * np.eye(20), rng.normal(size=20)

    def solve(tolerance, steps, precondition=lambda v: v):
        return cg.conjugate_gradients(
            lambda v: tf.linalg.matvec(matrix, v),
            tf.constant(right),
            precondition,
            tolerance,
            steps,
        )

    x, _ = solve(1e-12, 200)
    np.testing.assert_allclose(x, np.linalg.solve(matrix, right), rtol=1e-8)
    for tolerance in (1e-1, 1e-4):
        x, iterations = solve(tolerance, 200)
        error = np.linalg.norm(matrix @ x.numpy() - right)
        assert error <= tolerance * np.linalg.norm(right)
        assert int(iterations) < 200
    assert int(solve(1e-12, 3)[1]) == 3
    inverse = np.linalg.inv(matrix)
    assert int(solve(1e-8, 200, lambda v: tf.linalg.matvec(inverse, v))[1]) <= 2


def test_damped_inverse_is_the_inverse():
    jacobian, _ = _problem((5, 9), seed=4)
    v = np.random.default_rng(5).normal(size=9)
    apply = cg.damped_inverse(tf.constant(jacobian), tf.constant(0.3, tf.float64))
    expected = np.linalg.solve(jacobian.T @ jacobian + 0.3 * np.eye(9), v)
    np.testing.assert_allclose(apply(tf.constant(v)), expected, rtol=1e-10)
