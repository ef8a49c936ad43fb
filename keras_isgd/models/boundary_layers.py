"""Where an equation makes boundary layers, and how thick they are."""

from collections.abc import Iterable, Sequence

import keras

from keras_isgd.geometry import Box
from keras_isgd.models.layer_rates import LayerRates, faces_of
from keras_isgd.networks.boundary_layer_features import BoundaryLayer
from keras_isgd.problems import Problem
from keras_isgd.residuals.term import Term

__all__ = ["boundary_layers_of", "boxes_of"]

# Rates may not vary by more with the solution.
_LINEAR = 1.1
# A network for more layers than that has more inputs than it could do with.
_MOST = 12
# What the last kernel of the trial network is multiplied by for another solution, and
# by how many half ranges it is lower.
_OTHER, _LOWER = 0.5, 1.5


def boundary_layers_of(
    problem: Problem, terms: Sequence[Term], network: keras.Model
) -> tuple[BoundaryLayer, ...]:
    """Returns the layers at faces of a box, or at the ends of an interval or of time.

    Close to a face the solution varies along its normal far faster than along itself,
    so that the equation becomes an ordinary one with the factors that its derivatives
    have there. Its solutions are sums of exp(-k s), s the distance from the face; those
    with a real part of k above 20 over the domain's edge are layers. With a, b and c
    the factors of the second, first and zeroth derivatives, convection towards a face
    has k = b / a and a reaction k = (c / a)^(1/2); a system, or an equation of higher
    order, has the roots of a determinant.

    Where all solutions of that ordinary equation are so fast, what is behind a layer is
    what the equation without derivatives has there. There is no layer then if the
    constants that the conditions prescribe on the face solve the equation on it.

    The factors must not depend on the solution. Where they vary along the face, so does
    the layer's thickness, and there is a layer for each factor of four of it.

    Args:
        problem: the `Problem`.
        terms: of its loss.
        network: a trial network of the outputs' sizes.

    Returns:
        What was found; nothing for more than 12, and where there are subdomains or
        unknown numbers, on which the thickness may depend.
    """
    faces = _faces_with_conditions(problem)
    if problem.subdomains or problem.unknowns or not faces:
        return ()
    last = network.get_layer("mlp").get_layer("u")
    start = last.get_weights()
    rates = LayerRates(problem, terms, network)
    if not rates.square:
        return ()
    found = [rates.layers(face) for face in faces]
    last.set_weights([_OTHER * start[0], start[1] - _LOWER])
    others = [rates.layers(face) for face in faces]
    last.set_weights(start)
    layers = [
        layer
        for one, other in zip(found, others, strict=True)
        for layer in _agreeing(one, other)
    ]
    return tuple(layers) if len(layers) <= _MOST else ()


def _faces_with_conditions(problem: Problem) -> list[tuple[int, int]]:
    """Faces of the box, its first and last time among them, with conditions."""
    faces: set[tuple[int, int]] = set()
    for condition in problem.bound_conditions():
        faces.update(faces_of(problem, condition))
    return sorted(faces)


def boxes_of(problem: Problem, layers: Iterable[BoundaryLayer]) -> list[Box]:
    """Returns the part of a problem's domain that each layer fills, in all inputs."""
    found, region = [], problem.region
    for layer in layers:
        lower, upper = list(region.lower), list(region.upper)
        lower[layer.axis], upper[layer.axis] = sorted((layer.at, layer.end))
        found.append(Box(lower, upper))
    return found


def _agreeing(
    one: list[BoundaryLayer], other: list[BoundaryLayer]
) -> list[BoundaryLayer]:
    """The layers that two solutions have in common."""
    return [
        layer
        for layer in one
        if any(1.0 / _LINEAR < layer.rate / k.rate < _LINEAR for k in other)
    ]
