"""What a model adds to its loss: squares of weights, or something else."""

from typing import NamedTuple

import keras
import tensorflow as tf

from keras_isgd import compat

__all__ = ["Penalties", "penalties_of"]


class Penalties(NamedTuple):
    """What regularisers and layers add to a loss.

    Attributes:
        squares: pairs of a trained variable w and l2, for l2 |w|^2.
        reason: why the whole is no sum of squares, a phrase, or None.
    """

    squares: tuple[tuple[keras.Variable, float], ...]
    reason: str | None


def penalties_of(model: keras.Model) -> Penalties:
    """Returns what is added to a model's loss.

    Args:
        model: a built model; layers that add a loss in their `call` are seen after
            a call.
    """
    for layer in compat.flatten_layers(model):
        if getattr(layer, "activity_regularizer", None) is not None:
            return Penalties(
                (), f"the layer {layer.name!r} has an activity regulariser"
            )
    squares, known = [], 0
    for variable in model.trainable_variables:
        regularizer = variable.regularizer
        if regularizer is None:
            continue
        known += 1
        l2 = _l2(regularizer, variable.dtype)
        if l2 is None:
            return Penalties(
                (),
                f"the weight {variable.path!r} has the regulariser "
                f"{type(regularizer).__name__}, which is not a sum of squares",
            )
        if l2 > 0.0:
            squares.append((variable, l2))
    if len(model.losses) > known:
        return Penalties((), "a layer adds a loss of its own (add_loss)")
    return Penalties(tuple(squares), None)


def _l2(regularizer: keras.regularizers.Regularizer, dtype: str) -> float | None:
    """The factor of |w|^2 if a regulariser is nothing else."""
    plain = type(regularizer) is keras.regularizers.L2
    plain |= type(regularizer) is keras.regularizers.L1L2 and regularizer.l1 == 0.0
    if not plain or regularizer.l2 < 0.0:
        return None
    # Keras rounds it to floatx first; the loss shall be the one that Keras shows.
    with tf.init_scope():
        return float(keras.ops.cast(regularizer.l2, dtype))
