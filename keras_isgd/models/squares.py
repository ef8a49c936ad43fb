"""A supervised training loss as a sum of squares, where it is one."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_isgd import compat
from keras_isgd.models.regularisers import Penalties, penalties_of
from keras_isgd.objectives.blocks import Block, PointwiseRows
from keras_isgd.objectives.least_squares import LeastSquares
from keras_isgd.objectives.weight_rows import WeightRows

__all__ = ["mean_of_squares"]


def mean_of_squares(
    model: Any, data: Any, state: Sequence[keras.Variable], jit_compile: bool
) -> LeastSquares | str:
    """Returns the training loss of a batch as a `LeastSquares`, or why it is none.

    It is one for a model of one output that was compiled with Keras's mean squared
    error, with no mask or further loss but L2 regularisers:

        L = 1/n sum_i v_i 1/k |f(x_i) - y_i|^2 + sum over weights of l2 |w|^2

    in the model's dtype, where v_i are the sample weights, or 1. (Keras computes
    losses in floatx, float32 as a rule.)

    Args:
        model: a compiled `ClosureModel`.
        data: a batch as `train_step` receives it.
        state: variables that a call of the model may assign.
        jit_compile: as for `LeastSquares`.

    Returns:
        The loss; or a phrase, such as "the loss is 'mae'".
    """
    reason = _compiled_otherwise(model)
    if reason is not None:
        return reason
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    y = _only(y)
    found: list[tuple[str | None, Penalties]] = []
    # Traced, never run: what a call returns and adds to the losses shows only in one.
    tf.function(
        lambda: found.append(
            (_why_not(model, x, y, sample_weight), penalties_of(model))
        ),
        autograph=False,
    ).get_concrete_function()
    reason, penalties = found[-1]
    reason = reason or penalties.reason
    if reason is not None:
        return reason
    n = tf.shape(y)[0]

    def rows_of(inputs: tuple) -> tuple[tf.Tensor, Any]:
        x, y, *weights = inputs
        predictions = model.predict_for_training(x)
        y_pred = _only(predictions)
        difference = y_pred - tf.cast(_like(y, y_pred), y_pred.dtype)
        difference = tf.reshape(difference, (tf.shape(y)[0], -1))
        k = tf.shape(difference)[1]
        scale = 1.0 / tf.cast(n * k, difference.dtype)
        if weights:
            scale *= tf.cast(tf.reshape(weights[0], (-1, 1)), difference.dtype)
        return tf.sqrt(scale) * difference, predictions

    inputs = (x, y) if sample_weight is None else (x, y, sample_weight)
    of_weights = WeightRows(penalties.squares) if penalties.squares else None

    def function() -> tuple[tf.Tensor, Any]:
        rows, predictions = rows_of(inputs)
        vectors = [rows] if of_weights is None else [rows, of_weights.rows()]
        return tf.concat([tf.reshape(v, [-1]) for v in vectors], axis=0), predictions

    # Batch statistics couple the examples; then there are no rows of one example.
    blocks: list[Block] | None = None
    if not state:
        blocks = [PointwiseRows(lambda i: rows_of(i)[0], inputs)]
        blocks += [] if of_weights is None else [of_weights]
    variables = model.trainable_variables
    loss = LeastSquares(function, variables, state, blocks, jit_compile)
    loss.is_sample = True
    return loss


def _only(structure: Any) -> Any:
    """The one element of a list of one, as functional models return it."""
    alone = isinstance(structure, list | tuple) and len(structure) == 1
    return structure[0] if alone else structure


def _compiled_otherwise(model: Any) -> str | None:
    """Why a model was not compiled with the mean of squares alone, or None."""
    if type(model).compute_loss is not keras.Model.compute_loss:
        return f"{type(model).__name__} computes a loss of its own"
    if compat.has_loss_weights(model):
        return "it was compiled with loss_weights"
    loss = _only(model.loss)
    if loss is None:
        return "it was compiled without a loss"
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    if loss is keras.losses.mean_squared_error:
        return None
    if not isinstance(loss, keras.losses.MeanSquaredError):
        if isinstance(loss, list | tuple | dict):
            return "it was compiled with several losses"
        name = getattr(loss, "name", None) or getattr(loss, "__name__", repr(loss))
        return f"the loss is {name!r}, not the mean squared error"
    if loss.reduction != "sum_over_batch_size":
        return f"the loss is reduced by {loss.reduction!r}, not a mean over the batch"
    return None


def _why_not(model: Any, x: Any, y: Any, sample_weight: Any) -> str | None:
    y_pred = _only(model.predict_for_training(x))
    if not tf.is_tensor(y_pred):
        return "the model has several outputs"
    if not tf.is_tensor(y):
        return "the targets are not one tensor"
    if compat.keras_mask(y_pred) is not None:
        return "the output is masked"
    if not y_pred.dtype.is_floating or y_pred.shape.rank is None:
        return "the output is not a floating-point tensor of known rank"
    if sample_weight is not None and (
        not tf.is_tensor(sample_weight) or sample_weight.shape.rank != 1
    ):
        return "the sample weights are not one number for each example"
    if not _like(y, y_pred).shape.is_compatible_with(y_pred.shape):
        return (
            f"the targets have the shape {tuple(y.shape)}, the outputs "
            f"{tuple(y_pred.shape)}"
        )
    return None


def _like(y: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
    """Targets (n,) for predictions (n, 1), as Keras matches them."""
    rank = y_pred.shape.rank
    if rank and y.shape.rank == rank - 1 and y_pred.shape[-1] == 1:
        return y[..., None]
    return y
