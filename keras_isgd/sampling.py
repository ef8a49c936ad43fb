"""Boxes, and points in them and on their faces."""

import dataclasses
import math
import random

import numpy as np
import tensorflow as tf
from scipy.stats import qmc

from keras_isgd.memory import require_memory

__all__ = ["Box", "PointStream"]

# GiB of one set; a quarter of a billion numbers.
_LARGEST_SET = 2.0
METHODS = ("uniform", "sobol", "halton", "latin_hypercube")


class Box:
    """An axis-aligned box.

    Args:
        lower: lower corner, d numbers.
        upper: upper corner, d numbers, each above the lower one.

    Raises:
        ValueError: corners of different lengths, not finite, or out of order.
    """

    def __init__(self, lower, upper):
        self.lower = tuple(float(v) for v in np.atleast_1d(lower))
        self.upper = tuple(float(v) for v in np.atleast_1d(upper))
        if len(self.lower) != len(self.upper):
            raise ValueError(
                f"Expected corners of one length, got {self.lower} and {self.upper}."
            )
        if not all(
            math.isfinite(a) and math.isfinite(b) and a < b
            for a, b in zip(self.lower, self.upper)
        ):
            raise ValueError(
                f"Expected finite corners with lower < upper in each coordinate, got "
                f"{self.lower} and {self.upper}."
            )

    @property
    def dimension(self):
        """The number of coordinates, d."""
        return len(self.lower)

    @property
    def lengths(self):
        """The edge lengths, d numbers."""
        return tuple(b - a for a, b in zip(self.lower, self.upper))

    def contains(self, x):
        """Tells for each point of a NumPy array `(n, d)` whether it is inside.

        The boundary counts as inside, up to rounding.
        """
        x = np.asarray(x, np.float64)
        slack = 1e-6 * np.asarray(self.lengths)
        above = x >= np.asarray(self.lower) - slack
        below = x <= np.asarray(self.upper) + slack
        return np.all(above & below, axis=1)

    def grid(self, counts):
        """Returns a tensor-product grid with the boundary, `(prod(counts), d)`.

        Args:
            counts: points along each coordinate.
        """
        axes = [
            np.linspace(a, b, n)
            for a, b, n in zip(self.lower, self.upper, counts, strict=True)
        ]
        mesh = np.meshgrid(*axes, indexing="ij")
        return np.stack([m.ravel() for m in mesh], axis=1)

    def __repr__(self):
        return f"Box({self.lower}, {self.upper})"


@dataclasses.dataclass(frozen=True)
class Faces:
    """Some faces of a box, as `(axis, side)` pairs; side 0 is the lower one."""

    box: Box
    faces: tuple

    def allotment(self, count):
        """How many of `count` points each face gets, by its area.

        In one dimension a face is one point, and gets one.
        """
        if self.box.dimension == 1:
            return [1] * len(self.faces)
        lengths = self.box.lengths
        areas = np.array([math.prod(lengths) / lengths[axis] for axis, _ in self.faces])
        ends = np.rint(np.cumsum(areas) / areas.sum() * count).astype(int)
        return list(np.diff(ends, prepend=0))


class PointStream:
    """Where a dataset of points stands: the step that its next element is for.

    `problem.points` attaches one to its dataset as `dataset.stream`. `PINN.fit`
    sets `position` to the optimizer's iterations before it starts, so that a run
    that was stopped and restored goes on with the points that it would have had.
    """

    def __init__(self):
        self.position = tf.Variable(0, dtype=tf.int64, trainable=False)

    def seek(self, step):
        """Makes the next iterator over the dataset begin at a step's points."""
        self.position.assign(step)


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


def point_dataset(samplers, resample):
    """Builds the endless dataset of named point sets that `fit` takes.

    Args:
        samplers: dictionary of `SetSampler`s.
        resample: new points at each step, or the same ones.

    Returns:
        A `tf.data.Dataset` of dictionaries of float64 tensors `(n_i, d)`, with a
        `PointStream` as its attribute `stream`.
    """
    stream = PointStream()
    if resample:
        dataset = tf.data.Dataset.counter().map(
            lambda i: {
                name: sampler(i + stream.position) for name, sampler in samplers.items()
            }
        )
        dataset = _untuned(dataset)
    else:
        sets = {name: sampler(0) for name, sampler in samplers.items()}
        dataset = endless(sets)
    dataset.stream = stream
    return dataset


def endless(sets):
    """Builds a dataset that repeats one dictionary of point sets for ever."""
    return _untuned(tf.data.Dataset.from_tensors(sets).cache().repeat())


def _untuned(dataset):
    """Spares the thread that tunes: at the end it can sleep on for most of a minute."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)


def check_seed(seed):
    """Returns a seed as a non-negative integer; None draws one.

    Raises:
        ValueError: not a whole number from 0.
    """
    if seed is None:
        return random.SystemRandom().randrange(2**31)
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"Expected `seed` to be a whole number >= 0, got {seed!r}.")
    return int(seed)
