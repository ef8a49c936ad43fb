"""The functions of hard conditions, which are saved with their networks."""

import abc
import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives.jet import take_columns
from keras_isgd.networks.saved_functions import (
    config_of,
    config_of_object,
    restored,
)
from keras_isgd.utils.checks import check_array, check_real_dtype

__all__ = ["Distanced", "HardDirichlet", "HardInitial", "Value"]

# A number, one for each output, or a function from points (n, d) to (n, 1) or
# (n, outputs).
Value = float | Sequence[float] | np.ndarray | Callable[[tf.Tensor], Any]


class Distanced(Protocol):
    """What of a geometry a hard Dirichlet condition needs."""

    @property
    def dimension(self) -> int:
        """The number of coordinates, d."""

    def smooth_distance(self, x: tf.Tensor) -> tf.Tensor:
        """Zero on the boundary, positive inside, smooth: `(n, d)` to `(n, 1)`."""


class _Hard(abc.ABC):
    """A function of x and N that holds some outputs and leaves the others.

    Args:
        held: numbers of the outputs that are held; all if None.
    """

    def __init__(self, held: Sequence[int] | None) -> None:
        self.held = None if held is None else list(held)

    def __call__(self, x: tf.Tensor, network: tf.Tensor) -> tf.Tensor:
        if self.held is None:
            return self.hold(x, network)
        ours = self.hold(x, take_columns(network, self.held))
        columns = [
            ours[:, self.held.index(i) :][:, :1]
            if i in self.held
            else network[:, i:][:, :1]
            for i in range(network.shape[1])
        ]
        return tf.concat(columns, axis=1)

    @abc.abstractmethod
    def hold(self, x: tf.Tensor, network: tf.Tensor) -> tf.Tensor:
        """What stands for the outputs that are held."""


@keras.saving.register_keras_serializable(package="keras_isgd")
class HardDirichlet(_Hard):
    """The function of `dirichlet`; arguments as there."""

    def __init__(
        self,
        geometry: Distanced,
        value: Value,
        coordinates: Sequence[int],
        held: Sequence[int] | None,
    ) -> None:
        super().__init__(held)
        self.geometry = geometry
        self.value = _checked("value", value)
        self.coordinates = list(coordinates)

    def hold(self, x: tf.Tensor, network: tf.Tensor) -> tf.Tensor:
        try:
            distance = self.geometry.smooth_distance(take_columns(x, self.coordinates))
        except TypeError as error:  # some shapes have none
            raise ValueError(str(error)) from error
        if distance.shape.rank != 2 or distance.shape[1] != 1:
            raise ValueError(
                f"Expected {type(self.geometry).__name__}.smooth_distance to return "
                f"(n, 1), got {tuple(distance.shape)}."
            )
        return _at("value", self.value, x, network) + distance * network

    def get_config(self) -> dict[str, Any]:
        return {
            "geometry": config_of_object(self.geometry),
            "value": _value_config(self.value),
            "coordinates": self.coordinates,
            "held": self.held,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "HardDirichlet":
        return cls(
            keras.saving.deserialize_keras_object(config["geometry"]),
            _restored_value(config["value"]),
            config["coordinates"],
            config["held"],
        )


@keras.saving.register_keras_serializable(package="keras_isgd")
class HardInitial(_Hard):
    """The function of `initial`; arguments as there."""

    def __init__(
        self,
        value: Value,
        axis: int,
        start: float,
        velocity: Value | None,
        held: Sequence[int] | None,
    ) -> None:
        super().__init__(held)
        real = isinstance(start, numbers.Real) and not isinstance(start, bool)
        if not real or not math.isfinite(start):
            raise ValueError(f"Expected `start` to be a finite number, got {start!r}.")
        self.value = _checked("value", value)
        self.axis = axis
        self.start = float(start)
        self.velocity = None if velocity is None else _checked("velocity", velocity)

    def hold(self, x: tf.Tensor, network: tf.Tensor) -> tf.Tensor:
        start = tf.constant(self.start, x.dtype)
        elapsed = x[:, self.axis : self.axis + 1] - start
        is_time = tf.one_hot(self.axis, x.shape[1], dtype=x.dtype)
        at_start = x * (1.0 - is_time) + start * is_time
        value = _at("value", self.value, at_start, network)
        if self.velocity is None:
            return value + elapsed * network
        velocity = _at("velocity", self.velocity, at_start, network)
        return value + elapsed * (velocity + elapsed * network)

    def get_config(self) -> dict[str, Any]:
        return {
            "value": _value_config(self.value),
            "axis": self.axis,
            "start": self.start,
            "velocity": None if self.velocity is None else _value_config(self.velocity),
            "held": self.held,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "HardInitial":
        config = dict(config)
        for name in ("value", "velocity"):
            config[name] = _restored_value(config[name])
        return cls(**config)


# -- values -------------------------------------------------------------------------


def _checked(name: str, value: Value) -> Value:
    if callable(value):
        return value
    array = check_array(f"`{name}` of a hard condition", value)
    if array.ndim > 1:
        raise ValueError(
            f"Expected `{name}` to be a number, one for each output, or a function of "
            f"points; got shape {array.shape}."
        )
    return array.tolist()


def _at(name: str, value: Value, x: tf.Tensor, network: tf.Tensor) -> tf.Tensor:
    """A value at points, which broadcasts to the shape of `network`."""
    what = f"`{name}` of a hard condition"
    if callable(value):
        found = value(x)
        if tf.is_tensor(found):
            check_real_dtype(what, found.dtype.as_numpy_dtype)
        else:
            found = check_array(what, found)
    else:
        found = np.atleast_1d(np.asarray(value, np.float64))[None, :]
    found = tf.cast(found, x.dtype)
    if found.shape.rank != 2 or found.shape[1] not in (1, network.shape[1]):
        raise ValueError(
            f"Expected {what} to have the shape (n, 1) or (n, "
            f"{network.shape[1]}) at n points, got {tuple(found.shape)} for n = "
            f"{x.shape[0]}. Slices keep their column as x[:, 0:1]."
        )
    return found


def _value_config(value: Value) -> Any:
    return config_of(value) if callable(value) else value


def _restored_value(config: Any) -> Any:
    return restored(config) if isinstance(config, Mapping) else config
