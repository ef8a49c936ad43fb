"""Where a loss is NaN or infinite: the term, the equation, the point, the remedy."""

import itertools
from collections.abc import Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.residuals.term import Coefficients, Term

__all__ = ["explain"]


def explain(
    terms: Sequence[Term],
    network: keras.Model,
    point_sets: Mapping[str, tf.Tensor],
    coefficients: Coefficients,
) -> str | None:
    """Returns a sentence about the first row, or gradient, that is not finite.

    It evaluates the terms one by one, eagerly.

    Args:
        terms: the terms of the loss.
        network: maps `(n, d)` to `(n, outputs)`.
        point_sets: dictionary of tensors `(n_i, d)`.
        coefficients: dictionary of scalar variables.

    Returns:
        None if all is finite.
    """
    for variable in [*network.weights, *coefficients.values()]:
        if not np.isfinite(variable.numpy()).all():
            return (
                f"The weight {variable.path!r} is NaN or infinite itself, and so is "
                "all that is computed from it."
            )
    for term in terms:
        found = _explain_term(term, network, term.inputs(point_sets), coefficients)
        if found is not None:
            return found
    return None


def _explain_term(
    term: Term, network: keras.Model, x: tf.Tensor, coefficients: Coefficients
) -> str | None:
    values = term.values_at(x, network)
    numbers = {name: tf.convert_to_tensor(v) for name, v in coefficients.items()}
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        # One by one: TensorFlow sorts keys, and the names of derivatives have no order.
        for value in itertools.chain(*(found.values() for found in values)):
            tape.watch(value)
        tape.watch(list(numbers.values()))
        rows = term.rows_of(values, x, numbers)
        squares = tf.reduce_sum(rows**2)
    bad = _first(rows)
    if bad is not None:
        row, column = bad
        what = f"is {_word(rows[row, column])}"
        return _sentence(term, network, x, row, f"{_equation(term, column)} {what}")
    asked = [(i, request) for i, found in enumerate(values) for request in found]
    sources = [values[i][request] for i, request in asked]
    # The gradient of the loss, and the Jacobian that Gauss-Newton takes.
    for slope in [*tape.gradient(squares, sources), *tape.gradient(rows, sources)]:
        bad = None if slope is None else _first(slope)
        if bad is not None:
            what = f"is finite, but its gradient is {_word(slope[bad])}"
            return _sentence(term, network, x, bad[0], f"its value {what}")
    with tf.GradientTape() as tape:
        squares = tf.reduce_sum(term.rows_at(x, network, coefficients) ** 2)
    variables = [*network.trainable_variables, *coefficients.values()]
    gradient = tape.gradient(squares, [v.value for v in variables])
    for variable, slope in zip(variables, gradient, strict=True):
        if slope is not None and not np.isfinite(slope).all():
            return (
                f"The term {term.name!r} is finite on these points, but its gradient "
                f"in the weight {variable.path!r} is not. A function in the network or "
                "in the equation has no finite derivative there, such as a root or a "
                "norm at zero."
            )
    return None


def _first(tensor: tf.Tensor) -> tuple[int, int] | None:
    bad = np.argwhere(~np.isfinite(np.asarray(tensor)))
    return (int(bad[0][0]), int(bad[0][1])) if len(bad) else None


def _word(number: tf.Tensor) -> str:
    return "NaN" if np.isnan(float(number)) else "infinite"


def _equation(term: Term, column: int) -> str:
    if term.columns == 1:
        return "its equation"
    return f"equation {column + 1} of its {term.columns} (column {column})"


def _sentence(
    term: Term, network: keras.Model, x: tf.Tensor, row: int, what: str
) -> str:
    names = term.problem.names.inputs
    if not term.pointwise:
        return (
            f"In the term {term.name!r}, {what} in row {row}; its rows mix points. "
            f"{_remedy(term)}"
        )
    point = term.own_places(x[row : row + 1])[0]
    where = ", ".join(f"{n} = {float(v):.6g}" for n, v in zip(names, point[0]))
    outputs = ", ".join(f"{float(v):.6g}" for v in network(point)[0])
    return (
        f"In the term {term.name!r}, {what} at the point {where}, where the network is "
        f"{outputs}. {_remedy(term)}"
    )


def _remedy(term: Term) -> str:
    where = "point, or its value in the data," if term.points is not None else "point"
    return (
        "If the network's value is the cause, as with a root or a logarithm of what is "
        "not positive, start the network where the equation is defined: "
        "ki.networks.mlp(..., output_offset=1.5). If the point is, as with a division "
        f"by zero, change the {where} or the equation there."
    )
