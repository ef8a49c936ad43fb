"""Layers that suit PINNs, with their Taylor rules."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import activations, register_activation, register_rule
from keras_isgd.derivatives.jet import Jet, take_columns
from keras_isgd.utils.checks import check_array, check_positive, is_whole

__all__ = ["Columns", "FourierFeatures", "Positive", "TrainableSine", "sine"]


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


@keras.saving.register_keras_serializable(package="keras_isgd")
class Columns(keras.layers.Layer):
    """Some columns of its input, `(n, d)` to `(n, m)`.

    A network of Columns([0]) is a function of the first coordinate alone. Taylor mode
    knows it: it carries no derivatives in the others.

    Args:
        columns: m numbers from 0 to d - 1.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        ValueError: no column, or numbers out of range.
    """

    def __init__(self, columns: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        numbers = isinstance(columns, (list, tuple)) and all(
            is_whole(i, 0) for i in columns
        )
        if not numbers or not columns:
            raise ValueError(
                "Expected `columns` to be a list of whole numbers from 0, such as [0], "
                f"got {columns!r}."
            )
        self.columns = [int(i) for i in columns]

    def build(self, input_shape: Sequence[int | None]) -> None:
        d = input_shape[-1]
        if d is not None and max(self.columns) >= d:
            raise ValueError(
                f"Expected columns from 0 to {d - 1} of {d}, got {list(self.columns)}."
            )

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return take_columns(x, self.columns)

    def compute_output_shape(
        self, input_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        return (*input_shape[:-1], len(self.columns))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "columns": list(self.columns)}


@keras.saving.register_keras_serializable(package="keras_isgd")
class Positive(keras.layers.Layer):
    """s softplus(x + c) with s = `start`, which is positive, and s where x is zero.

    Changes of x are relative ones of the output, whatever its unit.

    Args:
        start: s: a positive number, or one for each column; None for softplus(x), which
            starts at ln 2.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        ValueError: a number that is not positive and finite.
    """

    def __init__(
        self, start: float | Sequence[float] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.start: float | list[float] | None = None
        if isinstance(start, (list, tuple, np.ndarray)):
            self.start = [check_positive("start", s) for s in start]
        elif start is not None:
            self.start = check_positive("start", start)

    def build(self, input_shape: Sequence[int | None]) -> None:
        units = input_shape[-1]
        if isinstance(self.start, list) and len(self.start) != units:
            raise ValueError(
                f"Expected `start` to be a number, or one for each of {units} outputs, "
                f"got {list(self.start)}."
            )

    def numbers(self) -> tuple[np.ndarray, float]:
        """s and c in float64; softplus(c) = 1 unless s is None."""
        if self.start is None:
            return np.ones(1), 0.0
        return np.atleast_1d(np.asarray(self.start)), math.log(math.expm1(1.0))

    def call(self, x: tf.Tensor) -> tf.Tensor:
        start, shift = (tf.constant(v, x.dtype) for v in self.numbers())
        return start * tf.math.softplus(x + shift)

    def compute_output_shape(
        self, input_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        start = list(self.start) if isinstance(self.start, list) else self.start
        return {**super().get_config(), "start": start}


register_activation(sine, activations.sine)


@register_rule(TrainableSine)
def _trainable_sine(layer: keras.layers.Layer, jet: Jet) -> Jet:
    return jet.scale(layer.scale).compose(activations.sine)


@register_rule(FourierFeatures)
def _fourier_features(layer: keras.layers.Layer, jet: Jet) -> Jet:
    twice = jet.affine(layer.matrix).map(lambda channel: tf.tile(channel, (1, 2)))
    return twice.shift(layer.phases).compose(activations.sine)


@register_rule(Columns)
def _columns(layer: keras.layers.Layer, jet: Jet) -> Jet:
    return jet.take(layer.columns)


@register_rule(Positive)
def _positive(layer: keras.layers.Layer, jet: Jet) -> Jet:
    start, shift = layer.numbers()
    return jet.shift(shift).compose(activations.softplus).scale(start)
