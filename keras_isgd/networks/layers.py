"""Layers that suit PINNs, with their Taylor rules."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import activations, register_activation, register_rule
from keras_isgd.derivatives.jet import Jet
from keras_isgd.utils.checks import check_array, check_positive

__all__ = ["FourierFeatures", "TrainableSine", "sine"]


@keras.saving.register_keras_serializable(package="keras_isgd")
def sine(x: tf.Tensor) -> tf.Tensor:
    """The activation sin(x)."""
    return keras.ops.sin(x)


@keras.saving.register_keras_serializable(package="keras_isgd")
class TrainableSine(keras.layers.Layer):
    """The activation sin(s x) with one trainable factor s for each unit.

    Args:
        initial: the first value of s, a positive number.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        ValueError: `initial` is not positive and finite.
    """

    def __init__(self, initial: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.initial = check_positive("initial", initial)

    def build(self, input_shape: Sequence[int | None]) -> None:
        self.scale = self.add_weight(
            shape=(input_shape[-1],),
            initializer=keras.initializers.Constant(self.initial),
            name="scale",
        )

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return keras.ops.sin(self.scale * x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "initial": self.initial}


@keras.saving.register_keras_serializable(package="keras_isgd")
class FourierFeatures(keras.layers.Layer):
    """sin(x B) and cos(x B) of the coordinates, `(n, d)` to `(n, 2 m)`.

    With B of whole multiples of 2 pi / L a network of these features is periodic
    with period L by construction; with random B it sees high frequencies from
    the start (Tancik et al., NeurIPS 2020).

    The cosine is a sine with a phase: joining two tensors cannot be
    differentiated twice under XLA.

    Args:
        frequencies: B, `(d, m)`, in radians per unit of length.
        trainable: whether B is trained.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        ValueError: B is no finite matrix.
    """

    def __init__(
        self,
        frequencies: Sequence[Sequence[float]],
        trainable: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(trainable=trainable, **kwargs)
        matrix = check_array("`frequencies`", frequencies)
        if matrix.ndim != 2 or matrix.size == 0:
            raise ValueError(
                "Expected `frequencies` as a finite matrix (d, m), got shape "
                f"{matrix.shape}."
            )
        self.frequencies = matrix.tolist()

    def build(self, input_shape: Sequence[int | None]) -> None:
        matrix = np.asarray(self.frequencies)
        d, m = matrix.shape
        if input_shape[-1] != d:
            raise ValueError(
                f"Expected {d} coordinates, one for each row of `frequencies`, got "
                f"{input_shape[-1]}."
            )
        self.matrix = self.add_weight(
            shape=(d, m), initializer=lambda shape, dtype: matrix, name="frequencies"
        )
        self.phases = np.repeat([0.0, np.pi / 2], m)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        twice = keras.ops.tile(keras.ops.matmul(x, self.matrix), (1, 2))
        return keras.ops.sin(twice + keras.ops.cast(self.phases, twice.dtype))

    def compute_output_shape(
        self, input_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        return (*input_shape[:-1], 2 * len(self.frequencies[0]))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "frequencies": self.frequencies}


register_activation(sine, activations.sine)


@register_rule(TrainableSine)
def _trainable_sine(layer: keras.layers.Layer, jet: Jet) -> Jet:
    return jet.scale(layer.scale).compose(activations.sine)


@register_rule(FourierFeatures)
def _fourier_features(layer: keras.layers.Layer, jet: Jet) -> Jet:
    twice = jet.affine(layer.matrix).map(lambda channel: tf.tile(channel, (1, 2)))
    return twice.shift(layer.phases).compose(activations.sine)
