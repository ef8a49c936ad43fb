"""How a tensor of a traced residual depends on the points.

It is of one of three kinds:

    FIXED    the same whatever the points are, and however many
    an axis  has a slice for each point along this axis, which depends on that
             point alone
    MIXED    anything else
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

__all__ = ["FIXED", "MIXED", "Kind", "Operation", "axis_that_differs"]

FIXED, MIXED = -1, -2
Kind = int  # FIXED, MIXED or an axis


class Operation(NamedTuple):
    """An operation with what the rules ask of it.

    Attributes:
        op: the operation, for n points.
        twin: the same for another number of points.
        kinds: of its inputs.
        n: the number of points.
    """

    op: tf.Operation
    twin: tf.Operation
    kinds: Sequence[Kind]
    n: int

    @property
    def shape(self) -> tf.TensorShape:
        """The shape of the first output."""
        return self.op.outputs[0].shape

    def rank(self, i: int) -> int:
        """The rank of an input; that of an unknown one is 0."""
        return self.op.inputs[i].shape.rank or 0

    def value(self, i: int) -> np.ndarray | None:
        """An input's value, if the trace knows it."""
        return tf.get_static_value(self.op.inputs[i])

    def points(self) -> list[tuple[int, Kind]]:
        """The inputs that are of the kind "axis", `(number, axis)`."""
        return [(i, kind) for i, kind in enumerate(self.kinds) if kind >= 0]


def axis_that_differs(shape: tf.TensorShape, other: tf.TensorShape) -> int | None:
    """The one axis in which two shapes differ."""
    if shape.rank is None or shape.rank != other.rank:
        return None
    axes = [a for a in range(shape.rank) if shape[a] != other[a]]
    return axes[0] if len(axes) == 1 else None
