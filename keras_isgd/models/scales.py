"""Sizes of a problem's outputs and of the terms of its loss."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.derivatives.channels import Name
from keras_isgd.geometry import Box
from keras_isgd.problems import Condition, Data, Dirichlet, Problem
from keras_isgd.problems.conditions.values import at
from keras_isgd.residuals.term import Term

__all__ = [
    "few_points",
    "gives_values",
    "output_ranges",
    "prescribed_at",
    "prescribed_rows",
    "row_sizes",
]

# Points of each set that are looked at.
_LOOKED_AT = 64
# A half range below this part of the largest value is not taken for the variation.
_FLAT = 1e-3
# Random directions for the mean square of a term's rows of J.
_PROBES = 16


def few_points(problem: Problem, steep: Sequence[Box] = ()) -> dict[str, tf.Tensor]:
    """Returns a few well spread points of each of a problem's sets.

    Args:
        problem: the `Problem`.
        steep: boxes in which half of the points inside lie.
    """
    boundary = None if problem.input_count == 1 else _LOOKED_AT
    refine = 0.5 if steep else 0.0
    sets = problem.sets.dataset(_LOOKED_AT, boundary, False, 0, "sobol", refine, steep)
    return next(iter(sets))


def output_ranges(problem: Problem) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the middle and the half range of each output's prescribed values.

    Only values of outputs themselves count, not of their derivatives.

    Args:
        problem: the `Problem`.

    Returns:
        Three arrays `(outputs,)`: the middles, the half ranges, and whether all values
        are the same one, of which the half range is then the absolute value. The half
        range is NaN for an output without values or with zeros only, whose middle is 0.
    """
    count = len(problem.names.outputs)
    values: list[list[np.ndarray]] = [[] for _ in range(count)]
    sets = few_points(problem)
    for condition in problem.bound_conditions():
        for output, found in _prescribed(problem, condition, sets):
            values[output].append(np.ravel(found))
    middles, halves = np.zeros(count), np.full(count, np.nan)
    single = np.zeros(count, bool)
    for output, given in enumerate(values):
        every = np.concatenate(given) if given else np.zeros(1)
        every = every[np.isfinite(every)]
        largest = np.abs(every).max(initial=0.0)
        if largest == 0.0:
            continue
        half = 0.5 * np.ptp(every)
        middles[output] = every.min() + half
        single[output] = half <= _FLAT * largest
        halves[output] = largest if single[output] else half
    return middles, halves, single


def _prescribed(
    problem: Problem, condition: Condition, sets: Mapping[str, tf.Tensor]
) -> Iterator[tuple[int, np.ndarray]]:
    """The values that a condition gives to outputs, each with the output's number."""
    if isinstance(condition, Data):
        if condition.operator is None:
            yield from _columns(problem, condition.component, condition.values)
    elif gives_values(condition):
        points = condition.fixed_points(problem)
        x = sets[str(condition.set_name)] if points is None else tf.constant(points)
        yield from prescribed_at(problem, condition, x[:, : problem.input_count])


def gives_values(condition: Condition) -> bool:
    """Tells whether a condition prescribes values of outputs by a function of x."""
    kind = type(condition).kind in ("dirichlet", "initial")
    value = isinstance(condition, Dirichlet) and not getattr(condition, "order", 0)
    return kind and value


def prescribed_at(
    problem: Problem, condition: Condition, x: tf.Tensor
) -> Iterator[tuple[int, np.ndarray]]:
    """Yields what a condition prescribes at points, `(n,)`, with the output's number.

    Args:
        problem: the `Problem`.
        condition: one that `gives_values`, bound to the problem.
        x: points `(n, d + q)`, which need not be where it holds.
    """
    assert isinstance(condition, Dirichlet)
    rows = prescribed_rows(problem, condition, x).numpy()
    yield from _columns(problem, condition.component, rows)


def prescribed_rows(problem: Problem, condition: Dirichlet, x: tf.Tensor) -> tf.Tensor:
    """Returns what `prescribed_at` yields as a tensor, a column for each output."""
    found = at(condition.value, x, condition.name, _start_of(problem, x))
    if found.shape.rank < 2:
        found = tf.reshape(found, [1, -1])
    outputs = len(problem.names.outputs) if condition.component is None else 1
    return tf.broadcast_to(found, [tf.shape(x)[0], max(outputs, 1)])


def _columns(
    problem: Problem, component: int | str | None, values: np.ndarray
) -> Iterator[tuple[int, np.ndarray]]:
    names = problem.names
    if component is not None:
        yield names.component(component), values
        return
    for output in range(len(names.outputs)):
        yield output, values[:, output]


def _start_of(problem: Problem, x: tf.Tensor) -> Field:
    """A field of zeros with the coefficients' first values."""

    def lookup(component: int, indices: Name) -> tf.Tensor:
        return tf.zeros((len(x), 1), x.dtype)

    numbers = {
        name: tf.constant(unknown.initial, x.dtype)
        for name, unknown in problem.unknowns.items()
    }
    return Field(lookup, problem.names, coefficients=numbers, points=x)


def row_sizes(
    terms: Sequence[Term],
    network: keras.Model,
    coefficients: Mapping[str, Any],
    sets: Mapping[str, tf.Tensor],
) -> list[np.ndarray]:
    """Returns the mean square of the rows of J for each column of each term, `(k,)`.

    J holds the derivatives, in the network's weights, of the rows without their
    omegas. The mean is that of |J v|^2 over random vectors v, by differences
    (Hutchinson, Communications in Statistics 18, 1989).

    Args:
        terms: the `Term`s.
        network: the network.
        coefficients: the trained numbers by name.
        sets: point sets.
    """
    inputs = [tf.cast(term.inputs(sets), term.dtype) for term in terms]
    weights = network.trainable_variables
    start = [v.numpy() for v in weights]
    random = np.random.default_rng(0)

    def rows() -> list[np.ndarray]:
        found = []
        for term, x in zip(terms, inputs, strict=True):
            own = term.rows_at(x, network, coefficients)
            found.append(term.weighed(own, x).numpy())
        return found

    before = rows()
    squares = [np.zeros(r.shape[1]) for r in before]
    step = np.finfo(start[0].dtype).eps ** 0.4
    try:
        for _ in range(_PROBES):
            for variable, value in zip(weights, start, strict=True):
                variable.assign(value + step * random.standard_normal(value.shape))
            for total, after, old in zip(squares, rows(), before, strict=True):
                total += np.mean(((after - old) / step) ** 2, axis=0)
    finally:
        for variable, value in zip(weights, start, strict=True):
            variable.assign(value)
    return [total / _PROBES for total in squares]
