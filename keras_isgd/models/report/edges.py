"""What goes wrong at edges: layers too thin to be hit, conditions that disagree."""

import dataclasses
import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from keras_isgd.models.report.sizes import Sizes, rows_of
from keras_isgd.models.report.trained import Trained
from keras_isgd.problems import Dirichlet
from keras_isgd.problems.places import OnFaces, OnPart, Place, TimeEnd
from keras_isgd.problems.subdomains import subdomain_of
from keras_isgd.residuals.term import Term

__all__ = ["Corner", "Layer", "corners_of", "layers_of"]

# Distances from the boundary, in parts of the way to a point inside.
_CLOSEST = {"float32": 1e-3, "float64": 1e-5}
_FARTHEST = 0.1
# A point lies on a face up to so much of an edge's length.
_SLACK = 1e-9


@dataclasses.dataclass(frozen=True, kw_only=True)
class Layer:
    """A residual that is large close to a part of the boundary, or an end of time.

    Attributes:
        equation: the term's name.
        near: the point set's name.
        distance: from it, in parts of the way to a point inside.
        relative: the residual there, relative to its natural size.
        weight: their product, which is of the order of the output's jump across the
            layer in half ranges; the largest over all points.
        at: the inputs by name.
    """

    equation: str
    near: str
    distance: float
    relative: float
    weight: float
    at: dict[str, float]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Corner:
    """Two conditions that prescribe different values at the same point.

    Attributes:
        first, second: their names.
        output: for which output.
        at: the inputs by name.
        difference: of the values.
        relative: the same in half ranges of the output.
    """

    first: str
    second: str
    output: str
    at: dict[str, float]
    difference: float
    relative: float


def layers_of(
    trained: Trained,
    sets: Mapping[str, tf.Tensor],
    sizes: Sizes,
    own: Sequence[np.ndarray],
) -> tuple[Layer, ...]:
    """Looks for layers at each part of the boundary and each end of time.

    Points are taken at distances between 0.1 and 1e-5 from it, evenly in their
    logarithm: a layer that takes a thousandth of the domain is hit by few of the
    points that fill the domain evenly.

    Args:
        trained: the model.
        sets: point sets.
        sizes: of outputs and coordinates.
        own: the natural sizes of each term of the equation, `(k,)`.
    """
    problem, random = trained.problem, np.random.default_rng(0)
    width = problem.input_count
    inside = np.concatenate(
        [np.asarray(sets[n])[:, :width] for n in problem.sets.interior]
    )
    lowest = np.log10(_CLOSEST[trained.dtype])
    found = []
    for name, on in problem.sets.others.items():
        if not isinstance(problem.region.place(on), OnFaces | OnPart | TimeEnd):
            continue
        edge = np.asarray(sets[name])[:, :width].astype(np.float64)
        edge = edge[random.integers(len(edge), size=len(inside))]
        part = 10.0 ** random.uniform(lowest, np.log10(_FARTHEST), len(inside))
        x = edge + part[:, None] * (inside[random.permutation(len(inside))] - edge)
        kept = problem.region.contains(x)
        layer = _layer(trained, name, x[kept], part[kept], sizes, own)
        if layer is not None:
            found.append(layer)
    return tuple(found)


def _layer(
    trained: Trained,
    name: str,
    x: np.ndarray,
    part: np.ndarray,
    sizes: Sizes,
    own: Sequence[np.ndarray],
) -> Layer | None:
    problem = trained.problem
    best: Layer | None = None
    for number, term in enumerate(trained.equations):
        here = np.ones(len(x), bool)
        if problem.subdomains and len(x):
            here = np.asarray(subdomain_of(problem, tf.constant(x))) == number
        if not here.any() or not term.pointwise:
            continue
        rows = rows_of(trained, term, tf.constant(x[here], trained.dtype), sizes)
        relative = np.max(np.abs(rows.values) / own[number], axis=1)
        weight = np.where(np.isfinite(relative), relative, 0.0) * part[here]
        i = int(np.argmax(weight))
        if best is None or weight[i] > best.weight:
            best = Layer(
                equation=term.name,
                near=name,
                distance=float(part[here][i]),
                relative=float(relative[i]),
                weight=float(weight[i]),
                at=dict(zip(problem.names.inputs, map(float, x[here][i]))),
            )
    return best


def corners_of(
    trained: Trained, sets: Mapping[str, tf.Tensor], sizes: Sizes
) -> tuple[Corner, ...]:
    """Returns where conditions that prescribe values disagree, the worst first.

    It looks at edges where a part of the boundary meets a face of a box or an end of
    time, in problems without subdomains.

    Args:
        trained: the model.
        sets: point sets.
        sizes: of outputs and coordinates.
    """
    problem = trained.problem
    if problem.subdomains:
        return ()
    given = [
        condition
        for condition in problem.bound_conditions()
        if isinstance(condition, Dirichlet)
        and type(condition).kind in ("dirichlet", "initial")
        and not getattr(condition, "order", 0)
        and condition.fixed_points(problem) is None
    ]
    found: dict[tuple[frozenset[str], str], Corner] = {}
    for one, other in itertools.permutations(given, 2):
        x = np.asarray(sets[str(one.set_name)])[:, : problem.input_count]
        for face in _faces(trained, problem.region.place(other.on)):
            for corner in _compared(trained, one, other, x, face, sizes):
                key = (frozenset((one.name, other.name)), corner.output)
                if key not in found or corner.relative > found[key].relative:
                    found[key] = corner
    return tuple(sorted(found.values(), key=lambda c: -c.relative))


def _faces(trained: Trained, place: Place) -> Sequence[tuple[int, int]]:
    if isinstance(place, OnFaces):
        return place.faces
    if isinstance(place, TimeEnd) and place.geometry is None:
        return ((trained.problem.region.time or 0, place.side),)
    return ()


def _compared(
    trained: Trained,
    one: Dirichlet,
    other: Dirichlet,
    x: np.ndarray,
    face: tuple[int, int],
    sizes: Sizes,
) -> list[Corner]:
    """What two conditions prescribe where the first one's place meets a face."""
    problem, (axis, side) = trained.problem, face
    region = problem.region
    ends = (region.lower, region.upper)
    place = region.place(one.on)
    if isinstance(place, OnPart):
        kept = np.full(len(x), axis == region.time)
    else:
        kept = np.zeros(len(x), bool)
        for a, s in _faces(trained, place):
            slack = _SLACK * region.lengths[a]
            kept |= (np.abs(x[:, a] - ends[s][a]) <= slack) & (a != axis)
    x = x[kept].copy()
    if not len(x):
        return []
    x[:, axis] = ends[side][axis]
    first, second = (_prescribed(trained, c, x) for c in (one, other))
    found = []
    for output in first.keys() & second.keys():
        apart = np.abs(first[output] - second[output])
        i = int(np.argmax(apart))
        found.append(
            Corner(
                first=one.name,
                second=other.name,
                output=problem.names.outputs[output],
                at=dict(zip(problem.names.inputs, map(float, x[i]))),
                difference=float(apart[i]),
                relative=float(apart[i] / sizes.halves[output]),
            )
        )
    return found


def _prescribed(
    trained: Trained, condition: Dirichlet, x: np.ndarray
) -> dict[int, np.ndarray]:
    """The values that a condition gives to outputs, `(n,)` by their numbers."""
    term = _named(trained.terms, condition.name)
    inputs = tf.constant(x, trained.dtype)
    zeros = [
        {request: tf.zeros((len(x), 1), trained.dtype) for request in asked}
        for asked in term.requests
    ]
    # u - g with u = 0.
    rows = -np.asarray(term.rows_of(zeros, inputs, trained.coefficients), np.float64)
    names = trained.problem.names
    if condition.component is not None:
        return {names.component(condition.component): rows[:, 0]}
    return {output: rows[:, output] for output in range(rows.shape[1])}


def _named(terms: Sequence[Term], name: str) -> Term:
    return next(term for term in terms if term.name == name)
