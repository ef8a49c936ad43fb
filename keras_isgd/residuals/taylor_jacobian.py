"""Rows of a residual with their Jacobian in factors, from one pass of Taylor mode."""

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.derivatives import taylor
from keras_isgd.derivatives.channels import Request
from keras_isgd.derivatives.jet import Use
from keras_isgd.residuals.factored_jacobian import ChainedRows, Factor, FactoredRows

__all__ = ["coupled_rows", "pointwise_rows"]

# From the derivatives at each place and the coefficients to rows (n, k).
Rows = Callable[
    [Sequence[Mapping[Request, tf.Tensor]], Mapping[str, tf.Tensor]], tf.Tensor
]
Scalars = list[tuple[keras.Variable, tf.Tensor]]


def pointwise_rows(
    network: keras.Model,
    places: Sequence[tf.Tensor],
    requests: Sequence[Collection[Request]],
    function: Rows,
    coefficients: Mapping[str, keras.Variable],
) -> FactoredRows:
    """Returns rows that each depend on their own point alone.

    One pass forward, and one backward for each column.

    Args:
        network: maps `(n, d)` to `(n, outputs)`; Taylor mode passes it.
        places: list of points `(n, d)`.
        requests: for each of them, `(component, indices)` pairs.
        function: from one dictionary of derivatives `(n, 1)` for each place, and a
            dictionary of coefficients, to rows `(n, k)`.
        coefficients: dictionary of scalar variables.

    Returns:
        `FactoredRows`.
    """
    uses: list[Use] = []
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:

        def record(use: Use) -> list[tf.Tensor]:
            tape.watch(use.outputs)
            uses.append(use)
            return use.outputs

        values = [
            taylor.derivatives(network, place, asked, record)
            for place, asked in zip(places, requests, strict=True)
        ]
        rows, scalars = _with_scalars(function, values, coefficients)
    n, k = tf.shape(rows)[0], rows.shape[1]
    # One list for each use, of its channels.
    sources = [use.outputs for use in uses]
    flows = []
    for column in range(k):
        one = tf.one_hot([column], k, dtype=rows.dtype)
        flows.append(
            tape.gradient(
                rows,
                sources,
                output_gradients=tf.repeat(one, n, axis=0),
                unconnected_gradients=tf.UnconnectedGradients.ZERO,
            )
        )
    return FactoredRows(rows, _factors(uses, flows), scalars)


def coupled_rows(
    network: keras.Model,
    places: Sequence[tf.Tensor],
    requests: Sequence[Collection[Request]],
    function: Rows,
    coefficients: Mapping[str, keras.Variable],
) -> ChainedRows:
    """Returns rows that may mix points; arguments as for `pointwise_rows`.

    The derivatives of the network are pointwise, whatever is made of them.

    Returns:
        `ChainedRows`.
    """
    names: list[tuple[int, Request]] = []
    blocks = []
    for number, (place, asked) in enumerate(zip(places, requests, strict=True)):
        ordered = sorted(asked, key=str)
        names += [(number, name) for name in ordered]
        joined = functools.partial(_side_by_side, ordered)
        blocks.append(pointwise_rows(network, [place], [asked], joined, {}))
    inner = functools.reduce(_beside, blocks)
    flat = [inner.rows[:, j : j + 1] for j in range(len(names))]
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(flat)
        values: list[dict[Request, tf.Tensor]] = [{} for _ in places]
        for (number, name), value in zip(names, flat, strict=True):
            values[number][name] = value
        rows, scalars = _with_scalars(function, values, coefficients)
        vector = tf.reshape(rows, [-1])
    slopes = tape.jacobian(
        vector, flat, unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    # (m k, n, q), as the inner rows are ordered.
    outer = tf.concat(slopes, axis=2)
    outer = tf.reshape(outer, [tf.size(rows), -1])
    scalars = [(v, tf.reshape(column, [-1, 1])) for v, column in scalars]
    return ChainedRows(rows, outer, inner, scalars)


def _side_by_side(names: list[Request], found: Any, _: Any) -> tf.Tensor:
    """The derivatives of one place as columns, `(n, q)`."""
    return tf.concat([found[0][name] for name in names], axis=1)


def _with_scalars(
    function: Rows,
    values: Sequence[Mapping[Request, tf.Tensor]],
    coefficients: Mapping[str, keras.Variable],
) -> tuple[tf.Tensor, Scalars]:
    """Rows, and how they depend on each coefficient."""
    numbers = {name: tf.convert_to_tensor(v) for name, v in coefficients.items()}
    rows = function(values, numbers)
    scalars = []
    for name, variable in coefficients.items():
        primal = numbers[name]
        with tf.autodiff.ForwardAccumulator(primal, tf.ones_like(primal)) as along:
            again = function(values, {**numbers, name: primal})
        slope = along.jvp(again, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        scalars.append((variable, slope))
    return rows, scalars


def _factors(
    uses: Sequence[Use], flows: Sequence[Sequence[Sequence[tf.Tensor]]]
) -> list[Factor]:
    return [
        Factor(
            use.kernel,
            use.bias,
            use.inputs,
            [tf.stack(flow, axis=1) for flow in zip(*(f[i] for f in flows))],
            use.elementwise,
        )
        for i, use in enumerate(uses)
    ]


def _beside(left: FactoredRows, right: FactoredRows) -> FactoredRows:
    """Rows of two places at the same points side by side."""

    def widened(factors: list[Factor], before: int, after: int) -> list[Factor]:
        sides = [[0, 0], [before, after], [0, 0]]
        return [
            factor._replace(backward=[tf.pad(g, sides) for g in factor.backward])
            for factor in factors
        ]

    return FactoredRows(
        tf.concat([left.rows, right.rows], axis=1),
        widened(left.factors, 0, right.rows.shape[1])
        + widened(right.factors, left.rows.shape[1], 0),
        [],
    )
