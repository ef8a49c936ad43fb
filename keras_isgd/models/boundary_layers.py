"""Where an equation makes boundary layers, and how thick they are."""

from collections.abc import Iterable, Sequence

import keras
import numpy as np
import scipy.linalg
import tensorflow as tf

from keras_isgd.derivatives.channels import is_laplacian
from keras_isgd.geometry import Box
from keras_isgd.models.scales import few_points
from keras_isgd.models.strengths import factors_of
from keras_isgd.networks.boundary_layer_features import BoundaryLayer
from keras_isgd.problems import Data, Periodic, Problem
from keras_isgd.problems.places import OnFaces
from keras_isgd.residuals.term import Term
from keras_isgd.residuals.terms import equation_terms

__all__ = ["boundary_layers_of", "boxes_of"]

# A layer is thinner than one over this part of the domain, and not so thin that its
# numbers would be lost in rounding.
_THIN, _THINNEST = 20.0, 1e9
# Rates that differ by less are one; with the solution they may not vary by more.
_SAME, _LINEAR = 0.1, 1.1
# One rate is enough where it varies by so much along a face, and so many are at most.
_ALONG, _PARTS = 4.0, 3
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
    rates = _Rates(problem, terms, network)
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
        if condition.on is None or isinstance(condition, (Data, Periodic)):
            continue
        place = problem.region.place(condition.on)
        if isinstance(place, OnFaces):
            faces.update(place.faces)
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


class _Rates:
    """The factors of an equation's derivatives, and the layers that they make.

    Attributes:
        square: whether there are as many equations as outputs, point by point.
    """

    def __init__(
        self, problem: Problem, terms: Sequence[Term], network: keras.Model
    ) -> None:
        self._problem, self._network = problem, network
        self._terms = equation_terms(terms)
        self._outputs = len(problem.names.outputs)
        self._sets = few_points(problem)
        columns = sum(term.columns for term in self._terms)
        pointwise = all(term.pointwise for term in self._terms)
        self.square = pointwise and columns == self._outputs

    def layers(self, face: tuple[int, int]) -> list[BoundaryLayer]:
        """Returns the layers at a face."""
        axis, side = face
        region = self._problem.region
        at, length = (region.lower, region.upper)[side][axis], region.lengths[axis]
        polynomial = self._factors(axis, at)
        if polynomial is None:
            return []
        # Over the edge, and away from the face.
        sign = 1.0 if side else -1.0
        scaled = [p * (sign / length) ** k for k, p in enumerate(polynomial)]
        sizes = [float(np.median(np.abs(p).max(axis=(1, 2)))) for p in scaled]
        found = []
        for rate in _rates(scaled):
            terms = [size * abs(rate) ** k for k, size in enumerate(sizes)]
            wave = abs(rate.imag) if abs(rate.imag) > _SAME * rate.real else 0.0
            layer = BoundaryLayer(
                axis,
                float(at),
                -1 if side else 1,
                rate.real / length,
                wave / length,
                sum(terms) / sum(sizes),
            )
            found.append(layer)
        return found

    def _factors(self, axis: int, at: float) -> list[np.ndarray] | None:
        """The matrices of the derivatives of order 0, 1, ... along an axis.

        Returns:
            Arrays `(n, outputs, outputs)`, or None where they are not finite.
        """
        found: dict[tuple[int, int, int], np.ndarray] = {}
        row = 0
        for term in self._terms:
            x = np.array(term.inputs(self._sets), np.float64)
            x[:, axis] = at
            points = tf.constant(x, term.dtype)
            for column in factors_of(term, points, self._network, {}):
                for (output, indices), factor in column.items():
                    order = _order_along(indices, axis)
                    if order is not None:
                        key = order, row, output
                        found[key] = found.get(key, 0.0) + factor
                row += 1
        if not found or not all(np.isfinite(f).all() for f in found.values()):
            return None
        count = len(next(iter(found.values())))
        shape = count, self._outputs, self._outputs
        matrices = [np.zeros(shape) for _ in range(max(k for k, _, _ in found) + 1)]
        for (order, i, output), factor in found.items():
            matrices[order][:, i, output] = factor
        return matrices


def _rates(polynomial: list[np.ndarray]) -> list[complex]:
    """The rates of layers that a face has, from the matrices at points of it.

    Args:
        polynomial: arrays `(n, outputs, outputs)`, of the powers 0, 1, ...
    """
    every = [_roots([p[i] for p in polynomial]) for i in range(len(polynomial[0]))]
    layers = [sorted(r[r.real > _THIN], key=_order) for r in every]
    count = int(np.median([len(roots) for roots in layers]))
    alike = np.array([roots for roots in layers if len(roots) == count])
    if not count or len(alike) < 0.5 * len(layers):
        return []
    found = []
    for column in alike.T:
        # Several where the rate varies much along the face.
        ordered = column[np.argsort(np.abs(column))]
        low, high = np.abs(ordered[[len(ordered) // 20, -1 - len(ordered) // 20]])
        parts = 1 + int(np.log(high / low) / np.log(_ALONG))
        if parts <= _PARTS and high < _THINNEST:
            shares = (np.arange(parts) + 0.5) / parts
            found += list(ordered[(shares * len(ordered)).astype(int)])
    return _distinct(found)


def _order_along(indices: tuple, axis: int) -> int | None:
    """The order of a derivative along an axis alone, None for one across it."""
    if is_laplacian(indices):
        return 2 if axis in indices[1:] else None
    return len(indices) if set(indices) <= {axis} else None


def _order(root: complex) -> tuple[float, float]:
    return root.real, root.imag


def _roots(matrices: list[np.ndarray]) -> np.ndarray:
    """The finite k for which sum of P_j k^j is singular, each with Im k >= 0."""
    while len(matrices) > 1 and not matrices[-1].any():
        matrices = matrices[:-1]
    order, size = len(matrices) - 1, len(matrices[0])
    if order == 0:
        return np.zeros(0, complex)
    # Rows of unlike units.
    rows = np.max([np.abs(m).max(axis=1) for m in matrices], axis=0)
    if not rows.all():
        return np.zeros(0, complex)
    matrices = [m / rows[:, None] for m in matrices]
    left, right = np.eye(order * size, k=size), np.eye(order * size)
    left[-size:] = -np.concatenate(matrices[:-1], axis=1)
    right[-size:, -size:] = matrices[-1]
    roots = scipy.linalg.eigvals(left, right)
    roots = roots[np.isfinite(roots)]
    return roots[roots.imag >= -1e-9 * np.abs(roots)]


def _distinct(rates: Sequence[complex]) -> list[complex]:
    kept: list[complex] = []
    for rate in rates:
        if all(abs(rate - k) > _SAME * abs(k) for k in kept):
            kept.append(complex(rate))
    return kept
