"""The best weights of a run."""

import math

import keras
import numpy as np

from keras_isgd.callbacks.logs import Logs
from keras_isgd.solvers.status import Status

__all__ = ["KeepBest"]


class KeepBest(keras.callbacks.Callback):
    """Keeps the weights of the epoch with the smallest loss, and ends with them.

    With new points in each step the loss of the last step is partly luck; the loss
    on fixed validation points says which weights were best:

        check = problem.points(2000, resample=False, seed=1)
        model.fit(..., validation_data=check, callbacks=[ki.callbacks.KeepBest()])

    With fixed points and one step in each epoch `KeepBest("loss")` needs none: this
    package's optimizers report the loss after a step, that of the weights kept. (With
    several steps in an epoch, "loss" is their mean, as always in Keras. Keras's own
    optimizers report the loss before a step, which belongs to other weights.)

    `KeepBest("loss_before")` needs no validation with new points either: the loss
    before a step is that of the last step's weights on points which are new to them.
    It takes epochs of one step.

    Weights or losses that are NaN or infinite are never kept. The optimizer's state
    stays as the last step left it.

    Args:
        monitor: the entry of `History` to be small: "val_loss" or another one of
            validation, "loss", or "loss_before".

    Attributes:
        best: the smallest value so far; infinite before the first.
        epoch: its epoch, from 0; None before the first.

    Raises:
        ValueError: another entry; after the first epoch, if `History` lacks it, or
            "loss" of an optimizer that reports the loss before a step; or "loss_before"
            with several steps in an epoch.
    """

    def __init__(self, monitor: str = "val_loss") -> None:
        super().__init__()
        known = monitor in ("loss", "loss_before")
        if not known and not str(monitor).startswith("val_"):
            raise ValueError(
                'Expected `monitor` to be "val_loss" or another entry of validation, '
                f'"loss", or "loss_before"; got {monitor!r}.'
            )
        self.monitor = monitor
        self.best = math.inf
        self.epoch: int | None = None
        self._weights: list[np.ndarray] | None = None
        # Those before the epoch, to which "loss_before" belongs.
        self._before: list[np.ndarray] = []

    def on_train_begin(self, logs: Logs = None) -> None:
        self.best, self.epoch, self._weights = math.inf, None, None
        if self.monitor == "loss_before" and self.params.get("steps") != 1:
            raise ValueError(
                'KeepBest("loss_before") takes epochs of one step, in which it is the '
                f"loss of one set of weights; got {self.params.get('steps')} steps. "
                "Pass steps_per_epoch=1 to fit()."
            )

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        if self.monitor == "loss_before":
            self._before = [v.numpy() for v in self.model.weights]

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        logs = logs or {}
        if self.monitor not in logs:
            raise ValueError(
                f"There is no {self.monitor!r} to monitor, but "
                f"{', '.join(sorted(logs))}. Pass validation_data to fit(), at least "
                "once in each epoch."
            )
        explicit = logs.get("status", Status.EXPLICIT) == Status.EXPLICIT
        if self.monitor == "loss" and explicit:
            optimizer = self.model.optimizer
            optimizer = getattr(optimizer, "active", optimizer)
            raise ValueError(
                f"{type(optimizer).__name__} reports the loss before a step, "
                "which is not that of the weights after it. Pass "
                'validation_data to fit() and use KeepBest("val_loss").'
            )
        value = float(logs[self.monitor])
        if not (math.isfinite(value) and value < self.best):
            return
        weights = self._before
        if self.monitor != "loss_before":
            weights = [v.numpy() for v in self.model.weights]
        if all(np.isfinite(w).all() for w in weights):
            self.best, self.epoch, self._weights = value, epoch, weights

    def on_train_end(self, logs: Logs = None) -> None:
        if self._weights is not None:
            for variable, value in zip(self.model.weights, self._weights):
                variable.assign(value)
