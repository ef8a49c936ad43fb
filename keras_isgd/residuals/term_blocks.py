"""Terms of a PINN's loss as blocks of a `LeastSquares`."""

import dataclasses
from collections.abc import Mapping, Sequence

import keras
import tensorflow as tf

from keras_isgd.objectives.blocks import (
    Block,
    PointwiseRows,
    SomeRows,
    cut,
    number,
)
from keras_isgd.objectives.parameters import ParameterVector
from keras_isgd.objectives.subsets import picked, sample_of
from keras_isgd.residuals import taylor_jacobian
from keras_isgd.residuals.chained_jacobian import ChainedRows
from keras_isgd.residuals.factored_jacobian import FactoredRows
from keras_isgd.residuals.term import Coefficients, Term, Values

__all__ = ["TaylorBlock", "blocks_of"]


def blocks_of(
    terms: Sequence[Term],
    network: keras.Model,
    point_sets: Mapping[str, tf.Tensor],
    coefficients: Coefficients,
) -> list[Block] | None:
    """Returns each term's scaled rows as a block of a `LeastSquares`.

    Args:
        terms: the terms of the loss.
        network: maps `(n, d)` to `(n, outputs)`.
        point_sets: dictionary of tensors `(n_i, d)`.
        coefficients: dictionary of scalar variables.

    Returns:
        A list, or None where a term's rows mix points and Taylor mode cannot
        linearise them.
    """
    if any(term.layout is None for term in terms):
        return None
    return [
        _block_of(term, network, term.inputs(point_sets), coefficients)
        for term in terms
    ]


def _block_of(
    term: Term, network: keras.Model, x: tf.Tensor, coefficients: Coefficients
) -> Block:
    scale = term.scale(x)
    if term.layout == "general":
        return PointwiseRows(
            lambda inputs: (
                scale
                * term.weighed(term.rows_at(inputs, network, coefficients), inputs)
            ),
            x,
            term.cost(network),
            squares_of=term.squares,
            squares_shape=term.squares_shape,
        )
    return TaylorBlock(
        term=term, network=network, coefficients=coefficients, inputs=x, scale=scale
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class TaylorBlock:
    """A `Block` of a term's rows, linearised by Taylor mode.

    Attributes:
        term: the `Term`.
        network: maps `(n, d)` to `(n, outputs)`.
        coefficients: dictionary of scalar variables.
        inputs: the term's inputs, `(n, d + k)`.
        scale: a factor of all rows, `()`.
    """

    term: Term
    network: keras.Model
    coefficients: Coefficients
    inputs: tf.Tensor
    scale: tf.Tensor

    @property
    def cost(self) -> int:
        return self.term.cost(self.network)

    @property
    def squares_shape(self) -> tuple[int, ...]:
        return self.term.squares_shape

    def squares(self, rows: tf.Tensor) -> tf.Tensor:
        return self.term.squares(rows)

    def rows(self) -> tf.Tensor:
        rows = self.term.rows_at(self.inputs, self.network, self.coefficients)
        return self.scale * self.term.weighed(rows, self.inputs)

    def count(self) -> int | None:
        return self.inputs.shape[0] if self.term.pointwise else None

    def piece(self, start: tf.Tensor, size: int) -> "TaylorBlock":
        return dataclasses.replace(self, inputs=cut(self.inputs, start, size))

    def sampled(self, share: float, seed: tf.Tensor | None = None) -> Block:
        if self.term.row_count is not None:
            return self
        chosen, factor = sample_of(self.inputs, share, seed)
        if chosen is None:
            return self
        if not self.term.pointwise:
            return SomeRows(self, chosen, factor)
        return dataclasses.replace(
            self,
            inputs=picked(self.inputs, chosen),
            scale=self.scale * number(factor, self.scale.dtype),
        )

    def linearise(
        self, parameters: ParameterVector, parts: list[tf.Tensor], fused: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        block = self.factored(parameters, parts)
        return block.flat(), block.jacobian(parameters.variables, fused)

    def factored(
        self, parameters: ParameterVector, parts: list[tf.Tensor]
    ) -> FactoredRows | ChainedRows:
        make = (
            taylor_jacobian.pointwise_rows
            if self.term.pointwise
            else taylor_jacobian.coupled_rows
        )
        x, scale, term = self.inputs, self.scale, self.term

        def rows_of(values: Values, numbers: Coefficients) -> tf.Tensor:
            return scale * term.weighed(term.rows_of(values, x, numbers), x)

        with parameters.scope(parts):
            return make(
                self.network, term.places(x), term.requests, rows_of, self.coefficients
            )
