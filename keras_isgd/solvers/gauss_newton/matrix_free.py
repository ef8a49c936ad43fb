"""Damped least squares without the matrix: conjugate gradients, preconditioned."""

import tensorflow as tf

from keras_isgd.stopwatch import lap

__all__ = [
    "conjugate_gradients",
    "damped_inverse",
    "damped_step",
    "proximal_step",
    "sampled_rows",
]

# Rows of the subsampled Jacobian that preconditions conjugate gradients.
_SAMPLE_ROWS = 400


def damped_step(linear, residual, sample, metric, damping, tolerance, steps):
    """Solves argmin |J s + r|^2 + lambda |s|_D^2 by conjugate gradients in sqrt(D) s.

    Args:
        linear: `Linearisation`; its J is used.
        residual: r, `(m,)`.
        sample: a few rows that stand for J in the preconditioner, `(l, p)`.
        metric: the diagonal of D, `(p,)`, or None for ones.
        damping: lambda, `()`.
        tolerance, steps: as for `conjugate_gradients`.

    Returns:
        s `(p,)` and the number of iterations, int32.
    """
    root = 1.0 if metric is None else tf.sqrt(metric)
    solution, iterations = conjugate_gradients(
        lambda v: linear.backward(linear.forward(v / root)) / root + damping * v,
        -linear.backward(residual) / root,
        damped_inverse(sample / root, damping),
        tolerance,
        steps,
    )
    return solution / root, iterations


def proximal_step(problem, w, tolerance, steps):
    """One Gauss-Newton iteration towards the minimum of a proximal problem.

    Args:
        problem: the `ProximalProblem` of a `LeastSquares`.
        w: where the residual is linearised, `(p,)`.
        tolerance, steps: as for `conjugate_gradients`.

    Returns:
        The step `(p,)` and the number of evaluations, int32.
    """
    linear = problem.objective.operators(w)
    sample = sampled_rows(problem.objective, w)
    sample, _ = lap("jacobian", sample, linear.residual)
    displacement = problem.anchor - w
    correction, iterations = damped_step(
        linear,
        linear.residual + linear.forward(displacement),
        sample,
        problem.metric,
        0.5 / problem.alpha,
        tolerance,
        steps,
    )
    return displacement + lap("factorisation", correction), 2 * iterations + 3


def conjugate_gradients(operator, right, precondition, tolerance, steps):
    """Solves A x = b for a symmetric positive definite A by preconditioned CG.

    Stops when |A x - b| <= tolerance |b|, after `steps` iterations, or when
    rounding has spoiled A (a direction with v^T A v <= 0).

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

    def going(k, x, residual, direction, product):
        return (k < steps) & (tf.norm(residual) > goal) & (product > 0.0)

    def advance(k, x, residual, direction, product):
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


def damped_inverse(jacobian, damping):
    """Returns the function v -> (J^T J + lambda I)^-1 v for a J of few rows.

    By Woodbury, (v - J^T (J J^T + lambda I)^-1 J v) / lambda.

    Args:
        jacobian: J, `(l, p)` with l of some hundreds.
        damping: lambda, `()`.
    """
    gram = tf.matmul(jacobian, jacobian, transpose_b=True)
    squares, vectors = tf.linalg.eigh(gram)
    weights = 1.0 / (tf.maximum(squares, 0.0) + damping)

    def apply(v):
        projected = tf.linalg.matvec(vectors, tf.linalg.matvec(jacobian, v), True)
        inner = tf.linalg.matvec(vectors, weights * projected)
        return (v - tf.linalg.matvec(jacobian, inner, transpose_a=True)) / damping

    return apply


def sampled_rows(objective, w):
    """Returns a few hundred rows `(l, p)` in the place of all: J_s^T J_s ~ J^T J."""
    stride = max(1, (objective.row_count() or _SAMPLE_ROWS) // _SAMPLE_ROWS)
    return float(stride) ** 0.5 * objective.linearise(w, stride)[1]
