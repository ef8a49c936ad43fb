"""An L2 regulariser as rows of a least-squares residual: sqrt(l2) w."""

import dataclasses
import math
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.objectives.blocks import FactoredJacobian
from keras_isgd.objectives.parameters import ParameterVector
from keras_isgd.objectives.subsets import sample_of

__all__ = ["WeightFactors", "WeightRows"]


@dataclasses.dataclass(frozen=True)
class WeightRows:
    """A `Block` with a row sqrt(l2) w for each entry w of some weights.

    Attributes:
        penalties: pairs of a `keras.Variable` and its l2, a positive number.
        chosen: numbers of the entries that are rows, one variable's after the
            other's; all if None.
        factor: of all rows.
    """

    penalties: Sequence[tuple[keras.Variable, float]]
    chosen: np.ndarray | None = None
    factor: float = 1.0

    @property
    def cost(self) -> None:
        return None

    def rows(self) -> tf.Tensor:
        values = [tf.reshape(tf.convert_to_tensor(v), [-1]) for v, _ in self.penalties]
        entries = tf.gather(tf.concat(values, axis=0), self._chosen())
        return (tf.cast(self._roots(), entries.dtype) * entries)[:, None]

    @property
    def squares_shape(self) -> tuple[int, ...]:
        return ()

    def squares(self, rows: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(rows**2)

    def count(self) -> None:
        return None

    def piece(self, start: tf.Tensor, size: int) -> "WeightRows":
        raise TypeError("The rows of weights are not cut into pieces.")

    def sampled(self, share: float, seed: tf.Tensor | None = None) -> "WeightRows":
        if seed is not None:  # its rows are numbers in Python
            return self
        chosen, factor = sample_of(tf.constant(self._chosen()), share)
        if chosen is None:
            return self
        some = self._chosen()[tf.get_static_value(chosen)]
        return dataclasses.replace(self, chosen=some, factor=self.factor * factor)

    def linearise(
        self, parameters: ParameterVector, parts: list[tf.Tensor], fused: bool
    ) -> tuple[tf.Tensor, tf.Tensor]:
        block = self.factored(parameters, parts)
        return block.flat(), block.jacobian(parameters.variables, fused)

    def factored(
        self, parameters: ParameterVector, parts: list[tf.Tensor]
    ) -> "WeightFactors":
        with parameters.scope(parts):
            rows = self.rows()
        return WeightFactors(self, rows[:, 0])

    def columns(self, variables: Sequence[keras.Variable]) -> np.ndarray:
        """Returns each row's entry in the vector of all `variables`, -1 for none."""
        places, start = {}, 0
        for variable in variables:
            places[id(variable)] = start
            start += math.prod(variable.shape)
        of_penalties = [
            places[id(v)] + np.arange(math.prod(v.shape))
            if id(v) in places
            else np.full(math.prod(v.shape), -1)
            for v, _ in self.penalties
        ]
        return np.concatenate(of_penalties)[self._chosen()].astype(np.int32)

    def _chosen(self) -> np.ndarray:
        if self.chosen is not None:
            return self.chosen
        return np.arange(sum(math.prod(v.shape) for v, _ in self.penalties))

    def _roots(self) -> np.ndarray:
        """d(row) / d(entry), `(m,)`."""
        roots = [np.full(math.prod(v.shape), l2**0.5) for v, l2 in self.penalties]
        return self.factor * np.concatenate(roots)[self._chosen()]


@dataclasses.dataclass(frozen=True)
class WeightFactors:
    """The rows of `WeightRows` with their Jacobian: one entry in each row.

    Attributes:
        block: the `WeightRows`.
        values: the rows, `(m,)`.
    """

    block: WeightRows
    values: tf.Tensor

    def flat(self) -> tf.Tensor:
        """Returns the rows, `(m,)`."""
        return self.values

    def jacobian(
        self, variables: list[keras.Variable], fused: bool = False
    ) -> tf.Tensor:
        """Returns the Jacobian, `(m, p)`."""
        p = sum(math.prod(v.shape) for v in variables)
        ones = tf.one_hot(self.block.columns(variables), p, dtype=self.values.dtype)
        return ones * self._roots()[:, None]

    def jvp(
        self, variables: list[keras.Variable], tangents: list[tf.Tensor]
    ) -> tf.Tensor:
        """Returns J v, `(m,)`; `tangents` are v's parts, shaped like `variables`."""
        v = tf.concat([tf.reshape(t, [-1]) for t in tangents], axis=0)
        columns = self.block.columns(variables)
        entries = tf.gather(v, np.maximum(columns, 0))
        return self._roots() * tf.where(columns >= 0, entries, 0.0)

    def vjp(self, variables: list[keras.Variable], u: tf.Tensor) -> list[tf.Tensor]:
        """Returns J^T u as a list of tensors shaped like `variables`."""
        sizes = [math.prod(v.shape) for v in variables]
        columns = self.block.columns(variables)
        (known,) = np.nonzero(columns >= 0)
        flow = tf.scatter_nd(
            columns[known][:, None], tf.gather(self._roots() * u, known), [sum(sizes)]
        )
        parts = tf.split(flow, sizes)
        return [tf.reshape(part, v.shape) for part, v in zip(parts, variables)]

    def gram(self, other: FactoredJacobian) -> tf.Tensor:
        """Returns J K^T `(m, m')` for the Jacobian K of other rows.

        It has the entries of K itself, so nothing is spared; see `gram_cost`.
        """
        variables = [v for v, _ in self.block.penalties]
        if isinstance(other, WeightFactors):
            seen = {id(v) for v in variables}
            others = [v for v, _ in other.block.penalties]
            variables = variables + [v for v in others if id(v) not in seen]
        jacobian = self.jacobian(variables)
        return tf.matmul(jacobian, other.jacobian(variables), transpose_b=True)

    def gram_cost(self) -> float:
        """Multiplications for an entry of `gram`: never fewer than with J."""
        return math.inf

    def _roots(self) -> tf.Tensor:
        return tf.constant(self.block._roots(), self.values.dtype)
