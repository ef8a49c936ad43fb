"""Whether each row of a residual depends on its own point alone, read off its trace.

Every tensor of the trace is of one of the kinds of `dependence_kinds`. Those of an
operation's outputs follow from those of its inputs by `dependence_rules`; the rows are
pointwise if they are of the kind "axis 0".
"""

import numpy as np
import tensorflow as tf

from keras_isgd import compat
from keras_isgd.derivatives.trace import Trace
from keras_isgd.residuals.dependence_kinds import (
    FIXED,
    MIXED,
    Kind,
    Operation,
    axis_that_differs,
)
from keras_isgd.residuals.dependence_rules import by_rule

__all__ = ["rows_are_pointwise"]

# Operations that call a function.
_CALLS = {"PartitionedCall", "StatefulPartitionedCall"}


def rows_are_pointwise(trace: Trace) -> bool:
    """Tells whether each row of a residual depends on its own point alone.

    Args:
        trace: the residual's trace, for two numbers of points.
    """
    small, large = trace.papers
    known = dict.fromkeys(large.at_points, 0)
    known.update(dict.fromkeys(large.shared, MIXED))
    walk = _Walk(large.graph, small.graph, large.count, known)
    return walk.kinds[large.rows.name] == 0


class _Walk:
    """The kinds of all tensors of a graph.

    Args:
        graph: the operations for n points.
        other: the same operations for another number of points.
        n: the number of points.
        known: kinds by tensors' names.

    Attributes:
        kinds: by tensors' names.
    """

    def __init__(
        self, graph: tf.Graph, other: tf.Graph, n: int, known: dict[str, Kind]
    ) -> None:
        self._n = n
        self.kinds = dict(known)
        twins = {op.name: op for op in other.get_operations()}
        for op in graph.get_operations():
            inputs = [self.kinds.get(tensor.name, MIXED) for tensor in op.inputs]
            twin = twins.get(op.name)
            if twin is None or twin.type != op.type:
                found = [MIXED] * len(op.outputs)
            elif op.type in _CALLS:
                found = self._within(op, twin, inputs)
            elif all(kind == FIXED for kind in inputs):
                found = [_fixed(a, b) for a, b in zip(op.outputs, twin.outputs)]
            else:
                found = by_rule(Operation(op, twin, inputs, self._n))
            for tensor, kind in zip(op.outputs, found, strict=True):
                self.kinds.setdefault(tensor.name, kind)

    def _within(
        self, op: tf.Operation, twin: tf.Operation, inputs: list[Kind]
    ) -> list[Kind]:
        """The kinds that a called function makes of its inputs'."""
        body, other = compat.body_of(op), compat.body_of(twin)
        if body is None or other is None:
            return [MIXED] * len(op.outputs)
        names = [tensor.name for tensor in body.inputs]
        walk = _Walk(body, other, self._n, dict(zip(names, inputs, strict=True)))
        return [walk.kinds[tensor.name] for tensor in body.outputs]


def _fixed(tensor: tf.Tensor, twin: tf.Tensor) -> Kind:
    """The kind of what depends on no point, but perhaps on their number."""
    values = [tf.get_static_value(t) for t in (tensor, twin)]
    known = all(isinstance(value, np.ndarray | np.generic) for value in values)
    if tensor.shape == twin.shape and tensor.shape.rank is not None:
        if not known:
            return FIXED
        same = np.array_equal(
            values[0], values[1], equal_nan=values[0].dtype.kind in "fc"
        )
        return FIXED if same else MIXED
    if not known or values[0].ndim != values[1].ndim:
        return MIXED
    axis = axis_that_differs(tensor.shape, twin.shape)
    if axis is None:
        return MIXED
    # Ones for each point, say: the same slice for each of them.
    one = np.take(values[1], [0], axis=axis)
    alike = all(np.array_equal(v, np.broadcast_to(one, v.shape)) for v in values)
    return axis if alike else MIXED
