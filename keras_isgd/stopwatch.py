"""Where the seconds of a step go, measured inside the compiled step."""

import contextlib
import threading

import tensorflow as tf

__all__ = ["PIECES", "Stopwatch", "lap", "recording"]

PIECES = ("jacobian", "reduction", "factorisation", "probes", "rest")

_local = threading.local()


class Stopwatch:
    """Sums the seconds of each of `PIECES` while a traced step runs.

    The time is the host's: on a GPU it ends when work is handed over, not when it
    is done.
    """

    def __init__(self):
        with tf.init_scope(), tf.device("CPU:0"):
            self._last = tf.Variable(0.0, dtype=tf.float64, trainable=False)
            self._sums = {
                piece: tf.Variable(0.0, dtype=tf.float64, trainable=False)
                for piece in PIECES
            }

    def seconds(self):
        """Returns the sums so far, a dictionary of floats."""
        return {piece: float(total.numpy()) for piece, total in self._sums.items()}

    def start(self):
        """Begins the first piece, in a graph."""
        self._last.assign(tf.timestamp())

    def lap(self, piece, tensors):
        """Adds the time since the last lap to a piece, once `tensors` are known.

        Returns the tensors, not to be had before that.
        """
        with tf.control_dependencies(tf.nest.flatten(tensors)):
            now = tf.timestamp()
        done = [self._sums[piece].assign_add(now - self._last), self._last.assign(now)]
        with tf.control_dependencies(done):
            return tf.nest.map_structure(tf.identity, tensors)


@contextlib.contextmanager
def recording(stopwatch):
    """Laps inside are the stopwatch's, or nobody's if it is None."""
    before = getattr(_local, "stopwatch", None)
    _local.stopwatch = stopwatch
    if stopwatch is not None:
        stopwatch.start()
    try:
        yield
    finally:
        _local.stopwatch = before


def lap(piece, *tensors):
    """Ends a piece of a step with the tensors that it computes.

    Costs nothing unless a stopwatch is recording. What comes next should use what
    this returns, or TensorFlow may run it at the same time.

    Args:
        piece: one of `PIECES`.
        *tensors: tensors, or structures of tensors.

    Returns:
        The tensors: a tuple if there are several.
    """
    stopwatch = getattr(_local, "stopwatch", None)
    if stopwatch is not None:
        tensors = stopwatch.lap(piece, tensors)
    return tensors if len(tensors) > 1 else tensors[0]
