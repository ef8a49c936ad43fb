"""The last step, judged on the points of the next one."""

from typing import NamedTuple

import tensorflow as tf

from keras_isgd.objectives.objective import Evaluation, Objective

__all__ = ["Review", "review"]


class Review(NamedTuple):
    """What the present points say about the last step.

    Attributes:
        origin: `Evaluation` where the next step begins: before the last one if that
            made things worse here.
        returned: whether it did, boolean.
        known: whether the present weights are that step's, boolean; those that were
            set from outside are nobody's step.
        earlier: the loss on the present points before it, `()`; the present loss
            where it is not known.
    """

    origin: Evaluation
    returned: tf.Tensor
    known: tf.Tensor
    earlier: tf.Tensor


def review(
    objective: Objective,
    start: Evaluation,
    before: tf.Tensor,
    after: tf.Tensor,
    stepped: tf.Tensor,
) -> Review:
    """Compares the losses on the present points before and after the last step.

    With L- and L+ these losses, the step is to be taken back if L+ - L- > |L-| or L+
    is not finite. On fixed points this never happens.

    Args:
        objective: L on the present points.
        start: its `Evaluation` at the present weights.
        before, after: the weights before and after the last step, `(p,)`.
        stepped: whether there was one, boolean.
    """
    known = stepped & tf.reduce_all(tf.equal(start.w, after))
    earlier = tf.cond(known, lambda: objective.value(before), lambda: start.value)
    # Written so that a loss that is NaN or infinite now counts as worse.
    kept = start.value - earlier <= tf.abs(earlier)
    returned = known & tf.math.is_finite(earlier) & ~kept
    origin = tf.cond(returned, lambda: objective.evaluate(before), lambda: start)
    return Review(origin, returned, known, earlier)
