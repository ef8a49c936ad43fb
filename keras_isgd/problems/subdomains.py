"""Conditions on a domain of several parts, each with a solution of its own.

A problem with `subdomains` has a copy of its outputs for each of them, so that the
solution may have a kink, or a jump, from one to the next. Its equation and its
conditions hold in each part for the copy of that part; `Interface` joins them.
"""

import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from keras_isgd.geometry.base import Geometry
from keras_isgd.problems.conditions import Condition
from keras_isgd.problems.in_subdomain import InSubdomain

if TYPE_CHECKING:
    from keras_isgd.problems.problem import Problem

__all__ = ["check_subdomains", "chosen_outputs", "per_subdomain", "subdomain_of"]


def per_subdomain(problem: "Problem", condition: Condition) -> list[Condition]:
    """Returns a condition for each subdomain in which it has points.

    Args:
        problem: a `Problem` with subdomains.
        condition: bound to it.

    Raises:
        ValueError: it has points in none of them.
    """
    if condition.subdomains:
        return [condition]
    found = []
    for name, geometry in problem.subdomains.items():
        one = copy.copy(condition)
        one.subdomains = (name,)
        one.name = f"{condition.name}_{name}"
        if condition.on is not None:
            if condition.on is geometry:
                one.name = condition.name
                return [one]
            part = InSubdomain(condition.on, name, geometry)
            if not _has_points(problem, part):
                continue
            one.on = part
        else:
            first = [g for _, g in problem.subdomains.items()]
            earlier = first[: first.index(geometry)]
            if not one.keep_points(_chosen(problem, geometry, earlier)):
                continue
        found.append(one)
    if not found:
        raise ValueError(
            f"The condition {condition.name!r} has no points in any of the subdomains "
            f"{', '.join(problem.subdomains)}."
        )
    return found


def _has_points(problem: "Problem", on: InSubdomain) -> bool:
    problem.check_place(on.on)  # its own sentence for an unknown word
    try:
        problem.check_place(on)
    except ValueError:
        return False
    return True


def _chosen(problem: "Problem", geometry: Geometry, earlier: list[Geometry]) -> Any:
    """Which points belong to a subdomain; one on an interface to the first of them."""

    def chosen(points: np.ndarray) -> np.ndarray:
        space = problem.region.in_space(points)
        found = geometry.contains(space)
        for other in earlier:
            found &= ~other.contains(space)
        return found

    return chosen


def check_subdomains(problem: "Problem") -> None:
    """Checks that a problem's subdomains are parts of its space.

    Raises:
        ValueError: with a sentence, if they are not.
    """
    owner, space = type(problem).__name__, problem.region.space
    for name, geometry in problem.subdomains.items():
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(
                f"Expected {owner}.subdomains by names such as 'lower'; got {name!r}."
            )
        if not isinstance(geometry, Geometry):
            raise ValueError(
                f"Expected the subdomain {name!r} of {owner} as a geometry, got "
                f"{geometry!r}."
            )
        if space is None or geometry.dimension != space.dimension:
            count = 0 if space is None else space.dimension
            raise ValueError(
                f"Expected the subdomain {name!r} of {owner} in the {count} "
                f"coordinates of space; it has {geometry.dimension}."
            )
    if len(problem.subdomains) == 1:
        raise ValueError(
            f"{owner} has one subdomain; a domain in one piece needs none. Leave "
            "`subdomains` out."
        )
    if not problem.subdomains or space is None:
        return
    points = space.test_points(4096)
    counts = sum(g.contains(points).astype(int) for g in problem.subdomains.values())
    if np.any(counts == 0):
        raise ValueError(
            f"The subdomains of {owner} leave a part of its domain out, such as the "
            f"point {tuple(points[counts == 0][0].tolist())}."
        )
    if np.mean(counts > 1) > 0.25:
        raise ValueError(
            f"The subdomains of {owner} overlap, such as at "
            f"{tuple(points[counts > 1][0].tolist())}; they may share a boundary only."
        )


def chosen_outputs(problem: "Problem", x: tf.Tensor, u: tf.Tensor) -> tf.Tensor:
    """Returns, of the outputs for all subdomains, those for each point's own.

    Args:
        problem: a `Problem` with subdomains.
        x: points `(n, d + q)`.
        u: the network's outputs there, `(n, subdomains * outputs)`.

    Raises:
        TypeError: a subdomain without a smooth distance.
    """
    outputs = len(problem.names.outputs)
    several = tf.reshape(u, [-1, len(problem.subdomains), outputs])
    return tf.gather(several, subdomain_of(problem, x), axis=1, batch_dims=1)


def subdomain_of(problem: "Problem", x: tf.Tensor) -> tf.Tensor:
    """Returns the number of each point's subdomain, `(n,)` int64.

    A point is in the subdomain whose smooth distance is the largest.

    Args:
        problem: a `Problem` with subdomains.
        x: points `(n, d + q)`.

    Raises:
        TypeError: a subdomain without a smooth distance.
    """
    axes = [i for i, space in enumerate(problem.region.space_columns()) if space]
    space = tf.gather(x, axes, axis=1)
    distances = [g.smooth_distance(space) for g in problem.subdomains.values()]
    return tf.argmax(tf.concat(distances, axis=1), axis=1)
