"""Whether the processes of a run begin a step alike."""

from collections.abc import Mapping, Sequence

import keras
import tensorflow as tf

from keras_isgd.hosts import UNEQUAL, Hosts
from keras_isgd.objectives.parameters import ParameterVector

__all__ = ["agree"]

# Rounding on unlike processors, and what a step makes of it, is below these parts of
# the weights and points; other random numbers are far above.
_OF_WEIGHTS, _OF_POINTS = 1e-3, 1e-4


def agree(
    hosts: Hosts,
    variables: Sequence[keras.Variable],
    sets: Mapping[str, tf.Tensor],
    steps: tf.Tensor,
) -> None:
    """Gives the first process's weights to all of them, before a step.

    Args:
        hosts: the processes.
        variables: the trained ones.
        sets: the points of the step, dictionary of tensors `(n_i, d)`.
        steps: how many steps there have been, `()`.

    Raises:
        InvalidArgumentError: in the step and in all processes, weights, points or
            numbers of steps that differ by more than rounding.
    """
    parameters = ParameterVector(variables)
    w = parameters.read()
    digests = [_digest(tf.cast(sets[name], tf.float64)) for name in sorted(sets)]
    step = tf.cast(steps, tf.float64)
    own = tf.concat([tf.cast(w, tf.float64), [step, *digests]], axis=0)
    chief = hosts.of_chief(own, "weights and points")
    p, apart = parameters.size, tf.abs(own - chief)
    largest = tf.reduce_max(tf.abs(chief[:p]))
    weights = tf.reduce_max(apart[:p]) - _OF_WEIGHTS * largest
    points = tf.reduce_max(apart[p + 1 :]) - _OF_POINTS
    # In the order of UNEQUAL: what is above zero is too much, in any process.
    found = hosts.maximum(tf.stack([weights, points, apart[p]]), "differences")
    checks = [
        tf.debugging.Assert(~(excess > 0.0), [sentence])
        for excess, sentence in zip(tf.unstack(found), UNEQUAL.values(), strict=True)
    ]
    # Nothing is on its way when a check fails.
    hosts.hold_until(checks)
    with tf.control_dependencies(checks):
        parameters.assign(tf.cast(chief[:p], w.dtype))


def _digest(x: tf.Tensor) -> tf.Tensor:
    """A number of the order of one that tells points from others, `()`.

    Even points of two seeds have nearly the same means; random factors tell them apart.
    """
    factors = tf.random.stateless_uniform(tf.shape(x), (0, 0), -1.0, 1.0, x.dtype)
    return tf.math.divide_no_nan(tf.reduce_sum(factors * x), tf.norm(x))
