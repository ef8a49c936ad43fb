"""Booleans of functions that are zero on a boundary and positive inside.

R-functions (Rvachev 1982; Shapiro, Semi-analytic geometry with R-functions, Acta
Numerica 2007, Eq. 3.4): a + b -+ sqrt(a^2 + b^2) has the sign of "and" and of "or",
and where a = 0 and b is not, the slope of a.
"""

from collections.abc import Sequence

import tensorflow as tf

__all__ = ["conjunction", "disjunction"]

# Of the size: without it the square root has no derivative at a corner, where both
# functions are zero. It moves values by less than the rounding of float64.
_ROUNDING = 1e-12


def conjunction(functions: Sequence[tf.Tensor], size: float) -> tf.Tensor:
    """Returns a function that is positive where all of some functions are.

    Args:
        functions: tensors of one shape.
        size: of the geometry.
    """
    first, *others = functions
    for other in others:
        first = first + other - _root(first, other, size)
    return first


def disjunction(functions: Sequence[tf.Tensor], size: float) -> tf.Tensor:
    """Returns a function that is positive where one of some functions is."""
    first, *others = functions
    for other in others:
        first = first + other + _root(first, other, size)
    return first


def _root(a: tf.Tensor, b: tf.Tensor, size: float) -> tf.Tensor:
    return tf.sqrt(a * a + b * b + (_ROUNDING * size) ** 2)
