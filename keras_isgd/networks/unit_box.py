"""Coordinates of a box on the unit box, some of them as circles."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import activations, register_rule
from keras_isgd.derivatives.jet import Jet, take_columns
from keras_isgd.utils.checks import check_array

__all__ = ["UnitBox"]

# Of the circle of a periodic coordinate, whose period would have the length one.
_RADIUS = 0.25


@keras.saving.register_keras_serializable(package="keras_isgd")
class UnitBox(keras.layers.Layer):
    """(x - lower) / (upper - lower), `(n, d)` to `(n, d + number of periods)`.

    A periodic coordinate becomes two, r cos and r sin of 2 pi times that, with r = 1/4,
    behind the others, so that what is computed from them is periodic whatever the
    weights are.

    The ends are weights that are not trained, so that a compiled step takes new ones
    at once, see `move`.

    Args:
        lower: d numbers.
        upper: d numbers, each above that in `lower`.
        periodic: the numbers of the coordinates that are periodic.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        ValueError: ends that do not match, or are out of order.
    """

    def __init__(
        self,
        lower: Sequence[float],
        upper: Sequence[float],
        periodic: Sequence[int] = (),
        **kwargs: Any,
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
        self.periodic = [int(i) for i in periodic]
        self.plain = [i for i in range(len(self.lower)) if i not in self.periodic]

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

    def waves(self) -> tuple[np.ndarray, np.ndarray]:
        """B, `(d, 2 m)`, and phases `(2 m,)`, of the waves sin(x B + phases)."""
        d, m = len(self.lower), len(self.periodic)
        matrix = np.zeros((d, 2 * m))
        for number, axis in enumerate(self.periodic):
            matrix[axis, 2 * number : 2 * number + 2] = 2.0 * math.pi
        return matrix, np.tile([math.pi / 2, 0.0], m)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        unit = x * self.factor + self.shift
        if not self.periodic:
            return unit
        matrix, phases = (tf.constant(v, unit.dtype) for v in self.waves())
        circles = _RADIUS * tf.sin(unit @ matrix + phases)
        if not self.plain:
            return circles
        return tf.concat([take_columns(unit, self.plain), circles], axis=1)

    def compute_output_shape(
        self, input_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        return (*input_shape[:-1], len(self.lower) + len(self.periodic))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("trainable", None)
        ends = {"lower": self.lower, "upper": self.upper, "periodic": self.periodic}
        return {**config, **ends}


@register_rule(UnitBox)
def _unit_box(layer: keras.layers.Layer, jet: Jet) -> Jet:
    factor, shift = (tf.convert_to_tensor(v) for v in (layer.factor, layer.shift))
    unit = jet.scale(factor).shift(shift)
    if not layer.periodic:
        return unit
    matrix, phases = (tf.constant(v, jet.value.dtype) for v in layer.waves())
    circles = unit.affine(matrix).shift(phases).compose(activations.sine)
    circles = circles.scale(tf.constant(_RADIUS, jet.value.dtype))
    if not layer.plain:
        return circles
    return Jet.concatenate([unit.take(layer.plain), circles])
