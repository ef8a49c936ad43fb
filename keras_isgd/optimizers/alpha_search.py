"""The largest of several alphas, and the length, with which a step is good."""

from typing import Any, NamedTuple

import tensorflow as tf

__all__ = ["Trial", "halved", "largest_good"]


class Trial(NamedTuple):
    """A step that was tried.

    Attributes:
        i: index of its alpha, int32.
        step: `(p,)`.
        ratio: actual over predicted decrease of the loss, `()`.
        good: boolean scalar.
    """

    i: Any
    step: Any
    ratio: Any
    good: Any


def largest_good(attempt, first, top, count):
    """Walks along decreasing alphas to the edge between bad steps and good ones.

    From a good step towards larger alphas up to the last that is good; from a bad
    one towards smaller alphas down to the first that is good.

    Args:
        attempt: function from an index, int32, to a `Trial`.
        first: index to begin with, int32.
        top: index of the largest alpha that may be tried, int32.
        count: number of alphas.

    Returns:
        The `Trial`, of the smallest alpha if none was good, and how many were
        tried, int32.
    """

    def fall(trial, tried):
        return attempt(trial.i + 1), tried + 1

    def rise(trial, tried, rising):
        larger = attempt(trial.i - 1)
        kept = tf.nest.map_structure(
            lambda new, old: tf.where(larger.good, new, old), larger, trial
        )
        return kept, tried + 1, larger.good

    began = attempt(first)
    trial, tried = tf.while_loop(
        lambda trial, tried: ~trial.good & (trial.i < count - 1),
        fall,
        (began, tf.constant(1)),
        parallel_iterations=1,
    )
    trial, tried, _ = tf.while_loop(
        lambda trial, tried, rising: rising & (trial.i > top),
        rise,
        (trial, tried, began.good),
        parallel_iterations=1,
    )
    return trial, tried


def halved(value_at, before, limit):
    """Halves a step until it decreases a value.

    Args:
        value_at: function from the fraction of the step, `()`, to the value there.
        before: the value to fall below, `()`.
        limit: largest number of halvings.

    Returns:
        The number of halvings, int32, the fraction and the value there.
    """

    # NaN makes the comparison false: the step is halved.
    def too_long(halvings, scale, value):
        return (halvings < limit) & ~(value < before)

    def halve(halvings, scale, value):
        return halvings + 1, 0.5 * scale, value_at(0.5 * scale)

    one = tf.ones_like(before)
    return tf.while_loop(
        too_long, halve, (tf.constant(0), one, value_at(one)), parallel_iterations=1
    )
