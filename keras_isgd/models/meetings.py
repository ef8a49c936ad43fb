"""Where two parts of a boundary meet, and what is prescribed there."""

import dataclasses
import itertools
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from scipy import spatial

from keras_isgd import sampling
from keras_isgd.geometry.ends import ends_of
from keras_isgd.models.scales import gives_values, prescribed_at
from keras_isgd.problems import Condition, Problem
from keras_isgd.problems.places import OnFaces, OnPart, TimeEnd

__all__ = [
    "Face",
    "Meeting",
    "face_value",
    "faces_with_values",
    "meetings",
    "values_on",
]

# Points where two parts meet that are looked at.
_LOOKED_AT = 256
# How far from there the two values of one condition are taken, in parts of the domain.
_STEP = 1e-6
# Ends that are closer to each other than that, in sizes of the geometry, are one.
_NEAR = 1e-6

# A coordinate's number, and 0 for its lower or 1 for its upper end.
Face = tuple[int, int]


@dataclasses.dataclass(frozen=True)
class Meeting:
    """What conditions say of an output where their places meet.

    Attributes:
        conditions: two that prescribe values, or one of them twice.
        faces: of each, where both are faces of a box; else empty.
        vertex: where two parts of a boundary in the plane meet, `(2,)`; else None.
        end: the end of time that the second one holds at, where the first one holds on
            a part of a boundary that is no face of a box; else None.
        output: the output's number.
        difference: of the two values, the root mean square over points there.
        largest: the largest difference.
        at: where that is, `(d + q,)`.
    """

    conditions: tuple[Condition, Condition]
    faces: tuple[Face, ...]
    output: int
    difference: float
    largest: float
    at: np.ndarray
    vertex: np.ndarray | None = None
    end: Face | None = None


def meetings(problem: Problem) -> Iterator[Meeting]:
    """Yields where faces of a box, parts in the plane, or a part and a time meet.

    Args:
        problem: the `Problem`.
    """
    given = faces_with_values(problem)
    for (one, face), (other, across) in itertools.combinations(given, 2):
        if face[0] != across[0]:
            yield from _of_faces(problem, (one, other), (face, across))
    yield from _at_ends_of_time(problem)
    yield from _at_vertices(problem)


def faces_with_values(problem: Problem) -> list[tuple[Condition, Face]]:
    """Returns the conditions that prescribe values on a box, each with one face."""
    found = []
    for condition in _with_values(problem):
        place = problem.region.place(condition.on)
        if isinstance(place, OnFaces):
            found += [(condition, face) for face in place.faces]
    return found


def face_value(problem: Problem, face: Face, inwards: float = 0.0) -> float:
    """Returns a coordinate's value on a face, or some part of its range inside."""
    axis, side = face
    region = problem.region
    ends = region.lower[axis], region.upper[axis]
    return ends[side] + (-inwards if side else inwards) * region.lengths[axis]


def values_on(
    problem: Problem, condition: Condition, x: np.ndarray
) -> dict[int, np.ndarray]:
    """Returns what a condition prescribes at points, `(n,)` by the outputs' numbers."""
    points = tf.constant(x)
    return {o: np.ravel(v) for o, v in prescribed_at(problem, condition, points)}


def _with_values(problem: Problem) -> list[Condition]:
    return [
        condition
        for condition in problem.bound_conditions()
        if gives_values(condition) and condition.on is not None
    ]


def _of_faces(
    problem: Problem, pair: tuple[Condition, Condition], faces: tuple[Face, Face]
) -> Iterator[Meeting]:
    region = problem.region
    unit = sampling.sobol_points(region.width, _LOOKED_AT)
    x = np.asarray(region.lower) + unit * np.asarray(region.lengths)
    for face in faces:
        x[:, face[0]] = face_value(problem, face)
    values = []
    for condition, far in zip(pair, reversed(faces), strict=True):
        points = x.copy()
        if pair[0] is pair[1]:
            # At the edge itself one condition has but one value.
            points[:, far[0]] = face_value(problem, far, _STEP)
        values.append(values_on(problem, condition, points))
    yield from _compared(pair, faces, values, x)


def _at_ends_of_time(problem: Problem) -> Iterator[Meeting]:
    """Where the boundary of another geometry than a box meets an end of time."""
    region = problem.region
    places = [(c, region.place(c.on)) for c in _with_values(problem)]
    for one, place in places:
        for other, end in places:
            if not isinstance(place, OnPart) or not isinstance(end, TimeEnd):
                continue
            if end.geometry is not None or region.time is None:
                continue
            x = region.sampler(one.on, _LOOKED_AT, "sobol", 0)(0).numpy()
            face = region.time, end.side
            x[:, region.time] = face_value(problem, face)
            values = [values_on(problem, c, x) for c in (one, other)]
            for meeting in _compared((one, other), (), values, x):
                yield dataclasses.replace(meeting, end=face)


def _at_vertices(problem: Problem) -> Iterator[Meeting]:
    """Where two pieces of the boundary of a plane geometry, no box, meet."""
    region = problem.region
    if region.space is None or region.space.dimension != 2:
        return
    near = _NEAR * region.space.size
    ends = [
        (condition, end)
        for condition in _with_values(problem)
        for place in [region.place(condition.on)]
        if isinstance(place, OnPart)
        for end in ends_of(place.part)
    ]
    if not ends:
        return
    tree = spatial.cKDTree([end.at for _, end in ends])
    for i, j in sorted(tree.query_pairs(near)):
        (one, first), (other, second) = ends[i], ends[j]
        values, x = [], _with_other_coordinates(problem, first.at)
        for condition, end in ((one, first), (other, second)):
            place = end.inside if one is other else end.at
            points = _with_other_coordinates(problem, place)
            values.append(values_on(problem, condition, points))
        for meeting in _compared((one, other), (), values, x):
            yield dataclasses.replace(meeting, vertex=first.at)


def _with_other_coordinates(problem: Problem, place: np.ndarray) -> np.ndarray:
    """A place in the plane at several times and parameters, `(n, d + q)`."""
    region = problem.region
    space = np.flatnonzero(region.space_columns()[: len(region.coordinates)])
    unit = sampling.sobol_points(region.width, _LOOKED_AT)
    x = np.asarray(region.lower) + unit * np.asarray(region.lengths)
    x[:, space] = place
    return x


def _compared(
    pair: tuple[Condition, Condition],
    faces: tuple[Face, ...],
    values: list[dict[int, np.ndarray]],
    x: np.ndarray,
) -> Iterator[Meeting]:
    first, second = values
    for output in first.keys() & second.keys():
        apart = np.abs(first[output] - second[output])
        worst = int(np.argmax(apart))
        rms = float(np.sqrt(np.mean(apart**2)))
        yield Meeting(pair, faces, output, rms, float(apart[worst]), x[worst])
