"""What the peers share on nonlinear problems: the task, its clock, its records."""

import json
import math
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from nonlinear_problems import PROBLEMS

__all__ = ["Task", "task"]


class Task:
    """A problem with its test points, from a file of nonlinear.py.

    Args:
        path: the `.npz` file: `problem`, a name; `test` `(n, 2)`; `exact`
            `(n, outputs)`; `free`, outputs that are defined up to a constant;
            `kernel_0`, `bias_0`, ..., the network's start; `points` `(n, 2)`, and
            `loss`, the mean of the squared residuals on them at the start.
        method: the optimizer with its numbers, such as "adam:1e-3" or
            "spring:0.9,1e-5".
        seconds: how long to train, from the process's start.
        begin: when the process was started, `time.time()`.
        seed: whole number for the weights and points.
    """

    def __init__(
        self, path: str, method: str, seconds: float, begin: float, seed: int
    ) -> None:
        arrays = np.load(path)
        self.problem = PROBLEMS[str(arrays["problem"])]
        self.test, self.exact = arrays["test"], arrays["exact"]
        self.free = [int(i) for i in arrays["free"]]
        count = sum(name.startswith("kernel_") for name in arrays)
        self.layers = [
            (arrays[f"kernel_{i}"], arrays[f"bias_{i}"]) for i in range(count)
        ]
        self.weights = sum(k.size + b.size for k, b in self.layers)
        self.points, self.loss = arrays["points"], float(arrays["loss"])
        self.method, _, options = method.partition(":")
        self.options = [float(option) for option in options.split(",") if option]
        self.seconds, self.begin, self.seed = seconds, begin, seed
        self.records: list[dict] = []
        self._last = -np.inf

    @property
    def elapsed(self) -> float:
        """Seconds since the process was started."""
        return time.time() - self.begin

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return self.elapsed > self.seconds

    def uniform(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """Draws points of the domain, `(count, 2)`."""
        return rng.uniform(self.problem.lower, self.problem.upper, (count, 2))

    def record(
        self, predict: Callable[[], Any], loss: float, force: bool = False
    ) -> None:
        """Measures the errors at most every two seconds.

        Args:
            predict: function that returns the outputs on `test`, `(n, outputs)`.
            loss: the loss, or NaN where the peer does not tell it.
            force: whether to measure in any case.
        """
        if self.elapsed - self._last < 2.0 and not force:
            return
        error = np.asarray(predict()) - self.exact
        error[:, self.free] -= error[:, self.free].mean(axis=0)
        size = np.linalg.norm(self.exact)
        self.records.append(
            {
                "seconds": self.elapsed,
                "loss": float(loss) if math.isfinite(loss) else None,
                "relative_l2": float(np.linalg.norm(error) / size),
                "max_error": float(np.max(np.abs(error))),
            }
        )
        self._last = self.elapsed

    def finish(self, loss: float) -> None:
        """Prints the records and the number of weights as JSON.

        Args:
            loss: the peer's own mean of the squared residuals on `points` at the start.

        Raises:
            ValueError: If it is not the one that keras_isgd's side has computed.
        """
        if not math.isclose(loss, self.loss, rel_tol=1e-8):
            raise ValueError(
                f"The loss at the start is {loss!r} and should be {self.loss!r}: "
                "the peer solves another problem."
            )
        print(json.dumps({"records": self.records, "weights": int(self.weights)}))


def task() -> Task:
    """Returns the `Task` of the command line."""
    path, method, seconds, begin, seed = sys.argv[1:6]
    return Task(path, method, float(seconds), float(begin), int(seed))
