"""Sizes of a problem's outputs and of the terms of its loss."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.derivatives.channels import Name
from keras_isgd.problems import Condition, Data, Dirichlet, Problem
from keras_isgd.problems.conditions.values import at
from keras_isgd.residuals.term import Term
from keras_isgd.residuals.terms import equation_terms

__all__ = ["equation_sizes", "few_points", "output_ranges", "row_sizes"]

# Points of each set that are looked at.
_LOOKED_AT = 64
# A half range below this part of the largest value is not taken for the variation.
_FLAT = 1e-3
# Nor is a size below this part of the prescribed value: rounding.
_ROUNDING = 1e-9
# Secants for the size of an output, and powers of it that an equation may have.
_SECANTS, _POWERS = 6, (0.2, 10.0)
# Random directions for the mean square of a term's rows of J.
_PROBES = 16


def few_points(problem: Problem) -> dict[str, tf.Tensor]:
    """Returns a few well spread points of each of a problem's sets."""
    boundary = None if problem.input_count == 1 else _LOOKED_AT
    return next(iter(problem.points(_LOOKED_AT, boundary, method="sobol")))


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
        return
    gives_values = type(condition).kind in ("dirichlet", "initial")
    if not isinstance(condition, Dirichlet) or not gives_values:
        return
    if getattr(condition, "order", 0):
        return
    points = condition.fixed_points(problem)
    x = sets[str(condition.set_name)] if points is None else tf.constant(points)
    x = x[:, : problem.input_count]
    found = at(condition.value, x, condition.name, _start_of(problem, x)).numpy()
    outputs = len(problem.names.outputs) if condition.component is None else 1
    rows = np.broadcast_to(np.atleast_2d(found), (len(x), max(outputs, 1)))
    yield from _columns(problem, condition.component, rows)


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


def equation_sizes(
    problem: Problem,
    terms: Sequence[Term],
    network: keras.Model,
    kernel: keras.Variable,
    halves: np.ndarray,
    single: np.ndarray,
) -> np.ndarray:
    """Returns the half range of each output, from the equation where it is NaN.

    Let r0 be the residual where the outputs of unknown size are flat, and r1 what one
    of them adds to it with a range of the order of one. The equation is in balance
    where that output has the size r0 / r1: so a bending moment of M'' = -1 gets the
    square of the length for its size, and the pressure of a flow its density times the
    square of the velocity. Of several equations the one counts in which the output
    matters most.

    An output with a known range gets a larger one where its equation has a source that
    calls for more than three times as much. One of which a single value is prescribed
    varies because of the equation or of the other conditions, such as a flux, or
    because of outputs whose values vary: it has the largest size for which one of these
    is in balance. So does an output without values that no equation gives a size to.

    Args:
        problem: the `Problem`.
        terms: of its loss.
        network: a trial network, with a range of one where `halves` has NaN.
        kernel: that of its last layer, `(width, outputs)`; it is left as it was.
        halves: `(outputs,)`.
        single: which outputs have a single prescribed value, `(outputs,)`.
    """
    trial = _Trial(problem, terms, network, kernel, halves)
    known = np.isfinite(halves)
    sizes = np.where(known, halves, 1.0)
    try:
        for output in range(len(halves)):
            varying = known & ~single
            if known[output] and not single[output]:
                varying[:] = False
            elif not known[output]:
                varying = known.copy()
            before = trial.rows(varying)
            varying[output] = True
            ratios = trial.ratios(before, trial.rows(varying))
            if known[output]:
                ratios[ratios < _ROUNDING] = np.nan
            ratios = ratios * sizes[output]
            of_equations = ratios[trial.equations]
            if single[output] and np.isfinite(ratios).any():
                sizes[output] = np.nanmax(ratios)
            elif not known[output] and np.isfinite(of_equations).any():
                sizes[output] = trial.size_in_balance(before, varying, ratios)
            elif np.isfinite(of_equations).any():
                size = np.nanmin(of_equations)
                if size > 3.0 * sizes[output]:
                    sizes[output] = size
            elif not known[output] and np.isfinite(ratios).any():
                sizes[output] = np.nanmax(ratios)
    finally:
        trial.end()
    return sizes


class _Trial:
    """Rows of a loss's terms where some outputs vary and others are flat."""

    def __init__(
        self,
        problem: Problem,
        terms: Sequence[Term],
        network: keras.Model,
        kernel: keras.Variable,
        halves: np.ndarray,
    ) -> None:
        self._network, self._kernel = network, kernel
        self._terms = [term for term in terms if not term.row_count]
        self._of_equation = equation_terms(terms)
        sets = few_points(problem)
        self._coordinates = [tf.cast(t.inputs(sets), t.dtype) for t in self._terms]
        self._columns = np.arange(kernel.shape[1]) % len(halves)
        self._known = np.isfinite(halves)
        self._start = kernel.numpy()
        # Outputs whose root mean square variation is their half range.
        x = next(iter(sets.values()))[:, : problem.input_count]
        u = network(tf.cast(x, kernel.dtype)).numpy()
        one = np.where(np.isfinite(halves), halves, 1.0)
        varied = np.std(u, axis=0) / one[self._columns]
        self._whole = self._start / np.where(varied > 0.0, varied, 1.0)
        self._numbers = {
            name: tf.constant(unknown.start, kernel.dtype)
            for name, unknown in problem.unknowns.items()
        }

    @property
    def equations(self) -> np.ndarray:
        """Which columns of all terms are the equation's."""
        return np.concatenate(
            [np.full(term.columns, term in self._of_equation) for term in self._terms]
        )

    def rows(self, varying: np.ndarray, unknown_by: float = 1.0) -> list[np.ndarray]:
        """Each term's rows where some outputs vary, those without a known range by
        a factor, `(n, k)`."""
        factor = np.where(varying, np.where(self._known, 1.0, unknown_by), 0.0)
        self._kernel.assign(self._whole * factor[self._columns])
        return [
            term.rows_at(x, self._network, self._numbers).numpy()
            for term, x in zip(self._terms, self._coordinates, strict=True)
        ]

    def ratios(
        self, before: Sequence[np.ndarray], after: Sequence[np.ndarray]
    ) -> np.ndarray:
        """rms(before) / rms(change) of each column; NaN where one of them is zero."""
        found = []
        for old, new in zip(before, after, strict=True):
            first = np.sqrt(np.mean(old**2, axis=0))
            second = np.sqrt(np.mean((new - old) ** 2, axis=0))
            use = (first > 0) & (second > 0)
            use &= np.isfinite(first) & np.isfinite(second)
            found.append(np.where(use, first / np.where(use, second, 1.0), np.nan))
        return np.concatenate(found)

    def size_in_balance(
        self, before: Sequence[np.ndarray], varying: np.ndarray, ratios: np.ndarray
    ) -> float:
        """Where an output without a known range balances the equation that it matters
        most in: r0 / r1 where r1 grows as its size does. Where it grows by another
        power, such as that of a reaction 3e7 y^2 with a source of 0.04, the size
        follows from it by secants in the logarithms."""
        column = int(np.nanargmin(np.where(self.equations, ratios, np.nan)))
        size, ratio, power = 1.0, float(ratios[column]), 1.0
        for _ in range(_SECANTS):
            step = ratio ** (1.0 / power)
            if not 0.0 < step < np.inf:
                break
            size *= step
            last, ratio = ratio, self.ratios(before, self.rows(varying, size))[column]
            if not np.isfinite(ratio) or abs(np.log(ratio)) < 0.1:
                break
            power = power * (1.0 - np.log(ratio) / np.log(last))
            if not _POWERS[0] <= power <= _POWERS[1]:
                break
        return size

    def end(self) -> None:
        """Leaves the network as it was."""
        self._kernel.assign(self._start)


def row_sizes(
    terms: Sequence[Term],
    network: keras.Model,
    coefficients: Mapping[str, Any],
    sets: Mapping[str, tf.Tensor],
) -> list[np.ndarray]:
    """Returns the mean square of the rows of J for each column of each term, `(k,)`.

    J holds the derivatives of the unscaled rows in the network's weights. The mean is
    that of |J v|^2 over random vectors v, by differences (Hutchinson, Communications in
    Statistics 18, 1989).

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
        pairs = zip(terms, inputs, strict=True)
        return [t.rows_at(x, network, coefficients).numpy() for t, x in pairs]

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
