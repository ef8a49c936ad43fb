"""How fast the data of a problem vary along each coordinate."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from keras_isgd.networks.boundary_layer_features import BoundaryLayer
from keras_isgd.problems import Problem
from keras_isgd.residuals.term import Term

__all__ = ["data_frequencies"]

# Points of each set that are looked at, and the step of the differences in parts of an
# edge, small enough that jumps of the data fall between hardly any of the pairs.
_LOOKED_AT, _STEP = 1024, 1e-6
# A variation below this part of the largest row is rounding.
_CONSTANT = 1e-6


def data_frequencies(
    problem: Problem,
    terms: Sequence[Term],
    network: keras.Model,
    kernel: keras.Variable,
    layers: Sequence[BoundaryLayer] = (),
) -> np.ndarray:
    """Returns the frequency of a problem's data along each input, `(d + q,)`.

    Data are what the rows of a loss hold where the outputs are constant: sources,
    initial values, values and fluxes on the boundary. The frequency along x is

        rms(dg/dx) / rms(g - mean g)

    of the rows g of a term in radians over the whole edge of the domain, m pi for
    sin(m pi x) on an edge of length 1; and of all terms the largest. Zero where no
    data vary.

    Args:
        problem: the `Problem`.
        terms: of its loss.
        network: a trial network.
        kernel: that of its last layer, with which the outputs vary by a small part of
            their sizes; it is left as it was.
        layers: boundary layers, in which data are not looked at across them: a network
            with features for these is as steep there.
    """
    region = problem.region
    ends = np.stack([region.lower, region.upper], axis=1)
    boundary = None if problem.input_count == 1 else _LOOKED_AT
    sets = next(iter(problem.points(_LOOKED_AT, boundary, method="sobol")))
    numbers = {
        name: tf.constant(unknown.start, kernel.dtype)
        for name, unknown in problem.unknowns.items()
    }
    looked_at = [t for t in terms if t.on and t.points is None and t.pointwise]
    points = [tf.cast(term.inputs(sets), term.dtype) for term in looked_at]
    found, before = np.zeros(len(ends)), kernel.numpy()
    varied = [
        np.std(term.rows_at(x, network, numbers).numpy(), axis=0)
        for term, x in zip(looked_at, points, strict=True)
    ]
    kernel.assign(np.zeros_like(before))
    try:
        for term, x, outputs in zip(looked_at, points, varied, strict=True):
            rates = _of_term(term, x, ends, network, numbers, outputs, layers)
            found = np.maximum(found, rates)
    finally:
        kernel.assign(before)
    return found


def _of_term(
    term: Term,
    x: tf.Tensor,
    ends: np.ndarray,
    network: keras.Model,
    numbers: dict[str, tf.Tensor],
    outputs: np.ndarray,
    layers: Sequence[BoundaryLayer],
) -> np.ndarray:
    """The frequencies of one term's rows at points `x`, of columns that vary by more
    than a small part of what `outputs` make of them, `(k,)`."""

    def rows(points: tf.Tensor) -> np.ndarray:
        return term.rows_at(points, network, numbers).numpy()

    here, found = rows(x), np.zeros(len(ends))
    varies = np.std(here, axis=0)
    smallest = np.maximum(outputs, np.abs(here).max(axis=0, initial=0.0))
    use = varies > _CONSTANT * smallest
    if not np.any(use & np.isfinite(varies)):
        return found
    for axis, (low, high) in enumerate(ends):
        # Across a face nothing is prescribed.
        along = x.numpy()[:, axis]
        place = (along - low) / (high - low)
        inside = (place > _STEP) & (place < 1.0 - _STEP)
        for layer in layers:
            if layer.axis == axis:
                inside &= layer.side * (along - layer.end) > 0.0
        if not inside.any():
            continue
        step = np.zeros(x.shape[1])
        step[axis] = 0.5 * _STEP * (high - low)
        move, points = tf.constant(step, x.dtype), tf.boolean_mask(x, inside)
        slopes = (rows(points + move) - rows(points - move)) / _STEP
        rates = np.sqrt(np.mean(slopes**2, axis=0)) / np.where(use, varies, 1.0)
        found[axis] = np.max(rates[use & np.isfinite(rates)], initial=0.0)
    return found
