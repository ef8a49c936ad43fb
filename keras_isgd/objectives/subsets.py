"""A random choice of rows in the place of all."""

import math
from typing import Any

import numpy as np
import tensorflow as tf

__all__ = ["picked", "random_subset", "sample_of"]

# Fewer rows than this are a poor sample; smaller sets are taken whole.
_AT_LEAST = 32


def random_subset(
    n: int | None, size: tf.Tensor, share: float, seed: tf.Tensor | None = None
) -> tf.Tensor:
    """Returns which of n rows to take: without repetition, the same for one seed.

    Every row has the same chance, wherever in the set it stands: points of a
    low-discrepancy sequence that are a power of two apart lie in a corner.

    Args:
        n: the number of rows, or None where it is known only in the graph.
        size: n as an int32 scalar.
        share: the part to take, in (0, 1]; at least 32 rows are taken.
        seed: two integers `(2,)`; None chooses always the same rows.

    Returns:
        Indices, int32 `(k,)`, ascending if n is known.
    """
    if n is not None:
        count = min(n, max(math.ceil(share * n), _AT_LEAST))
        if seed is not None:
            # XLA has no shuffle: the places of the largest of n random numbers, whole
            # ones, which are the same with XLA and without it.
            keys = tf.random.stateless_uniform(
                [n], seed, None, None, tf.uint32, alg="philox"
            )
            keys = tf.cast(keys, tf.float64)
            return tf.sort(tf.math.top_k(keys, count, sorted=False).indices)
        chosen = np.random.default_rng(0).choice(n, count, replace=False)
        return tf.constant(np.sort(chosen), tf.int32)
    count = tf.cast(tf.math.ceil(share * tf.cast(size, tf.float64)), tf.int32)
    count = tf.minimum(size, tf.maximum(count, _AT_LEAST))
    seed = tf.constant([0, 0]) if seed is None else seed
    shuffled = tf.random.experimental.stateless_shuffle(tf.range(size), seed)
    return shuffled[:count]


def picked(inputs: Any, chosen: Any) -> Any:
    """Returns the chosen rows of each tensor."""
    return tf.nest.map_structure(lambda x: tf.gather(x, chosen), inputs)


def sample_of(
    points: tf.Tensor, share: float, seed: tf.Tensor | None = None
) -> tuple[Any, Any]:
    """Draws numbers of points without replacement.

    Args:
        points: a tensor with n as first dimension.
        share, seed: see `Block.sampled`.

    Returns:
        Their numbers in order, `(k,)`, and sqrt(n / k); None and 1 for all points.
    """
    n = tf.shape(points)[0]
    chosen = random_subset(points.shape[0], n, share, seed)
    if chosen.shape[0] is not None and chosen.shape[0] == points.shape[0]:
        return None, 1.0
    if chosen.shape[0] is not None and points.shape[0] is not None:
        return chosen, math.sqrt(points.shape[0] / chosen.shape[0])
    return chosen, tf.sqrt(tf.cast(n / tf.size(chosen), tf.float64))
