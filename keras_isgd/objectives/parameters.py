"""A model's trainable weights as one flat vector."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.utils.devices import device_type

__all__ = ["ParameterVector"]


class ParameterVector:
    """Views a list of Keras variables as one vector `w` of shape `(p,)`.

    The variables themselves are touched only by `assign`; `scope` evaluates
    any Keras code at a trial vector and leaves them as they are.

    Args:
        variables: non-empty list of `keras.Variable`, all of one floating
            dtype, float32 or float64.

    Raises:
        ValueError: no variable, or variables of several or of low-precision
            dtypes.
    """

    def __init__(self, variables: Sequence[keras.Variable]) -> None:
        self.variables = list(variables)
        if not self.variables:
            raise ValueError(
                "Expected at least one trainable variable, got none. Add a layer "
                "with weights, or set `trainable = True` on one."
            )
        dtypes = sorted({keras.backend.standardize_dtype(v.dtype) for v in variables})
        if len(dtypes) > 1 or dtypes[0] not in ("float32", "float64"):
            raise ValueError(
                "Expected trainable variables that are all float32 or all float64, "
                f"got {', '.join(dtypes)}. Build every layer with the same `dtype`."
            )
        self.dtype = tf.as_dtype(dtypes[0])
        self.shapes = [tuple(v.shape) for v in self.variables]
        self.sizes = [
            int(tf.TensorShape(shape).num_elements()) for shape in self.shapes
        ]
        self.size = sum(self.sizes)

    def pack(self, tensors: Sequence[tf.Tensor]) -> tf.Tensor:
        """Joins tensors shaped like the variables into a vector `(p,)`."""
        return tf.concat([tf.reshape(t, [-1]) for t in tensors], axis=0)

    def unpack(self, w: tf.Tensor) -> list[tf.Tensor]:
        """Splits a vector `(p,)` into a list of tensors shaped like the variables."""
        parts = tf.split(w, self.sizes)
        return [tf.reshape(t, shape) for t, shape in zip(parts, self.shapes)]

    def read(self) -> tf.Tensor:
        """Returns the variables' present values, `(p,)`."""
        return self.pack([tf.convert_to_tensor(v) for v in self.variables])

    def assign(self, w: tf.Tensor) -> None:
        """Writes a vector `(p,)` into the variables."""
        for variable, value in zip(self.variables, self.unpack(w)):
            variable.assign(value)

    @property
    def on_gpu(self) -> bool:
        """Whether the variables live on a GPU."""
        return device_type(self.variables[0]) == "GPU"

    @property
    def constrained(self) -> bool:
        """Whether any variable carries a Keras constraint."""
        return any(_constraint(v) is not None for v in self.variables)

    def project(self, w: tf.Tensor) -> tf.Tensor:
        """Applies each variable's constraint to its part of `w`, `(p,)`."""
        return self.pack(
            [
                value if _constraint(v) is None else _constraint(v)(value)
                for v, value in zip(self.variables, self.unpack(w))
            ]
        )

    def scope(self, parts: Sequence[tf.Tensor]) -> keras.StatelessScope:
        """A `keras.StatelessScope` in which the variables have the values `parts`.

        Code that runs in it reads `parts` (a list of tensors as from `unpack`)
        and writes to no variable: what it assigns stays in the scope.
        """
        return keras.StatelessScope(state_mapping=list(zip(self.variables, parts)))


def _constraint(variable: keras.Variable) -> Any:
    return getattr(variable, "constraint", None)
