"""How many rows `ISGD()` works on in a step of a large network."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.optimizers.auto_control import FEW_ROWS, LARGE, ROWS_FOR_A_WEIGHT

POINTS = 1500


def trained(optimizer, points=POINTS, steps=2, width=70, callbacks=(), resample=True):
    network = ki.networks.mlp(1, width=width, depth=2, seed=0)
    model = ki.PINN(network, ki.problems.Poisson1D())
    model.compile(optimizer=optimizer)
    data = model.problem.points(interior=points - 2, seed=0, resample=resample)
    model.fit(
        data, epochs=1, steps_per_epoch=steps, callbacks=list(callbacks), verbose=0
    )
    return model


def test_a_large_network_works_on_some_of_many_rows():
    model = trained(ki.ISGD(), steps=3)
    assert model.count_params() > LARGE
    assert model.optimizer.description.endswith(
        f"{FEW_ROWS + 2} of {POINTS:,} rows, in their space, with momentum"
    )


def test_a_small_network_does_where_the_jacobian_of_all_is_too_large():
    solver = ki.solvers.GaussNewton(memory=3e-3)
    model = trained(ki.ISGD(inner=solver), width=10)
    weights = model.count_params()
    few = int(np.ceil(ROWS_FOR_A_WEIGHT * weights))
    text = f"Gauss-Newton, {weights} weights, {few + 2} of {POINTS:,} rows"
    assert model.optimizer.description == text
    # Nor do so few rows fit here: all of them without the matrix.
    solver = ki.solvers.GaussNewton(memory=1e-4)
    model = trained(ki.ISGD(inner=solver), width=10, steps=1)
    assert f"{POINTS:,} rows, without the matrix" in model.optimizer.description


class Chain(ki.Problem):
    """u_i' = -u_i for many outputs, each with its first value."""

    coordinates, outputs = ("t",), 10
    domain = ki.geometry.Interval(0.0, 1.0)

    def residual(self, u, x):
        return tf.concat([u[i].d("t") + u[i].value for i in range(10)], axis=1)

    def conditions(self):
        return [ki.Initial(1.0, component=i) for i in range(10)]


@pytest.mark.parametrize(
    ("interior", "rows"), [(290, "2,910"), (500, "1,510 of 5,010")]
)
def test_a_system_keeps_points_enough_for_each_equation(interior, rows):
    model = ki.PINN(ki.networks.mlp(1, outputs=10, width=70, depth=2, seed=0), Chain())
    model.compile(optimizer=ki.ISGD())
    data = Chain().points(interior=interior, seed=0)
    model.fit(data, epochs=1, steps_per_epoch=1, verbose=0)
    assert f", {rows} rows" in model.optimizer.description


@pytest.mark.parametrize(
    ("optimizer", "points", "width"),
    [
        (lambda: ki.ISGD(step_control=ki.SPRING()), POINTS, 70),
        (ki.ISGD, 2 * FEW_ROWS, 70),
        (ki.ISGD, POINTS, 10),
        (lambda: ki.ISGD(0.5), POINTS, 70),
    ],
    ids=["SPRING", "few rows", "a small network", "alpha as given"],
)
def test_others_take_all_rows(optimizer, points, width):
    model = trained(optimizer(), points, 1, width)
    assert f"{points:,} rows" in model.optimizer.description
    assert " of " not in model.optimizer.description


@pytest.mark.parametrize("control", ["auto", "all"])
def test_each_step_has_other_rows_of_the_same_points(control):
    seen = []

    class Losses(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append((logs["loss_before"], logs["loss_after"]))

    optimizer = ki.ISGD(step_control=ki.SPRING() if control == "all" else control)
    trained(optimizer, steps=4, callbacks=[Losses()], resample=False)
    before, after = np.array(seen, float).T
    assert np.all(after <= before)
    # On the same rows a step begins where the last one ended.
    same = np.isclose(before[1:], after[:-1], rtol=1e-9)
    assert np.all(same) if control == "all" else not np.any(same)


def test_a_run_goes_on_with_the_rows_that_it_would_have_had(tmp_path):
    whole = trained(ki.ISGD(), steps=4)
    half = trained(ki.ISGD(), steps=2)
    half.save(tmp_path / "model.keras")
    half = keras.saving.load_model(tmp_path / "model.keras")
    points = half.problem.points(interior=POINTS - 2, seed=0)
    half.fit(points, epochs=4, initial_epoch=2, verbose=0)
    for one, other in zip(whole.weights, half.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def supervised(optimizer, metrics=("mae",), width=70):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((2,), dtype="float64")
    hidden = inputs
    for _ in range(2):
        hidden = keras.layers.Dense(width, "tanh", dtype="float64")(hidden)
    outputs = keras.layers.Dense(1, dtype="float64")(hidden)
    model = ki.ClosureModel(inputs, outputs)
    model.compile(optimizer=optimizer, loss="mse", metrics=list(metrics))
    return model


X = np.random.default_rng(0).uniform(-1.0, 1.0, (POINTS, 2))
Y = np.sin(5 * X[:, :1]) * np.cos(3 * X[:, 1:])


@pytest.mark.parametrize("staged", [False, True])
def test_metrics_of_a_supervised_model_are_those_of_all_examples(staged):
    optimizer = ki.ISGD()
    if staged:
        optimizer = ki.Staged([optimizer, keras.optimizers.Adam()], [1])
    model = supervised(optimizer)
    logs = model.fit(X, Y, batch_size=POINTS, epochs=1, verbose=0).history
    assert f" of {POINTS:,} rows" in model.optimizer.description
    found = model.evaluate(X, Y, batch_size=POINTS, verbose=0, return_dict=True)
    np.testing.assert_allclose(logs["mae"][0], found["mae"], rtol=1e-6)
    # The loss is that of the rows of the step, an estimate.
    assert logs["loss"][0] != found["loss"]
    assert 0.8 < logs["loss"][0] / found["loss"] < 1.25


def test_a_supervised_model_learns_from_some_of_its_examples():
    model = supervised(ki.ISGD(), metrics=())
    x = np.random.default_rng(1).uniform(-1.0, 1.0, (500, 2))
    y = np.sin(5 * x[:, :1]) * np.cos(3 * x[:, 1:])
    model.fit(X, Y, batch_size=POINTS, epochs=40, verbose=0)
    assert model.evaluate(x, y, verbose=0) < 1e-2 * np.mean(y**2)


def batches(sizes, known):
    """Batches as a dataset, whose element has a known shape or not."""
    ends = np.cumsum(sizes)
    parts = [(X[b - n : b], Y[b - n : b]) for n, b in zip(sizes, ends, strict=True)]
    size = sizes[0] if known else None
    spec = tuple(tf.TensorSpec((size, k), tf.float64) for k in (2, 1))
    return tf.data.Dataset.from_generator(lambda: iter(parts), output_signature=spec)


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_batches_of_unknown_size_are_stepped_on_alike():
    weights = []
    for known in (True, False):
        model = supervised(ki.ISGD(), metrics=())
        model.fit(batches([50, 50, 50], known), shuffle=False, verbose=0)
        assert model.optimizer.description.endswith(
            "rows, in their space, with momentum"
        )
        assert ("unknown" in model.optimizer.description) != known
        weights.append(np.concatenate([w.numpy().ravel() for w in model.weights]))
    np.testing.assert_allclose(weights[0], weights[1], rtol=1e-9, atol=1e-12)


def test_the_stage_behind_it_has_all_points():
    staged = ki.Staged([ki.ISGD(), keras.optimizers.Adam(1e-4)], [2])
    model = trained(staged, steps=2)
    points = next(iter(model.problem.points(interior=POINTS - 2, seed=0)))
    data = {name: x.numpy() for name, x in points.items()}
    loss = float(model.evaluate(data, verbose=0, return_dict=True)["loss"])
    logs = model.fit(data, epochs=3, initial_epoch=2, verbose=0).history
    np.testing.assert_allclose(logs["loss"][0], loss, rtol=1e-9)
