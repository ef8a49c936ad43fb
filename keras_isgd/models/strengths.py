"""What a solution is like where prescribed values jump, from its equation."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives.channels import Request, is_laplacian
from keras_isgd.models.scales import few_points
from keras_isgd.networks.jump_features import Jump
from keras_isgd.problems import Problem
from keras_isgd.residuals.term import Term
from keras_isgd.residuals.terms import equation_terms

__all__ = ["Place", "Strengths", "factors_of"]

# b over a^k for a = (4 c t)^(1/2), the width of a layer that spreads.
_SPREAD = 4.0


class Place(NamedTuple):
    """Two coordinates with their values, and the outputs that jump there.

    Attributes:
        first, second: `(axis, value, sign)`, the sign that of the domain's side of it.
            An axis below zero is that of `Jump`: the distance from a shape.
        outputs: their numbers.
        derivative: 0 where their values jump, 1 where their slopes do.
    """

    first: tuple[int, float, float]
    second: tuple[int, float, float]
    outputs: frozenset[int]
    derivative: int = 0


def factors_of(
    term: Term, x: tf.Tensor, network: keras.Model, numbers: Mapping[str, tf.Tensor]
) -> list[dict[Request, np.ndarray]]:
    """Returns what an equation's derivatives are multiplied by, for each column.

    Args:
        term: of the equation, pointwise.
        x: its inputs, `(n, d + k)`.
        network: whose values the factors may depend on.
        numbers: the coefficients by name.

    Returns:
        Dictionaries of arrays `(n,)`; a derivative that a column has not is left out.
    """
    values = term.values_at(x, network)
    # The equation's own point comes first.
    names, own = list(values[0]), list(values[0].values())
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(own)
        columns = tf.unstack(term.rows_of(values, x, numbers), axis=1)
    found = []
    for column in columns:
        pairs = zip(names, tape.gradient(column, own), strict=True)
        found.append({name: np.ravel(g) for name, g in pairs if g is not None})
    return found


class Strengths:
    """How much an equation's rows depend on each derivative.

    Args:
        problem, terms, network: as for `jumps_of`.
    """

    def __init__(
        self, problem: Problem, terms: Sequence[Term], network: keras.Model
    ) -> None:
        self._problem = problem
        self._outputs = len(problem.names.outputs)
        self._columns: list[dict[Request, np.ndarray]] = []
        numbers = {
            name: tf.constant(unknown.start, terms[0].dtype)
            for name, unknown in problem.unknowns.items()
        }
        sets = few_points(problem)
        for term in equation_terms(terms):
            if not term.pointwise:
                continue
            x = tf.cast(term.inputs(sets), term.dtype)
            self._columns += factors_of(term, x, network, numbers)

    def jump(self, place: Place) -> Jump | None:
        """Returns a place with what the solution is like there, None if it is not."""
        for column in self._columns:
            for output in sorted(place.outputs):
                ends = (place.first, place.second)
                highest = [
                    self._highest(column, output, self._axis(end[0])) for end in ends
                ]
                if all(order for order, _ in highest):
                    return self._between(ends, highest, place.derivative)
        return None

    def poles(self, outputs: frozenset[int]) -> tuple[int, ...]:
        """Returns the outputs that grow as 1 / r where others jump.

        They stand in an equation with one derivative less than one that jumps, and in
        none with as many: the pressure beside the viscous stress.
        """
        found, regular = set(), set()
        for column in self._columns:
            for axis in np.flatnonzero(self._problem.region.space_columns()):
                orders = {
                    o: self._highest(column, o, int(axis))[0]
                    for o in range(self._outputs)
                }
                top = max((orders[o] for o in outputs), default=0)
                found |= {o for o, k in orders.items() if 0 < k == top - 1}
                regular |= {o for o, k in orders.items() if k >= max(top, 2)}
        return tuple(sorted(found - regular - outputs))

    def _axis(self, axis: int) -> int:
        """The coordinate whose derivatives count: any of space for a distance."""
        return axis if axis >= 0 else self._problem.region.space_columns().index(True)

    def _highest(
        self, column: Mapping[Request, np.ndarray], output: int, axis: int
    ) -> tuple[int, np.ndarray]:
        """The highest order in a coordinate, and the factor of that derivative."""
        order, factor = 0, np.zeros(1)
        for (component, indices), found in column.items():
            among = [i for i in indices if isinstance(i, int)]
            here = component % self._outputs == output and axis in among
            pure = is_laplacian(indices) or set(among) == {axis}
            if here and pure and np.any(found):
                own = 2 if is_laplacian(indices) else len(among)
                if own > order:
                    order, factor = own, found
                elif own == order:
                    factor = factor + found
        return order, factor

    def _between(
        self,
        ends: Sequence[tuple[int, float, float]],
        highest: Sequence[tuple[int, np.ndarray]],
        derivative: int,
    ) -> Jump | None:
        """The jump of two coordinates, that with the higher order first."""
        pair = sorted(zip(ends, highest, strict=True), key=lambda p: -p[1][0])
        (first, (order, strong)), (second, (low, weak)) = pair
        power = order // low
        hyperbolic = low == order and np.mean(strong * weak) < 0.0
        both_sides = power % 2 and power > 1 and _is_within(self._problem, first)
        smooth = power == 1 and derivative
        if order < 2 or order % low or hyperbolic or both_sides or smooth:
            return None
        axes = first[0], second[0]
        edges = [self._problem.region.lengths[self._axis(axis)] for axis in axes]
        rms = [float(np.sqrt(np.mean(factor**2))) for factor in (strong, weak)]
        strengths = rms[0] / edges[0] ** order, rms[1] / edges[1] ** low
        ratio = (strengths[0] / strengths[1]) ** (1.0 / low)
        return Jump(
            axes,
            (first[1], second[1]),
            (first[2] * edges[0], second[2] * edges[1]),
            power,
            ratio if power == 1 else _SPREAD * ratio,
            order,
            derivative,
        )


def _is_within(problem: Problem, end: tuple[int, float, float]) -> bool:
    """Whether a coordinate's value is not at an end of its range, or may not be."""
    axis, value, _ = end
    return axis < 0 or value not in (
        problem.region.lower[axis],
        problem.region.upper[axis],
    )
