"""A problem solved in one call."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

import keras

from keras_isgd.callbacks import KeepBest, TimeLimit
from keras_isgd.models.pinn import PINN
from keras_isgd.optimizers import ISGD
from keras_isgd.problems import Problem
from keras_isgd.utils.checks import check_positive

__all__ = ["solve"]


def solve(
    problem: Problem,
    seconds: float = 120.0,
    seed: int = 0,
    *,
    network: keras.Model | None = None,
    loss_weights: Mapping[str, float] | None = None,
    optimizer: keras.optimizers.Optimizer | None = None,
    points: Any = None,
    callbacks: Iterable[keras.callbacks.Callback] = (),
    verbose: int | str = 0,
) -> PINN:
    """Solves a problem in a given time, and chooses what is not given.

    It trains a `PINN` by `ISGD` on new points in each step, and ends with the weights
    that had the smallest loss on points they had not been trained on. (Other optimizers
    do not report that loss, and end with their last weights.)

    Args:
        problem: the `Problem`.
        seconds: wall-clock time of the whole call, compilation included.
        seed: whole number, of the network's weights where none is given.
        network: see `PINN`; one with the problem's own scales if None.
        loss_weights: see `PINN`.
        optimizer: `ISGD()` if None.
        points: see `PINN.fit`; a number that suits the network if None.
        callbacks: more Keras callbacks.
        verbose: of `fit`.

    Returns:
        The trained `PINN`, which `model.predict(x)`, `model.errors()` where a solution
        is known, and `ki.export(model, path)` take from there.

    Raises:
        ValueError: `seconds` is not a positive number, or a problem, network or points
            that do not fit together.

    Example:

        model = ki.solve(MyProblem(), seconds=60)
        print(model.predict(x))
    """
    begin = time.monotonic()
    seconds = check_positive("seconds", seconds)
    model = PINN(
        network,
        problem,
        loss_weights,
        # `PINN` refuses a seed beside a network.
        seed=seed if network is None or seed != 0 else None,
    )
    optimizer = ISGD() if optimizer is None else optimizer
    model.compile(optimizer=optimizer)
    watch = [*callbacks]
    if isinstance(optimizer, ISGD):
        watch.append(KeepBest("loss_before"))
    left = max(seconds - (time.monotonic() - begin), 1e-3)
    model.fit(
        points,
        epochs=10**9,
        steps_per_epoch=1,
        callbacks=[*watch, TimeLimit(left)],
        verbose=verbose,
    )
    return model
