"""Conjugate gradients, and the inverse that preconditions them."""

from collections.abc import Callable

import tensorflow as tf

__all__ = ["conjugate_gradients", "damped_inverse"]

Map = Callable[[tf.Tensor], tf.Tensor]


def conjugate_gradients(
    operator: Map, right: tf.Tensor, precondition: Map, tolerance: float, steps: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Solves A x = b for a symmetric positive definite A by preconditioned CG.

    Stops when |A x - b| <= tolerance |b|, after `steps` iterations, or when
    rounding makes A indefinite (a direction with v^T A v <= 0).

    Args:
        operator: function from v to A v, `(p,)`.
        right: b, `(p,)`.
        precondition: function from v to an approximation of A^-1 v, symmetric
            positive definite.
        tolerance: relative residual.
        steps: largest number of iterations.

    Returns:
        x `(p,)` and the number of iterations, int32.
    """
    goal = tolerance * tf.norm(right)

    def going(*state: tf.Tensor) -> tf.Tensor:
        k, _, residual, _, product = state
        return (k < steps) & (tf.norm(residual) > goal) & (product > 0.0)

    def advance(*state: tf.Tensor) -> tuple[tf.Tensor, ...]:
        k, x, residual, direction, product = state
        image = operator(direction)
        curvature = tf.tensordot(direction, image, 1)
        usable = curvature > 0.0
        length = tf.math.divide_no_nan(product, curvature) * tf.cast(
            usable, right.dtype
        )
        x = x + length * direction
        residual = residual - length * image
        conditioned = precondition(residual)
        new = tf.tensordot(residual, conditioned, 1)
        direction = conditioned + new / product * direction
        return k + 1, x, residual, direction, new * tf.cast(usable, right.dtype)

    first = precondition(right)
    k, x, *_ = tf.while_loop(
        going,
        advance,
        (
            tf.constant(0, tf.int32),
            tf.zeros_like(right),
            right,
            first,
            tf.tensordot(right, first, 1),
        ),
        parallel_iterations=1,
    )
    return x, k


def damped_inverse(jacobian: tf.Tensor, damping: tf.Tensor) -> Map:
    """Returns the function v -> (J^T J + lambda I)^-1 v for a J of few rows.

    By Woodbury, (v - J^T (J J^T + lambda I)^-1 J v) / lambda.

    Args:
        jacobian: J, `(l, p)` with l of some hundreds.
        damping: lambda, `()`.
    """
    gram = tf.matmul(jacobian, jacobian, transpose_b=True)
    squares, vectors = tf.linalg.eigh(gram)
    weights = 1.0 / (tf.maximum(squares, 0.0) + damping)

    def apply(v: tf.Tensor) -> tf.Tensor:
        projected = tf.linalg.matvec(vectors, tf.linalg.matvec(jacobian, v), True)
        inner = tf.linalg.matvec(vectors, weights * projected)
        return (v - tf.linalg.matvec(jacobian, inner, transpose_a=True)) / damping

    return apply
