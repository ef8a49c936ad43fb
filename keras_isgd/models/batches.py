"""Batches that are too small for steps that solve them."""

import math
import warnings
from typing import Any

import keras

from keras_isgd.optimizers.closure_optimizer import ClosureOptimizer

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
    # What Keras holds back for validation is not trained on.
    n = math.floor(shape[0] * (1.0 - (arguments.get("validation_split") or 0.0)))
    batch = arguments.get("batch_size") or _BATCH_SIZE
    optimizer = getattr(model, "optimizer", None)  # none before `compile`
    if batch >= n or not isinstance(optimizer, ClosureOptimizer):
        return
    weights = sum(v.value.shape.num_elements() for v in model.trainable_variables)
    shapes = (o.shape[1:] for o in getattr(model, "outputs", None) or ())
    outputs = sum(math.prod(k or 1 for k in shape) for shape in shapes)
    if optimizer.fits_alone(batch * max(outputs, 1), weights):
        warnings.warn(
            f"{type(optimizer).__name__} solves the loss of each batch by itself, and "
            f"{batch} of {n} examples say little about the others: a step fits its own "
            f"batch and spoils the rest. Pass batch_size={n} to fit(), or train with "
            "an ordinary optimizer such as keras.optimizers.Adam().",
            stacklevel=3,
        )
