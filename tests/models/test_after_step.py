"""History and logs hold the loss after a step; `loss_before` the one before it."""

import keras
import numpy as np
import pytest

import keras_isgd as ki

X = np.linspace(-0.5, 1.0, 24)[:, None]
Y = np.sin(3.0 * X)


def _adam(steps=3):
    return ki.ISGD(1.0, inner=ki.solvers.Adam(1e-2, steps=steps))


OPTIMIZERS = {
    "lbfgs": lambda: ki.LBFGS(steps=500),
    "isgd": ki.ISGD,
    "isgd-adam": _adam,
}


class Pinn:
    """A PINN on fixed points."""

    def __init__(self, optimizer, **arguments):
        problem = ki.problems.SingularPerturbation(0.5)
        network = ki.networks.mlp(1, width=4, depth=1, seed=1)
        weights = {"residual": 0.5, "dirichlet_boundary": 3.0}
        self.model = ki.PINN(network, problem, loss_weights=weights)
        self.model.compile(optimizer=optimizer, **arguments)
        self.points = problem.points(12, resample=False, seed=3)

    def fit(self, **arguments):
        return self.model.fit(self.points, verbose=0, **arguments).history

    def evaluate(self):
        return self.model.evaluate(self.points, verbose=0, return_dict=True)

    def total(self, logs):
        """The loss as the sum of the terms."""
        return 0.5 * logs["residual"] + 3.0 * logs["dirichlet_boundary"]


class Supervised:
    """A ClosureModel on one batch."""

    def __init__(self, optimizer, **arguments):
        inputs = keras.Input((1,), dtype="float64")
        hidden = keras.layers.Dense(4, "tanh", dtype="float64")(inputs)
        outputs = keras.layers.Dense(1, dtype="float64")(hidden)
        self.model = ki.ClosureModel(inputs, outputs)
        self.model.compile(
            optimizer=optimizer, loss="mse", metrics=["mse", "mae"], **arguments
        )

    def fit(self, **arguments):
        return self.model.fit(
            X, Y, batch_size=len(X), shuffle=False, verbose=0, **arguments
        ).history

    def evaluate(self):
        return self.model.evaluate(X, Y, batch_size=len(X), verbose=0, return_dict=True)

    def total(self, logs):
        return logs["mse"]


@pytest.mark.parametrize(
    ("kind", "name", "jit_compile"),
    [
        (Pinn, "lbfgs", False),
        (Supervised, "lbfgs", False),
        (Pinn, "isgd", False),
        (Supervised, "isgd-adam", False),
        pytest.param(Pinn, "isgd-adam", True, marks=pytest.mark.xla),
        pytest.param(Supervised, "isgd", True, marks=pytest.mark.xla),
    ],
)
def test_one_epoch_shows_what_evaluate_finds_after_it(kind, name, jit_compile):
    case = kind(OPTIMIZERS[name](), jit_compile=jit_compile)
    before = case.evaluate()
    history = {key: values[0] for key, values in case.fit(epochs=1).items()}
    after = case.evaluate()
    assert after["loss"] < 0.9 * before["loss"]
    assert history["loss_before"] == pytest.approx(before["loss"], rel=1e-5)
    assert history["loss_after"] == pytest.approx(history["loss"], rel=1e-6)
    # The loss and each metric, a term of it or not.
    for key, value in after.items():
        assert history[key] == pytest.approx(value, rel=1e-4, abs=1e-12), key
    assert case.total(history) == pytest.approx(history["loss"], rel=1e-5)


class Spoil(keras.callbacks.Callback):
    """Makes the weights worse before an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            self.model.set_weights([w + 2.0 for w in self.model.get_weights()])


@pytest.mark.parametrize("kind", [Pinn, Supervised])
def test_keras_keeps_the_weights_that_had_the_best_loss(kind, tmp_path):
    case = kind(_adam())
    file = tmp_path / "best.weights.h5"
    early = keras.callbacks.EarlyStopping(
        monitor="loss", patience=2, restore_best_weights=True
    )
    checkpoint = keras.callbacks.ModelCheckpoint(
        file, monitor="loss", save_best_only=True, save_weights_only=True
    )
    history = case.fit(epochs=9, callbacks=[early, checkpoint, Spoil(3)])
    assert np.argmin(history["loss"]) == early.best_epoch == 2
    assert len(history["loss"]) == 5
    assert early.best == checkpoint.best == history["loss"][2]
    assert case.evaluate()["loss"] == pytest.approx(early.best, rel=1e-5)
    # Its file, in a model of its own.
    other = kind(_adam())
    other.model.load_weights(file)
    assert other.evaluate()["loss"] == pytest.approx(checkpoint.best, rel=1e-5)
    for one, same in zip(case.model.weights, other.model.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), same.numpy())


def test_explicit_steps_of_a_staged_run_keep_the_meaning_of_keras():
    case = Supervised(ki.Staged([_adam(), keras.optimizers.Adam(1e-2)], [2]))
    losses = [case.evaluate()["loss"]]
    measure = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: losses.append(case.evaluate()["loss"])
    )
    history = case.fit(epochs=4, callbacks=[measure])
    # Two implicit steps with the loss after them, two explicit ones with it before.
    expected = [losses[1], losses[2], losses[2], losses[3]]
    np.testing.assert_allclose(history["loss"], expected, rtol=1e-5)
    np.testing.assert_allclose(history["loss_before"], losses[:4], rtol=1e-5)
    np.testing.assert_allclose(history["loss_after"], expected, rtol=1e-5)
    np.testing.assert_allclose(history["mse"], expected, rtol=1e-5)
    assert len(set(losses)) == 5
