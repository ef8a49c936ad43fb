"""A supervised training loss as a sum of squares, where it is one."""

import keras
import tensorflow as tf

from keras_isgd.objectives.blocks import PointwiseRows
from keras_isgd.objectives.least_squares import LeastSquares

__all__ = ["mean_of_squares"]


def mean_of_squares(model, data, state, jit_compile):
    """Returns the training loss of a batch as a `LeastSquares`, or None.

    It is one for a model of one output that was compiled with Keras's mean
    squared error, with no regulariser, mask or further loss:

        L = 1/n sum_i v_i 1/k |f(x_i) - y_i|^2      v_i: sample weights, or 1

    in the model's dtype. (Keras computes losses in floatx, float32 as a rule.)

    Args:
        model: a compiled `ClosureModel`.
        data: a batch as `train_step` receives it.
        state: variables that a call of the model may assign.
        jit_compile: as for `LeastSquares`.
    """
    if not _compiled_with_squares(model):
        return None
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    plain = []
    # On paper: what a call returns and adds to the losses shows only in a call.
    tf.function(
        lambda: plain.append(_is_plain(model, x, y, sample_weight)), autograph=False
    ).get_concrete_function()
    if not plain[0]:
        return None
    n = tf.shape(y)[0]

    def rows_of(inputs):
        x, y, *weights = inputs
        y_pred = model.predict_for_training(x)
        difference = y_pred - tf.cast(_like(y, y_pred), y_pred.dtype)
        difference = tf.reshape(difference, (tf.shape(y)[0], -1))
        k = tf.shape(difference)[1]
        scale = 1.0 / tf.cast(n * k, difference.dtype)
        if weights:
            scale *= tf.cast(tf.reshape(weights[0], (-1, 1)), difference.dtype)
        return tf.sqrt(scale) * difference, y_pred

    inputs = (x, y) if sample_weight is None else (x, y, sample_weight)

    def function():
        rows, y_pred = rows_of(inputs)
        return tf.reshape(rows, [-1]), y_pred

    # Batch statistics couple the examples; then there are no rows of one example.
    blocks = [PointwiseRows(lambda i: rows_of(i)[0], inputs)] if not state else None
    return LeastSquares(function, model.trainable_variables, state, blocks, jit_compile)


def _compiled_with_squares(model):
    loss = model.loss
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    plain = loss is keras.losses.mean_squared_error or (
        isinstance(loss, keras.losses.MeanSquaredError)
        and loss.reduction == "sum_over_batch_size"
    )
    own = type(model)._compute_loss is keras.Model._compute_loss
    own &= type(model).compute_loss is keras.Model.compute_loss
    weighted = model._compile_loss is not None and (
        model._compile_loss._user_loss_weights is not None
    )
    return plain and own and not weighted


def _is_plain(model, x, y, sample_weight):
    y_pred = model.predict_for_training(x)
    if not (tf.is_tensor(y_pred) and tf.is_tensor(y)):
        return False
    if model.losses or getattr(y_pred, "_keras_mask", None) is not None:
        return False
    if not y_pred.dtype.is_floating or y_pred.shape.rank is None:
        return False
    if sample_weight is not None and sample_weight.shape.rank != 1:
        return False
    return _like(y, y_pred).shape.is_compatible_with(y_pred.shape)


def _like(y, y_pred):
    """Targets (n,) for predictions (n, 1), as Keras matches them."""
    if y.shape.rank == y_pred.shape.rank - 1 and y_pred.shape[-1] == 1:
        return y[..., None]
    return y
