"""A loss that is a sum of squares, with its residual and Jacobian."""

import functools
import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.objectives.blocks import Block
from keras_isgd.objectives.linearisation import (
    Linearisation,
    factored_operators,
    taped_jacobian,
    taped_operators,
)
from keras_isgd.objectives.objective import Evaluation, Objective
from keras_isgd.objectives.pieces import pieces_of, squares
from keras_isgd.objectives.shares import joined_rows

__all__ = ["LeastSquares", "Linearisation"]

_UNKNOWN = -1


class LeastSquares(Objective):
    """L(w) = |r(w)|^2, all weights folded into the rows of r.

    Gauss-Newton needs this. It is an `Objective` too, so every solver takes it.

    Args:
        function: a function without arguments that returns r of shape `(m,)`, or a
            pair of r and anything else; a closure over Keras variables as for
            `Objective`.
        variables: the `keras.Variable`s to optimize.
        state: as for `Objective`.
        blocks: list of `Block`s, such as `PointwiseRows`, whose rows, one block after
            the other, are r. The Jacobian then costs one backward pass through each
            point, not one through all points for each row.
        jit_compile: whether XLA compiles residual, gradient and Jacobian.
        memory: with `blocks`, GiB for the loss with its gradient; blocks that would
            take more are evaluated in pieces. 1 if None. (The budget for the
            Jacobian is Gauss-Newton's.)
        aux_of: with `blocks`, the aux from a list of each block's `squares`;
            `function` is then not called for it, so that there can be no `state`.

    Raises:
        ValueError: `memory` is not positive and finite, `memory` or `aux_of`
            without `blocks`, or `aux_of` with `state`.

    Attributes:
        is_sample: whether the rows are a sample of what is to be fitted, points or
            examples, so that a step may do with some of them; False unless it is set.
        drawn_from: of how many rows these were drawn, see `drawn`; None for all.

    Example:

        theta = keras.Variable([1.0, 1.0], dtype="float64")
        loss = ki.LeastSquares(lambda: theta - [3.0, 4.0], [theta])
        ki.ISGD(inner="gauss_newton").minimize(loss)
    """

    is_sample: bool = False
    drawn_from: int | None = None

    def __init__(
        self,
        function: Callable[[], Any],
        variables: Sequence[keras.Variable],
        state: Sequence[keras.Variable] = (),
        blocks: Sequence[Block] | None = None,
        jit_compile: bool = False,
        memory: float | None = None,
        aux_of: Callable[[list[tf.Tensor]], Any] | None = None,
    ) -> None:
        if blocks is None and (memory is not None or aux_of is not None):
            raise ValueError(
                "`memory` and `aux_of` are for a residual in `blocks`; give blocks, or "
                "leave them out."
            )
        if aux_of is not None and state:
            raise ValueError(
                "`aux_of` spares the call of the function that would assign `state`; "
                "leave one of the two out."
            )
        memory = 1.0 if memory is None else memory
        if not 0.0 < memory < math.inf:
            raise ValueError(
                f"Expected `memory` as a positive number of GiB, got {memory!r}."
            )
        super().__init__(self._sum_of_squares, variables, state, jit_compile)
        self._memory = memory * 2**30
        self._aux_of = aux_of
        self._rows_function = function
        self._blocks = blocks
        self._row_count: int | None = _UNKNOWN
        self._has_gram: bool | None = None

    def residual(self, w: tf.Tensor) -> tf.Tensor:
        """Returns r `(m,)` at `w` `(p,)`."""
        return self._call_traced("residual", self._residual, w)

    def value(self, w: tf.Tensor) -> tf.Tensor:
        """Returns the loss at `w` `(p,)`, a scalar tensor."""
        if self._fits_at_once():
            # By the function of the residual, which a step needs anyway.
            return tf.reduce_sum(self.residual(w) ** 2)
        return _total(self._call_traced("sums", self._sums, w))

    def value_and_gradient(self, w: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the loss `()` and its gradient `(p,)` at `w` `(p,)`."""
        if self._blocks is None:
            return super().value_and_gradient(w)
        sums, gradient = self._call_traced("blockwise", self._blockwise, w)
        return _total(sums), gradient

    def evaluate(self, w: tf.Tensor) -> Evaluation:
        """Returns the full `Evaluation` at `w` `(p,)`."""
        if self._aux_of is None:
            return super().evaluate(w)
        sums, gradient = self._call_traced("blockwise", self._blockwise, w)
        return Evaluation(w, _total(sums), gradient, self._aux_of(sums))

    def row_count(self) -> int | None:
        """Returns m, or None where the shapes of a batch are not fixed."""
        if self._row_count == _UNKNOWN:
            spec = tf.TensorSpec((self.parameters.size,), self.parameters.dtype)
            traced = tf.function(self._residual, autograph=False)
            output = traced.get_concrete_function(spec).structured_outputs
            self._row_count = output.shape[0]
        return self._row_count

    def linearise(self, w: tf.Tensor, stride: int = 1) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns r `(m,)` and its Jacobian `(m, p)` at `w` `(p,)`.

        Args:
            w: where.
            stride: deprecated: every so many rows alone. A few rows that stand for
                all come from `sampled_jacobian`.
        """
        residual, jacobian = self._call_traced("linearise", self._linearise, w)
        if stride == 1:
            return residual, jacobian
        warnings.warn(
            "`stride` is deprecated: every so many points of a low-discrepancy "
            "sequence lie in a corner. Use sampled_jacobian(w, share).",
            DeprecationWarning,
            stacklevel=2,
        )
        return residual[::stride], jacobian[::stride]

    def sampled_jacobian(self, w: tf.Tensor, share: float) -> tf.Tensor:
        """Returns some rows of the Jacobian at `w` in the place of all, `(l, p)`.

        Points (rows, without blocks) are chosen at random, always the same ones, and
        their rows scaled so that the expectation of J_s^T J_s is J^T J. Small blocks
        are taken whole.

        Args:
            w: where, `(p,)`.
            share: the part of each block to take, in (0, 1].
        """
        sample = functools.partial(self._sampled, share=share)
        return self._call_traced(f"sampled_{share}", sample, w)

    def column_count(self) -> int:
        """Returns the number of equations in the block with the most of them."""
        return max(math.prod(block.squares_shape) for block in self._blocks or ())

    def can_draw(self) -> bool:
        """Whether `drawn` can: a sample in blocks of known size."""
        if self._blocks is None or not self.is_sample:
            return False
        return self.row_count() is not None

    def drawn(self, rows: int, seed: tf.Tensor) -> "LeastSquares":
        """Returns the loss as it is estimated by about so many of its rows.

        The points of each block are drawn at random, at least 32; rows that mix points
        and those of regularisers are all taken. What else a function returns, without
        `aux_of`, is left out.

        Args:
            rows: how many, less than m.
            seed: an integer of which the choice is a function, `()`.

        Raises:
            ValueError: see `can_draw`.
        """
        total = self.row_count()
        if total is None or not self.can_draw():
            raise ValueError(
                "Rows are drawn from blocks of fixed size that are a sample "
                "(`is_sample`); give the loss such blocks, or take all rows."
            )
        blocks = [
            block.sampled(rows / total, tf.stack([tf.cast(seed, tf.int64), -number]))
            if block.count()
            else block
            for number, block in enumerate(self._blocks or (), 1)
        ]
        part = self._of_blocks(blocks)
        part.drawn_from = total
        return part

    def operators(self, w: tf.Tensor) -> Linearisation:
        """Returns the `Linearisation` at `w` `(p,)`; forward passes are shared."""
        blocks = self._factored_blocks(w)
        if blocks is None:
            parts = self.parameters.unpack(w)
            return taped_operators(self.parameters, parts, lambda: self._rows()[0])
        return factored_operators(self.parameters, blocks)

    def gram(self, w: tf.Tensor) -> Linearisation | None:
        """Returns the `Linearisation` at `w` `(p,)` with J J^T, formed without J.

        None where the Jacobian does not come in factors, or where J is cheaper.
        """
        blocks = self._factored_blocks(w)
        if blocks is None or not all(hasattr(block, "gram") for block in blocks):
            return None
        if max(block.gram_cost() for block in blocks) > self.parameters.size:
            return None
        rows: list[list[tf.Tensor]] = []
        for i, left in enumerate(blocks):
            above = [tf.transpose(row[i]) for row in rows]
            rows.append(above + [left.gram(right) for right in blocks[i:]])
        matrix = tf.concat([tf.concat(row, axis=1) for row in rows], axis=0)
        return factored_operators(self.parameters, blocks)._replace(gram=matrix)

    def has_gram(self) -> bool:
        """Whether `gram` forms J J^T without J."""
        if self._has_gram is None:
            spec = tf.TensorSpec((self.parameters.size,), self.parameters.dtype)
            found = []

            def probe(w: tf.Tensor) -> tf.Tensor:
                found.append(self.gram(w) is not None)
                return w

            tf.function(probe, autograph=False).get_concrete_function(spec)
            self._has_gram = found[0]
        return self._has_gram

    def _of_blocks(self, blocks: Sequence[Block]) -> "LeastSquares":
        """The same loss of other blocks."""
        rows = functools.partial(joined_rows, blocks)
        variables = self.parameters.variables
        return LeastSquares(rows, variables, (), blocks, **self._settings())

    def _settings(self) -> dict[str, Any]:
        return {
            "jit_compile": self._jit_compile,
            "memory": self._memory / 2**30,
            "aux_of": self._aux_of,
        }

    def _fits_at_once(self) -> bool:
        blocks = self._blocks or ()
        return all(pieces_of(block, self._memory) == 1 for block in blocks)

    def _sums(self, w: tf.Tensor) -> list[tf.Tensor]:
        """Each block's squares."""
        return self._blockwise(w, gradient=False)[0]

    def _blockwise(
        self, w: tf.Tensor, gradient: bool = True
    ) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Each block's squares, and the gradient of their sum."""
        parts = self.parameters.unpack(w)
        pairs = [
            squares(b, self.parameters, parts, self._memory, gradient)
            for b in self._blocks or ()
        ]
        return [value for value, _ in pairs], tf.add_n([slope for _, slope in pairs])

    def _factored_blocks(self, w: tf.Tensor) -> list[Any] | None:
        parts = self.parameters.unpack(w)
        blocks = [b.factored(self.parameters, parts) for b in self._blocks or ()]
        return blocks if blocks and all(b is not None for b in blocks) else None

    def _sum_of_squares(self) -> tuple[tf.Tensor, Any]:
        rows, aux = self._rows()
        return tf.reduce_sum(rows**2), aux

    def _rows(self) -> tuple[tf.Tensor, Any]:
        result = self._rows_function()
        rows, aux = result if isinstance(result, tuple) else (result, None)
        rows = tf.convert_to_tensor(rows)
        if rows.dtype.is_complex:
            raise ValueError(
                f"Expected real rows of a residual, got dtype {rows.dtype.name}. Give "
                "their real and imaginary parts as rows of their own."
            )
        rows = tf.cast(rows, self.parameters.dtype)
        if rows.shape.rank != 1:
            raise ValueError(
                f"Expected the rows of a residual in the shape (m,), got "
                f"{rows.shape}. Reshape them with tf.reshape(rows, [-1])."
            )
        return rows, aux

    def _residual(self, w: tf.Tensor) -> tf.Tensor:
        with self.parameters.scope(self.parameters.unpack(w)):
            return self._rows()[0]

    def _linearise(self, w: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        if self._blocks is None:
            return self._linearise_rows(w)
        return self._linearise_blocks(w, self._blocks)

    def _linearise_blocks(
        self, w: tf.Tensor, blocks: Sequence[Block]
    ) -> tuple[tf.Tensor, tf.Tensor]:
        parts = self.parameters.unpack(w)
        pieces = [
            b.linearise(self.parameters, parts, self._jit_compile) for b in blocks
        ]
        rows, jacobians = zip(*pieces, strict=True)
        return tf.concat(rows, axis=0), tf.concat(jacobians, axis=0)

    def _sampled(self, w: tf.Tensor, share: float) -> tf.Tensor:
        if self._blocks is not None:
            return self._linearise_blocks(w, [b.sampled(share) for b in self._blocks])[
                1
            ]
        return self._linearise_rows(w, share)[1]

    def _linearise_rows(
        self, w: tf.Tensor, share: float | None = None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        return taped_jacobian(self.parameters, w, lambda: self._rows()[0], share)


def _total(squares: Sequence[tf.Tensor]) -> tf.Tensor:
    """The loss, from each block's squares."""
    return tf.add_n([tf.reduce_sum(s) if s.shape.rank else s for s in squares])
