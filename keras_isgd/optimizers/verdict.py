"""Whether a step is taken: the one place where that is decided."""

import numpy as np
import tensorflow as tf

from keras_isgd.objectives.halving import halved
from keras_isgd.objectives.objective import Evaluation, Objective
from keras_isgd.optimizers.step_result import StepResult, Verdict
from keras_isgd.solvers.status import Status, is_taken

__all__ = ["judge"]

# A projected step halved so often is a thousandth of itself.
_HALVINGS = 10


def judge(objective: Objective, start: Evaluation, step: StepResult) -> Verdict:
    """Decides on a step; writes nothing.

    A step is taken if the loss at its end, evaluated here once more, and its
    gradient are finite and the loss is not above the one at its origin. Where
    variables have constraints, the step is projected first, and halved until that
    holds.

    Args:
        objective: the `Objective`.
        start: its `Evaluation` at the present weights.
        step: the `StepResult`.
    """
    origin = step.origin
    bad_rate = tf.equal(step.status, int(Status.BAD_LEARNING_RATE))
    begun = origin.is_finite & ~bad_rate
    proposed = begun & is_taken(step.status)
    proposed &= tf.reduce_all(tf.math.is_finite(step.w))
    w, probes = _feasible(objective, origin, step.w, proposed)
    end = tf.cond(proposed, lambda: objective.evaluate(w), lambda: origin)
    taken = proposed & end.is_finite & (end.value <= origin.value)
    status = tf.where(proposed & ~taken, _refusal(end), step.status)
    status = _converged(origin, status)
    returned = tf.reduce_any(tf.not_equal(origin.w, start.w))
    status = tf.where(~taken & returned, int(Status.STEPPED_BACK), status)
    unfit = tf.where(bad_rate, step.status, int(Status.NOT_FINITE_START))
    return Verdict(
        begun=begun,
        taken=taken,
        end=_selected(taken, end, _selected(begun, origin, start)),
        status=tf.where(begun, status, unfit),
        evaluations=step.evaluations + probes + 1 + tf.cast(proposed, tf.int32),
        implicit_residual=_implicit_residual(step, taken, end),
    )


def _feasible(
    objective: Objective, origin: Evaluation, w: tf.Tensor, proposed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """The step's end within the constraints, and how many losses that took."""
    parameters = objective.parameters
    none = tf.constant(0, tf.int32)
    if not parameters.constrained:
        return w, none

    def path(scale: tf.Tensor) -> tf.Tensor:
        return parameters.project(origin.w + scale * (w - origin.w))

    def search() -> tuple[tf.Tensor, tf.Tensor]:
        halvings, scale, _ = halved(
            lambda scale: objective.value(path(scale)), origin.value, _HALVINGS
        )
        return path(scale), halvings + 1

    return tf.cond(proposed, search, lambda: (w, none))


def _refusal(end: Evaluation) -> tf.Tensor:
    return tf.where(end.is_finite, int(Status.NO_DECREASE), int(Status.NOT_FINITE))


def _converged(origin: Evaluation, status: tf.Tensor) -> tf.Tensor:
    """Calls it converged where no decrease was found and the gradient says why.

    The relative gradient, max |g_j w_j| / |L|, is then below the cube root of the
    machine precision: Dennis and Schnabel, "Numerical Methods for Unconstrained
    Optimization and Nonlinear Equations" (1983), section 7.2.
    """
    tolerance = np.finfo(origin.w.dtype.as_numpy_dtype).eps ** (1 / 3)
    relative = tf.reduce_max(tf.abs(origin.gradient * origin.w))
    flat = relative <= tolerance * tf.abs(origin.value)
    none = tf.equal(status, int(Status.NO_DECREASE))
    return tf.where(none & flat, int(Status.CONVERGED), status)


def _selected(condition: tf.Tensor, one: Evaluation, other: Evaluation) -> Evaluation:
    # A loss without aux has None there, which is a leaf to tf.nest.
    return tf.nest.map_structure(
        lambda a, b: a if a is None else tf.where(condition, a, b), one, other
    )


def _implicit_residual(
    step: StepResult, taken: tf.Tensor, end: Evaluation
) -> tf.Tensor:
    if step.proximal is None:
        return tf.constant(float("nan"), step.w.dtype)
    residual = step.proximal.implicit_residual(end)
    return tf.where(taken, residual, tf.ones_like(residual))
