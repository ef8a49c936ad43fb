"""Where the values that a problem prescribes jump, and how its solution does there."""

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np

from keras_isgd.geometry import Geometry
from keras_isgd.models.meetings import (
    Face,
    face_value,
    faces_with_values,
    meetings,
    values_on,
)
from keras_isgd.models.slopes import slopes_at_first
from keras_isgd.models.strengths import Place, Strengths
from keras_isgd.models.surfaces import surfaces_of
from keras_isgd.networks.jump_features import Jump
from keras_isgd.problems import Condition, Problem
from keras_isgd.residuals.term import Term

__all__ = ["Jumps", "jumps_of"]

# Points along a face of a plane domain, how far from its ends in parts of it, and how
# often a jump between two of them is halved.
_ALONG, _STEP, _HALVINGS = 2001, 1e-6, 40
# A difference below this part of an output's range is none.
_NONE = 1e-2
# A network with more jumps than that is not built: they are data of another kind.
_MOST = 12


class Jumps(NamedTuple):
    """What `networks.jump_features.JumpFeatures` takes.

    Attributes:
        jumps: where prescribed values jump.
        shapes: what some of them have their distances from.
        poles: the numbers of the outputs that grow as 1 / r in corners, see
            `networks.jump_poles.JumpPoles`.
    """

    jumps: tuple[Jump, ...] = ()
    shapes: tuple[Geometry, ...] = ()
    poles: tuple[int, ...] = ()

    @property
    def corners(self) -> list[Jump]:
        """The jumps in which there can be poles: of two coordinates in a corner."""
        return [j for j in self.jumps if j.power == 1 and min(j.axes) >= 0]


def jumps_of(
    problem: Problem, terms: Sequence[Term], network: keras.Model, sizes: np.ndarray
) -> Jumps:
    """Returns where prescribed values jump between two parts of a boundary, or in one.

    A hot edge meets a cold one, a body meets another temperature at first, a lid moves
    over a wall at rest. They are looked for between faces of boxes, between parts of
    other boundaries in the plane, between balls, ellipses, shells or faces of boxes and
    an end of time, and within a face where there are two coordinates in all; and where
    slopes are prescribed that the values at the first time have not.

    The equation must have derivatives of an output in both coordinates, of the second
    order or above in one of them, and must not be hyperbolic, since then the jump goes
    on into the domain.

    Args:
        problem: the `Problem`.
        terms: of its loss.
        network: a trial network of the outputs' sizes.
        sizes: half the range of each output, `(outputs,)`.

    Returns:
        What was found; nothing for more than 12.
    """
    shapes: list[Geometry] = []
    places: dict[tuple, set[int]] = {}
    with np.errstate(all="ignore"):  # values may be infinite
        for first, second, output in [
            *_between_parts(problem, sizes, shapes),
            *_along_faces(problem, sizes),
        ]:
            places.setdefault((first, second, 0), set()).add(output)
        for first, second, output in _of_slopes(problem, sizes, shapes):
            if (first, second, 0) not in places:
                places.setdefault((first, second, 1), set()).add(output)
    if not places or len(places) > _MOST:
        return Jumps()
    strengths = Strengths(problem, terms, network)
    found = (
        strengths.jump(Place(first, second, frozenset(outputs), derivative))
        for (first, second, derivative), outputs in places.items()
    )
    jumps = tuple(jump for jump in found if jump is not None)
    if not jumps:
        return Jumps()
    known = Jumps(jumps, tuple(shapes))
    if not known.corners:
        return known
    values = (found for (*_, slopes), found in places.items() if not slopes)
    return known._replace(poles=strengths.poles(frozenset().union(*values)))


def _end(problem: Problem, face: Face) -> tuple[int, float, float]:
    """A face as a coordinate, its value, and the sign of the domain's side of it."""
    return face[0], face_value(problem, face), -1.0 if face[1] else 1.0


def _between_parts(
    problem: Problem, sizes: np.ndarray, shapes: list[Geometry]
) -> Iterator[tuple]:
    """Where parts of the boundary meet whose values differ, with the output.

    Args:
        problem, sizes: as for `jumps_of`.
        shapes: where distances are from; those that are needed are added.
    """
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
        elif meeting.end is not None:
            for own in _surfaces(problem, meeting.conditions[0].on, shapes):
                yield own, _end(problem, meeting.end), meeting.output


def _surfaces(
    problem: Problem, on: Any, shapes: list[Geometry]
) -> Iterator[tuple[int, float, float]]:
    """The surfaces of a part of the boundary, as coordinates or distances."""
    for surface in surfaces_of(problem, on):
        if isinstance(surface, Geometry):
            if surface not in shapes:
                shapes.append(surface)
            yield -1 - shapes.index(surface), 0.0, 1.0
        else:
            yield *surface, 1.0


def _of_slopes(
    problem: Problem, sizes: np.ndarray, shapes: list[Geometry]
) -> Iterator[tuple]:
    """Where slopes that are prescribed do not fit the first values, with the output."""
    for start in slopes_at_first(problem, sizes):
        first = (problem.region.time or 0, 0)
        if start.face is not None:
            ends = sorted([_end(problem, start.face), _end(problem, first)])
            yield *ends, start.output
            continue
        for own in _surfaces(problem, start.condition.on, shapes):
            yield own, _end(problem, first), start.output


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
