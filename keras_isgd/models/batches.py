"""Batches that are too small for steps that solve them."""

import warnings
from typing import Any

import keras

from keras_isgd import solvers
from keras_isgd.optimizers import ISGD, LBFGS, Staged

__all__ = ["warn_of_small_batches"]

# Keras's default.
_BATCH_SIZE = 32


def warn_of_small_batches(model: keras.Model, arguments: dict[str, Any]) -> None:
    """Warns where each step would fit the few examples of its batch alone.

    L-BFGS remembers the curvature of another loss then, and Gauss-Newton solves its
    batch to the last digit where this has fewer rows than the model has weights.

    Args:
        model: a compiled `ClosureTraining` model.
        arguments: of `keras.Model.fit`.
    """
    x = arguments.get("x")
    leaves = keras.tree.flatten(x) if isinstance(x, (list, tuple, dict)) else [x]
    shape = getattr(leaves[0], "shape", None)
    if not shape or shape[0] is None:
        return
    n, batch = int(shape[0]), arguments.get("batch_size") or _BATCH_SIZE
    name = _fits_its_batch(model.optimizer, model, batch)
    if batch < n and name:
        warnings.warn(
            f"{name} solves the loss of each batch by itself, and {batch} of {n} "
            "examples say little about the others: a step fits its own batch and "
            f"spoils the rest. Pass batch_size={n} to fit(), or train with an ordinary "
            "optimizer such as keras.optimizers.Adam().",
            stacklevel=4,
        )


def _fits_its_batch(optimizer: Any, model: keras.Model, batch: int) -> str | None:
    """The name of what does so, or None."""
    if isinstance(optimizer, Staged):
        names = (_fits_its_batch(stage, model, batch) for stage in optimizer.stages)
        return next(filter(None, names), None)
    inner = optimizer.inner if isinstance(optimizer, ISGD) else None
    if isinstance(optimizer, LBFGS) or isinstance(inner, solvers.LBFGS):
        return "L-BFGS"
    if isinstance(inner, (solvers.Auto, solvers.GaussNewton)):
        weights = sum(v.value.shape.num_elements() for v in model.trainable_variables)
        outputs = sum((o.shape[-1] or 1) for o in getattr(model, "outputs", []))
        return "Gauss-Newton" if batch * max(outputs, 1) < weights else None
    return None
