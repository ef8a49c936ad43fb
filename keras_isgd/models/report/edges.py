"""What goes wrong at edges: layers too thin to be hit, conditions that disagree."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from keras_isgd.models.meetings import meetings
from keras_isgd.models.report.sizes import Sizes, rows_of
from keras_isgd.models.report.trained import Trained
from keras_isgd.networks.jump_features import JumpFeatures
from keras_isgd.networks.row_factors import singular_features
from keras_isgd.problems.places import OnFaces, OnPart, TimeEnd
from keras_isgd.problems.subdomains import subdomain_of

__all__ = ["Corner", "Layer", "corners_of", "layers_of"]

# Distances from the boundary, in parts of the way to a point inside.
_CLOSEST = {"float32": 1e-3, "float64": 1e-5}
_FARTHEST = 0.1
# A single condition's values differ where faces meet from this part of a range on.
_ONE_CONDITION = 1e-2


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
    """Conditions, or one, that prescribe different values at the same point.

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


def corners_of(trained: Trained, sizes: Sizes) -> tuple[Corner, ...]:
    """Returns where conditions that prescribe values disagree, the worst first.

    It looks where faces of a box meet, or a part of the boundary and an end of time,
    in problems without subdomains. A network with features for jumps has no such
    corners.

    Args:
        trained: the model.
        sizes: of outputs and coordinates.
    """
    problem = trained.problem
    features = singular_features(trained.network)
    if problem.subdomains or any(isinstance(x, JumpFeatures) for x in features):
        return ()
    names = problem.names
    found: dict[tuple[frozenset[str], int], Corner] = {}
    for meeting in meetings(problem):
        first, second = (condition.name for condition in meeting.conditions)
        key = (frozenset((first, second)), meeting.output)
        relative = meeting.largest / float(sizes.halves[meeting.output])
        if first == second and relative < _ONE_CONDITION:
            continue
        if key not in found or relative > found[key].relative:
            found[key] = Corner(
                first=first,
                second=second,
                output=names.outputs[meeting.output],
                at=dict(zip(names.inputs, map(float, meeting.at))),
                difference=meeting.largest,
                relative=relative,
            )
    return tuple(sorted(found.values(), key=lambda c: -c.relative))
