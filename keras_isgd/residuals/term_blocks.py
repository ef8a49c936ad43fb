"""Terms of a PINN's loss as blocks of a `LeastSquares`."""

import dataclasses
from concurrent import futures
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import taylor
from keras_isgd.objectives.blocks import PointwiseRows, cut

__all__ = ["TaylorBlock", "block_of", "layouts_of"]


def layouts_of(terms, network, coefficients):
    """Finds out, by trying it on three points, how each term can be linearised.

    A residual may mix points, by an integral over them for one, and a layer's rule
    may use weights that Taylor mode does not see.

    Args:
        terms: list of `Term`s.
        network, coefficients: as for `Term.rows`.

    Returns:
        A tuple with, for each term, "pointwise" or "coupled" with Taylor mode,
        "general" for pointwise rows without it, or None.
    """

    def find():
        variables = [*network.trainable_variables, *coefficients.values()]
        trial = _trial_values(network, coefficients)
        # Not at the present weights: where the network is zero nothing shows.
        with keras.StatelessScope(state_mapping=list(zip(variables, trial))):
            return tuple(_layout(t, network, coefficients, trial) for t in terms)

    return _eagerly(find)


def block_of(term, layout, network, point_sets, coefficients):
    """Returns a term's scaled rows as a block of `LeastSquares`.

    Args:
        term: the `Term`.
        layout: its entry of `layouts_of`, not None.
        network, point_sets, coefficients: as for `Term.rows`.
    """
    scale = term.scale(point_sets)
    inputs = term.inputs(point_sets)
    if layout == "general":
        return PointwiseRows(
            lambda x: scale * term.rows_at(x, network, coefficients),
            inputs,
            term.cost(network),
        )
    return TaylorBlock(term, layout, network, coefficients, inputs, scale)


@dataclasses.dataclass(frozen=True)
class TaylorBlock:
    """A term's rows at points, as a block of `LeastSquares`; from `block_of`."""

    term: Any
    layout: str
    network: Any
    coefficients: dict
    inputs: Any
    scale: Any
    stride: int = 1

    @property
    def cost(self):
        """See `PointwiseRows`."""
        return self.term.cost(self.network)

    def rows(self):
        """See `PointwiseRows.rows`."""
        return self.scale * self.term.rows_at(
            self.inputs, self.network, self.coefficients
        )

    def count(self):
        """See `PointwiseRows.count`."""
        return self.inputs.shape[0] if self.layout == "pointwise" else None

    def piece(self, start, size):
        """See `PointwiseRows.piece`."""
        return dataclasses.replace(self, inputs=cut(self.inputs, start, size))

    def thinned(self, stride):
        """Every `stride`-th row alone."""
        if self.layout == "pointwise":
            return dataclasses.replace(self, inputs=self.inputs[::stride])
        return dataclasses.replace(self, stride=stride)

    def linearise(self, parameters, parts, fused):
        """See `PointwiseRows.linearise`."""
        block = self.factored(parameters, parts)
        rows, jacobian = block.flat(), block.jacobian(parameters.variables, fused)
        return rows[:: self.stride], jacobian[:: self.stride]

    def factored(self, parameters, parts):
        """See `PointwiseRows.factored`."""
        with parameters.scope(parts):
            return self.term.factored(
                self.layout, self.inputs, self.network, self.coefficients, self.scale
            )


def _trial_values(network, coefficients):
    rng = np.random.default_rng(0)
    moved = [
        v.numpy() + 0.3 * rng.normal(size=v.shape) for v in network.trainable_variables
    ]
    # Of the same sign: an equation may take roots of its coefficients.
    moved += [v.numpy() * rng.uniform(0.9, 1.1) for v in coefficients.values()]
    dtype = network.trainable_variables[0].dtype
    return [tf.constant(value, dtype) for value in moved]


def _layout(term, network, coefficients, trial):
    x = term.example()
    pointwise = _is_pointwise(term, x, network, coefficients)
    if term.engine is taylor:
        layout = "pointwise" if pointwise else "coupled"
        if _is_complete(term, layout, x, network, coefficients, trial):
            return layout
    return "general" if pointwise else None


def _is_pointwise(term, x, network, coefficients):
    together = term.rows_at(x, network, coefficients)
    alone = [
        term.rows_at(x[i : i + 1], network, coefficients) for i in range(x.shape[0])
    ]
    return np.allclose(together, tf.concat(alone, axis=0), rtol=1e-3, equal_nan=True)


def _is_complete(term, layout, x, network, coefficients, trial):
    """Whether J^T u of the factors is the tape's."""
    variables = [*network.trainable_variables, *coefficients.values()]
    with tf.GradientTape() as tape:
        tape.watch(trial)
        rows = term.rows_at(x, network, coefficients)
        u = tf.cast(tf.range(1, tf.size(rows) + 1), rows.dtype)
        product = tf.tensordot(tf.reshape(rows, [-1]), u, 1)
    expected = tape.gradient(
        product,
        trial,
        unconnected_gradients=tf.UnconnectedGradients.ZERO,
    )
    found = term.factored(layout, x, network, coefficients).backward(variables, u)
    return all(
        np.linalg.norm(e - f) <= 1e-3 * np.linalg.norm(e) + 1e-30
        for e, f in zip(expected, found, strict=True)
    )


def _eagerly(function):
    """Calls it outside the graph that is being traced, if any.

    `tf.init_scope` would stop its tapes, too.
    """
    if tf.executing_eagerly():
        return function()
    with futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(function).result()
