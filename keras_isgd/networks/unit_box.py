"""Coordinates of a box on the unit box."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import register_rule
from keras_isgd.derivatives.jet import Jet
from keras_isgd.utils.checks import check_array

__all__ = ["UnitBox"]


@keras.saving.register_keras_serializable(package="keras_isgd")
class UnitBox(keras.layers.Layer):
    """(x - lower) / (upper - lower), `(n, d)` to `(n, d)`.

    The ends are weights that are not trained, so that a compiled step takes new ones
    at once, see `move`.

    Args:
        lower: d numbers.
        upper: d numbers, each above that in `lower`.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        ValueError: ends that do not match, or are out of order.
    """

    def __init__(
        self, lower: Sequence[float], upper: Sequence[float], **kwargs: Any
    ) -> None:
        super().__init__(**{**kwargs, "trainable": False})
        ends = [check_array(n, v) for n, v in (("`lower`", lower), ("`upper`", upper))]
        if ends[0].ndim != 1 or ends[0].shape != ends[1].shape:
            raise ValueError(
                "Expected `lower` and `upper` as d numbers each, got the shapes "
                f"{ends[0].shape} and {ends[1].shape}."
            )
        if not np.all(ends[0] < ends[1]):
            raise ValueError(f"Expected lower < upper, got {lower!r} and {upper!r}.")
        self.lower, self.upper = (end.tolist() for end in ends)

    def build(self, input_shape: Sequence[int | None]) -> None:
        d = len(self.lower)
        if input_shape[-1] != d:
            raise ValueError(f"Expected {d} coordinates, got {input_shape[-1]}.")
        low, high = np.asarray(self.lower), np.asarray(self.upper)
        self.factor = self.add_weight(
            shape=(d,), initializer=lambda s, dtype: 1.0 / (high - low), name="factor"
        )
        self.shift = self.add_weight(
            shape=(d,), initializer=lambda s, dtype: -low / (high - low), name="shift"
        )

    def move(self, axis: int, low: float, high: float) -> None:
        """Gives a coordinate other ends."""
        for variable, value in ((self.factor, 1.0), (self.shift, -low)):
            numbers = variable.numpy()
            numbers[axis] = value / (high - low)
            variable.assign(numbers)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return x * self.factor + self.shift

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("trainable", None)
        return {**config, "lower": self.lower, "upper": self.upper}


@register_rule(UnitBox)
def _unit_box(layer: keras.layers.Layer, jet: Jet) -> Jet:
    factor, shift = (tf.convert_to_tensor(v) for v in (layer.factor, layer.shift))
    return jet.scale(factor).shift(shift)
