"""The best weights of a run, by points that it was not trained on."""

import math

import keras
import numpy as np

__all__ = ["KeepBest"]


class KeepBest(keras.callbacks.Callback):
    """Keeps the weights of the epoch with the smallest loss, and ends with them.

    With new points in each step the loss of the last step is partly luck; the loss
    on fixed validation points says which weights were best:

        check = problem.points(2000, resample=False, seed=1)
        model.fit(..., validation_data=check, callbacks=[ki.callbacks.KeepBest()])

    Weights or losses that are NaN or infinite are never kept. The optimizer's state
    stays as the last step left it.

    Args:
        monitor: the entry of `History` to be small, "val_loss" or another one of
            validation. (The training loss of a step is that of the weights before it.)

    Attributes:
        best: the smallest value so far; infinite before the first.
        epoch: its epoch, from 0; None before the first.

    Raises:
        ValueError: another entry; after the first epoch, if `History` lacks it.
    """

    def __init__(self, monitor="val_loss"):
        super().__init__()
        if not str(monitor).startswith("val_"):
            raise ValueError(
                'Expected `monitor` to be "val_loss" or another entry of validation, '
                f"got {monitor!r}."
            )
        self.monitor = monitor
        self.best = math.inf
        self.epoch = None
        self._weights = None

    def on_train_begin(self, logs=None):
        self.best, self.epoch, self._weights = math.inf, None, None

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        if self.monitor not in logs:
            raise ValueError(
                f"There is no {self.monitor!r} to monitor, but "
                f"{', '.join(sorted(logs))}. Pass validation_data to fit(), at least "
                "once in each epoch."
            )
        value = float(logs[self.monitor])
        if not value < self.best:
            return
        weights = [v.numpy() for v in self.model.weights]
        if all(np.isfinite(w).all() for w in weights):
            self.best, self.epoch, self._weights = value, epoch, weights

    def on_train_end(self, logs=None):
        if self._weights is not None:
            for variable, value in zip(self.model.weights, self._weights):
                variable.assign(value)
