"""Training points where the equation holds worst."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_isgd.residuals.term import Term
from keras_isgd.residuals.terms import equation_terms

__all__ = ["choose_points"]

# No point is drawn more often than so many times the mean: where the data of a problem
# are discontinuous, the residual grows without bound.
_LARGEST = 20.0


def choose_points(
    terms: Sequence[Term],
    data: Mapping[str, tf.Tensor],
    network: keras.Model,
    coefficients: Mapping[str, Any],
    candidates: int,
    step: tf.Tensor,
) -> dict[str, tf.Tensor]:
    """Chooses one of so many points of each set on which an equation holds.

    The chance of a point is proportional to |r| / mean |r| + 1, with r the weighted
    residual at the candidates: the density of RAD with k = c = 1 (Wu, Zhu, Tan, Kartha
    and Lu, Comput. Methods Appl. Mech. Engrg. 403, 2023, Eq. 2). Points are drawn
    without replacement by Gumbel's largest keys, with random numbers that are a
    function of the step, so that a restored run has the same ones.

    Args:
        terms: of the loss; those of the equation have their points chosen, and a row
            for each of them.
        data: dictionary of point sets.
        network: the network.
        coefficients: the trained numbers by name.
        candidates: how many points there are for each one that is chosen.
        step: a scalar integer.

    Returns:
        The dictionary with smaller sets.

    Raises:
        ValueError: fewer points than candidates.
    """
    chosen = dict(data)
    for number, term in enumerate(equation_terms(terms)):
        x = term.inputs(data)
        if x.shape[0] is not None and x.shape[0] < candidates:
            raise ValueError(
                f"Of {candidates} points in the set {term.on!r} one is trained on, and "
                f"there are {x.shape[0]}. Give more points, or candidates=1."
            )
        rows = term.weighed(term.rows_at(x, network, coefficients), x)
        rows = tf.sqrt(term.weight) * rows
        size = tf.sqrt(tf.reduce_sum(tf.square(rows), axis=1))
        ratio = size / tf.reduce_mean(size)
        density = tf.minimum(ratio, tf.constant(_LARGEST, x.dtype)) + 1.0
        # What is not finite must be seen.
        density = tf.where(tf.math.is_finite(density), density, 1e30)
        seed = tf.stack([tf.cast(step, tf.int64), tf.constant(number, tf.int64)])
        uniform = tf.random.stateless_uniform(
            tf.shape(size), seed, 1e-12, 1.0, dtype=x.dtype
        )
        keys = tf.math.log(density) - tf.math.log(-tf.math.log(uniform))
        count = x.shape[0] or tf.shape(x)[0]
        best = tf.math.top_k(keys, count // candidates, sorted=False).indices
        name = str(term.on)
        chosen[name] = tf.gather(data[name], best)
    return chosen
