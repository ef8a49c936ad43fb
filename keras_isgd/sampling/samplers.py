"""Points of one named set, a function of a seed and the step."""

import math

import numpy as np
import tensorflow as tf
from scipy.stats import qmc

from keras_isgd.utils.memory import require_memory

__all__ = ["METHODS", "SetSampler", "Union"]

# GiB of one set; a quarter of a billion numbers.
_LARGEST_SET = 2.0
METHODS = ("uniform", "sobol", "halton", "latin_hypercube")


class SetSampler:
    """Draws one named point set: in the box, or on some of its faces.

    Args:
        box: the `Box`.
        count: number of points.
        method: one of `METHODS`. The low-discrepancy ones are drawn once by SciPy
            and then shifted at random modulo 1 for each new set.
        seed: integer.
        faces: None for the interior, else the `Faces`.
    """

    def __init__(self, box, count, method, seed, faces=None):
        self._box = box
        self._seed = seed
        self._uniform = method == "uniform"
        self._faces = faces
        self._allotment = [count] if faces is None else faces.allotment(count)
        self._count = sum(self._allotment)
        d = box.dimension
        require_memory(
            8 * d * self._count,
            _LARGEST_SET,
            f"A set of {self._count} points in {d} coordinates",
            "Take fewer points: with resample=True each step has new ones.",
        )
        self._base = None
        if not self._uniform:
            engine = {
                "sobol": qmc.Sobol,
                "halton": qmc.Halton,
                "latin_hypercube": qmc.LatinHypercube,
            }[method](d, rng=np.random.default_rng(seed))
            self._base = _draw(engine, method, self._count)

    def __call__(self, step):
        """Returns the set for a step, `(count, d)` float64."""
        seed = tf.stack([tf.constant(self._seed, tf.int64), tf.cast(step, tf.int64)])
        d = self._box.dimension
        if self._uniform:
            unit = tf.random.stateless_uniform((self._count, d), seed, dtype=tf.float64)
        else:
            shift = tf.random.stateless_uniform((1, d), seed, dtype=tf.float64)
            unit = tf.math.floormod(tf.constant(self._base) + shift, 1.0)
        lower = tf.constant(self._box.lower, tf.float64)
        lengths = tf.constant(self._box.lengths, tf.float64)
        x = lower + lengths * unit
        return x if self._faces is None else self._onto_faces(x)

    def _onto_faces(self, x):
        parts = []
        for part, (axis, side) in zip(
            tf.split(x, self._allotment), self._faces.faces, strict=True
        ):
            corner = (self._box.lower, self._box.upper)[side][axis]
            on_axis = tf.one_hot(axis, self._box.dimension, dtype=tf.float64)
            parts.append(part * (1.0 - on_axis) + corner * on_axis)
        return tf.concat(parts, axis=0)


class Union:
    """Several samplers whose points form one set.

    Args:
        samplers: functions from a step to points `(n_i, d)`.
    """

    def __init__(self, samplers):
        self._samplers = samplers

    def __call__(self, step):
        """Returns the set for a step, `(sum n_i, d)` float64."""
        return tf.concat([sampler(step) for sampler in self._samplers], axis=0)


def _draw(engine, method, count):
    if method != "sobol":
        return engine.random(count)
    # Sobol points are balanced in powers of two; the first `count` of the next
    # power are still evenly spread.
    return engine.random_base2(math.ceil(math.log2(max(count, 2))))[:count]
