"""What a Gauss-Newton step costs, piece by piece."""

import keras
import tensorflow as tf

PIECES = ("jacobian", "reduction", "factorisation", "probes", "rest")
Stopwatch = None

__all__ = ["CostMonitor"]


class CostMonitor(keras.callbacks.Callback):
    """Measures where the time of Gauss-Newton steps goes.

    jacobian       the residual's Jacobian
    reduction      its Gram matrix, or its QR factorisation
    factorisation  of the damped problem, and its solution, for each alpha tried;
                   without the matrix: conjugate gradients and their preconditioner
    probes         the loss, with its gradient where that is needed
    rest           everything else in the step: metrics, assignments

    The train step is traced anew with time stamps in it, and once more without
    them in the next `fit`. Time stamps are the host's, so this is for training on
    a CPU; on a GPU use `tf.profiler`.

    Attributes:
        steps: one dictionary of seconds for each step (each execution with
            `steps_per_execution` above 1). The first holds compilation.

    Raises:
        ValueError: at the start of training, if the optimizer has no Gauss-Newton
            steps, or on a GPU.

    Example:

        monitor = ki.callbacks.CostMonitor()
        model.fit(points, epochs=50, callbacks=[monitor])
        print(monitor.shares())
    """

    def __init__(self):
        super().__init__()
        self.steps = []
        self._stopwatch = None
        self._before = None

    def shares(self):
        """Returns each piece's share of all steps but the first, summing to 1.

        Raises:
            ValueError: fewer than two steps were measured.
        """
        if len(self.steps) < 2:
            raise ValueError(
                "Expected at least two measured steps, of which the first is left out; "
                f"got {len(self.steps)}. Train with this callback first."
            )
        sums = {p: sum(step[p] for step in self.steps[1:]) for p in PIECES}
        total = sum(sums.values())
        return {piece: seconds / total for piece, seconds in sums.items()}

    def on_train_begin(self, logs=None):
        inner = getattr(self.model.optimizer, "inner", None)
        if not getattr(inner, "measures_pieces", False):
            raise ValueError(
                "CostMonitor measures Gauss-Newton steps: compile a ki.PINN or "
                'ki.ClosureModel with ki.ISGD() or inner="gauss_newton".'
            )
        if tf.config.list_logical_devices("GPU"):
            raise ValueError("CostMonitor measures on a CPU; on a GPU use tf.profiler.")
        self._stopwatch = Stopwatch()
        self._before = self._stopwatch.seconds()
        self.model.measure_steps(self._stopwatch)

    def on_train_batch_end(self, batch, logs=None):
        now = self._stopwatch.seconds()
        self.steps.append({p: now[p] - self._before[p] for p in PIECES})
        self._before = now

    def on_train_end(self, logs=None):
        self.model.measure_steps(None)
