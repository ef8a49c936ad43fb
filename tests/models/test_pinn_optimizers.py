"""A PINN under every Keras optimizer, and the precision that it trains in."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki
from keras_isgd.networks import checks

KERAS_OPTIMIZERS = sorted(
    name
    for name, value in vars(keras.optimizers).items()
    if inspect.isclass(value)
    and issubclass(value, keras.optimizers.Optimizer)
    and name not in ("Optimizer", "LossScaleOptimizer", "MultiOptimizer")
)


def _model(**network):
    problem = ki.problems.SingularPerturbation(2.0)
    return ki.PINN(ki.networks.mlp(1, width=8, depth=1, seed=0, **network), problem)


@pytest.mark.parametrize("name", KERAS_OPTIMIZERS)
def test_every_keras_optimizer_trains(name):
    # Keras's Muon multiplies by float32 constants, whatever the weights are.
    model = _model(dtype="float32" if name == "Muon" else "float64")
    optimizer = getattr(keras.optimizers, name)
    model.compile(optimizer=optimizer(learning_rate=1e-4))
    before = [v.numpy() for v in model.trainable_variables]
    history = model.fit(model.problem.points(16), epochs=2, verbose=0).history
    assert all(np.isfinite(history["loss"]))
    assert any(
        np.any(a != b.numpy()) for a, b in zip(before, model.trainable_variables)
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_everything_follows_the_network(dtype):
    model = _model(dtype=dtype)
    model.compile(optimizer=ki.ISGD(0.5, inner=ki.solvers.Adam(1e-3, steps=5)))
    points = model.problem.points(16, resample=False)
    history = model.fit(points, epochs=3, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert {v.dtype for v in model.trainable_variables} == {dtype}
    assert model.predict(np.array([[0.5]]), verbose=0).dtype == dtype
    assert model.residual([[0.5]]).dtype == dtype


def test_says_when_a_gpu_would_use_tensor_float_32(monkeypatch):
    # A GPU in sight is not enough: the network has to be on it.
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: [kind])
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: [kind])
    _model(dtype="float32")
    monkeypatch.setattr(checks, "device_type", lambda variable: "GPU")
    with pytest.warns(UserWarning, match="TensorFloat-32 is on"):
        _model(dtype="float32")
    _model(dtype="float64")  # no float32 products, nothing to warn of


def test_coefficient_of_the_equation_is_found():
    class Growth(ki.Problem):
        """u' = rate u with rate = 1.5 measured through u = exp(1.5 x)."""

        coefficients = {"rate": 0.5}

        def residual(self, u, x):
            return u.d("x") - u.coefficient("rate") * u.value

        def conditions(self):
            x = np.linspace(0.0, 1.0, 9)[:, None]
            return [ki.Data(x, np.exp(1.5 * x))]

    model = ki.PINN(ki.networks.mlp(1, width=10, depth=2, seed=0), Growth())
    model.compile(optimizer=ki.LBFGS(steps=100), jit_compile=True)
    model.fit(model.problem.points(40, resample=False), epochs=4, verbose=0)
    rate = float(model.coefficients["rate"].numpy())
    assert rate == pytest.approx(1.5, abs=2e-3)


def test_loss_weights_weigh_the_terms():
    problem = ki.problems.Helmholtz2D()
    points = problem.points(30, 10, resample=False)
    network = ki.networks.mlp(2, width=6, depth=1, seed=0)

    def losses(weights):
        model = ki.PINN(network, problem, loss_weights=weights)
        model.compile(optimizer="adam")
        return model.evaluate(points, verbose=0, return_dict=True)

    plain = losses(None)
    weighted = losses({"residual": 0.25, "dirichlet_boundary": 100.0})
    assert weighted["residual"] == plain["residual"]
    expected = 0.25 * plain["residual"] + 100.0 * plain["dirichlet_boundary"]
    assert weighted["loss"] == pytest.approx(expected, rel=1e-6)


def test_validation_points_are_their_own():
    model = _model()
    model.compile(optimizer=ki.ISGD(0.5, inner=ki.solvers.Adam(1e-3, steps=5)))
    points = model.problem.points(16, resample=False, seed=0)
    others = model.problem.points(16, resample=False, seed=1)
    history = model.fit(points, epochs=2, validation_data=others, verbose=0).history
    expected = model.evaluate(others, verbose=0, return_dict=True)
    assert history["val_loss"][-1] == pytest.approx(expected["loss"], rel=1e-6)
    assert history["val_residual"][-1] == pytest.approx(expected["residual"], rel=1e-6)
    training = model.evaluate(points, verbose=0, return_dict=True)
    assert expected["loss"] != training["loss"]


@pytest.mark.parametrize("optimizer", ["adam", ki.ISGD(0.5, inner="adam")])
def test_train_on_batch_takes_point_sets(optimizer):
    model = _model()
    model.compile(optimizer=optimizer)
    points = {"interior": np.linspace(0.1, 0.9, 9)[:, None]}
    points["boundary"] = np.array([[0.0], [1.0]])
    first = model.test_on_batch(points, return_dict=True)["loss"]
    logs = model.train_on_batch(points, return_dict=True)
    # A step of Adam shows the loss before it, as in Keras.
    before = logs.get("loss_before", logs["loss"])
    assert before == pytest.approx(first, rel=1e-6)
    after = model.test_on_batch(points, return_dict=True)["loss"]
    assert after < first
    if "loss_before" in logs:
        assert logs["loss"] == pytest.approx(after, rel=1e-6)
