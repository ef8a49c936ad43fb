"""A fixed random choice of rows in the place of all."""

import math

import numpy as np
import tensorflow as tf

__all__ = ["random_subset"]

# Fewer rows than this are a poor sample; smaller sets are taken whole.
_AT_LEAST = 32


def random_subset(n: int | None, size: tf.Tensor, share: float) -> tf.Tensor:
    """Returns which of n rows to take: without repetition, always the same ones.

    Every row has the same chance, wherever in the set it stands: points of a
    low-discrepancy sequence that are a power of two apart lie in a corner.

    Args:
        n: the number of rows, or None where it is known only in the graph.
        size: n as an int32 scalar.
        share: the part to take, in (0, 1]; at least 32 rows are taken.

    Returns:
        Indices, int32 `(k,)`, ascending if n is known.
    """
    if n is not None:
        count = min(n, max(math.ceil(share * n), _AT_LEAST))
        chosen = np.random.default_rng(0).choice(n, count, replace=False)
        return tf.constant(np.sort(chosen), tf.int32)
    count = tf.cast(tf.math.ceil(share * tf.cast(size, tf.float64)), tf.int32)
    count = tf.minimum(size, tf.maximum(count, _AT_LEAST))
    shuffled = tf.random.experimental.stateless_shuffle(tf.range(size), seed=(0, 0))
    return shuffled[:count]
