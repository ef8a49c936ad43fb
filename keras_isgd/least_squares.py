"""A loss that is a sum of squares, with its residual and Jacobian."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from keras_isgd.objective import Objective

__all__ = ["LeastSquares", "Linearisation", "PointwiseRows"]


_UNKNOWN = object()


class PointwiseRows(NamedTuple):
    """Rows of a residual that each belong to one point.

    Attributes:
        function: from inputs to rows `(n, k)`, row i a function of input i alone.
        inputs: a tensor, or a structure of tensors, with n as first dimension.
    """

    function: Callable
    inputs: Any

    def rows(self):
        """All rows in one vector, `(n k,)`."""
        return tf.reshape(self.function(self.inputs), [-1])

    def thinned(self, stride):
        """The rows of every `stride`-th point."""
        inputs = tf.nest.map_structure(lambda x: x[::stride], self.inputs)
        return PointwiseRows(self.function, inputs)


class Linearisation(NamedTuple):
    """A residual to first order, without its Jacobian as a matrix.

    Attributes:
        residual: r, `(m,)`.
        forward: function from v `(p,)` to J v `(m,)`.
        backward: function from u `(m,)` to J^T u `(p,)`.
    """

    residual: Any
    forward: Callable
    backward: Callable


class LeastSquares(Objective):
    """L(w) = |r(w)|^2, all weights folded into the rows of r.

    Gauss-Newton needs this. It is an `Objective` too, so every solver takes it.

    Args:
        function: `function() -> r` or `function() -> (r, aux)`, r of shape `(m,)`,
            a zero-argument closure over Keras variables as for `Objective`.
        variables: the `keras.Variable`s to optimize.
        state: as for `Objective`.
        blocks: list of `PointwiseRows` which, one after the other, are the rows of
            r. The Jacobian then costs one backward pass through each point, not
            one through all points for each row.
        jit_compile: whether XLA compiles residual, gradient and Jacobian.

    Example:

        theta = keras.Variable([1.0, 1.0], dtype="float64")
        loss = ki.LeastSquares(lambda: theta - [3.0, 4.0], [theta])
        ki.ISGD(inner="gauss_newton").minimize(loss)
    """

    def __init__(self, function, variables, state=(), blocks=None, jit_compile=False):
        super().__init__(self._sum_of_squares, variables, state)
        self._rows_function = function
        self._blocks = blocks
        self._jit_compile = jit_compile
        self._compiled = {}
        self._row_count = _UNKNOWN

    def residual(self, w):
        """Returns r `(m,)` at `w` `(p,)`."""
        return self._call_compiled("residual", self._residual, w)

    def value(self, w):
        """Returns the loss at `w` `(p,)`, a scalar tensor."""
        return tf.reduce_sum(self.residual(w) ** 2)

    def value_and_gradient(self, w):
        """Returns the loss `()` and its gradient `(p,)` at `w` `(p,)`."""
        return self._call_compiled(
            "value_and_gradient", self._trace_value_and_gradient, w
        )

    def row_count(self):
        """Returns m, or None where the shapes of a batch are not fixed."""
        if self._row_count is _UNKNOWN:
            spec = tf.TensorSpec((self.parameters.size,), self.parameters.dtype)
            traced = tf.function(self._residual, autograph=False)
            output = traced.get_concrete_function(spec).structured_outputs
            self._row_count = output.shape[0]
        return self._row_count

    def linearise(self, w, stride=1):
        """Returns r `(m,)` and its Jacobian `(m, p)` at `w` `(p,)`.

        Args:
            w: where.
            stride: leave out all but every `stride`-th point (or row, without
                `blocks`).
        """
        return self._call_compiled(
            f"linearise_{stride}",
            functools.partial(self._linearise, stride=stride),
            w,
        )

    def operators(self, w):
        """Returns the `Linearisation` at `w` `(p,)`; forward passes are shared.

        J v is the derivative of u -> J^T u, in the direction v.
        """
        parts = self.parameters.unpack(w)
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as outer:
            with tf.GradientTape(
                persistent=True, watch_accessed_variables=False
            ) as inner:
                inner.watch(parts)
                with self.parameters.scope(parts):
                    residual, _ = self._rows()
            dummy = tf.zeros_like(residual)
            outer.watch(dummy)
            pulled = self._pull(inner, residual, parts, dummy)

        def forward(v):
            return outer.gradient(pulled, dummy, output_gradients=v)

        def backward(u):
            return self._pull(inner, residual, parts, u)

        return Linearisation(residual, forward, backward)

    def _pull(self, tape, residual, parts, u):
        return self.parameters.pack(
            tape.gradient(
                residual,
                parts,
                output_gradients=u,
                unconnected_gradients=tf.UnconnectedGradients.ZERO,
            )
        )

    def _call_compiled(self, name, function, w):
        if not tf.inside_function():
            return function(w)
        if name not in self._compiled:
            # A function of its own is traced once, however often a graph uses it.
            self._compiled[name] = tf.function(
                function, autograph=False, jit_compile=self._jit_compile or None
            )
        return self._compiled[name](w)

    def _sum_of_squares(self):
        rows, aux = self._rows()
        return tf.reduce_sum(rows**2), aux

    def _rows(self):
        result = self._rows_function()
        rows, aux = result if isinstance(result, tuple) else (result, None)
        rows = tf.cast(tf.convert_to_tensor(rows), self.parameters.dtype)
        if rows.shape.rank != 1:
            raise ValueError(
                f"Expected the rows of a residual in the shape (m,), got "
                f"{tuple(rows.shape)}. Reshape them with tf.reshape(rows, [-1])."
            )
        return rows, aux

    def _residual(self, w):
        with self.parameters.scope(self.parameters.unpack(w)):
            return self._rows()[0]

    def _linearise(self, w, stride):
        if self._blocks is None:
            return self._linearise_rows(w, stride)
        pieces = [self._linearise_block(w, b.thinned(stride)) for b in self._blocks]
        rows, jacobians = zip(*pieces, strict=True)
        return tf.concat(rows, axis=0), tf.concat(jacobians, axis=0)

    def _linearise_rows(self, w, stride):
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(w)
            with self.parameters.scope(self.parameters.unpack(w)):
                rows = self._rows()[0][::stride]
        jacobian = tape.jacobian(
            rows, w, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        return rows, jacobian

    def _linearise_block(self, w, block):
        parts = self.parameters.unpack(w)

        def at_point(inputs):
            inputs = tf.nest.map_structure(lambda x: x[None], inputs)
            with tf.GradientTape(
                persistent=True, watch_accessed_variables=False
            ) as tape:
                tape.watch(parts)
                with self.parameters.scope(parts):
                    row = block.function(inputs)
                columns = [row[0, j] for j in range(row.shape[1])]
            gradients = [
                self._pull(tape, column, parts, tf.ones_like(column))
                for column in columns
            ]
            return row[0], tf.stack(gradients)

        rows, jacobian = tf.vectorized_map(at_point, block.inputs)
        p = self.parameters.size
        return tf.reshape(rows, [-1]), tf.reshape(jacobian, [-1, p])
