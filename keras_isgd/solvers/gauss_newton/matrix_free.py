"""Damped least squares without the matrix: conjugate gradients, preconditioned."""

import tensorflow as tf

from keras_isgd.linalg.conjugate_gradients import conjugate_gradients, damped_inverse
from keras_isgd.objectives.least_squares import LeastSquares, Linearisation
from keras_isgd.objectives.proximal import ProximalProblem

__all__ = ["damped_step", "proximal_step", "sampled_jacobian"]

# Rows of the subsampled Jacobian that preconditions conjugate gradients.
_SAMPLE_ROWS = 400


def damped_step(
    linear: Linearisation,
    right: tf.Tensor,
    sample: tf.Tensor,
    metric: tf.Tensor | None,
    damping: tf.Tensor,
    tolerance: float,
    steps: int,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Solves argmin |J s + r|^2 + lambda |s|_D^2 by conjugate gradients in sqrt(D) s.

    Args:
        linear: `Linearisation`; its J is used.
        right: r, `(m,)`.
        sample: a few rows that stand for J in the preconditioner, `(l, p)`.
        metric: the diagonal of D, `(p,)`, or None for ones.
        damping: lambda, `()`.
        tolerance, steps: as for `conjugate_gradients`.

    Returns:
        s `(p,)` and the number of iterations, int32.
    """
    root = 1.0 if metric is None else tf.sqrt(metric)
    solution, iterations = conjugate_gradients(
        lambda v: linear.vjp(linear.jvp(v / root)) / root + damping * v,
        -linear.vjp(right) / root,
        damped_inverse(sample / root, damping),
        tolerance,
        steps,
    )
    return solution / root, iterations


def proximal_step(
    problem: ProximalProblem, w: tf.Tensor, tolerance: float, steps: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """One Gauss-Newton iteration towards the minimum of a proximal problem.

    Args:
        problem: the `ProximalProblem` of a `LeastSquares`.
        w: where the residual is linearised, `(p,)`.
        tolerance, steps: as for `conjugate_gradients`.

    Returns:
        The step `(p,)` and the number of evaluations, int32.
    """
    with tf.name_scope("jacobian"):
        linear = problem.objective.operators(w)
        sample = sampled_jacobian(problem.objective, w)
    displacement = problem.anchor - w
    with tf.name_scope("factorisation"):
        correction, iterations = damped_step(
            linear,
            linear.residual + linear.jvp(displacement),
            sample,
            problem.metric,
            0.5 / problem.alpha,
            tolerance,
            steps,
        )
    return displacement + correction, 2 * iterations + 3


def sampled_jacobian(objective: LeastSquares, w: tf.Tensor) -> tf.Tensor:
    """Returns a few hundred rows `(l, p)` in the place of all: J_s^T J_s ~ J^T J.

    Args:
        objective: the `LeastSquares`.
        w: where, `(p,)`.
    """
    rows = objective.row_count() or _SAMPLE_ROWS
    return objective.sampled_jacobian(w, min(1.0, _SAMPLE_ROWS / rows))
