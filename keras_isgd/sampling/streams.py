"""Endless datasets of named point sets, and the place in them."""

import tensorflow as tf

__all__ = ["PointStream", "endless", "point_dataset"]


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
