"""Supervised models whose loss is a mean of squares."""

import re

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


def _objective(model, y_columns=1, weights=None):
    x, y = _supervised_data()
    dtype = model.compute_dtype
    y = tf.constant(np.repeat(y, y_columns, axis=1), dtype)
    data = (tf.constant(x, dtype), y)
    return model.objective(data if weights is None else (*data, weights))


@pytest.mark.parametrize(
    "regularizer",
    [keras.regularizers.L2(1e-2), keras.regularizers.L1L2(l2=1e-2)],
)
def test_squares_of_weights_are_rows(regularizer):
    model = _supervised(regularizer=regularizer, dtype="float32")
    objective = _objective(model)
    assert isinstance(objective, ki.LeastSquares)
    w = objective.parameters.read()
    x, y = (tf.constant(v, "float32") for v in _supervised_data())
    loss, _ = model.closure((x, y))
    np.testing.assert_allclose(objective.value(w), loss, rtol=1e-5)
    kernel = model.layers[1].kernel.numpy()
    mean = np.mean((model(x).numpy() - y.numpy()) ** 2)
    expected = mean + 1e-2 * np.sum(kernel**2)
    np.testing.assert_allclose(objective.value(w), expected, rtol=1e-5)
    residual, jacobian = objective.linearise(w)
    assert residual.shape == (40 + kernel.size,)
    gradient = objective.value_and_gradient(w)[1]
    twice = 2 * tf.linalg.matvec(jacobian, residual, transpose_a=True)
    np.testing.assert_allclose(twice, gradient, rtol=1e-4, atol=1e-6)
    history = model.fit(x, y, batch_size=40, epochs=3, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]


class Own(ki.ClosureModel):
    """Penalises its outputs by itself."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1, "tanh", dtype="float64")

    def call(self, x):
        y = self.dense(x)
        self.add_loss(tf.reduce_mean(tf.abs(y)))
        return y


def _own():
    model = Own()
    model.compile(optimizer=ki.ISGD(), loss="mse")
    model(tf.zeros((1, 2), tf.float64))
    return model


def _two_outputs():
    inputs = keras.Input((2,))
    outputs = [keras.layers.Dense(1)(inputs) for _ in range(2)]
    model = ki.ClosureModel(inputs, outputs)
    model.compile(optimizer=ki.ISGD(), loss="mse")
    return model


def _weighted():
    model = _supervised()
    model.compile(optimizer=ki.ISGD(), loss="mse", loss_weights=[2.0])
    return model


def _active():
    inputs = keras.Input((2,))
    dense = keras.layers.Dense(1, activity_regularizer="l2", name="last")
    model = ki.ClosureModel(inputs, dense(inputs))
    model.compile(optimizer=ki.ISGD(), loss="mse")
    return model


OTHERS = {
    "mean_absolute_error": lambda: _supervised("mae"),
    "'dense.*/kernel' has the regulariser L1, which is not": lambda: _supervised(
        regularizer=keras.regularizers.L1(1e-4), dtype="float32"
    ),
    "regulariser L1L2": lambda: _supervised(
        regularizer=keras.regularizers.L1L2(1e-4, 1e-4), dtype="float32"
    ),
    "'last' has an activity regulariser": _active,
    "loss of its own": _own,
    "several outputs": _two_outputs,
    "with loss_weights": _weighted,
    "reduced by 'sum'": lambda: _supervised(
        keras.losses.MeanSquaredError(reduction="sum")
    ),
}


@pytest.mark.parametrize("reason", OTHERS)
def test_any_other_loss_is_left_to_lbfgs_and_says_why(reason):
    objective = _objective(OTHERS[reason]())
    assert not isinstance(objective, ki.LeastSquares)
    assert re.search(reason, objective.reason)


def test_shapes_that_do_not_match_are_no_squares():
    reason = _objective(_supervised(), y_columns=3).reason
    assert reason == "the targets have the shape (40, 3), the outputs (40, 1)"
    weights = tf.ones((40, 1), tf.float64)
    assert "sample weights" in _objective(_supervised(), weights=weights).reason


def test_another_loss_trains():
    model = _supervised("mae")
    x, y = _supervised_data()
    history = model.fit(x, y, batch_size=40, epochs=3, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]


def test_a_list_of_one_output_is_that_output():
    plain = _supervised()
    model = ki.ClosureModel(plain.input, plain.outputs)
    model.compile(optimizer=ki.ISGD(), loss="mse")
    objective = _objective(model)
    assert isinstance(objective, ki.LeastSquares)
    w = objective.parameters.read()
    np.testing.assert_allclose(objective.value(w), _objective(plain).value(w))
    x, y = _supervised_data()
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
