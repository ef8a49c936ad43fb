"""Networks for one stretch of time each, as one."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import register_rule
from keras_isgd.derivatives.jet import Jet
from keras_isgd.networks.checks import size_of
from keras_isgd.utils.checks import check_array

__all__ = ["TimeWindows", "in_windows"]


def in_windows(
    networks: Sequence[keras.Model], axis: int, edges: Sequence[float]
) -> keras.Model:
    """Returns the network that is each of several ones in its own stretch of time.

    Args:
        networks: m built networks from `(n, d)` to `(n, outputs)`.
        axis: the number of the coordinate that is time.
        edges: the m - 1 times at which the next one takes over, in order.

    Raises:
        ValueError: numbers that do not match, or times out of order.
    """
    if len(networks) == 1:
        return networks[0]
    size = size_of(networks[0])
    x = keras.Input((size.inputs,), dtype=size.dtype, name="x")
    layer = TimeWindows(axis, edges, dtype=size.dtype, name="time_windows")
    return keras.Model(x, layer([x, *(n(x) for n in networks)]), name="in_windows")


@keras.saving.register_keras_serializable(package="keras_isgd")
class TimeWindows(keras.layers.Layer):
    """Of several outputs that of each point's stretch of time: [x, u_1, ..., u_m] to u.

    Args:
        axis: the column of x that is time.
        edges: m - 1 times; u_k holds from edge k - 1 on up to edge k.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        ValueError: times out of order.
    """

    def __init__(self, axis: int, edges: Sequence[float], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        times = check_array("`edges`", edges)
        if times.ndim != 1 or np.any(np.diff(times) <= 0):
            raise ValueError(f"Expected `edges` as times in order, got {edges!r}.")
        self.axis, self.edges = int(axis), times.tolist()

    def build(self, input_shape: Sequence[Sequence[int | None]]) -> None:
        if len(input_shape) != len(self.edges) + 2:
            raise ValueError(
                f"Expected x and {len(self.edges) + 1} outputs, one more than edges; "
                f"got {len(input_shape)} tensors."
            )

    def chosen(self, x: tf.Tensor, outputs: Sequence[tf.Tensor]) -> tf.Tensor:
        """Returns, of tensors `(n, k)`, the rows of each point's stretch of time."""
        t = x[:, self.axis : self.axis + 1]
        found = outputs[0]
        for edge, later in zip(self.edges, outputs[1:]):
            found = tf.where(t >= tf.constant(edge, t.dtype), later, found)
        return found

    def call(self, tensors: Sequence[tf.Tensor]) -> tf.Tensor:
        x, *outputs = tensors
        return self.chosen(x, outputs)

    def compute_output_shape(
        self, input_shape: Sequence[Sequence[int | None]]
    ) -> tuple[int | None, ...]:
        return tuple(input_shape[1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "edges": self.edges}


@register_rule(TimeWindows)
def _time_windows(layer: keras.layers.Layer, x: Jet, *jets: Jet) -> Jet:
    chosen = {
        name: layer.chosen(x.value, [jet.channels[name] for jet in jets])
        for name in jets[0].channels
    }
    return jets[0]._with(chosen)
