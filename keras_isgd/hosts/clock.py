"""The time by which a run decides, the same in all its processes."""

import time

import tensorflow as tf

from keras_isgd.hosts.connection import connected

__all__ = ["now"]


def now() -> float:
    """Returns the seconds of a clock that never goes back.

    In a run of several processes it is the first one's clock, so that all take the same
    decisions. Each of them has to ask for it then, equally often.
    """
    hosts, here = connected(), time.monotonic()
    if hosts is None:
        return here
    return float(hosts.of_chief(tf.constant(here, tf.float64), "clock"))
