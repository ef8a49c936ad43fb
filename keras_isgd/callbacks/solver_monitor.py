"""What each implicit step did."""

from typing import Any

import keras

from keras_isgd.callbacks.logs import Logs
from keras_isgd.solvers.status import Status

__all__ = ["SolverMonitor"]

_KEYS = (
    "loss_before",
    "loss_after",
    "inner_iterations",
    "evaluations",
    "implicit_residual",
    "status",
    "learning_rate",
)


class SolverMonitor(keras.callbacks.Callback):
    """Records every step of a closure optimizer, and says why one was not taken.

    `History` keeps the last step of each epoch; this keeps them all (the last
    of each execution with `steps_per_execution` above 1).

    Args:
        print_failures: print the sentence of a step that was not taken, once for
            each run of equal statuses.

    Attributes:
        steps: list of dictionaries with `iteration`, `loss_before`, `loss_after`,
            `inner_iterations`, `evaluations` (the total so far),
            `implicit_residual`, `status` and `learning_rate`.
    """

    def __init__(self, print_failures: bool = True) -> None:
        super().__init__()
        self.print_failures = print_failures
        self.steps: list[dict[str, Any]] = []
        self._last: Status | None = None

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if not logs or "status" not in logs:
            return
        record: dict[str, Any] = {k: float(logs[k]) for k in _KEYS if k in logs}
        record["status"] = Status(int(logs["status"]))
        record["iteration"] = int(self.model.optimizer.iterations.numpy())
        self.steps.append(record)
        status = record["status"]
        if self.print_failures and not status.taken and status != self._last:
            print(f"\nStep {record['iteration']}: {status}")
        self._last = status
