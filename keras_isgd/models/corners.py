"""Corners of a problem's domain in which its solution is singular."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import keras
import numpy as np
from scipy import spatial

from keras_isgd.geometry.ends import ends_of
from keras_isgd.geometry.part import BoundaryPart
from keras_isgd.models.scales import gives_values
from keras_isgd.models.strengths import Place, Strengths
from keras_isgd.networks.corner_features import Corner
from keras_isgd.problems import Dirichlet, Periodic, Problem
from keras_isgd.problems.places import OnFaces, OnPart
from keras_isgd.residuals.term import Term

__all__ = ["singular_corners"]

# Ends that are closer to each other than that, in sizes of the geometry, are one; and
# directions that differ by less.
_NEAR, _SAME = 1e-6, 1e-3
# How far from a corner it is looked which side of it is inside, in sizes.
_STEP = 1e-4
# A larger exponent makes no singularity that matters.
_LARGEST = 0.95
# A network with more corners than that is not built.
_MOST = 12


class _Ray(NamedTuple):
    """One side of a corner.

    Attributes:
        at: the corner, `(2,)`.
        direction: along the boundary and away from it, `(2,)`.
        outputs: those whose values are prescribed there.
    """

    at: np.ndarray
    direction: np.ndarray
    outputs: frozenset[int]


def singular_corners(
    problem: Problem, terms: Sequence[Term], network: keras.Model
) -> tuple[Corner, ...]:
    """Returns where the solution of an equation of second order has no derivatives.

    In the plane these are corners of the domain with more than 180 degrees, and points
    of the boundary where values are prescribed on one side and not on the other.

    Args:
        problem: the `Problem`; its equation has second derivatives of an output in both
            coordinates.
        terms: of its loss.
        network: a trial network of the outputs' sizes.

    Returns:
        What was found; nothing for more than 12, and where there are subdomains.
    """
    space = problem.region.space
    if space is None or space.dimension != 2 or problem.subdomains:
        return ()
    if not space.pieces():
        return ()
    axes = np.flatnonzero(problem.region.space_columns()).tolist()
    met = _met(list(_rays(problem, axes)), _NEAR * space.size)
    possible = [rays for rays in met if _exponent(problem, rays)[0] <= _LARGEST]
    if not possible or len(possible) > _MOST:
        return ()
    strengths = Strengths(problem, terms, network)
    found = (_corner(problem, axes, rays, strengths) for rays in possible)
    return tuple(corner for corner in found if corner is not None)


def _corner(
    problem: Problem, axes: list[int], rays: list[_Ray], strengths: Strengths
) -> Corner | None:
    """What a solution is like between two rays, None where it is smooth."""
    at = rays[0].at
    first, second = ((axis, float(v), 1.0) for axis, v in zip(axes, at, strict=True))
    outputs = frozenset(range(len(problem.names.outputs)))
    jump = strengths.jump(Place(first, second, outputs))
    if jump is None or (jump.axes, jump.power, jump.order) != (tuple(axes), 1, 2):
        return None
    # To coordinates in which the second derivatives are a Laplacian's.
    factors = np.array([1.0, jump.ratio]) / np.asarray(jump.lengths)
    exponent, middle = _exponent(problem, rays, factors)
    if exponent > _LARGEST:
        return None
    return Corner(
        jump.axes,
        (float(at[0]), float(at[1])),
        jump.lengths,
        jump.ratio,
        math.atan2(middle[1], middle[0]),
        exponent,
    )


def _exponent(
    problem: Problem, rays: list[_Ray], factors: np.ndarray | float = 1.0
) -> tuple[float, np.ndarray]:
    """The exponent of the distance between two rays, and the middle of their angle.

    Args:
        problem: the `Problem`.
        rays: the two.
        factors: of the two coordinates.
    """
    space = problem.region.space
    assert space is not None
    one, other = (_unit(ray.direction * factors) for ray in rays)
    angle = math.acos(float(np.clip(one @ other, -1.0, 1.0)))
    flat = math.pi - angle < _SAME
    middle = np.array([-one[1], one[0]]) if flat else _unit(one + other)
    step = _STEP * space.size * _unit(middle / factors)
    if not space.contains((rays[0].at + step)[None])[0]:
        middle, angle = -middle, 2.0 * math.pi - angle
    mixed = rays[0].outputs != rays[1].outputs
    return math.pi / angle * (0.5 if mixed else 1.0), middle


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def _met(rays: list[_Ray], near: float) -> Iterator[list[_Ray]]:
    """The two rays of each place where there are two.

    Rays of the same direction are one, with the outputs of both.
    """
    if not rays:
        return
    pairs = spatial.cKDTree([ray.at for ray in rays]).query_pairs(near)
    near_to: dict[int, list[int]] = {i: [i] for i in range(len(rays))}
    for i, j in sorted(pairs):
        near_to[i].append(j)
        near_to[j].append(i)
    done: set[int] = set()
    for i in range(len(rays)):
        if i in done:
            continue
        done.update(near_to[i])
        sides: list[_Ray] = []
        for ray in (rays[j] for j in near_to[i]):
            for number, side in enumerate(sides):
                if np.linalg.norm(side.direction - ray.direction) < _SAME:
                    both = side.outputs | ray.outputs
                    sides[number] = side._replace(outputs=both)
                    break
            else:
                sides.append(ray)
        if len(sides) == 2:
            yield sides


def _rays(problem: Problem, axes: list[int]) -> Iterator[_Ray]:
    """The ends of all parts of the boundary, and those of the geometry itself."""
    space, names = problem.region.space, problem.names
    assert space is not None
    yield from _of_part(BoundaryPart(space), frozenset())
    for condition in problem.bound_conditions():
        if condition.on is None or isinstance(condition, Periodic):
            continue
        outputs = frozenset[int]()
        if isinstance(condition, Dirichlet) and gives_values(condition):
            one = condition.component
            every = range(len(names.outputs))
            outputs = frozenset(every if one is None else [names.component(one)])
        place = problem.region.place(condition.on)
        if isinstance(place, OnPart):
            yield from _of_part(place.part, outputs)
        elif isinstance(place, OnFaces):
            pieces = space.pieces()
            for axis, side in place.faces:
                if axis in axes:
                    face = pieces[2 * axes.index(axis) + side].names
                    yield from _of_part(BoundaryPart(space, face), outputs)


def _of_part(part: BoundaryPart, outputs: frozenset[int]) -> Iterator[_Ray]:
    for end in ends_of(part):
        away = end.inside - end.at
        if np.linalg.norm(away) > 0.0:
            yield _Ray(end.at, _unit(away), outputs)
