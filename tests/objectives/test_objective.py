import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.objectives.parameters import ParameterVector
from keras_isgd.objectives.proximal import ProximalProblem


def _variables():
    rng = np.random.default_rng(0)
    shapes = [(3, 2), (), (4,)]
    return [keras.Variable(rng.normal(size=s), dtype="float64") for s in shapes]


def test_pack_unpack_read_assign_round_trip():
    variables = _variables()
    parameters = ParameterVector(variables)
    w = parameters.read()
    assert parameters.size == 11
    np.testing.assert_array_equal(w[:6], np.ravel(variables[0].numpy()))
    parameters.assign(2 * w)
    np.testing.assert_array_equal(parameters.read(), 2 * w)
    for part, variable in zip(parameters.unpack(2 * w), variables):
        np.testing.assert_array_equal(part, variable.numpy())


def test_parameters_refuse_nothing_mixed_and_half_precision():
    with pytest.raises(ValueError, match="at least one trainable variable"):
        ParameterVector([])
    with pytest.raises(ValueError, match="float32, float64"):
        ParameterVector([keras.Variable(0.0, dtype=d) for d in ("float32", "float64")])
    with pytest.raises(ValueError, match="float16"):
        ParameterVector([keras.Variable(0.0, dtype="float16")])


def test_value_and_gradient_against_finite_differences():
    a, b = (
        keras.Variable([1.0, 2.0], dtype="float64"),
        keras.Variable(0.5, dtype="float64"),
    )
    objective = ki.Objective(
        lambda: keras.ops.sum(keras.ops.sin(a) * keras.ops.exp(b * a)), [a, b]
    )
    w = tf.constant([0.3, -0.4, 0.9], tf.float64)
    value, gradient = objective.value_and_gradient(w)

    def f(v):
        return np.sum(np.sin(v[:2]) * np.exp(v[2] * v[:2]))

    np.testing.assert_allclose(value, f(w.numpy()), rtol=1e-14)
    np.testing.assert_allclose(objective.value(w), value, rtol=0)
    h = 1e-6
    for i in range(3):
        e = np.eye(3)[i] * h
        slope = (f(w.numpy() + e) - f(w.numpy() - e)) / (2 * h)
        np.testing.assert_allclose(gradient[i], slope, rtol=1e-8)
    np.testing.assert_array_equal(a.numpy(), [1.0, 2.0])  # nothing moved


def test_a_weight_without_a_path_gets_a_zero_gradient():
    a, b = (keras.Variable(1.0, dtype="float64") for _ in range(2))
    objective = ki.Objective(lambda: a * a, [a, b])
    np.testing.assert_array_equal(
        objective.value_and_gradient(objective.parameters.read())[1], [2.0, 0.0]
    )


def test_loss_without_weights_or_not_scalar_is_refused():
    a = keras.Variable([1.0, 1.0], dtype="float64")
    with pytest.raises(ValueError, match="does not depend on any trainable weight"):
        ki.Objective(lambda: tf.constant(1.0), [a]).evaluate(a.value)
    with pytest.raises(ValueError, match="scalar loss"):
        ki.Objective(lambda: a * a, [a]).evaluate(a.value)


def test_state_is_frozen_until_it_is_committed():
    a = keras.Variable(1.0, dtype="float64")
    counter = keras.Variable(0.0, dtype="float64", trainable=False)

    def loss():
        counter.assign_add(1.0)
        return a * counter

    objective = ki.Objective(loss, [a], state=[counter])
    w = objective.parameters.read()
    values = [objective.value_and_gradient(w)[0].numpy() for _ in range(3)]
    assert values == [1.0, 1.0, 1.0]
    assert counter.numpy() == 0.0
    objective.commit(objective.evaluate(w))
    assert counter.numpy() == 1.0


def test_proximal_problem_is_equation_12():
    rng = np.random.default_rng(1)
    a = rng.normal(size=(4, 4))
    h = a @ a.T
    w = keras.Variable(rng.normal(size=4), dtype="float64")
    objective = ki.Objective(
        lambda: (
            0.5
            * tf.reduce_sum(
                tf.convert_to_tensor(w) * tf.linalg.matvec(h, tf.convert_to_tensor(w))
            )
        ),
        [w],
    )
    w_n = objective.parameters.read()
    alpha = tf.constant(0.7, tf.float64)
    problem = ProximalProblem(objective, objective.evaluate(w_n), alpha)
    # The closed form of the step: (I + alpha H) w+ = w_n.
    w_plus = np.linalg.solve(np.eye(4) + 0.7 * h, w_n.numpy())
    value, gradient = problem.value_and_gradient(tf.constant(w_plus))
    np.testing.assert_allclose(gradient, np.zeros(4), atol=1e-13)
    loss = 0.5 * w_plus @ h @ w_plus
    expected = 0.5 * np.sum((w_plus - w_n.numpy()) ** 2) + 0.7 * loss
    np.testing.assert_allclose(value, expected, rtol=1e-14)
    end = objective.evaluate(tf.constant(w_plus))
    assert problem.implicit_residual(end) < 1e-12
    # One is "nothing happened".
    assert problem.implicit_residual(objective.evaluate(w_n)) == 1.0
