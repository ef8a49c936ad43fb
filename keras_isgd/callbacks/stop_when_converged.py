"""The end of a run that has nothing left to gain."""

import math

import keras

from keras_isgd.callbacks.logs import Logs
from keras_isgd.solvers.status import Status
from keras_isgd.utils.checks import check_count, check_not_negative

__all__ = ["StopWhenConverged"]


class StopWhenConverged(keras.callbacks.Callback):
    """Stops a run by MINPACK's tests, and prints the sentence that says which one.

    With L the loss before a step and L+ after it, on the same points, w and w+ the
    weights, g the gradient:

        ftol    (L - L+) <= ftol |L|        relative reduction of the loss
        xtol    |w+ - w| <= xtol |w|        relative change of the weights
        gtol    |g| <= gtol |g of the first step|

    after More, Garbow and Hillstrom, "User Guide for MINPACK-1" (ANL-80-74, Argonne
    1980). There gtol bounds the cosine between residual and Jacobian, and one step that
    meets a test is enough; here a test must be met by `patience` steps in a row, since
    new points in each step make a single one a matter of luck. A tolerance of 0 is met
    by a step that changes nothing.

    A step that was not taken meets no test (see `StopWhenStuck`), and neither does a
    loss that is NaN or infinite. What an explicit step gains (of a gradient optimizer
    in `Staged`) is not known, so that it cannot meet ftol. A step whose status is
    `Status.CONVERGED` ends the run at once.

        model.fit(..., callbacks=[ki.callbacks.StopWhenConverged(ftol=1e-10)])

    Args:
        ftol: tolerance of the loss, from 0.
        xtol: tolerance of the weights, from 0.
        gtol: tolerance of the gradient, from 0.
        patience: how many steps in a row must meet a test (executions with
            `steps_per_execution` above 1).

    Attributes:
        reason: the sentence, or None if the run was not stopped.

    Raises:
        ValueError: a tolerance below 0 or not finite, or `patience` no whole number
            from 1; after the first step, an optimizer that is not this package's.
    """

    def __init__(
        self,
        ftol: float = 0.0,
        xtol: float = 0.0,
        gtol: float = 0.0,
        patience: int = 3,
    ) -> None:
        super().__init__()
        self.ftol = check_not_negative("ftol", ftol)
        self.xtol = check_not_negative("xtol", xtol)
        self.gtol = check_not_negative("gtol", gtol)
        self.patience = check_count("patience", patience)
        self.reason: str | None = None
        self._met = {"ftol": 0, "xtol": 0, "gtol": 0}
        self._first_gradient: float | None = None

    def on_train_begin(self, logs: Logs = None) -> None:
        self.reason, self._first_gradient = None, None
        self._met = dict.fromkeys(self._met, 0)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        logs = logs or {}
        if not {"status", "loss_before", "loss_after"} <= set(logs):
            raise ValueError(
                "StopWhenConverged needs the logs of this package's optimizers, got "
                f"{', '.join(sorted(logs)) or 'none'}. Train with ki.ISGD or ki.LBFGS; "
                "with other optimizers use keras.callbacks.EarlyStopping."
            )
        if self.reason:
            return
        status = Status(int(logs["status"]))
        finite = math.isfinite(float(logs["loss_after"]))
        if finite and status is Status.CONVERGED:
            self._stop(f"Converged: {status}")
            return
        met = self._tests(logs, status) if finite and status.taken else {}
        for test in self._met:
            self._met[test] = self._met[test] + 1 if met.get(test) else 0
        for test, count in self._met.items():
            if count >= self.patience:
                self._stop(self._sentence(test))
                return

    def _tests(self, logs: dict[str, float], status: Status) -> dict[str, bool]:
        """Which tests a step meets; what its logs lack is NaN, and meets none."""
        loss, before = float(logs["loss_after"]), float(logs["loss_before"])
        change = float(logs.get("relative_step", math.nan))
        gradient = float(logs.get("gradient_norm", math.nan))
        if self._first_gradient is None and math.isfinite(gradient):
            self._first_gradient = gradient
        first = math.nan if self._first_gradient is None else self._first_gradient
        return {
            "ftol": status != Status.EXPLICIT
            and 0.0 <= before - loss <= self.ftol * abs(before),
            "xtol": change <= self.xtol,
            "gtol": gradient <= self.gtol * first,
        }

    def _sentence(self, test: str) -> str:
        steps = f"In {self.patience} steps in a row" if self.patience > 1 else "A step"
        return {
            "ftol": f"{steps}: the loss fell by no more than {self.ftol:g} of itself "
            "(ftol).",
            "xtol": f"{steps}: the weights moved by no more than {self.xtol:g} of "
            "their norm (xtol).",
            "gtol": f"{steps}: the gradient was no larger than {self.gtol:g} of the "
            "first one (gtol).",
        }[test]

    def _stop(self, reason: str) -> None:
        self.reason = reason
        print(f"\nStopped: {reason}")
        self.model.stop_training = True
