"""Shapes in files: what each was made of."""

from collections.abc import Mapping
from typing import Any, Self

import keras
import numpy as np

__all__ = ["Saved"]

_ARRAY = "array"


class Saved:
    """A shape that Keras can write into a file, as its constructor's arguments.

    Each class below this one is registered with Keras, by its own name in the package
    that defines it.
    """

    _arguments: tuple[tuple, dict[str, Any]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        package = cls.__module__.split(".")[0]
        keras.saving.register_keras_serializable(package)(cls)

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        self = super().__new__(cls)
        self._arguments = args, kwargs
        return self

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments, as JSON can hold them.

        Raises:
            ValueError: an argument that no file can hold, such as a function.
        """
        args, kwargs = self._arguments
        return {
            "args": [_written(value) for value in args],
            "kwargs": {name: _written(value) for name, value in kwargs.items()},
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Builds the shape from what `get_config` returned."""
        args = [_read(value) for value in config["args"]]
        return cls(*args, **{k: _read(value) for k, value in config["kwargs"].items()})


def _written(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Saved):
        return keras.saving.serialize_keras_object(value)
    if isinstance(value, (list, tuple)) and any(isinstance(v, Saved) for v in value):
        return [_written(item) for item in value]
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{value!r} of a shape cannot be written into a file.")
    return {_ARRAY: array.tolist()}


def _read(value: Any) -> Any:
    if isinstance(value, list):
        return [_read(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if _ARRAY in value:
        return np.asarray(value[_ARRAY])
    return keras.saving.deserialize_keras_object(value)
