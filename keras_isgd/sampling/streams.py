"""Endless datasets of named point sets, and the place in them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import tensorflow as tf

from keras_isgd import compat
from keras_isgd.sampling.samplers import Sampler

__all__ = ["Place", "PointStream", "endless", "place_of", "point_dataset"]

# Steps of a `tf.data` pipeline that hand on one element for each one that they get.
_ONE_TO_ONE = {
    "AssertCardinality",
    "CopyToDevice",
    "Map",
    "Options",
    "ParallelMap",
    "Prefetch",
    "Zip",
}


class PointStream:
    """Where a dataset of points stands: the step that its next element is for.

    `problem.points` attaches one to its dataset as `dataset.stream`. `PINN.fit`
    sets `position` to the optimizer's iterations before it starts, so that a run
    that was stopped and restored goes on with the points that it would have had.

    Args:
        resample: whether its elements differ from step to step.
    """

    def __init__(self, resample: bool = True) -> None:
        self.resample = resample
        self.position = tf.Variable(0, dtype=tf.int64, trainable=False)

    def seek(self, step: int) -> None:
        """Makes the next iterator over the dataset begin at a step's points."""
        self.position.assign(step)


class Place(NamedTuple):
    """What is known of the place in a dataset that may come from `problem.points`.

    Attributes:
        streams: the `PointStream`s that it draws from.
        lost_by: the transformations between them and the dataset that change how
            many elements make a step, such as "shuffle"; with none of them the
            dataset's elements are the streams' own, one by one.
    """

    streams: tuple[PointStream, ...]
    lost_by: tuple[str, ...]


def place_of(dataset: tf.data.Dataset) -> Place:
    """Finds the streams behind a dataset, through what was made of them.

    Args:
        dataset: such as `problem.points(...).map(function).prefetch(1)`.
    """
    stream = getattr(dataset, "stream", None)
    if isinstance(stream, PointStream):
        return Place((stream,), ())
    streams: list[PointStream] = []
    lost_by: list[str] = []
    for source in compat.dataset_inputs(dataset):
        place = place_of(source)
        streams += place.streams
        lost_by += place.lost_by
    kind = compat.dataset_kind(dataset)
    if streams and kind not in _ONE_TO_ONE:
        lost_by.append(kind.lower())
    return Place(tuple(streams), tuple(lost_by))


def point_dataset(samplers: Mapping[str, Sampler], resample: bool) -> tf.data.Dataset:
    """Builds the endless dataset of named point sets that `fit` takes.

    Args:
        samplers: dictionary of functions from a step to points, such as
            `SetSampler`s.
        resample: new points at each step, or the same ones.

    Returns:
        A `tf.data.Dataset` of dictionaries of float64 tensors `(n_i, d)`, with a
        `PointStream` as its attribute `stream`.
    """
    stream = PointStream(resample)
    if resample:
        # Plain tensor code: translating it by AutoGraph takes a tenth of a second.
        @tf.autograph.experimental.do_not_convert
        def sets_of(i: tf.Tensor) -> dict[str, tf.Tensor]:
            step = i + stream.position
            return {name: sampler(step) for name, sampler in samplers.items()}

        dataset = tf.data.Dataset.counter().map(sets_of)
        dataset = _untuned(dataset)
    else:
        sets = {name: sampler(0) for name, sampler in samplers.items()}
        dataset = endless(sets)
    dataset.stream = stream
    return dataset


def endless(sets: Mapping[str, Any]) -> tf.data.Dataset:
    """Builds a dataset that repeats one dictionary of point sets for ever."""
    return _untuned(tf.data.Dataset.from_tensors(dict(sets)).cache().repeat())


def _untuned(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """Switches tuning off: at the end its thread can sleep on for most of a minute."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
