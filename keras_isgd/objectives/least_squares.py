"""A loss that is a sum of squares, with its residual and Jacobian."""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from keras_isgd.objectives.blocks import squares, tape_vjp
from keras_isgd.objectives.objective import Evaluation, Objective

__all__ = ["LeastSquares", "Linearisation"]


_UNKNOWN = object()


class Linearisation(NamedTuple):
    """A residual to first order, without its Jacobian as a matrix.

    Attributes:
        residual: r, `(m,)`.
        forward: function from v `(p,)` to J v `(m,)`.
        backward: function from u `(m,)` to J^T u `(p,)`.
        gram: J J^T, `(m, m)`, or None.
    """

    residual: Any
    forward: Callable
    backward: Callable
    gram: Any = None


class LeastSquares(Objective):
    """L(w) = |r(w)|^2, all weights folded into the rows of r.

    Gauss-Newton needs this. It is an `Objective` too, so every solver takes it.

    Args:
        function: a function without arguments that returns r of shape `(m,)`, or a
            pair of r and anything else; a closure over Keras variables as for
            `Objective`.
        variables: the `keras.Variable`s to optimize.
        state: as for `Objective`.
        blocks: list of `PointwiseRows`, or of others with their methods, which, one
            after the other, are the rows of r. The Jacobian then costs one backward
            pass through each point, not one through all points for each row.
        jit_compile: whether XLA compiles residual, gradient and Jacobian.
        memory: with `blocks`, GiB for the loss with its gradient; blocks that would
            take more are evaluated in pieces. 1 if None. (The budget for the
            Jacobian is Gauss-Newton's.)
        aux_of: with `blocks`, the aux from a list of each block's sum of squares;
            `function` is then not called for it.

    Raises:
        ValueError: `memory` is not positive and finite, or `memory` or `aux_of`
            without `blocks`.

    Example:

        theta = keras.Variable([1.0, 1.0], dtype="float64")
        loss = ki.LeastSquares(lambda: theta - [3.0, 4.0], [theta])
        ki.ISGD(inner="gauss_newton").minimize(loss)
    """

    def __init__(
        self,
        function,
        variables,
        state=(),
        blocks=None,
        jit_compile=False,
        memory=None,
        aux_of=None,
    ):
        if blocks is None and (memory is not None or aux_of is not None):
            raise ValueError(
                "`memory` and `aux_of` are for a residual in `blocks`; give blocks, or "
                "leave them out."
            )
        memory = 1.0 if memory is None else memory
        if not 0.0 < memory < math.inf:
            raise ValueError(
                f"Expected `memory` as a positive number of GiB, got {memory!r}."
            )
        super().__init__(self._sum_of_squares, variables, state)
        self._memory = memory * 2**30
        self._aux_of = aux_of
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
        if self._blocks is None:
            return tf.reduce_sum(self.residual(w) ** 2)
        sums, _ = self._call_compiled(
            "value", functools.partial(self._blockwise, gradient=False), w
        )
        return tf.add_n(sums)

    def value_and_gradient(self, w):
        """Returns the loss `()` and its gradient `(p,)` at `w` `(p,)`."""
        if self._blocks is None:
            return self._call_compiled(
                "value_and_gradient", self._trace_value_and_gradient, w
            )
        sums, gradient = self._call_compiled("blockwise", self._blockwise, w)
        return tf.add_n(sums), gradient

    def evaluate(self, w):
        """Returns the full `Evaluation` at `w` `(p,)`."""
        if self._aux_of is None:
            return super().evaluate(w)
        sums, gradient = self._call_compiled("blockwise", self._blockwise, w)
        return Evaluation(w, tf.add_n(sums), gradient, self._aux_of(sums))

    def _blockwise(self, w, gradient=True):
        """Each block's sum of squares, and the gradient of them all."""
        parts = self.parameters.unpack(w)
        sums, slopes = zip(
            *(
                squares(b, self.parameters, parts, self._memory, gradient)
                for b in self._blocks
            ),
            strict=True,
        )
        return list(sums), tf.add_n(slopes)

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
        """Returns the `Linearisation` at `w` `(p,)`; forward passes are shared."""
        blocks = self._factored_blocks(w)
        if blocks is None:
            return self._taped_operators(self.parameters.unpack(w))
        return self._factored_operators(blocks)

    def gram(self, w):
        """Returns the `Linearisation` at `w` `(p,)` with J J^T, formed without J.

        None where the Jacobian does not come in factors, or where J is cheaper.
        """
        blocks = self._factored_blocks(w)
        if blocks is None or not all(hasattr(block, "gram") for block in blocks):
            return None
        if max(block.gram_cost() for block in blocks) > self.parameters.size:
            return None
        rows = []
        for i, left in enumerate(blocks):
            above = [tf.transpose(row[i]) for row in rows]
            rows.append(above + [left.gram(right) for right in blocks[i:]])
        matrix = tf.concat([tf.concat(row, axis=1) for row in rows], axis=0)
        return self._factored_operators(blocks)._replace(gram=matrix)

    def _factored_blocks(self, w):
        parts = self.parameters.unpack(w)
        blocks = [b.factored(self.parameters, parts) for b in self._blocks or ()]
        return blocks if blocks and all(b is not None for b in blocks) else None

    def _factored_operators(self, blocks):
        variables = self.parameters.variables
        residuals = [block.flat() for block in blocks]
        sizes = [tf.size(r) for r in residuals]

        def forward(v):
            tangents = self.parameters.unpack(v)
            return tf.concat([b.jvp(variables, tangents) for b in blocks], axis=0)

        def backward(u):
            pieces = tf.split(u, sizes, num=len(blocks))
            pulled = [
                self.parameters.pack(block.vjp(variables, piece))
                for block, piece in zip(blocks, pieces, strict=True)
            ]
            return tf.add_n(pulled)

        return Linearisation(tf.concat(residuals, axis=0), forward, backward)

    def _taped_operators(self, parts):
        """J v is the derivative of u -> J^T u, in the direction v."""
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as outer:
            with tf.GradientTape(
                persistent=True, watch_accessed_variables=False
            ) as inner:
                inner.watch(parts)
                with self.parameters.scope(parts):
                    residual, _ = self._rows()
            dummy = tf.zeros_like(residual)
            outer.watch(dummy)
            pulled = tape_vjp(self.parameters, inner, residual, parts, dummy)

        def forward(v):
            return outer.gradient(pulled, dummy, output_gradients=v)

        def backward(u):
            return tape_vjp(self.parameters, inner, residual, parts, u)

        return Linearisation(residual, forward, backward)

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
        parts = self.parameters.unpack(w)
        pieces = [
            b.sampled(1.0 / stride).linearise(self.parameters, parts, self._jit_compile)
            for b in self._blocks
        ]
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
