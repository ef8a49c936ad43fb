"""What the rows of a loss are multiplied by where a network is singular."""

from collections.abc import Callable, Iterator

import keras
import tensorflow as tf

from keras_isgd.networks.corner_features import CornerFeatures
from keras_isgd.networks.jump_features import JumpFeatures

__all__ = ["row_factor_of", "singular_features"]

_Singular = JumpFeatures | CornerFeatures


def singular_features(network: keras.Model) -> Iterator[_Singular]:
    """Yields the `JumpFeatures` and `CornerFeatures` of a network and those within."""
    for layer in getattr(network, "layers", ()):
        if isinstance(layer, _Singular):
            yield layer
        elif isinstance(layer, keras.Model):
            yield from singular_features(layer)


def row_factor_of(
    network: keras.Model,
) -> Callable[[tf.Tensor], tf.Tensor] | None:
    """Returns the factor of the rows at points `(n, d)`, `(n, 1)`; None for one.

    It is the smallest of those of a network's singular features.

    Args:
        network: a Keras model.
    """
    layers = list(singular_features(network))
    if not layers:
        return None

    def factor(x: tf.Tensor) -> tf.Tensor:
        found = tf.concat([layer.factor(x) for layer in layers], axis=1)
        return tf.reduce_min(found, axis=1, keepdims=True)

    return factor
