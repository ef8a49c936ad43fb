"""The settings of the paper's Table 1, its optimizers, and how it counts iterations."""

from collections.abc import Mapping
from typing import Any

import keras

import keras_isgd as ki

# The recipe with the problem, width, depth, points (interior, boundary), the rate
# alpha of SGD and ISGD, and Adam's best one.
SETTINGS = {
    "u_L": ("poisson1d-low", 200, 5, (1000,), 0.1, 1e-3),
    "u_H": ("poisson1d-high", 200, 5, (1000,), 0.1, 1e-3),
    "eps2-batch": ("singular-eps2", 50, 4, (400,), 1e-3, 1e-3),
    "eps2-full": ("singular-eps2", 50, 4, (400,), 0.5, 1e-3),
    "eps0.01-batch": ("singular-eps0.01", 50, 4, (400,), 1e-3, 1e-3),
    "eps0.01-full": ("singular-eps0.01", 50, 4, (400,), 0.5, 1e-3),
    "poisson2d": ("poisson2d", 100, 6, (4000, 400), 0.5, 5e-4),
    "poisson2d-small-rate": ("poisson2d", 100, 6, (4000, 400), 5e-4, 5e-4),
    "poisson2d-batch": ("poisson2d", 100, 6, (4000, 400), 0.5, 5e-4),
    "helmholtz2d": ("helmholtz2d", 100, 6, (4000, 400), 0.5, 5e-4),
    "helmholtz2d-small-rate": ("helmholtz2d", 100, 6, (4000, 400), 5e-4, 5e-4),
    "helmholtz2d-batch": ("helmholtz2d", 100, 6, (4000, 400), 0.5, 5e-4),
}
# Of the settings called "batch": so many batches in a pass over the points.
BATCHES = 10

# "Adam,alpha" has the rate of SGD and ISGD, as in the paper's pictures; "recipe" is
# the default optimizer with the recipe's own network and points.
NAMES = (
    "SGD",
    "Adam",
    "Adam,alpha",
    "L-BFGS",
    "ISGD,Adam",
    "ISGD,L-BFGS",
    "ISGD()",
    "recipe",
)


def optimizer(
    name: str, alpha: float, rate: float, k0: int, k1: int
) -> tuple[keras.optimizers.Optimizer, list[keras.callbacks.Callback]]:
    """Returns an optimizer of `NAMES` and the callbacks that it needs.

    Args:
        name: one of `NAMES`.
        alpha: the rate of SGD and ISGD.
        rate: Adam's.
        k0: implicit steps before the hand-over.
        k1: inner Adam steps in each.
    """
    switch = ki.callbacks.SwitchOptimizer
    if name == "SGD":
        return keras.optimizers.SGD(alpha), [keras.callbacks.TerminateOnNaN()]
    if name == "Adam":
        return keras.optimizers.Adam(rate), []
    if name == "Adam,alpha":
        return keras.optimizers.Adam(alpha), [keras.callbacks.TerminateOnNaN()]
    if name == "L-BFGS":
        return ki.LBFGS(steps=50), []
    if name == "ISGD,Adam":
        inner = ki.solvers.Adam(rate, steps=k1)
        after = switch(keras.optimizers.Adam(rate), k0)
        return ki.ISGD(alpha, inner=inner), [after]
    if name == "ISGD,L-BFGS":
        inner = ki.solvers.LBFGS(steps=50, memory=50)
        return ki.ISGD(alpha, inner=inner), [switch(ki.LBFGS(steps=50), k0)]
    return ki.ISGD(), []


def iterations(
    name: str, record: Mapping[str, float], settings: Mapping[str, Any]
) -> int:
    """#Iterations at a record of a run, as the paper counts them."""
    step, k0 = record["step"], settings["k0"]
    if name == "ISGD,Adam":
        return min(step, k0) * settings["k1"] + max(0, step - k0)
    return step if name in ("SGD", "Adam", "Adam,alpha") else record["evaluations"]


class IterationLimit(keras.callbacks.Callback):
    """Stops at a number of iterations as the paper counts them.

    Args:
        name: the optimizer, one of `NAMES`.
        settings: its "iterations", "k0" and "k1".
    """

    def __init__(self, name: str, settings: Mapping[str, int]) -> None:
        super().__init__()
        self.name = name
        self.settings = settings

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        step = int(self.model.optimizer.iterations.numpy())
        evaluations = int((logs or {}).get("evaluations", step))
        record = {"step": step, "evaluations": evaluations}
        done = iterations(self.name, record, self.settings)
        if done >= self.settings["iterations"]:
            self.model.stop_training = True
