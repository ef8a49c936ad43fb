"""Rows of a residual with their Jacobian in factors, from one pass of Taylor mode."""

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.derivatives import taylor
from keras_isgd.derivatives.channels import Request
from keras_isgd.derivatives.jet import Use
from keras_isgd.residuals.chained_jacobian import ChainedRows
from keras_isgd.residuals.factored_jacobian import Factor, FactoredRows
from keras_isgd.residuals.places import Place

__all__ = ["coupled_rows", "pointwise_rows"]

# From the derivatives at each place and the coefficients to rows (n, k).
Rows = Callable[
    [Sequence[Mapping[Request, tf.Tensor]], Mapping[str, tf.Tensor]], tf.Tensor
]
Scalars = list[tuple[keras.Variable, tf.Tensor]]


def pointwise_rows(
    network: keras.Model,
    places: Sequence[Place],
    requests: Sequence[Collection[Request]],
    function: Rows,
    coefficients: Mapping[str, keras.Variable],
) -> FactoredRows:
    """Returns rows that each depend on their own point alone.

    One pass forward, and one backward for each column.

    Args:
        network: maps `(n, d)` to `(n, outputs)`; Taylor mode passes it.
        places: where; each row has points of its own.
        requests: for each of them, `(component, indices)` pairs.
        function: from one dictionary of derivatives `(n, m)` for each place, and a
            dictionary of coefficients, to rows `(n, k)`.
        coefficients: dictionary of scalar variables.

    Returns:
        `FactoredRows`.
    """
    uses: list[Use] = []
    counts: list[int] = []
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:

        def record(use: Use) -> list[tf.Tensor]:
            tape.watch(use.outputs)
            uses.append(use)
            return use.outputs

        values = []
        for place, asked in zip(places, requests, strict=True):
            found = taylor.derivatives(network, place.points, asked, record)
            values.append({name: place.shaped(v) for name, v in found.items()})
            counts += [place.count] * (len(uses) - len(counts))
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
    return FactoredRows(rows, _factors(uses, counts, flows), scalars)


def coupled_rows(
    network: keras.Model,
    places: Sequence[Place],
    requests: Sequence[Collection[Request]],
    function: Rows,
    coefficients: Mapping[str, keras.Variable],
) -> ChainedRows:
    """Returns rows that may mix points; arguments as for `pointwise_rows`.

    The derivatives of the network are pointwise, whatever is made of them. Places
    that all rows share are welcome too.

    Returns:
        `ChainedRows`.
    """
    inner, names = [], []
    for place, asked in zip(places, requests, strict=True):
        names.append(sorted(asked, key=str))
        joined = functools.partial(_side_by_side, names[-1])
        single = Place(place.points)
        inner.append(pointwise_rows(network, [single], [asked], joined, {}))
    columns = [[rows.rows[:, j : j + 1] for j in range(len(of))]
               for rows, of in zip(inner, names, strict=True)]  # fmt: skip
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(columns)
        values = [
            {name: place.shaped(v) for name, v in zip(of, found, strict=True)}
            for place, of, found in zip(places, names, columns, strict=True)
        ]
        rows, scalars = _with_scalars(function, values, coefficients)
        vector = tf.reshape(rows, [-1])
    slopes = tape.jacobian(
        vector, columns, unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    # (m k, n q) for each place, as its inner rows are ordered.
    outer = [
        tf.reshape(tf.concat(of, axis=2), [tf.size(rows), -1]) for of in slopes if of
    ]
    scalars = [(v, tf.reshape(column, [-1, 1])) for v, column in scalars]
    asked_of = [block for block, of in zip(inner, names, strict=True) if of]
    return ChainedRows(rows, outer, asked_of, scalars)


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
    uses: Sequence[Use],
    counts: Sequence[int],
    flows: Sequence[Sequence[Sequence[tf.Tensor]]],
) -> list[Factor]:
    """A factor for each use; one with m points for each row has m times the channels.

    Args:
        uses: the uses.
        counts: m of each.
        flows: for each column of the rows, what flows back to each use's channels.
    """
    factors = []
    for i, (use, count) in enumerate(zip(uses, counts, strict=True)):
        backward = [tf.stack(flow, axis=1) for flow in zip(*(f[i] for f in flows))]
        forward = list(use.inputs)
        if count > 1:
            forward = [h for channel in forward for h in _each(channel, count)]
            backward = [g for channel in backward for g in _each(channel, count)]
        factors.append(
            Factor(use.kernel, use.bias, forward, backward, use.elementwise, count)
        )
    return factors


def _each(channel: tf.Tensor, count: int) -> list[tf.Tensor]:
    """A channel `(n m, ...)` as m channels `(n, ...)`; `(1, ...)` stays as it is."""
    if channel.shape[0] == 1:
        return [channel] * count
    shape = [-1, count, *channel.shape[1:]]
    return tf.unstack(tf.reshape(channel, shape), axis=1)
