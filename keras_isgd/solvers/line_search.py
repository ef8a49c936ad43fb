"""A step length by the strong Wolfe conditions, with one place that evaluates."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from keras_isgd.objectives.objective import Evaluation

__all__ = ["LineSearch", "strong_wolfe"]

# Nocedal and Wright, "Numerical Optimization" (2006), p. 62: for quasi-Newton methods.
_DECREASE, _CURVATURE = 1e-4, 0.9
# How far a step is lengthened, and how near to its ends an interval is divided.
_LENGTHEN, _MARGIN = 4.0, 0.1
# So many units of rounding may hide in a loss.
_ROUNDING = 4.0


class LineSearch(NamedTuple):
    """Where a line search ended.

    Attributes:
        length: t; 0 if no point was found whose value is below, but for rounding.
        value: there, `()`.
        gradient: there, `(p,)`.
        evaluations: made, int32.
        found: whether t satisfies both conditions, boolean.
    """

    length: tf.Tensor
    value: tf.Tensor
    gradient: tf.Tensor
    evaluations: tf.Tensor
    found: tf.Tensor


class _Point(NamedTuple):
    t: tf.Tensor
    value: tf.Tensor
    slope: tf.Tensor


class _State(NamedTuple):
    t: tf.Tensor
    low: _Point
    gradient: tf.Tensor
    high: _Point
    bracketed: tf.Tensor
    found: tf.Tensor
    evaluations: tf.Tensor


def strong_wolfe(
    value_and_gradient: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]],
    start: Evaluation,
    direction: tf.Tensor,
    first: tf.Tensor,
    limit: int,
) -> LineSearch:
    """Finds t > 0 such that, with phi(t) = L(w + t d),

        phi(t) <= phi(0) + 1e-4 t phi'(0)   and   |phi'(t)| <= 0.9 |phi'(0)|

    by algorithms 3.5 and 3.6 of Nocedal and Wright, "Numerical Optimization" (2006),
    with cubic interpolation (Eq. 3.59). Where rounding hides whether the value falls,
    the slope decides alone: the approximate Wolfe conditions of Hager and Zhang (SIAM
    J. Optim. 16, 2005). Values that are NaN or infinite count as too high. If the limit
    is reached, the lowest point found is returned.

    Args:
        value_and_gradient: function from w `(p,)` to L `()` and grad L `(p,)`.
        start: `Evaluation` at w.
        direction: d, `(p,)`, a direction of descent.
        first: the first t to try, `()`.
        limit: largest number of evaluations.

    Returns:
        `LineSearch`.
    """
    origin = _Point(
        tf.zeros_like(start.value),
        start.value,
        tf.tensordot(start.gradient, direction, 1),
    )

    def going(s: _State) -> tf.Tensor:
        return ~s.found & (s.evaluations < limit)

    def advance(s: _State) -> tuple[_State]:
        value, gradient = value_and_gradient(start.w + s.t * direction)
        new = _Point(s.t, value, tf.tensordot(gradient, direction, 1))
        return (_updated(s, new, gradient, origin),)

    no = tf.constant(False)
    begin = _State(
        first, origin, start.gradient, origin, no, no, tf.constant(0, tf.int32)
    )
    (end,) = tf.while_loop(going, advance, (begin,), parallel_iterations=1)
    return LineSearch(
        end.low.t, end.low.value, end.gradient, end.evaluations, end.found
    )


def _updated(s: _State, new: _Point, gradient: tf.Tensor, origin: _Point) -> _State:
    """The interval after a trial; its lower end satisfies the first condition."""
    bound = origin.value + _DECREASE * new.t * origin.slope
    usable = tf.math.is_finite(new.value) & tf.math.is_finite(new.slope)
    usable &= tf.reduce_all(tf.math.is_finite(gradient))
    lower = usable & (new.value <= bound) & (new.value < s.low.value)
    flat = usable & (tf.abs(new.slope) <= -_CURVATURE * origin.slope)
    eps = _ROUNDING * np.finfo(new.value.dtype.as_numpy_dtype).eps
    hidden = new.value - origin.value <= eps * tf.abs(origin.value)
    lower |= flat & hidden
    found = lower & flat
    # Past a minimum the old lower end closes the interval; the new one is the lower.
    towards = tf.where(s.bracketed, s.high.t - s.low.t, tf.ones_like(new.t))
    past = lower & (new.slope * towards >= 0.0)
    high = _chosen(~lower, new, _chosen(past, s.low, s.high))
    low = _chosen(lower, new, s.low)
    bracketed = s.bracketed | ~lower | past
    inside = _between(low, high)
    return _State(
        t=tf.where(bracketed, inside, _LENGTHEN * new.t),
        low=low,
        gradient=tf.where(lower, gradient, s.gradient),
        high=high,
        bracketed=bracketed,
        found=found,
        evaluations=s.evaluations + 1,
    )


def _chosen(condition: tf.Tensor, one: _Point, other: _Point) -> _Point:
    return _Point(*(tf.where(condition, a, b) for a, b in zip(one, other, strict=True)))


def _between(low: _Point, high: _Point) -> tf.Tensor:
    """The minimum of the cubic through both ends, or near enough to the middle."""
    width = high.t - low.t
    d1 = low.slope + high.slope
    d1 -= 3.0 * tf.math.divide_no_nan(high.value - low.value, width)
    d2 = tf.sign(width) * tf.sqrt(tf.maximum(d1**2 - low.slope * high.slope, 0.0))
    part = 1.0 - tf.math.divide_no_nan(
        high.slope + d2 - d1, high.slope - low.slope + 2.0 * d2
    )
    part = tf.where(tf.math.is_finite(part), part, tf.fill(tf.shape(part), _half(part)))
    return low.t + width * tf.clip_by_value(part, _MARGIN, 1.0 - _MARGIN)


def _half(like: tf.Tensor) -> tf.Tensor:
    return tf.constant(0.5, like.dtype)
