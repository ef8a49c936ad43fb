"""Supervised models whose loss is a mean of squares."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki


def _supervised(loss="mse", regularizer=None, dtype="float64"):
    inputs = keras.Input((2,), dtype=dtype)
    hidden = keras.layers.Dense(
        6, "tanh", dtype=dtype, kernel_regularizer=regularizer,
        kernel_initializer=keras.initializers.GlorotNormal(seed=1),
    )(inputs)  # fmt: skip
    outputs = keras.layers.Dense(
        1, dtype=dtype, kernel_initializer=keras.initializers.GlorotNormal(seed=2)
    )(hidden)
    model = ki.ClosureModel(inputs, outputs)
    if loss == "mse":
        loss = keras.losses.MeanSquaredError(dtype=dtype)
    model.compile(optimizer=ki.ISGD(), loss=loss)
    return model


def _supervised_data(n=40):
    x = np.random.default_rng(0).uniform(-1.0, 1.0, (n, 2))
    return x, np.sin(2.0 * x[:, :1]) * x[:, 1:]


@pytest.mark.parametrize("weighted", [False, True])
def test_mean_squares_are_a_least_squares_loss(weighted):
    model = _supervised()
    x, y = map(tf.constant, _supervised_data())
    weights = tf.linspace(tf.constant(0.1, tf.float64), 2.0, 40)
    data = (x, y, weights) if weighted else (x, y[:, 0])
    squares = model.objective(data)
    plain = ki.Objective(lambda: model.closure(data), model.trainable_variables)
    assert isinstance(squares, ki.LeastSquares)
    w = squares.parameters.read()
    for found, expected in zip(
        squares.value_and_gradient(w), plain.value_and_gradient(w), strict=True
    ):
        # Keras computes this loss in float32.
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    residual, jacobian = squares.linearise(w)
    twice = 2 * tf.linalg.matvec(jacobian, residual, True)
    np.testing.assert_allclose(twice, squares.value_and_gradient(w)[1], rtol=1e-10)


@pytest.mark.parametrize(
    "model",
    [
        lambda: _supervised("mae"),
        # (Keras cannot add a float64 penalty to its float32 loss.)
        lambda: _supervised(regularizer=keras.regularizers.L2(1e-4), dtype="float32"),
    ],
)
def test_any_other_loss_is_left_to_lbfgs(model):
    model = model()
    x, y = _supervised_data()
    dtype = model.compute_dtype
    objective = model.objective((tf.constant(x, dtype), tf.constant(y, dtype)))
    assert not isinstance(objective, ki.LeastSquares)
    history = model.fit(x, y, batch_size=40, epochs=3, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]


def test_isgd_fits_a_supervised_model_in_batches():
    # Each batch has twice as many rows as there are weights, so that no batch can be
    # met exactly by weights that fail on the others.
    keras.utils.set_random_seed(0)
    model = _supervised()
    x, y = _supervised_data(200)
    model.fit(x, y, batch_size=50, epochs=10, verbose=0)
    assert model.evaluate(x, y, verbose=0) < 1e-4
