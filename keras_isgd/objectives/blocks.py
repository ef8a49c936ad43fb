"""Parts of a residual that can be evaluated by themselves, and piece by piece."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

__all__ = ["Block", "PointwiseRows", "pull", "squares"]

Block = Any


class PointwiseRows(NamedTuple):
    """Rows of a residual that each belong to one point, by any TensorFlow code.

    Its methods are what `LeastSquares` asks of its `blocks`.

    Attributes:
        function: from inputs to rows `(n, k)`, row i a function of input i alone.
        inputs: a tensor, or a structure of tensors, with n as first dimension.
        cost: bytes that one point takes while the rows and their gradient are
            computed, or None if that is not known.
    """

    function: Callable
    inputs: Any
    cost: Any = None

    def rows(self):
        """All rows, `(n, k)`, at the variables' values in the present scope."""
        return self.function(self.inputs)

    def count(self):
        """n if it can be cut into pieces, else None."""
        return tf.nest.flatten(self.inputs)[0].shape[0]

    def piece(self, start, size):
        """`size` points from `start` on, a tensor."""
        return self._replace(inputs=cut(self.inputs, start, size))

    def thinned(self, stride):
        """Every `stride`-th point alone."""
        inputs = tf.nest.map_structure(lambda x: x[::stride], self.inputs)
        return self._replace(inputs=inputs)

    def linearise(self, parameters, parts, fused):
        """Returns the rows `(n k,)` and their Jacobian `(n k, p)`.

        Args:
            parameters: the `ParameterVector`.
            parts: trial values of its variables.
            fused: whether XLA compiles this.
        """

        def at_point(inputs):
            inputs = tf.nest.map_structure(lambda x: x[None], inputs)
            with tf.GradientTape(
                persistent=True, watch_accessed_variables=False
            ) as tape:
                tape.watch(parts)
                with parameters.scope(parts):
                    row = self.function(inputs)
                columns = [row[0, j] for j in range(row.shape[1])]
            gradients = [
                pull(parameters, tape, column, parts, tf.ones_like(column))
                for column in columns
            ]
            return row[0], tf.stack(gradients)

        rows, jacobian = tf.vectorized_map(at_point, self.inputs)
        return tf.reshape(rows, [-1]), tf.reshape(jacobian, [-1, parameters.size])

    def factored(self, parameters, parts):
        """Returns rows with their Jacobian in factors, or None where there are none."""
        return None


def cut(inputs, start, size):
    """`size` rows of each tensor from `start` on."""

    # A slice of fixed size; XLA does not see that x[start : start + size] has one.
    def of(x):
        others = x.shape.rank - 1
        return tf.slice(x, [start] + [0] * others, [size, *x.shape[1:]])

    return tf.nest.map_structure(of, inputs)


def pull(parameters, tape, rows, parts, u):
    """Returns J^T u `(p,)` from a tape that watched `parts`."""
    return parameters.pack(
        tape.gradient(
            rows,
            parts,
            output_gradients=u,
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
    )


def squares(block, parameters, parts, memory, gradient=True):
    """Returns the sum of a block's squared rows `()` and its gradient `(p,)`.

    Points are taken in pieces, one after the other, where all at once would exceed
    the memory.

    Args:
        block: `PointwiseRows` or another with its methods.
        parameters: the `ParameterVector`.
        parts: trial values of its variables.
        memory: bytes.
        gradient: whether the gradient is wanted; else it is zero.
    """
    n, cost = block.count(), block.cost
    pieces = math.ceil(n * cost / memory) if n and cost else 1
    if pieces <= 1:
        return _squares(block, parameters, parts, gradient)
    size = math.ceil(n / pieces)

    def advance(i, value, slope):
        piece = block.piece(i * size, size)
        more = _squares(piece, parameters, parts, gradient)
        return i + 1, value + more[0], slope + more[1]

    whole = n // size
    zero = tf.zeros((), parameters.dtype)
    _, value, slope = tf.while_loop(
        lambda i, *_: i < whole,
        advance,
        (tf.constant(0), zero, tf.zeros((parameters.size,), parameters.dtype)),
        parallel_iterations=1,
    )
    if n > whole * size:
        rest = block.piece(whole * size, n - whole * size)
        more = _squares(rest, parameters, parts, gradient)
        value, slope = value + more[0], slope + more[1]
    return value, slope


def _squares(block, parameters, parts, gradient):
    if not gradient:
        with parameters.scope(parts):
            value = tf.reduce_sum(block.rows() ** 2)
        return value, tf.zeros((parameters.size,), parameters.dtype)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(parts)
        with parameters.scope(parts):
            value = tf.reduce_sum(block.rows() ** 2)
    return value, pull(parameters, tape, value, parts, None)
