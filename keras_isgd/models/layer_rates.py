"""The layers that the factors of an equation's derivatives make at a face."""

import contextlib
from collections.abc import Iterator, Sequence

import keras
import numpy as np
import scipy.linalg
import tensorflow as tf

from keras_isgd.derivatives.channels import is_laplacian
from keras_isgd.models.scales import few_points, gives_values, prescribed_at
from keras_isgd.models.strengths import factors_of
from keras_isgd.networks.boundary_layer_features import BoundaryLayer
from keras_isgd.problems import Condition, Data, Periodic, Problem
from keras_isgd.problems.places import OnFaces
from keras_isgd.residuals.term import Term
from keras_isgd.residuals.terms import equation_terms

__all__ = ["LayerRates", "faces_of"]

# A layer is thinner than one over this part of the domain, and not so thin that its
# numbers would be lost in rounding.
_THIN, _THINNEST = 20.0, 1e9
# Rates that differ by less are one.
_SAME = 0.1
# One rate is enough where it varies by so much along a face, and so many are at most.
_ALONG, _PARTS = 4.0, 3
# What is smaller beside what it is made of is zero.
_ROUNDING = 1e-9


def faces_of(problem: Problem, condition: Condition) -> tuple[tuple[int, int], ...]:
    """Faces of the box on which a condition holds, `(axis, side)`."""
    if condition.on is None or isinstance(condition, (Data, Periodic)):
        return ()
    place = problem.region.place(condition.on)
    return place.faces if isinstance(place, OnFaces) else ()


class LayerRates:
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
        roots = [_roots([p[i] for p in scaled]) for i in range(len(scaled[0]))]
        found = []
        rates = _rates(roots)
        if rates and all((np.abs(r.real) > _THIN).all() for r in roots):
            # Behind the layer the equation leaves no freedom.
            rates = [] if self._is_met_at(face, at, sizes[0]) else rates
        for rate in rates:
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

    def _is_met_at(self, face: tuple[int, int], at: float, size: float) -> bool:
        """Whether what is prescribed on a face solves the equation there as it is.

        Then there is nothing for a layer to lead over to.

        Args:
            face: axis and side.
            at: the coordinate there.
            size: of the factors of the outputs themselves.
        """
        values = np.full(self._outputs, np.nan)
        places = [self._on_face(term, face[0], at) for term in self._terms]
        for condition in self._problem.bound_conditions():
            if not gives_values(condition) or face not in faces_of(
                self._problem, condition
            ):
                continue
            x = places[0][:, : self._problem.input_count]
            for output, given in prescribed_at(self._problem, condition, x):
                if np.ptp(given) > _ROUNDING * np.abs(given).max():
                    return False
                values[output] = np.ravel(given)[0]
        if np.isnan(values).any():
            return False
        with self._constant(values) as scale:
            return all(
                np.abs(term.rows_at(x, self._network, {})).max()
                <= _ROUNDING * size * scale
                for term, x in zip(self._terms, places, strict=True)
            )

    @contextlib.contextmanager
    def _constant(self, values: np.ndarray) -> Iterator[float]:
        """Lets the network have constant outputs; yields the size of its outputs."""
        last = self._network.get_layer("mlp").get_layer("u")
        start = last.get_weights()
        x = next(iter(self._sets.values()))[:1, : self._problem.input_count]
        try:
            ends = []
            for bias in (0.0, 1.0):
                last.set_weights([0.0 * start[0], 0.0 * start[1] + bias])
                ends.append(self._network(tf.cast(x, start[0].dtype)).numpy()[0])
            unit = ends[1] - ends[0]
            last.set_weights([0.0 * start[0], (values - ends[0]) / unit])
            yield float(np.abs(unit).max())
        finally:
            last.set_weights(start)

    def _on_face(self, term: Term, axis: int, at: float) -> tf.Tensor:
        """A term's inputs, moved along an axis to a face, `(n, d + k)`."""
        x = np.array(term.inputs(self._sets), np.float64)
        x[:, axis] = at
        return tf.constant(x, term.dtype)

    def _factors(self, axis: int, at: float) -> list[np.ndarray] | None:
        """The matrices of the derivatives of order 0, 1, ... along an axis.

        Returns:
            Arrays `(n, outputs, outputs)`, or None where they are not finite.
        """
        found: dict[tuple[int, int, int], np.ndarray] = {}
        row = 0
        for term in self._terms:
            points = self._on_face(term, axis, at)
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


def _rates(every: list[np.ndarray]) -> list[complex]:
    """The rates of layers that a face has, from the roots at points of it."""
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
