"""Points of one named set, a function of a seed and the step."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf

from keras_isgd.geometry import Box, Faces
from keras_isgd.sampling import sobol
from keras_isgd.utils.memory import require_memory

__all__ = [
    "LARGEST_SET",
    "METHODS",
    "Sampler",
    "SetSampler",
    "Union",
    "draw",
    "sobol_points",
]

# GiB of one set; a quarter of a billion numbers.
LARGEST_SET = 2.0
METHODS = ("uniform", "sobol", "halton", "latin_hypercube")

# From a step, an integer or a scalar int64 tensor, to points (n, d) in float64.
Sampler = Callable[[int | tf.Tensor], tf.Tensor]


class SetSampler:
    """Draws one named point set: in the box, or on some of its faces.

    Args:
        box: the `Box`.
        count: number of points.
        method: one of `METHODS`. The low-discrepancy ones are drawn once by SciPy
            and then shifted at random modulo 1 for each new set.
        seed: integer.
        faces: None for the interior, else the `Faces`.
        normal_columns: how many columns of the outward normals stand beside the
            points; those of the first coordinates.

    Raises:
        ValueError: more than 2 GiB of points.
    """

    def __init__(
        self,
        box: Box,
        count: int,
        method: str,
        seed: int,
        faces: Faces | None = None,
        normal_columns: int = 0,
    ) -> None:
        self._box = box
        self._seed = seed
        self._faces = faces
        self._normal_columns = normal_columns
        self._allotment = [count] if faces is None else faces.allotment(count)
        self._count = sum(self._allotment)
        require_memory(
            8 * box.dimension * self._count,
            LARGEST_SET,
            f"A set of {self._count} points in {box.dimension} coordinates",
            "Take fewer points: with resample=True each step has new ones.",
        )
        self._base = None
        if method != "uniform":
            base = draw(method, box.dimension, self._count, seed)
            # A tensor outside the graph of `tf.data`, which captures it: as a constant
            # it would be part of the graph, which cannot hold 2 GiB.
            with tf.init_scope(), tf.device("CPU:0"):
                self._base = tf.constant(base)

    def __call__(self, step: int | tf.Tensor) -> tf.Tensor:
        """Returns the set for a step, `(count, d)` float64."""
        seed = tf.stack([tf.constant(self._seed, tf.int64), tf.cast(step, tf.int64)])
        d = self._box.dimension
        if self._base is None:
            unit = tf.random.stateless_uniform((self._count, d), seed, dtype=tf.float64)
        else:
            shift = tf.random.stateless_uniform((1, d), seed, dtype=tf.float64)
            unit = tf.math.floormod(self._base + shift, 1.0)
        x = self._box.from_unit(unit)
        if self._faces is None:
            return x
        x = self._faces.project(x, self._allotment)
        if not self._normal_columns:
            return x
        normals = self._faces.all_normals(self._allotment)[:, : self._normal_columns]
        return tf.concat([x, tf.constant(normals, x.dtype)], axis=1)


class Union:
    """Several samplers whose points form one set.

    Args:
        samplers: functions from a step to points `(n_i, d)`.
    """

    def __init__(self, samplers: Sequence[Sampler]) -> None:
        self._samplers = samplers

    def __call__(self, step: int | tf.Tensor) -> tf.Tensor:
        """Returns the set for a step, `(sum n_i, d)` float64."""
        return tf.concat([sampler(step) for sampler in self._samplers], axis=0)


def sobol_points(d: int, count: int, seed: int | None = None) -> np.ndarray:
    """Returns the first points of a Sobol sequence in the unit box, `(count, d)`.

    Args:
        d: number of coordinates.
        count: number of points. They are balanced in powers of two; the first ones
            of the next power are still evenly spread.
        seed: of the scrambling; None leaves them as Sobol has them.
    """
    if d <= sobol.LARGEST:
        return sobol.sobol(d, count, seed)
    from scipy.stats import qmc  # two thirds of a second, which not every run needs

    engine = qmc.Sobol(d, scramble=seed is not None, rng=np.random.default_rng(seed))
    return engine.random_base2(math.ceil(math.log2(max(count, 2))))[:count]


def draw(method: str, d: int, count: int, seed: int) -> np.ndarray:
    """Returns points of the unit box by a low-discrepancy method, `(count, d)`."""
    if method == "sobol":
        return sobol_points(d, count, seed)
    from scipy.stats import qmc

    engine = {"halton": qmc.Halton, "latin_hypercube": qmc.LatinHypercube}[method]
    return engine(d, rng=np.random.default_rng(seed)).random(count)
