"""Starting values of a first layer that resolves features all over a domain."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

__all__ = ["CentredBias", "WideKernel"]

# In a steep box the kernel's scale is at least this over the box's edge.
_STEEP_SCALE = 12.0


class _FirstLayer(keras.initializers.Initializer):
    def __init__(
        self,
        scale: float | Sequence[float],
        lower: Sequence[float],
        upper: Sequence[float],
        seed: int,
        steep: Sequence[Sequence[float]] | None = None,
    ) -> None:
        self.scale = scale
        self.lower = list(lower)
        self.upper = list(upper)
        self.seed = seed
        self.steep = None if steep is None else [list(corner) for corner in steep]

    def kernel(self, units: int, dtype: str | None) -> tf.Tensor:
        """`(d, units)`."""
        shape = (len(self.lower), units)
        normal = keras.initializers.RandomNormal(stddev=1.0, seed=self.seed)
        each = np.broadcast_to(self.scale, len(self.lower))
        scales = np.repeat(each[:, None], units, axis=1)
        if self.steep is not None:
            lower, upper = np.array(self.steep)
            steep = np.maximum(each, _STEEP_SCALE / (upper - lower))
            scales[:, : units // 2] = steep[:, None]
        kernel = normal(shape, dtype)
        return kernel * keras.ops.cast(scales, kernel.dtype)

    def centres(self, units: int) -> np.ndarray:
        """`(d, units)`."""
        rng = np.random.default_rng(self.seed)
        uniform = rng.uniform(size=(units, len(self.lower)))
        lower = np.tile(self.lower, (units, 1)).astype(float)
        upper = np.tile(self.upper, (units, 1)).astype(float)
        if self.steep is not None:
            lower[: units // 2], upper[: units // 2] = self.steep
        return (lower + (upper - lower) * uniform).T

    def get_config(self) -> dict[str, Any]:
        return {
            "scale": self.scale,
            "lower": self.lower,
            "upper": self.upper,
            "seed": self.seed,
            "steep": self.steep,
        }


@keras.saving.register_keras_serializable(package="keras_isgd")
class WideKernel(_FirstLayer):
    """A normally distributed kernel, wider for features in a steep box.

    Args:
        scale: standard deviation, a number or one for each coordinate.
        lower: lower corner of the domain, d numbers.
        upper: upper corner of the domain, d numbers.
        seed: whole number.
        steep: lower and upper corner of a box that half of the units are for; their
            deviation is at least 12 over the box's edge in each coordinate.
    """

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> tf.Tensor:
        return self.kernel(shape[1], dtype)


@keras.saving.register_keras_serializable(package="keras_isgd")
class CentredBias(_FirstLayer):
    """Biases that put each unit's centre at a random point of a box.

    A unit act(k . (x - c)) with its kernel column k from `WideKernel` of the same
    arguments has the bias -k . c; with `steep`, half of the c are in that box.

    Args:
        scale, lower, upper, seed, steep: as for `WideKernel`.
    """

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> tf.Tensor:
        (units,) = shape
        kernel = self.kernel(units, dtype)
        centres = keras.ops.cast(self.centres(units), kernel.dtype)
        return -keras.ops.sum(kernel * centres, axis=0)
