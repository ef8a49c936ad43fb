"""The weights that a run ends with."""

import math

import keras
import numpy as np
import pytest
from small_runs import Logged, fit, pinn

import keras_isgd as ki


class Spoil(keras.callbacks.Callback):
    """Moves the weights away after an epoch, or makes one NaN."""

    def __init__(self, epoch, value):
        super().__init__()
        self.epoch, self.value = epoch, value

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            kernel = self.model.trainable_variables[0]
            kernel.assign(np.full(kernel.shape, self.value))


class Count(keras.callbacks.Callback):
    """Sets the only weight to the number of the epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        self.model.weight.assign(float(epoch))


@pytest.mark.parametrize("value", [50.0, np.nan])
def test_ends_with_the_best_weights(value):
    model = pinn()
    check = model.problem.points(50, resample=False, seed=9)
    keep = ki.callbacks.KeepBest()
    history = fit(
        model,
        [Spoil(3, value), keep],
        steps=1,
        epochs=5,
        validation_data=check,
        validation_steps=1,
    ).history
    assert keep.epoch == int(np.nanargmin(history["val_loss"])) < 3
    loss = model.evaluate(check, steps=1, verbose=0, return_dict=True)["loss"]
    assert loss == pytest.approx(min(history["val_loss"]), rel=1e-12)


@pytest.mark.parametrize("monitor", ["loss", "val_loss", "val_residual"])
def test_the_smallest_of_what_it_monitors(monitor):
    losses = [3.0, math.nan, 1.0, 2.0, -math.inf, 1.0]
    logs = [{"status": 0, "loss": 0.0, monitor: loss} for loss in losses]
    model = Logged(logs)
    keep = ki.callbacks.KeepBest(monitor)
    model.run([Count(), keep], epochs=len(losses))
    assert (keep.epoch, keep.best) == (2, 1.0)
    assert float(model.weight.value) == keep.epoch


def test_refuses_what_it_cannot_judge_by():
    with pytest.raises(ValueError, match="validation"):
        ki.callbacks.KeepBest("residual")
    with pytest.raises(ValueError, match="no 'val_loss' to monitor, but"):
        fit(pinn(), [ki.callbacks.KeepBest()])
    with pytest.raises(ValueError, match="SGD reports the loss before a step"):
        fit(pinn(), [ki.callbacks.KeepBest("loss")])
    staged = ki.Staged([ki.LBFGS(steps=1), keras.optimizers.Adam(1e-3)], [1])
    with pytest.raises(ValueError, match="Adam reports the loss before a step"):
        fit(pinn(staged), [ki.callbacks.KeepBest("loss")], steps=2)


def test_the_training_loss_is_that_of_the_weights():
    model = pinn(ki.LBFGS(steps=2))
    keep = ki.callbacks.KeepBest("loss")
    fit(model, [Spoil(3, 50.0), keep], steps=1, epochs=4)
    assert keep.epoch == 2
    points = model.problem.points(20, resample=False, seed=3)
    loss = model.evaluate(points, steps=1, verbose=0, return_dict=True)["loss"]
    assert loss == pytest.approx(keep.best, rel=1e-6)
