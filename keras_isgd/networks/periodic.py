"""Features of the coordinates that make a network periodic in some of them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import activations, register_rule
from keras_isgd.derivatives.jet import Jet, take_columns
from keras_isgd.utils.checks import check_count, check_positive, is_whole

__all__ = ["PeriodicFeatures", "periodic"]


def periodic(
    inputs: int,
    periods: Mapping[int, float],
    harmonics: int = 1,
    dtype: str = "float64",
) -> "PeriodicFeatures":
    """Returns features that make a network periodic by construction.

        features = ki.networks.periodic(2, {0: 2.0})
        network = ki.networks.mlp(2, features=features)

    is periodic in the first coordinate, with period 2, with all its derivatives. It
    needs no `Periodic` condition.

    Args:
        inputs: number of coordinates, d.
        periods: the period of each periodic coordinate by its number, from 0.
        harmonics: how many multiples of the lowest frequency of each coordinate.
        dtype: "float64" or "float32", as the network's.

    Returns:
        A layer from `(n, d)` to the coordinates without a period, and the sines and
        cosines of the others.

    Raises:
        ValueError: an argument out of range.
    """
    count = check_count("inputs", inputs)
    if not isinstance(periods, Mapping) or not periods:
        raise ValueError(
            "Expected `periods` to be a dictionary of periods by the coordinate's "
            f"number, such as {{0: 1.0}}, got {periods!r}."
        )
    for axis in periods:
        if not is_whole(axis, 0) or axis >= count:
            raise ValueError(
                f"Expected coordinates from 0 to {count - 1} in `periods`, got "
                f"{axis!r}."
            )
    lengths = [periods.get(axis) for axis in range(count)]
    return PeriodicFeatures(lengths, harmonics, dtype=dtype)


@keras.saving.register_keras_serializable(package="keras_isgd")
class PeriodicFeatures(keras.layers.Layer):
    """Coordinates without a period, then sin and cos of the others.

    For a coordinate x of period L they are sin(2 pi k x / L) and cos(2 pi k x / L) for
    k = 1, 2, ..., `harmonics`; the cosine is a sine with a phase. `periodic` makes one
    from a dictionary.

    Args:
        periods: for each of d coordinates its period, or None.
        harmonics: how many k.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        ValueError: no period, one that is not positive and finite, or `harmonics` no
            whole number >= 1.
    """

    def __init__(
        self, periods: Sequence[float | None], harmonics: int = 1, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.periods = [
            None if length is None else check_positive("period", length)
            for length in periods
        ]
        if all(length is None for length in self.periods):
            raise ValueError(
                f"Expected at least one period, got {self.periods}; other coordinates "
                "need no features."
            )
        self.harmonics = check_count("harmonics", harmonics)
        self.plain = [i for i, length in enumerate(self.periods) if length is None]

    def build(self, input_shape: Sequence[int | None]) -> None:
        d = len(self.periods)
        if input_shape[-1] != d:
            raise ValueError(
                f"Expected {d} coordinates, as the features have, got "
                f"{input_shape[-1]}."
            )

    def waves(self) -> tuple[np.ndarray, np.ndarray]:
        """B, `(d, m)`, and phases `(m,)`, of the features sin(x B + phases)."""
        columns, phases = [], []
        for axis, length in enumerate(self.periods):
            if length is None:
                continue
            for k in range(1, self.harmonics + 1):
                column = np.zeros(len(self.periods))
                column[axis] = 2 * math.pi * k / length
                columns += [column, column]
                phases += [0.0, math.pi / 2]
        return np.stack(columns, axis=1), np.array(phases)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        matrix, phases = (tf.constant(v, x.dtype) for v in self.waves())
        waves = tf.sin(x @ matrix + phases)
        if not self.plain:
            return waves
        return tf.concat([take_columns(x, self.plain), waves], axis=1)

    def compute_output_shape(
        self, input_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        count = len(self.periods) - len(self.plain)
        return (*input_shape[:-1], len(self.plain) + 2 * self.harmonics * count)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "periods": list(self.periods),
            "harmonics": self.harmonics,
        }


@register_rule(PeriodicFeatures)
def _periodic_features(layer: keras.layers.Layer, jet: Jet) -> Jet:
    matrix, phases = layer.waves()
    dtype = jet.value.dtype
    parts = [jet.take(layer.plain)] if layer.plain else []
    # One coordinate at a time: its waves carry no derivatives in the others.
    for axis in np.flatnonzero(matrix.any(axis=1)):
        own = np.flatnonzero(matrix[axis])
        kernel = tf.constant(matrix[axis : axis + 1, own], dtype)
        phase = tf.constant(phases[own], dtype)
        wave = jet.take([int(axis)]).affine(kernel).shift(phase)
        parts.append(wave.compose(activations.sine))
    return Jet.concatenate(parts)
