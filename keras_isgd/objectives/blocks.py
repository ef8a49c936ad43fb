"""Parts of a residual that can be evaluated by themselves, and piece by piece."""

import dataclasses
from collections.abc import Callable
from typing import Any, Protocol

import keras
import tensorflow as tf

from keras_isgd.objectives.parameters import ParameterVector
from keras_isgd.objectives.subsets import picked, sample_of

__all__ = [
    "Block",
    "FactoredJacobian",
    "PointwiseRows",
    "SomeRows",
    "cut",
    "number",
    "tape_vjp",
]


class FactoredJacobian(Protocol):
    """Rows with their Jacobian J `(m, p)` in factors.

    `variables` are those whose entries are the p columns, in this order.
    """

    def flat(self) -> tf.Tensor:
        """Returns the rows, `(m,)`."""

    def jacobian(
        self, variables: list[keras.Variable], fused: bool = False
    ) -> tf.Tensor:
        """Returns J `(m, p)`; `fused` tells whether XLA compiles this."""

    def jvp(
        self, variables: list[keras.Variable], tangents: list[tf.Tensor]
    ) -> tf.Tensor:
        """Returns J v `(m,)`; `tangents` are v's parts, like `variables`."""

    def vjp(self, variables: list[keras.Variable], u: tf.Tensor) -> list[tf.Tensor]:
        """Returns J^T u, tensors like `variables`, of u `(m,)`."""


class Block(Protocol):
    """Rows of a residual, k for each of n points, that `LeastSquares` can join.

    Attributes:
        cost: bytes that one point takes while the rows and their gradient are
            computed, or None if that is not known.
        squares_shape: of what `squares` returns, `()` or `(k,)`.
    """

    @property
    def cost(self) -> float | None:
        """See the class."""

    @property
    def squares_shape(self) -> tuple[int, ...]:
        """See the class."""

    def rows(self) -> tf.Tensor:
        """Returns all rows, `(n, k)`, at the variables' values in the present scope."""

    def squares(self, rows: tf.Tensor) -> tf.Tensor:
        """Returns the sum of squared rows: a scalar, or one for each column `(k,)`."""

    def count(self) -> int | None:
        """Returns n if `piece` can cut the block into pieces, else None."""

    def piece(self, start: tf.Tensor, size: int) -> "Block":
        """Returns the block of `size` points from `start` on, a tensor."""

    def sampled(self, share: float, seed: tf.Tensor | None = None) -> "Block":
        """Returns a random part that stands for all rows.

        The part has about `share` of the points, but at least 32, or all where there
        are fewer. Its k points out of n are drawn without replacement, and its rows
        are scaled by sqrt(n / k), so that |r_s|^2 and J_s^T J_s estimate |r|^2 and
        J^T J without bias.

        Args:
            share: in (0, 1].
            seed: two integers `(2,)` of which the choice is a function; None chooses
                always the same points.
        """

    def linearise(
        self, parameters: ParameterVector, parts: list[tf.Tensor], fused: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the rows `(n k,)` and their Jacobian `(n k, p)`.

        Args:
            parameters: the variables whose entries are the p columns.
            parts: trial values of its variables.
            fused: whether XLA compiles this.
        """

    def factored(
        self, parameters: ParameterVector, parts: list[tf.Tensor]
    ) -> FactoredJacobian | None:
        """Returns rows with their Jacobian in factors, or None where there are none."""


@dataclasses.dataclass(frozen=True)
class PointwiseRows:
    """A `Block` of rows that each belong to one point, by any TensorFlow code.

    Attributes:
        function: from inputs to rows `(n, k)`, row i a function of input i alone.
        inputs: a tensor, or a structure of tensors, with n as first dimension.
        cost: see `Block`.
        factor: of all rows.
        squares_of: their sum of squares, as `Block.squares`; a scalar if None.
        squares_shape: see `Block`.
    """

    function: Callable[[Any], tf.Tensor]
    inputs: Any
    cost: float | None = None
    factor: Any = 1.0
    squares_of: Callable[[tf.Tensor], tf.Tensor] | None = None
    squares_shape: tuple[int, ...] = ()

    def rows(self) -> tf.Tensor:
        return self._rows_at(self.inputs)

    def squares(self, rows: tf.Tensor) -> tf.Tensor:
        if self.squares_of is not None:
            return self.squares_of(rows)
        return tf.reduce_sum(rows**2)

    def count(self) -> int | None:
        return tf.nest.flatten(self.inputs)[0].shape[0]

    def piece(self, start: tf.Tensor, size: int) -> "PointwiseRows":
        return dataclasses.replace(self, inputs=cut(self.inputs, start, size))

    def sampled(self, share: float, seed: tf.Tensor | None = None) -> "PointwiseRows":
        chosen, factor = sample_of(tf.nest.flatten(self.inputs)[0], share, seed)
        if chosen is None:
            return self
        return dataclasses.replace(
            self, inputs=picked(self.inputs, chosen), factor=self.factor * factor
        )

    def linearise(
        self, parameters: ParameterVector, parts: list[tf.Tensor], fused: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        def at_point(inputs: Any) -> tuple[tf.Tensor, tf.Tensor]:
            inputs = tf.nest.map_structure(lambda x: x[None], inputs)
            with tf.GradientTape(
                persistent=True, watch_accessed_variables=False
            ) as tape:
                tape.watch(parts)
                with parameters.scope(parts):
                    row = self._rows_at(inputs)
                columns = [row[0, j] for j in range(row.shape[1])]
            gradients = [
                tape_vjp(parameters, tape, column, parts, tf.ones_like(column))
                for column in columns
            ]
            return row[0], tf.stack(gradients)

        rows, jacobian = tf.vectorized_map(at_point, self.inputs)
        return tf.reshape(rows, [-1]), tf.reshape(jacobian, [-1, parameters.size])

    def factored(self, parameters: ParameterVector, parts: list[tf.Tensor]) -> None:
        return None

    def _rows_at(self, inputs: Any) -> tf.Tensor:
        rows = self.function(inputs)
        return rows * number(self.factor, rows.dtype)


@dataclasses.dataclass(frozen=True)
class SomeRows:
    """A `Block` of some points' rows of a block whose rows mix points.

    Attributes:
        block: the whole block.
        chosen: numbers of the points, `(k,)`.
        factor: of all rows.
    """

    block: Block
    chosen: Any
    factor: Any

    @property
    def cost(self) -> float | None:
        return self.block.cost

    @property
    def squares_shape(self) -> tuple[int, ...]:
        return self.block.squares_shape

    def rows(self) -> tf.Tensor:
        return self._of(self.block.rows())

    def squares(self, rows: tf.Tensor) -> tf.Tensor:
        return self.block.squares(rows)

    def count(self) -> None:
        return None

    def piece(self, start: tf.Tensor, size: int) -> Block:
        raise TypeError("Rows that mix points cannot be cut into pieces.")

    def sampled(self, share: float, seed: tf.Tensor | None = None) -> Block:
        raise TypeError("A sample is not sampled again: sample the whole block.")

    def linearise(
        self, parameters: ParameterVector, parts: list[tf.Tensor], fused: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        rows, jacobian = self.block.linearise(parameters, parts, fused)
        with parameters.scope(parts):
            k = self.block.rows().shape[1]
        rows = self._of(tf.reshape(rows, [-1, k]))
        jacobian = self._of(tf.reshape(jacobian, [-1, k, parameters.size]))
        return tf.reshape(rows, [-1]), tf.reshape(jacobian, [-1, parameters.size])

    def factored(self, parameters: ParameterVector, parts: list[tf.Tensor]) -> None:
        return None

    def _of(self, rows: tf.Tensor) -> tf.Tensor:
        return tf.gather(rows, self.chosen) * number(self.factor, rows.dtype)


def number(value: Any, dtype: tf.DType) -> tf.Tensor:
    """Returns a number or scalar tensor in a dtype.

    `tf.cast` alone would round a Python number to float32 first.
    """
    return tf.cast(value, dtype) if tf.is_tensor(value) else tf.constant(value, dtype)


def cut(inputs: Any, start: tf.Tensor, size: int) -> Any:
    """Returns `size` rows of each tensor from `start` on."""

    # A slice of fixed size; XLA does not see that x[start : start + size] has one.
    def of(x: tf.Tensor) -> tf.Tensor:
        others = x.shape.rank - 1
        return tf.slice(x, [start] + [0] * others, [size, *x.shape[1:]])

    return tf.nest.map_structure(of, inputs)


def tape_vjp(
    parameters: ParameterVector,
    tape: tf.GradientTape,
    rows: tf.Tensor,
    parts: list[tf.Tensor],
    u: tf.Tensor | None,
) -> tf.Tensor:
    """Returns J^T u `(p,)` from a tape that watched `parts`."""
    return parameters.pack(
        tape.gradient(
            rows,
            parts,
            output_gradients=u,
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
    )
