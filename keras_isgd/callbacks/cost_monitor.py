"""What a Gauss-Newton step costs, piece by piece."""

import shutil
import tempfile
import warnings
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.callbacks.logs import Logs
from keras_isgd.callbacks.profile import read_steps
from keras_isgd.utils.checks import check_count

__all__ = ["PIECES", "CostMonitor"]

# All but the last are name scopes of the solvers.
PIECES = ("jacobian", "reduction", "factorisation", "probes", "rest")
_STEP = "keras_isgd step"


class CostMonitor(keras.callbacks.Callback):
    """Measures where the time of Gauss-Newton steps goes, by TensorFlow's profiler.

    jacobian       the residual's Jacobian
    reduction      its Gram matrix, or its QR factorisation
    factorisation  of the damped problem, and its solution, for each alpha tried;
                   without the matrix: conjugate gradients and their preconditioner
    probes         the loss, with its gradient where that is needed
    rest           everything else in the step: metrics, assignments

    The pieces are name scopes in the step's graph, so that nothing is added to the
    step or compiled anew. On a GPU a moment belongs to the piece that the GPU works
    on. Pieces that run at the same time, on two threads, share it. A step that XLA
    compiles as a whole is divided too, as far as XLA kept the operations' names: what
    it fused across pieces counts as the piece of the fused result.

    The profiler is one for the whole process: leave the TensorBoard callback's
    `profile_batch` out.

    Args:
        count: how many steps are profiled (executions with `steps_per_execution`
            above 1). What the profiler records of a step takes memory.
        skip: how many steps of the `fit` are left out before: the first one compiles.

    Attributes:
        steps: one dictionary of seconds by piece for each profiled step. Another `fit`
            adds to it.

    Raises:
        ValueError: `count` is no whole number from 1, or `skip` none from 0.
        RuntimeError: when the first step is to be profiled, if a profiler is running.

    Example:

        monitor = ki.callbacks.CostMonitor()
        model.fit(points, epochs=50, callbacks=[monitor])
        print(monitor.shares())
    """

    def __init__(self, count: int = 5, skip: int = 2) -> None:
        super().__init__()
        self.count = check_count("count", count)
        if skip != 0:
            check_count("skip", skip)
        self.skip = skip
        self.steps: list[dict[str, float]] = []
        self._directory: str | None = None
        self._trace: Any = None
        self._seen = 0

    def shares(self) -> dict[str, float]:
        """Returns each piece's share of all profiled steps, summing to 1.

        Raises:
            ValueError: no step was profiled, or none had such pieces.
        """
        if not self.steps:
            raise ValueError(
                "Expected at least one profiled step. Train with this callback first, "
                f"for more than the {self.skip} steps that it skips."
            )
        sums = {piece: sum(step[piece] for step in self.steps) for piece in PIECES}
        total = sum(sums.values())
        if sums["rest"] == total:
            raise ValueError(_NO_PIECES)
        return {piece: seconds / total for piece, seconds in sums.items()}

    def on_train_begin(self, logs: Logs = None) -> None:
        self._seen = 0

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        if self._seen == self.skip:
            self._start()
        if self._directory is not None:
            self._trace = tf.profiler.experimental.Trace(_STEP, step_num=self._seen)
            self._trace.__enter__()

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._seen += 1
        if self._trace is None:
            return
        for value in (logs or {}).values():
            float(value)  # waits for a GPU
        self._trace.__exit__(None, None, None)
        self._trace = None
        if self._seen == self.skip + self.count:
            self._stop()

    def on_train_end(self, logs: Logs = None) -> None:
        if self._directory is not None:
            self._stop()

    def _start(self) -> None:
        self._directory = tempfile.mkdtemp(prefix="keras_isgd_profile_")
        options = tf.profiler.experimental.ProfilerOptions(
            host_tracer_level=2, python_tracer_level=0, device_tracer_level=1
        )
        try:
            tf.profiler.experimental.start(self._directory, options=options)
        except tf.errors.AlreadyExistsError as error:
            self._remove()
            raise RuntimeError(
                "TensorFlow's profiler is already running, and there is only one: "
                "leave TensorBoard's profile_batch out beside CostMonitor, or call "
                "tf.profiler.experimental.stop() if a run was broken off."
            ) from error

    def _stop(self) -> None:
        assert self._directory is not None
        try:
            tf.profiler.experimental.stop()
            steps = read_steps(self._directory, _STEP, PIECES[:-1])
        finally:
            self._remove()
        for step in steps:
            whole = step.pop(_STEP)
            self.steps.append({**step, "rest": max(0.0, whole - sum(step.values()))})
        if not any(step[piece] for step in steps for piece in PIECES[:-1]):
            warnings.warn(_NO_PIECES, stacklevel=2)

    def _remove(self) -> None:
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
        self._directory = None


_NO_PIECES = (
    "CostMonitor found no piece of a Gauss-Newton step in the profile: compile a "
    'ki.PINN or ki.ClosureModel with ki.ISGD() or inner="gauss_newton".'
)
