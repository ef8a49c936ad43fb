import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import optimize

import keras_isgd as ki


def _rosenbrock(start):
    w = keras.Variable(np.asarray(start), dtype="float64")

    def loss():
        x = tf.convert_to_tensor(w)
        return tf.reduce_sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    return w, ki.Objective(loss, [w])


@pytest.mark.parametrize("memory", [3, 20])
def test_ten_steps_of_three_are_one_of_thirty(memory):
    start = np.linspace(-1.0, 1.5, 8)
    w, objective = _rosenbrock(start)
    optimizer = ki.LBFGS(steps=3, memory=memory)
    for _ in range(10):
        optimizer.minimize(objective)
    whole, objective = _rosenbrock(start)
    ki.LBFGS(steps=30, memory=memory).minimize(objective)
    np.testing.assert_array_equal(w.numpy(), whole.numpy())
    assert np.max(np.abs(w.numpy() - start)) > 0.1


def test_finds_the_minimum_that_scipy_finds():
    start = np.linspace(0.2, 1.5, 8)
    w, objective = _rosenbrock(start)
    optimizer = ki.LBFGS(steps=50)
    for _ in range(3):
        optimizer.minimize(objective)
    reference = optimize.minimize(optimize.rosen, start, jac=optimize.rosen_der)
    np.testing.assert_allclose(w.numpy(), reference.x, atol=1e-4)


def test_tolerance_ends_a_step_early():
    _, objective = _rosenbrock([0.5, 0.5])
    report = ki.LBFGS(steps=500, tolerance=1e-3).minimize(objective)
    assert int(report.inner_iterations) < 100
    assert int(report.status) == ki.Status.SOLVED


def test_goes_on_after_convergence():
    centre = keras.Variable([1.0, -1.0], dtype="float64", trainable=False)
    w = keras.Variable([3.0, 2.0], dtype="float64")
    objective = ki.Objective(lambda: keras.ops.sum((w - centre) ** 2), [w])
    optimizer = ki.LBFGS(steps=20)
    optimizer.minimize(objective)
    np.testing.assert_allclose(w.numpy(), [1.0, -1.0], atol=1e-12)
    centre.assign([5.0, 5.0])
    optimizer.minimize(objective)
    np.testing.assert_allclose(w.numpy(), [5.0, 5.0], atol=1e-12)


def test_recovers_when_its_memory_no_longer_fits():
    # The loss changes sign of curvature between steps; the memory must not keep
    # the optimizer from the new minimum.
    centre = keras.Variable([1.0, -1.0], dtype="float64", trainable=False)
    scale = keras.Variable([1.0, 1.0], dtype="float64", trainable=False)
    w = keras.Variable([3.0, 2.0], dtype="float64")
    objective = ki.Objective(
        lambda: keras.ops.sum(scale * (w - centre) ** 2 + 0.1 * (w - centre) ** 4), [w]
    )
    optimizer = ki.LBFGS(steps=5)
    optimizer.minimize(objective)
    centre.assign([-40.0, 7.0])
    scale.assign([50.0, 1e-2])
    for _ in range(8):
        optimizer.minimize(objective)
    np.testing.assert_allclose(w.numpy(), [-40.0, 7.0], atol=1e-2)


def test_learning_rate_cannot_be_set():
    with pytest.raises(TypeError, match="no learning rate"):
        ki.LBFGS().learning_rate = 0.1
