"""What outputs have that grow without end where others jump in a corner."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import activations, register_rule
from keras_isgd.derivatives.jet import Jet
from keras_isgd.networks.jump_features import NOTHING, JumpFeatures
from keras_isgd.utils.checks import check_array, check_count, is_whole

__all__ = ["JumpPoles"]


@keras.saving.register_keras_serializable(package="keras_isgd")
class JumpPoles(keras.layers.Layer):
    """Outputs that are sums of a / r^2 and s b / r^2, as many of each as corners.

        r = (a^2 + (s b)^2)^(1/2)

    with a, b and s of `Jump`s with power 1. The pressure of a flow whose velocity jumps
    in a corner is such a sum there, but for what is less steep (Batchelor, An
    Introduction to Fluid Dynamics, 1967, section 4.8, flow in a corner). The
    coefficients are trained, and zero at first.

    Args:
        jumps: the `Jump`s.
        outputs: how many outputs there are.
        columns: the numbers of those that have poles; the others are zero.
        sizes: a positive number for each of them, which its coefficients are in units
            of.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        ValueError: no jumps, jumps with another power or from a shape, or numbers out
            of range.
    """

    def __init__(
        self,
        jumps: Sequence[Sequence[Any]],
        outputs: int,
        columns: Sequence[int],
        sizes: Sequence[float],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.features = JumpFeatures(jumps, dtype=self.dtype_policy)
        if any(jump.power != 1 or min(jump.axes) < 0 for jump in self.features.jumps):
            raise ValueError(
                "Expected jumps in two coordinates, none of them a distance, and of "
                f"power 1; got {self.features.jumps}."
            )
        self.outputs = check_count("outputs", outputs)
        self.columns = list(columns)
        fits = all(is_whole(c, 0) and c < self.outputs for c in self.columns)
        if not fits or not self.columns:
            raise ValueError(
                f"Expected `columns` as numbers from 0 to {self.outputs - 1}, got "
                f"{columns!r}."
            )
        numbers = check_array("`sizes`", sizes)
        if numbers.shape != (len(self.columns),) or not np.all(numbers > 0.0):
            raise ValueError(
                f"Expected `sizes` as {len(self.columns)} positive numbers, got "
                f"{sizes!r}."
            )
        self.sizes = numbers.tolist()

    def build(self, input_shape: Sequence[int | None]) -> None:
        self.features.build(input_shape)
        self.kernel = self.add_weight(
            shape=(self.features.count, len(self.columns)),
            initializer="zeros",
            name="kernel",
        )

    @property
    def spread(self) -> tf.Tensor:
        """What brings the coefficients' sums to their outputs, `(columns, outputs)`."""
        found = np.zeros((len(self.columns), self.outputs))
        found[np.arange(len(self.columns)), self.columns] = self.sizes
        return tf.constant(found, self.compute_dtype)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        found = []
        for jump, a, b, r in self.features.radii(x):
            found += [a / (r * r), jump.ratio * b / (r * r)]
        return tf.concat(found, axis=1) @ self.kernel @ self.spread

    def compute_output_shape(
        self, input_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self.outputs)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "jumps": self.features.get_config()["jumps"],
            "outputs": self.outputs,
            "columns": self.columns,
            "sizes": self.sizes,
        }


@register_rule(JumpPoles)
def _jump_poles(layer: keras.layers.Layer, jet: Jet) -> Jet:
    found = []
    for jump in layer.features.jumps:
        a, b = (
            jet.take([axis]).shift(-at).scale(1.0 / length)
            for axis, at, length in zip(jump.axes, jump.at, jump.lengths)
        )
        b = b.scale(jump.ratio)
        inverse = (a * a + b * b).shift(NOTHING).compose(activations.power(-1.0))
        found += [a * inverse, b * inverse]
    return Jet.concatenate(found).affine(layer.kernel).affine(layer.spread)
