import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki

OPTIMIZERS = {
    "isgd-adam": lambda: ki.ISGD(1.0, inner=ki.solvers.Adam(1e-2, steps=20)),
    "isgd-lbfgs": lambda: ki.ISGD(5.0, inner=ki.solvers.LBFGS(steps=5)),
    "lbfgs": lambda: ki.LBFGS(steps=5),
    "adam": lambda: keras.optimizers.Adam(1e-2),
}


def _data(n=64):
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, size=(n, 2)).astype("float32")
    return x, np.sin(3 * x[:, :1] * x[:, 1:]).astype("float32")


def _functional(**kwargs):
    inputs = keras.Input((2,))
    hidden = keras.layers.Dense(8, "tanh", **kwargs)(inputs)
    return ki.ClosureModel(inputs, keras.layers.Dense(1)(hidden))


@keras.saving.register_keras_serializable("tests")
class Net(ki.ClosureModel):
    def __init__(self):
        super().__init__()
        self.hidden = keras.layers.Dense(8, "tanh")
        self.out = keras.layers.Dense(1)

    def call(self, x):
        return self.out(self.hidden(x))


SETTINGS = [
    {},
    {"jit_compile": True},
    {"run_eagerly": True},
    {"steps_per_execution": 3},
]


# Each setting with each optimizer whose graph is small.
@pytest.mark.parametrize(
    ("name", "setting"),
    [
        *((name, setting) for name in ("adam", "isgd-adam") for setting in SETTINGS),
        ("isgd-lbfgs", {}),
    ],
    ids=str,
)
def test_fit_lowers_the_loss(name, setting):
    x, y = _data()
    model = _functional()
    model.compile(optimizer=OPTIMIZERS[name](), loss="mse", metrics=["mae"], **setting)
    epochs = 4
    first = model.evaluate(x, y, verbose=0)[0]
    small = pytest.warns(UserWarning, match="24 of 64 examples")
    with small if "lbfgs" in name else contextlib.nullcontext():
        history = model.fit(
            x, y, batch_size=24, epochs=epochs, verbose=0, validation_data=(x, y)
        )
    # 64 points in batches of 24 leave a partial one.
    assert int(model.optimizer.iterations.numpy()) == 3 * epochs
    assert history.history["val_loss"][-1] < first
    assert len(history.history["mae"]) == epochs
    if isinstance(model.optimizer, ki.optimizers.ClosureOptimizer):
        for key in ("inner_iterations", "evaluations", "implicit_residual", "status"):
            assert len(history.history[key]) == epochs
        assert history.history["evaluations"][-1] > 3 * epochs


def test_subclass_and_functional_live_side_by_side():
    x, y = _data()
    _functional()
    net = Net()
    net.compile(optimizer=OPTIMIZERS["isgd-lbfgs"](), loss="mse")
    losses = net.fit(x, y, batch_size=64, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert isinstance(net, ki.ClosureModel)


def test_mixes_into_a_functional_class():
    class Mine(ki.ClosureTraining, keras.Model):
        pass

    inputs = keras.Input((2,))
    model = Mine(inputs, keras.layers.Dense(1)(inputs))
    model.compile(optimizer="adam", loss="mse")
    x, y = _data()
    model.compile(optimizer=ki.ISGD(1.0), loss="mse")
    losses = model.fit(x, y, batch_size=64, epochs=2, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_linear_regression_step_is_ridge_regression():
    # One implicit step on a linear least-squares loss, in closed form:
    # (I + 2 alpha / n X^T D X) w+ = w + 2 alpha / n X^T D y, D the sample weights.
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(30, 3)), rng.normal(size=(30, 1))
    weights = rng.uniform(0.5, 2.0, size=30)
    inputs = keras.Input((3,), dtype="float64")
    outputs = keras.layers.Dense(1, use_bias=False, dtype="float64")(inputs)
    model = ki.ClosureModel(inputs, outputs)
    model.compile(
        optimizer=ki.ISGD(0.7, inner=ki.solvers.LBFGS(steps=60, tolerance=1e-12)),
        loss=keras.losses.MeanSquaredError(dtype="float64"),
    )
    before = model.layers[1].kernel.numpy()
    data = tf.data.Dataset.from_tensors((x, y, weights))
    model.fit(data, verbose=0, shuffle=False)
    d = weights[:, None]
    left = np.eye(3) + 1.4 / 30 * x.T @ (d * x)
    right = before + 1.4 / 30 * x.T @ (d * y)
    np.testing.assert_allclose(
        model.layers[1].kernel.numpy(), np.linalg.solve(left, right), rtol=1e-7
    )


def test_class_weights_and_regularisers_are_in_the_objective():
    x, y = _data()
    labels = (y > 0).astype("float32")
    inputs = keras.Input((2,))
    outputs = keras.layers.Dense(
        1, "sigmoid", kernel_regularizer=keras.regularizers.L2(0.1)
    )(inputs)
    model = ki.ClosureModel(inputs, outputs)
    model.compile(optimizer=ki.ISGD(1.0), loss="binary_crossentropy")
    p = np.clip(model.predict(x, verbose=0), 1e-7, 1 - 1e-7)
    weights = np.where(labels > 0, 3.0, 1.0)
    entropy = -(labels * np.log(p) + (1 - labels) * np.log(1 - p))
    expected = np.mean(weights * entropy) + 0.1 * np.sum(
        model.layers[1].kernel.numpy() ** 2
    )
    history = model.fit(
        x, labels, batch_size=64, class_weight={0: 1.0, 1: 3.0}, verbose=0
    )
    np.testing.assert_allclose(history.history["loss_before"][0], expected, rtol=1e-5)


def test_batch_statistics_and_dropout_advance_once_per_step():
    x, y = _data()
    inputs = keras.Input((2,))
    hidden = keras.layers.BatchNormalization(momentum=0.5)(inputs)
    hidden = keras.layers.Dropout(0.5, seed=1)(keras.layers.Dense(8)(hidden))
    model = ki.ClosureModel(inputs, keras.layers.Dense(1)(hidden))
    model.compile(
        optimizer=ki.ISGD(1.0, inner=ki.solvers.Adam(1e-2, steps=30)), loss="mse"
    )
    normalisation, dropout = model.layers[1], model.layers[3]
    state = dropout.seed_generator.state.numpy().copy()
    model.fit(x, y, batch_size=64, verbose=0)
    np.testing.assert_allclose(
        normalisation.moving_mean.numpy(), 0.5 * x.mean(axis=0), rtol=1e-4
    )
    once = keras.random.SeedGenerator(1)
    once.state.assign(state)
    once.next()
    np.testing.assert_array_equal(
        dropout.seed_generator.state.numpy(), once.state.numpy()
    )


def test_ordinary_optimizers_train_as_in_keras():
    x, y = _data()

    def losses(make):
        keras.utils.set_random_seed(5)
        inputs = keras.Input((2,))
        outputs = keras.layers.Dense(1)(keras.layers.Dense(8, "tanh")(inputs))
        model = make(inputs, outputs)
        model.compile(optimizer="adam", loss="mse")
        return model.fit(x, y, batch_size=24, epochs=3, verbose=0).history["loss"]

    assert losses(ki.ClosureModel) == losses(keras.Model)


def test_callbacks_set_alpha():
    x, y = _data()
    model = _functional()
    model.compile(optimizer=ki.ISGD(1.0), loss="mse")
    seen = []
    model.fit(
        x,
        y,
        batch_size=64,
        epochs=3,
        verbose=0,
        callbacks=[
            keras.callbacks.LearningRateScheduler(lambda epoch: 2.0 ** (epoch + 1)),
            keras.callbacks.LambdaCallback(
                on_epoch_end=lambda e, logs: seen.append(
                    float(model.optimizer.learning_rate)
                )
            ),
        ],
    )
    assert seen == [2.0, 4.0, 8.0]


@pytest.mark.parametrize(
    ("policy", "word"), [("mixed_float16", "scaling"), ("mixed_bfloat16", "precision")]
)
def test_mixed_precision_is_refused(policy, word):
    x, y = _data()
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = _functional()
        model.compile(optimizer=ki.ISGD(1.0), loss="mse")
        with pytest.raises(ValueError, match=word):
            model.fit(x, y, batch_size=64, verbose=0)
    finally:
        keras.config.set_dtype_policy(before)


def test_solver_monitor_records_and_speaks(capsys):
    x, y = _data()
    model = _functional()
    model.compile(optimizer=ki.ISGD(1.0, inner="adam"), loss="mse")
    monitor = ki.callbacks.SolverMonitor()
    model.fit(x, y, batch_size=32, epochs=2, verbose=0, callbacks=[monitor])
    assert [s["iteration"] for s in monitor.steps] == [1, 2, 3, 4]
    assert all(s["status"] is ki.Status.OUT_OF_STEPS for s in monitor.steps)
    # Each step's start and end, and 100 between.
    assert monitor.steps[-1]["evaluations"] == 4 * 102
    model.fit(x * np.nan, y, batch_size=64, verbose=0, callbacks=[monitor])
    assert "NaN or infinite at the present weights" in capsys.readouterr().out
