"""The rounding floor of a loss."""

import numpy as np
import tensorflow as tf

from keras_isgd.models.report.trained import Trained
from keras_isgd.objectives.parameters import ParameterVector

__all__ = ["rounding_of"]

# Points of each term.
_POINTS = 256


def rounding_of(trained: Trained, sets: dict[str, tf.Tensor]) -> float:
    """Returns what the loss would be if its rows were rounding errors alone.

    They are estimated by how the rows change when every weight is changed by one
    rounding error, up or down: no number in this precision says more.

    Args:
        trained: the model.
        sets: point sets.
    """
    parameters = ParameterVector(trained.variables)
    w = parameters.read()
    epsilon = np.finfo(trained.dtype).eps
    signs = np.random.default_rng(0).choice([-1.0, 1.0], parameters.size)
    moved = parameters.unpack(w * tf.constant(1.0 + epsilon * signs, w.dtype))
    coefficients = dict(
        zip(trained.coefficients, moved[len(moved) - len(trained.coefficients) :])
    )
    total = 0.0
    for term in trained.terms:
        x = term.inputs(sets)
        if term.row_count is None:
            x = x[:_POINTS]
        here = term.rows_at(x, trained.network, trained.coefficients)
        with parameters.scope(moved):
            there = term.rows_at(x, trained.network, coefficients)
        squares = np.asarray(term.weighed(there - here, x), np.float64) ** 2
        weight = np.asarray(term.weight, np.float64)
        total += float(np.sum(weight * squares) / len(squares))
    return total
