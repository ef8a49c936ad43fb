"""Terms of a PINN's loss as blocks of a `LeastSquares`."""

from concurrent import futures

import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import taylor
from keras_isgd.row_blocks import PointwiseRows, cut

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
    return _eagerly(lambda: tuple(_layout(t, network, coefficients) for t in terms))


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


class TaylorBlock:
    """A term's rows at points, as a block of `LeastSquares`; from `block_of`."""

    def __init__(self, term, layout, network, coefficients, inputs, scale):
        self._arguments = term, layout, network, coefficients
        self._inputs = inputs
        self._scale = scale
        self._stride = 1
        self.cost = term.cost(network)

    def rows(self):
        """See `PointwiseRows.rows`."""
        term, _, network, coefficients = self._arguments
        return self._scale * term.rows_at(self._inputs, network, coefficients)

    def count(self):
        """See `PointwiseRows.count`."""
        return self._inputs.shape[0] if self._arguments[1] == "pointwise" else None

    def piece(self, start, size):
        """See `PointwiseRows.piece`."""
        inputs = cut(self._inputs, start, size)
        return TaylorBlock(*self._arguments, inputs, self._scale)

    def thinned(self, stride):
        """Every `stride`-th row alone."""
        thin = TaylorBlock(*self._arguments, self._inputs, self._scale)
        if self._arguments[1] == "pointwise":
            thin._inputs = self._inputs[::stride]
        else:
            thin._stride = stride
        return thin

    def linearise(self, parameters, parts, fused):
        """See `PointwiseRows.linearise`."""
        block = self.factored(parameters, parts)
        rows, jacobian = block.flat(), block.jacobian(parameters.variables, fused)
        return rows[:: self._stride], jacobian[:: self._stride]

    def factored(self, parameters, parts):
        """See `PointwiseRows.factored`."""
        term, layout, network, coefficients = self._arguments
        with parameters.scope(parts):
            return term.factored(
                layout, self._inputs, network, coefficients, self._scale
            )


def _layout(term, network, coefficients):
    x = term.example()
    pointwise = _is_pointwise(term, x, network, coefficients)
    if term.engine is taylor:
        layout = "pointwise" if pointwise else "coupled"
        if _is_complete(term, layout, x, network, coefficients):
            return layout
    return "general" if pointwise else None


def _is_pointwise(term, x, network, coefficients):
    together = term.rows_at(x, network, coefficients)
    alone = [
        term.rows_at(x[i : i + 1], network, coefficients) for i in range(x.shape[0])
    ]
    return np.allclose(together, tf.concat(alone, axis=0), rtol=1e-3, equal_nan=True)


def _is_complete(term, layout, x, network, coefficients):
    """Whether J^T u of the factors is the tape's."""
    variables = [*network.trainable_variables, *coefficients.values()]
    with tf.GradientTape() as tape:
        rows = term.rows_at(x, network, coefficients)
        u = tf.cast(tf.range(1, tf.size(rows) + 1), rows.dtype)
        product = tf.tensordot(tf.reshape(rows, [-1]), u, 1)
    expected = tape.gradient(
        product,
        [variable.value for variable in variables],
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
