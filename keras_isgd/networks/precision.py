"""The same network in another precision."""

import json
from typing import Any

import keras

__all__ = ["in_precision"]

_PRECISIONS = ("float32", "float64")


def in_precision(network: keras.Model, dtype: str) -> keras.Model:
    """Returns a copy of a network that computes in another precision.

    Networks here are trained in float64. LiteRT (TensorFlow Lite), many phones and
    browsers compute in float32, to about seven digits.

    Args:
        network: a Keras model that can be saved; layers and functions of its own must
            be registered.
        dtype: "float32" or "float64", of inputs, weights and outputs.

    Returns:
        A model with weights of its own, which is not compiled.

    Raises:
        TypeError: `network` is no Keras model; for a `ki.PINN` give its `network`.
        ValueError: another dtype.
    """
    if not isinstance(network, keras.Model) or hasattr(network, "network"):
        raise TypeError(
            f"Expected a Keras model, got {type(network).__name__}. For a ki.PINN give "
            "model.network."
        )
    if dtype not in _PRECISIONS:
        raise ValueError(f"Expected `dtype` in {_PRECISIONS}, got {dtype!r}.")
    saved = json.loads(json.dumps(keras.saving.serialize_keras_object(network)))
    copy = keras.saving.deserialize_keras_object(_changed(saved, dtype))
    copy.set_weights(network.get_weights())
    return copy


def _changed(saved: Any, dtype: str) -> Any:
    """A saved object with the names of precisions replaced."""
    if isinstance(saved, dict):
        return {key: _changed(value, dtype) for key, value in saved.items()}
    if isinstance(saved, list):
        return [_changed(value, dtype) for value in saved]
    return dtype if saved in _PRECISIONS else saved
