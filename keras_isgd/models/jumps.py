"""Where the values that a problem prescribes jump, and how its solution does there."""

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.derivatives.channels import Request, is_laplacian
from keras_isgd.models.meetings import (
    Face,
    face_value,
    faces_with_values,
    meetings,
    values_on,
)
from keras_isgd.models.scales import few_points
from keras_isgd.networks.jump_features import Jump
from keras_isgd.problems import Condition, Problem
from keras_isgd.residuals.term import Term
from keras_isgd.residuals.terms import equation_terms

__all__ = ["jumps_of"]

# Points along a face of a plane domain, how far from its ends in parts of it, and how
# often a jump between two of them is halved.
_ALONG, _STEP, _HALVINGS = 2001, 1e-6, 40
# A difference below this part of an output's range is none.
_NONE = 1e-2
# A network with more jumps than that is not built: they are data of another kind.
_MOST = 12
# b over a^k for a = (4 c t)^(1/2), the width of a layer that spreads.
_SPREAD = 4.0


class _Place(NamedTuple):
    """Two coordinates with their values, and the outputs that jump there.

    Attributes:
        first, second: `(axis, value, sign)`, the sign that of the domain's side of it.
        outputs: their numbers.
    """

    first: tuple[int, float, float]
    second: tuple[int, float, float]
    outputs: frozenset[int]


def jumps_of(
    problem: Problem, terms: Sequence[Term], network: keras.Model, sizes: np.ndarray
) -> tuple[Jump, ...]:
    """Returns where prescribed values jump between two parts of a boundary, or in one.

    A hot edge meets a cold one, a body meets another temperature at first, a lid moves
    over a wall at rest. They are looked for between faces of boxes, between parts of
    other boundaries in the plane, and within a face where there are two coordinates
    in all. The equation must have derivatives of an output in both
    coordinates, of the second order or above in one of them, and must not be
    hyperbolic, since then the jump goes on into the domain.

    Args:
        problem: the `Problem`.
        terms: of its loss.
        network: a trial network of the outputs' sizes.
        sizes: half the range of each output, `(outputs,)`.

    Returns:
        What `networks.jump_features.JumpFeatures` takes; nothing for more than 12.
    """
    places: dict[tuple, set[int]] = {}
    for first, second, output in [
        *_between_parts(problem, sizes),
        *_along_faces(problem, sizes),
    ]:
        places.setdefault((first, second), set()).add(output)
    if not places or len(places) > _MOST:
        return ()
    strengths = _Strengths(problem, terms, network)
    found = (
        strengths.jump(_Place(first, second, frozenset(outputs)))
        for (first, second), outputs in places.items()
    )
    return tuple(jump for jump in found if jump is not None)


def _end(problem: Problem, face: Face) -> tuple[int, float, float]:
    """A face as a coordinate, its value, and the sign of the domain's side of it."""
    return face[0], face_value(problem, face), -1.0 if face[1] else 1.0


def _between_parts(problem: Problem, sizes: np.ndarray) -> Iterator[tuple]:
    """Where parts of the boundary meet whose values differ, with the output."""
    for meeting in meetings(problem):
        if meeting.difference <= _NONE * sizes[meeting.output]:
            continue
        if meeting.faces:
            first, second = (_end(problem, face) for face in meeting.faces)
            yield *sorted([first, second]), meeting.output
        elif meeting.vertex is not None:
            axes = np.flatnonzero(problem.region.space_columns())
            first, second = (
                # To fewer digits than two ends of the same place agree in.
                (int(axis), float(f"{value:.6e}"), 1.0)
                for axis, value in zip(axes, meeting.vertex, strict=True)
            )
            yield first, second, meeting.output


def _along_faces(problem: Problem, sizes: np.ndarray) -> Iterator[tuple]:
    """Points of a plane domain's faces where a value jumps, with the output."""
    region = problem.region
    if region.width != 2:
        return
    for condition, face in faces_with_values(problem):
        end = _end(problem, face)
        along = 1 - end[0]
        at = functools.partial(_values_along, problem, condition, face)
        # Not at the ends, where faces meet.
        shares = np.linspace(_STEP, 1.0 - _STEP, _ALONG)
        places = region.lower[along] + shares * region.lengths[along]
        for output, found in at(places).items():
            smallest = _NONE * sizes[output]
            for i in np.flatnonzero(np.abs(np.diff(found)) > smallest)[:_MOST]:
                place, height = _narrowed(at, output, places[i], places[i + 1])
                if height > smallest:
                    yield *sorted([end, (along, place, 1.0)]), output


def _values_along(
    problem: Problem, condition: Condition, face: Face, places: np.ndarray
) -> dict[int, np.ndarray]:
    """What a condition prescribes on a face at values of the other coordinate."""
    x = np.full((len(places), 2), face_value(problem, face))
    x[:, 1 - face[0]] = places
    return values_on(problem, condition, x)


def _narrowed(
    at: Callable[[np.ndarray], dict[int, np.ndarray]],
    output: int,
    low: float,
    high: float,
) -> tuple[float, float]:
    """Where between two places a value steps most, and by how much, by halving."""
    height = 0.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        left, right = np.abs(np.diff(at(np.array([low, middle, high]))[output]))
        height = max(left, right)
        low, high = (low, middle) if left > right else (middle, high)
    return float(high), float(height)


class _Strengths:
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
            values = term.values_at(x, network)
            # The equation's own point comes first.
            names, own = list(values[0]), list(values[0].values())
            with tf.GradientTape(persistent=True) as tape:
                tape.watch(own)
                columns = tf.unstack(term.rows_of(values, x, numbers), axis=1)
            for column in columns:
                found = zip(names, tape.gradient(column, own), strict=True)
                self._columns.append(
                    {name: np.ravel(g) for name, g in found if g is not None}
                )

    def jump(self, place: _Place) -> Jump | None:
        """Returns a place with what the solution is like there, None if it is not."""
        for column in self._columns:
            for output in sorted(place.outputs):
                ends = (place.first, place.second)
                highest = [self._highest(column, output, end[0]) for end in ends]
                if all(order for order, _ in highest):
                    return self._between(ends, highest)
        return None

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
    ) -> Jump | None:
        """The jump of two coordinates, that with the higher order first."""
        pair = sorted(zip(ends, highest, strict=True), key=lambda p: -p[1][0])
        (first, (order, strong)), (second, (low, weak)) = pair
        power = order // low
        hyperbolic = low == order and np.mean(strong * weak) < 0.0
        both_sides = power % 2 and power > 1 and _is_within(self._problem, first)
        if order < 2 or order % low or hyperbolic or both_sides:
            return None
        axes = first[0], second[0]
        edges = [self._problem.region.lengths[axis] for axis in axes]
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
        )


def _is_within(problem: Problem, end: tuple[int, float, float]) -> bool:
    """Whether a coordinate's value is not at an end of its range."""
    axis, value, _ = end
    return value not in (problem.region.lower[axis], problem.region.upper[axis])
