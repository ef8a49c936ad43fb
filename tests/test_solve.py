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
            kernels.append(self.model.network.get_weights()[0])
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
