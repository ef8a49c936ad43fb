"""The state of a solver or a rule, kept in an optimizer's variables between steps."""

from typing import Any

import keras
import tensorflow as tf

__all__ = ["keep", "read"]


def keep(optimizer: keras.optimizers.Optimizer, state: Any, prefix: str = "") -> Any:
    """Makes variables of a NamedTuple of tensors.

    Integers are kept as int64: TensorFlow puts int32 variables of a GPU on the CPU,
    where a step that XLA compiled for the GPU has no access to them.

    Args:
        optimizer: owns the variables.
        state: NamedTuple of tensors, the variables' first values.
        prefix: of the variables' names, before those of the fields.

    Returns:
        The NamedTuple of variables.
    """
    kept = {}
    for name, value in state._asdict().items():
        dtype = "int64" if value.dtype == tf.int32 else value.dtype.name
        kept[name] = optimizer.add_variable(
            value.shape, dtype=dtype, name=f"{prefix}{name}"
        )
        kept[name].assign(value)
    return type(state)(**kept)


def read(kept: Any) -> Any:
    """Returns the NamedTuple of tensors that `keep` has kept, integers as int32."""
    values = [tf.convert_to_tensor(v) for v in kept]
    return type(kept)(
        *(tf.cast(v, tf.int32) if v.dtype == tf.int64 else v for v in values)
    )
