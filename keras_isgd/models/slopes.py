"""Where prescribed slopes do not fit what a solution is at first."""

import functools
import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from keras_isgd.derivatives import Field
from keras_isgd.derivatives.channels import Name
from keras_isgd.derivatives.tape import derivatives
from keras_isgd.models.scales import gives_values, prescribed_rows
from keras_isgd.problems import Condition, Dirichlet, Neumann, Problem, Robin
from keras_isgd.problems.places import OnFaces, OnPart, TimeEnd

__all__ = ["Start", "slopes_at_first"]

# Points of a part of the boundary that are looked at.
_LOOKED_AT = 256
# A difference below this part of what a condition weighs against each other is none.
_NONE = 1e-2


class Start(NamedTuple):
    """A condition on slopes that the values at the first time do not fit.

    Attributes:
        condition: a `Neumann` or `Robin` condition.
        face: of a box, `(axis, side)`, or None for another part of a boundary.
        output: for which output.
    """

    condition: Condition
    face: tuple[int, int] | None
    output: int


def slopes_at_first(problem: Problem, sizes: np.ndarray) -> Iterator[Start]:
    """Yields the conditions on slopes that jump at the first time, face by face.

    A body at rest that is heated from then on has no slope at first, and a slope at all
    later times: the solution grows as the root of the time there.

    Args:
        problem: the `Problem`.
        sizes: half the range of each output, `(outputs,)`.
    """
    axis = problem.region.time
    if axis is None:
        return
    first = functools.partial(_first_values, problem)
    outputs = len(problem.names.outputs)
    place = tf.constant([problem.region.lower], tf.float64)
    if problem.subdomains or first(place) is None:
        return
    for condition in problem.bound_conditions():
        whole = isinstance(condition, Neumann | Robin) and condition.on is not None
        if not whole or not isinstance(
            problem.region.place(condition.on), OnFaces | OnPart
        ):
            continue
        x, normals = _at_first(problem, condition)
        parts = _parts(problem, condition, x, first, sizes)
        own = getattr(condition, "component", None)
        columns = range(outputs) if own is None else [problem.names.component(own)]
        for face, chosen in _faces(problem, condition, normals):
            for column, output in enumerate(columns):
                rows, *others = (p[chosen, min(column, p.shape[1] - 1)] for p in parts)
                size = max(float(np.sqrt(np.mean(o**2))) for o in (rows, *others))
                if np.sqrt(np.mean(rows**2)) > _NONE * size > 0.0:
                    yield Start(condition, face, output)


def _first_values(problem: Problem, x: tf.Tensor) -> tf.Tensor | None:
    """What the conditions prescribe for all outputs at the first time, or None."""
    region, names = problem.region, problem.names
    columns: dict[int, tf.Tensor] = {}
    for condition in problem.bound_conditions():
        if not isinstance(condition, Dirichlet) or not gives_values(condition):
            continue
        place = None if condition.on is None else region.place(condition.on)
        on_box = isinstance(place, OnFaces) and place.faces == ((region.time, 0),)
        if on_box or (isinstance(place, TimeEnd) and place.side == 0):
            rows, own = prescribed_rows(problem, condition, x), condition.component
            several = range(len(names.outputs))
            for column, output in enumerate(
                several if own is None else [names.component(own)]
            ):
                columns[output] = rows[:, column : column + 1]
    if len(columns) < len(names.outputs):
        return None
    return tf.concat([columns[output] for output in sorted(columns)], axis=1)


def _at_first(problem: Problem, condition: Condition) -> tuple[tf.Tensor, np.ndarray]:
    """Inputs of a condition at the first time, with the normals there, `(n, d)`."""
    region, axis, d = problem.region, problem.region.time, len(problem.coordinates)
    x = region.sampler(condition.on, _LOOKED_AT, "sobol", 0, True)(0).numpy()
    x[:, axis] = region.lower[axis or 0]
    normals = x[:, problem.input_count : problem.input_count + d]
    width = problem.input_count + (d if condition.takes_normals(problem) else 0)
    return tf.constant(x[:, :width]), normals


def _parts(
    problem: Problem,
    condition: Condition,
    x: tf.Tensor,
    first: functools.partial,
    sizes: np.ndarray,
) -> list[np.ndarray]:
    """A condition's rows for the first values, and what these are small beside.

    That is what the condition prescribes, and what the first values or outputs that
    vary by their size over the domain make of it.
    """
    lengths = problem.region.lengths
    points = x[:, : problem.input_count]

    def lookup(component: int, indices: Name) -> tf.Tensor:
        request = component, indices
        return derivatives(first, points, [request])[request]

    def nothing(component: int, indices: Name) -> tf.Tensor:
        return tf.zeros_like(points[:, :1])

    def varying(component: int, indices: Name) -> tf.Tensor:
        size = sizes[component] / math.prod(lengths[i] for i in indices)
        return tf.fill(tf.shape(points[:, :1]), tf.constant(size, points.dtype))

    numbers = {
        name: tf.constant(unknown.initial, x.dtype)
        for name, unknown in problem.unknowns.items()
    }
    rows, flat, varied = (
        condition.residual(
            problem,
            [Field(of, problem.names, coefficients=numbers, points=points)],
            x,
        ).numpy()
        for of in (lookup, nothing, varying)
    )
    return [rows, flat, rows - flat, varied - flat]


def _faces(
    problem: Problem, condition: Condition, normals: np.ndarray
) -> Iterator[tuple[tuple[int, int] | None, np.ndarray]]:
    """The faces of a condition's place with the points on them; or None for all."""
    place = problem.region.place(condition.on)
    if not isinstance(place, OnFaces):
        yield None, np.ones(len(normals), bool)
        return
    for axis, side in place.faces:
        if axis == problem.region.time:  # a velocity at first, or at the end
            continue
        chosen = normals[:, axis] * (1.0 if side else -1.0) > 0.5
        if chosen.any():
            yield (axis, side), chosen
