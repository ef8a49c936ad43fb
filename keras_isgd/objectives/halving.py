"""A step halved until it lowers a value."""

from collections.abc import Callable

import tensorflow as tf

__all__ = ["halved"]


def halved(
    value_at: Callable[[tf.Tensor], tf.Tensor], before: tf.Tensor, limit: int
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Halves a step until it decreases a value.

    Args:
        value_at: function from the fraction of the step, `()`, to the value there.
        before: the value to fall below, `()`.
        limit: largest number of halvings.

    Returns:
        The number of halvings, int32, the fraction and the value there.
    """

    # NaN makes the comparison false: the step is halved.
    def too_long(halvings: tf.Tensor, scale: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
        return (halvings < limit) & ~(value < before)

    def halve(
        halvings: tf.Tensor, scale: tf.Tensor, value: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        return halvings + 1, 0.5 * scale, value_at(0.5 * scale)

    one = tf.ones_like(before)
    return tf.while_loop(
        too_long, halve, (tf.constant(0), one, value_at(one)), parallel_iterations=1
    )
