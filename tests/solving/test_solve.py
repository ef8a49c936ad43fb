"""One call that solves a problem."""

import time

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_isgd as ki


class Decay(ki.Problem):
    """u' = -u."""

    coordinates = ("t",)
    domain = ki.geometry.Interval(0.0, 2.0)

    def residual(self, u, x):
        return u.d("t") + u.value

    def conditions(self):
        return [ki.Initial(3.0)]

    def exact(self, x):
        return 3.0 * tf.exp(-x)


class _Losses(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.before, self.weights = [], []

    def on_epoch_begin(self, epoch, logs=None):
        self.weights.append(self.model.get_weights())

    def on_epoch_end(self, epoch, logs=None):
        self.before.append(logs["loss_before"])
        if epoch == 11:
            self.model.stop_training = True


def test_it_solves_a_problem_in_time_and_keeps_the_best_weights():
    losses = _Losses()
    begin = time.monotonic()
    model = ki.solve(Decay(), seconds=60, callbacks=[losses])
    assert time.monotonic() - begin < 60
    best = losses.weights[int(np.argmin(losses.before))]
    for found, expected in zip(model.get_weights(), best, strict=True):
        np.testing.assert_array_equal(found, expected)
    assert model.relative_l2() < 1e-3


def test_what_is_given_is_taken(capsys):
    losses = _Losses()
    network = ki.networks.mlp(1, 1, 5, 1, seed=1)
    given = {"network": network, "loss_weights": {"initial": 7.0}}
    points = Decay().points(interior=33)
    model = ki.solve(
        Decay(), 30, points=points, optimizer=ki.ISGD(0.25), callbacks=[losses],
        verbose=2, **given,
    )  # fmt: skip
    assert "loss" in capsys.readouterr().out
    assert model.network is network
    assert model.loss_weights["initial"] == 7.0
    assert float(model.optimizer.learning_rate.numpy()) == 0.25
    assert len(losses.before) == 12


def test_the_seed_is_that_of_the_network():
    class Stop(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            network = self.model.network.get_layer("mlp")
            kernels.append(network.get_weights()[0])
            raise StopIteration  # before anything is traced

    kernels = []
    for seed in (0, 0, 1):
        with pytest.raises(StopIteration):
            ki.solve(Decay(), 30, seed=seed, callbacks=[Stop()])
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[1], kernels[2])


def test_no_time():
    with pytest.raises(ValueError, match="seconds"):
        ki.solve(Decay(), 0.0)


def test_a_seed_beside_a_network():
    with pytest.raises(ValueError, match="give it to the network"):
        ki.solve(Decay(), 5.0, seed=3, network=ki.networks.mlp(1, 1, 5, 1))


def test_the_best_of_several_steps_in_an_epoch_is_not_known():
    model = ki.PINN(problem=Decay())
    model.compile(optimizer=ki.ISGD())
    with pytest.raises(ValueError, match="epochs of one step"):
        model.fit(
            steps_per_epoch=2,
            callbacks=[ki.callbacks.KeepBest("loss_before")],
            verbose=0,
        )


@keras.saving.register_keras_serializable("tests")
class Bump(ki.Problem):
    """-u'' = f without time, of which some random starts are worse than others."""

    def residual(self, u, x):
        return u.d("xx") + 9.0 * tf.sin(3.0 * x)

    def conditions(self):
        return [ki.Dirichlet(value=lambda x: tf.sin(3.0 * x))]

    def exact(self, x):
        return tf.sin(3.0 * x)


def test_the_best_of_three_starts_goes_on():
    class Count(keras.callbacks.Callback):
        losses = []  # of each fit

        def on_train_begin(self, logs=None):
            self.losses.append([])

        def on_epoch_end(self, epoch, logs=None):
            self.losses[-1].append(logs["loss_before"])
            if len(self.losses) == 4 and len(self.losses[-1]) == 3:
                self.model.stop_training = True

    count = Count()
    model = ki.solve(Bump(), seconds=60, width=6, callbacks=[count])
    starts = [min(losses) for losses in count.losses[:3]]
    assert len(count.losses) == 4
    # New points, so that the loss of the best start is not the very same.
    assert count.losses[3][0] < 3.0 * min(starts)
    (sentence,) = (s for s in model.choices if s.startswith("Start"))
    assert f"number {int(np.argmin(starts)) + 1} of 3" in sentence
    assert model.relative_l2() < 1e-2


def test_choices_say_what_was_chosen():
    model = ki.solve(Decay(), seconds=9, width=5)
    text = "\n".join(model.choices)
    for part in ("two layers of 5 tanh units", "u = 3 +- ", "initial", "Time: "):
        assert part in text
    assert (
        ki.solve(Decay(), 4, network=ki.networks.mlp(1, 1, 5, 1, seed=0)).choices == []
    )


def test_windows_where_there_are_none():
    with pytest.raises(ValueError, match=r"cannot be solved in windows.*no time"):
        ki.solve(Bump(), 5.0, windows=2)
    with pytest.raises(ValueError, match="points were given"):
        ki.solve(Decay(), 5.0, windows=2, points=Decay().points(30))
    with pytest.raises(ValueError, match="windows"):
        ki.solve(Decay(), 5.0, windows=0)


def test_other_optimizers():
    rate = keras.optimizers.schedules.ExponentialDecay(0.5, 10, 0.9)
    for optimizer in (keras.optimizers.Adam(1e-3), ki.ISGD(rate)):
        model = ki.solve(Bump(), 3.0, width=5, optimizer=optimizer)
        assert model.optimizer is optimizer
        assert int(optimizer.iterations.numpy()) > 0


def test_a_wider_network_goes_on_where_one_stagnates(monkeypatch, tmp_path):
    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            losses.setdefault(self.model.count_params(), []).append(logs["loss_before"])
            # Enough of the second network.
            if len(losses) > 1 and len(losses[self.model.count_params()]) > 5:
                self.model.stop_training = True

    monkeypatch.setattr("keras_isgd.solving.training._STANDING_STEPS", 4)
    monkeypatch.setattr("keras_isgd.solving.growth._STEPS", 5)
    losses = {}
    model = ki.solve(Bump(), 60, callbacks=[Watch()])
    (narrow, before), (wide, after) = losses.items()
    assert wide == model.count_params() > 1.8 * narrow
    # It begins as the same function, on other points.
    assert 0.1 < after[0] / min(before) < 10.0
    said = " ".join(model.choices)
    assert "two layers of 34" in said
    assert "Size: networks of 24, 34 units" in said
    assert model.relative_l2() < 1e-3
    model.save(tmp_path / "model.keras")
    x = np.linspace(0.0, 1.0, 7)[:, None]
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(
        again.predict(x, verbose=0), model.predict(x, verbose=0), atol=1e-12
    )
