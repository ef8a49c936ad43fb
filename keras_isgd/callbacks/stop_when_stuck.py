"""The end of a run that can only repeat the step that it could not take."""

from typing import Any

import keras
import numpy as np

from keras_isgd.callbacks.logs import Logs
from keras_isgd.solvers.status import Status
from keras_isgd.utils.checks import check_count

__all__ = ["StopWhenStuck", "with_callback"]


class StopWhenStuck(keras.callbacks.Callback):
    """Stops a run whose steps are not taken, and prints the sentence that says why.

    A weight that is NaN stays NaN, so that ends a run at once. Otherwise the next
    step may succeed, with a smaller alpha or at other points, and `patience` steps are
    waited for. `PINN.fit` and `ClosureModel.fit` have one of its own for losses that
    are not finite; add another for a shorter patience or for all reasons:

        model.fit(..., callbacks=[ki.callbacks.StopWhenStuck(patience=20)])

    Ordinary Keras optimizers report no status; with them it never stops a run.

    Args:
        patience: stop after so many steps in a row that were not taken (executions
            with `steps_per_execution` above 1).
        only_not_finite: count only steps whose loss was NaN or infinite at the
            start, not those that found no smaller loss.

    Attributes:
        reason: the sentence, or None if the run was not stopped.

    Raises:
        ValueError: `patience` is not a whole number from 1.
    """

    def __init__(self, patience: int = 20, only_not_finite: bool = False) -> None:
        super().__init__()
        self.patience = check_count("patience", patience)
        self.only_not_finite = bool(only_not_finite)
        self.reason: str | None = None
        self._failures = 0

    def on_train_begin(self, logs: Logs = None) -> None:
        self.reason, self._failures = None, 0
        self._begin = int(self.model.optimizer.iterations.numpy())

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if self.reason or not logs or "status" not in logs:
            return
        status = Status(int(logs["status"]))
        if not self._counts(status):
            self._failures = 0
            return
        self._failures += 1
        if status == Status.NOT_FINITE_START and (name := self._bad_weight()):
            self._stop(
                f"The weight {name} is NaN or infinite, so no step can mend the loss. "
                "Load good weights, or build the model again."
            )
        elif self._failures >= self.patience:
            reason = self._explanation() if status == Status.NOT_FINITE_START else None
            self._stop(
                f"{self._failures} steps in a row were not taken. {reason or status}"
            )

    def _counts(self, status: Status) -> bool:
        if self.only_not_finite:
            return status == Status.NOT_FINITE_START
        return not status.taken

    def _explanation(self) -> str | None:
        """What the model knows of the loss that was not finite at the last step."""
        explain = getattr(self.model, "explain_step", None)
        if explain is None:
            return None
        return explain(int(self.model.optimizer.iterations.numpy()) - self._begin - 1)

    def _bad_weight(self) -> str | None:
        for variable in self.model.weights:
            value = np.asarray(variable)
            if value.dtype.kind == "f" and not np.isfinite(value).all():
                return variable.path
        return None

    def _stop(self, reason: str) -> None:
        self.reason = reason
        if not self.model.stop_training:  # else another one has said why
            print(f"\nStopped: {reason}")
        self.model.stop_training = True


def with_callback(callbacks: Any, more: keras.callbacks.Callback) -> Any:
    """Returns what `fit` takes as callbacks, with one more at the end.

    Args:
        callbacks: None, a callback, a list of them, or a `CallbackList`.
        more: the callback to add.
    """
    if isinstance(callbacks, keras.callbacks.CallbackList):
        # A new one, so that the caller's is not longer after each `fit`.
        several = [*callbacks.callbacks, more]
        given = getattr(callbacks, "params", None) or {}
        return keras.callbacks.CallbackList(several, model=callbacks.model, **given)
    if callbacks is None:
        return [more]
    return [*(callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]), more]
