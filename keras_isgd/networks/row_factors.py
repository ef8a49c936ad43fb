"""What the rows of a loss are multiplied by where a network is singular or steep."""

from collections.abc import Callable, Iterator

import keras
import tensorflow as tf

from keras_isgd.networks.boundary_layer_features import BoundaryLayerFeatures
from keras_isgd.networks.corner_features import CornerFeatures
from keras_isgd.networks.jump_features import JumpFeatures

__all__ = ["row_factor_of", "singular_features"]

_Singular = JumpFeatures | CornerFeatures | BoundaryLayerFeatures


def singular_features(network: keras.Model) -> Iterator[_Singular]:
    """Yields the features of a network, and of those within, that have a factor."""
    for layer in getattr(network, "layers", ()):
        if isinstance(layer, _Singular):
            yield layer
        elif isinstance(layer, keras.Model):
            yield from singular_features(layer)


def row_factor_of(
    network: keras.Model, equation: bool = True
) -> Callable[[tf.Tensor], tf.Tensor] | None:
    """Returns the factor of the rows at points `(n, d)`, `(n, 1)`; None for one.

    It is the smallest of those of a network's features.

    Args:
        network: a Keras model.
        equation: whether the rows are those of an equation. What is prescribed in a
            boundary layer does not grow there.
    """
    layers = [
        layer
        for layer in singular_features(network)
        if equation or not isinstance(layer, BoundaryLayerFeatures)
    ]
    if not layers:
        return None

    def factor(x: tf.Tensor) -> tf.Tensor:
        found = tf.concat([layer.factor(x) for layer in layers], axis=1)
        return tf.reduce_min(found, axis=1, keepdims=True)

    return factor
