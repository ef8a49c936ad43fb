"""Features with the boundary layers that an equation makes."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from keras_isgd.derivatives import activations, register_rule
from keras_isgd.derivatives.jet import Jet
from keras_isgd.networks.checks import check_columns
from keras_isgd.utils.checks import check_not_negative, check_positive, is_whole

__all__ = ["BoundaryLayer", "BoundaryLayerFeatures"]

# A layer ends so many of its thicknesses away from its face: exp(-8) is 3e-4.
_ENDS = 8.0


class BoundaryLayer(NamedTuple):
    """A layer at one value of a coordinate in which a solution decays.

    Attributes:
        axis: the number of the coordinate.
        at: its value.
        side: 1 where the domain lies above that value, -1 where it lies below.
        rate: of the decay, one over the layer's thickness; positive.
        wave: the angular frequency of the decaying waves, 0 for none.
        growth: how many times larger the terms of the equation are in the layer than
            where the solution varies over the length of the domain; 0 or more.
    """

    axis: int
    at: float
    side: int
    rate: float
    wave: float = 0.0
    growth: float = 1.0

    @property
    def end(self) -> float:
        """The coordinate's value where the layer has decayed."""
        return self.at + self.side * _ENDS / self.rate


@keras.saving.register_keras_serializable(package="keras_isgd")
class BoundaryLayerFeatures(keras.layers.Layer):
    """Functions of a coordinate that decay as fast as a solution does at a boundary.

        exp(-k s), or exp(-k s) cos(w s) and exp(-k s) sin(w s)

    for each `BoundaryLayer` with the rate k, the wave w and the distance s from its
    face. A solution with a layer is a smooth function of the coordinates and of these:
    a matched expansion (Bender and Orszag, Advanced Mathematical Methods for Scientists
    and Engineers, 1978, chapter 9). A network of the coordinates alone would have to
    become as steep as the layer.

    A `PINN` of a network with this layer multiplies the rows of its equation by
    1 / (1 + g exp(-k s)), g the layer's growth: a convective term is as much larger in
    a layer as that is thin, and its residual matters as much less. Half of the default
    points lie in layers.

    Args:
        layers: the `BoundaryLayer`s, or what `tuple` makes of them.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        ValueError: no layers, or numbers out of range.
    """

    def __init__(self, layers: Sequence[Sequence[Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not layers:
            raise ValueError("Expected at least one `BoundaryLayer`, got none.")
        self.boundary_layers = [_checked(BoundaryLayer(*layer)) for layer in layers]

    def build(self, input_shape: Sequence[int | None]) -> None:
        check_columns(input_shape, max(layer.axis for layer in self.boundary_layers))

    @property
    def count(self) -> int:
        """How many features there are."""
        return sum(2 if layer.wave else 1 for layer in self.boundary_layers)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        found = []
        for layer in self.boundary_layers:
            away = _distance(layer, x)
            decay = tf.exp(-layer.rate * away)
            if layer.wave:
                found.append(decay * tf.cos(layer.wave * away))
                found.append(decay * tf.sin(layer.wave * away))
            else:
                found.append(decay)
        return tf.concat(found, axis=1)

    def factor(self, x: tf.Tensor) -> tf.Tensor:
        """Returns what the rows at points `(n, d)` are multiplied by, `(n, 1)`."""
        found = [
            1.0 / (1.0 + layer.growth * tf.exp(-layer.rate * _distance(layer, x)))
            for layer in self.boundary_layers
        ]
        return tf.reduce_min(tf.concat(found, axis=1), axis=1, keepdims=True)

    def compute_output_shape(
        self, input_shape: Sequence[int | None]
    ) -> tuple[int | None, ...]:
        return (*input_shape[:-1], self.count)

    def get_config(self) -> dict[str, Any]:
        layers = [list(layer) for layer in self.boundary_layers]
        return {**super().get_config(), "layers": layers}


def _distance(layer: BoundaryLayer, x: tf.Tensor) -> tf.Tensor:
    return layer.side * (x[:, layer.axis : layer.axis + 1] - layer.at)


def _checked(layer: BoundaryLayer) -> BoundaryLayer:
    if not is_whole(layer.axis, 0) or not math.isfinite(layer.at):
        raise ValueError(f"Expected a coordinate's number and a value, got {layer}.")
    if layer.side not in (1, -1):
        raise ValueError(f"Expected `side` as 1 or -1, got {layer.side!r}.")
    return BoundaryLayer(
        int(layer.axis),
        float(layer.at),
        int(layer.side),
        check_positive("rate", layer.rate),
        check_not_negative("wave", layer.wave),
        check_not_negative("growth", layer.growth),
    )


@register_rule(BoundaryLayerFeatures)
def _boundary_layer_features(layer: keras.layers.Layer, jet: Jet) -> Jet:
    found = []
    for one in layer.boundary_layers:
        away = jet.take([one.axis]).shift(-one.at).scale(float(one.side))
        decay = away.scale(-one.rate).compose(activations.exponential)
        if one.wave:
            turned = away.scale(one.wave)
            found.append(decay * turned.compose(activations.cosine))
            found.append(decay * turned.compose(activations.sine))
        else:
            found.append(decay)
    return Jet.concatenate(found)
