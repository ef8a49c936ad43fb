"""The error against the exact solution while training runs."""

from collections.abc import Callable

import keras

from keras_isgd.callbacks.logs import Logs
from keras_isgd.hosts import clock
from keras_isgd.utils.checks import check_not_negative

__all__ = ["ErrorMonitor", "Record"]

Record = dict[str, float]


class ErrorMonitor(keras.callbacks.Callback):
    """Records loss and errors of a PINN every few seconds.

    The newest errors are also in the logs at the end of each epoch, and so in
    `History`.

    Args:
        every_seconds: shortest time between two records; the first and the last
            step are always recorded.
        report: function that receives each record as it is made, or None.

    Attributes:
        records: list of dictionaries with `seconds` since training began, `step`,
            `evaluations` (losses with gradients), `loss`, and, where the problem
            has an exact solution, what `PINN.errors` returns: `relative_l2` and
            `max_error`, and of several outputs those of each.

    Raises:
        ValueError: `every_seconds` below 0 or not finite.
    """

    def __init__(
        self, every_seconds: float = 2.0, report: Callable[[Record], None] | None = None
    ) -> None:
        super().__init__()
        self.every_seconds = check_not_negative("every_seconds", every_seconds)
        self.report = report
        self.records: list[Record] = []
        self._start = 0.0
        self._last: float | None = None
        self._errors: Record = {}

    def on_train_begin(self, logs: Logs = None) -> None:
        # `ki.solve` trains several times, and the clock goes on.
        if not self.records or int(self.model.optimizer.iterations.numpy()) == 0:
            self._start = clock.now()
        self._last = None
        self._errors = {}

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        now = clock.now()
        if self._last is None or now - self._last >= self.every_seconds:
            self._record(logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if logs is not None:
            logs.update(self._errors)

    def on_train_end(self, logs: Logs = None) -> None:
        self._record(logs)

    def _record(self, logs: Logs) -> None:
        optimizer = self.model.optimizer
        step = int(optimizer.iterations.numpy())
        if not logs or (self.records and self.records[-1]["step"] == step):
            return
        record: Record = {
            "seconds": clock.now() - self._start,
            "step": step,
            "evaluations": int(logs.get("evaluations", step)),
            "loss": float(logs["loss"]),
        }
        if "loss_before" in logs:
            record["loss_before"] = float(logs["loss_before"])
        problem = self.model.problem
        if problem.exact is not None and not problem.in_window:
            self._errors = self.model.errors()
            record.update(self._errors)
        self.records.append(record)
        self._last = clock.now()
        if self.report is not None:
            self.report(record)
