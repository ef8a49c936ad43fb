"""The terms of a PINN's loss to first order, one by one."""

import dataclasses
from collections.abc import Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.objectives.least_squares import LeastSquares
from keras_isgd.objectives.parameters import ParameterVector
from keras_isgd.residuals.term import Term
from keras_isgd.residuals.term_blocks import blocks_of
from keras_isgd.utils.memory import require_memory

__all__ = ["Rows", "linearised"]

# The Jacobian, the same with its columns scaled, and the singular vectors of that.
_COPIES = 4


@dataclasses.dataclass(frozen=True)
class Rows:
    """A term's rows, scaled as in the loss.

    Attributes:
        name: the term's.
        residual: `(m,)`, float64.
        jacobian: in all trained numbers, `(m, p)`, float64.
        scale: sqrt(omega / n), which is a factor of both.
    """

    name: str
    residual: np.ndarray
    jacobian: np.ndarray
    scale: float


def linearised(
    terms: Sequence[Term],
    network: keras.Model,
    coefficients: Mapping[str, keras.Variable],
    point_sets: Mapping[str, tf.Tensor],
    parameters: ParameterVector,
    memory: float = 4.0,
) -> list[Rows]:
    """Returns the rows of each term with their Jacobian, at the present weights.

    Args:
        terms: the terms of the loss.
        network: maps `(n, d)` to `(n, outputs)`.
        coefficients: the trained numbers by name.
        point_sets: dictionary of tensors `(n_i, d)`.
        parameters: the weights and coefficients, p numbers.
        memory: budget for the Jacobian and what is made of it, in GiB.

    Raises:
        ValueError: they exceed `memory`.
    """
    rows = sum(_row_count(term, term.inputs(point_sets)) for term in terms)
    require_memory(
        _COPIES * rows * parameters.size * 8,
        memory,
        f"The Jacobian of {rows} rows and {parameters.size} trained numbers, with "
        "what is made of it,",
        "Give `points` fewer of them, or take a smaller network.",
    )
    return [
        _linearised(term, network, coefficients, point_sets, parameters)
        for term in terms
    ]


def _row_count(term: Term, x: tf.Tensor) -> int:
    return (len(x) if term.row_count is None else term.row_count) * term.columns


def _linearised(
    term: Term,
    network: keras.Model,
    coefficients: Mapping[str, keras.Variable],
    point_sets: Mapping[str, tf.Tensor],
    parameters: ParameterVector,
) -> Rows:
    x = term.inputs(point_sets)
    w = parameters.read()
    blocks = blocks_of([term], network, point_sets, coefficients)
    if blocks is None:

        def vector() -> tf.Tensor:
            found = term.weighed(term.rows_at(x, network, coefficients), x)
            return tf.reshape(term.scale(x) * found, [-1])

        rows = LeastSquares(vector, parameters.variables)
        residual, jacobian = rows.linearise(w)
    else:
        (block,) = blocks
        residual, jacobian = block.linearise(parameters, parameters.unpack(w), False)
    scale = float(np.max(term.scale(x)))
    return Rows(
        term.name,
        residual.numpy().astype(np.float64),
        jacobian.numpy().astype(np.float64),
        scale,
    )
