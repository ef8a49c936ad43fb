"""What the accuracy benchmarks of the peers share: the task, its clock, its records."""

import json
import sys
import time

import numpy as np


class Task:
    """A linear equation with a network's start, points and a test grid, from a file.

    The residual is `second * laplacian(u) + first * u_x + zeroth * u - f`; `keras_isgd`
    wrote the numbers, so that all peers solve one problem.

    Args:
        path: the `.npz` file of `accuracy.py`.
        seconds: how long to train, from the process's start.
        begin: when the process was started, `time.time()`.
    """

    def __init__(self, path, seconds, begin):
        arrays = np.load(path)
        self.weights = [
            (arrays[f"kernel_{i}"], arrays[f"bias_{i}"])
            for i in range(arrays["layers"])
        ]
        self.activation = str(arrays["activation"])
        self.second, self.first, self.zeroth = arrays["operator"]
        self.interior, self.source = arrays["interior"], arrays["source"]
        self.boundary = arrays["boundary"]
        self.boundary_weight = float(arrays["boundary_weight"])
        self.test, self.exact = arrays["test"], arrays["exact"]
        self.seconds, self.begin = seconds, begin
        self.records, self._last = [], -np.inf

    @property
    def elapsed(self):
        """Seconds since the process was started."""
        return time.time() - self.begin

    @property
    def over(self):
        """Whether the time is up."""
        return self.elapsed > self.seconds

    def record(self, predict, loss, force=False):
        """Measures the errors at most every two seconds.

        Args:
            predict: function that returns u on `test`, `(n, 1)`.
            loss: the loss.
            force: whether to measure in any case.
        """
        now = self.elapsed
        if now - self._last < 2.0 and not force:
            return
        error = np.asarray(predict()) - self.exact
        self.records.append(
            {
                "seconds": now,
                "loss": float(loss),
                "relative_l2": float(
                    np.linalg.norm(error) / np.linalg.norm(self.exact)
                ),
                "max_error": float(np.max(np.abs(error))),
            }
        )
        self._last = self.elapsed

    def finish(self):
        """Prints the records as JSON."""
        print(json.dumps(self.records))


def task():
    """Returns the `Task` and the method's name that the command line holds."""
    path, method, seconds, begin = sys.argv[1:5]
    return Task(path, float(seconds), float(begin)), method
