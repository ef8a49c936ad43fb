"""A step on its way: what was proposed, what was decided, what is reported."""

from typing import Any, NamedTuple

import tensorflow as tf

from keras_isgd.objectives.objective import Evaluation

__all__ = ["StepReport", "StepResult", "Verdict"]


class StepResult(NamedTuple):
    """A step that an algorithm proposes; nothing is written yet.

    Attributes:
        w: where it leads, `(p,)`.
        origin: `Evaluation` where it begins: that of the present weights, or of
            earlier ones if the last step is taken back.
        status: a `Status` as int32, as the solver sees it.
        iterations: iterations of the inner solver, int32.
        evaluations: losses computed beyond the start's, int32.
        learning_rate: alpha of this step, or the explicit optimizer's rate, `()`.
        proximal: the `ProximalProblem` that it solves; None for other steps.
        state: what `ClosureOptimizer.learn` needs of it, of any structure.
    """

    w: tf.Tensor
    origin: Evaluation
    status: tf.Tensor
    iterations: tf.Tensor
    evaluations: tf.Tensor
    learning_rate: tf.Tensor
    proximal: Any
    state: Any


class Verdict(NamedTuple):
    """What was decided on a step; see `judge`.

    Attributes:
        begun: whether the step had a finite loss to begin from and a usable alpha,
            boolean. If not, nothing is learned from it.
        taken: whether the weights are to be those that the step proposed, boolean.
        end: `Evaluation` at the weights after the step: the proposal's, or the
            origin's if it is not taken.
        status: a `Status` as int32.
        evaluations: losses computed for the step in all, int32.
        implicit_residual: of Eq. 4 at the end; 1 if not taken, NaN if the step is
            not implicit.
    """

    begun: tf.Tensor
    taken: tf.Tensor
    end: Evaluation
    status: tf.Tensor
    evaluations: tf.Tensor
    implicit_residual: tf.Tensor


class StepReport(NamedTuple):
    """What one step did; scalar tensors but for `aux`.

    Attributes:
        loss: L(w_{n+1}), after the step, on the points of the step. Of an explicit
            step it is the loss before it, as in Keras.
        inner_iterations: iterations of the inner solver.
        evaluations: loss evaluations (each with its gradient) since the
            optimizer was built.
        implicit_residual: relative residual of Eq. 4 at w_{n+1}: 0 is backward
            Euler, 1 is no step, NaN is "not measured" (explicit steps).
        status: a `Status` as int32.
        learning_rate: alpha of this step, or the explicit optimizer's rate.
        loss_before: L(w_n), before the step, on the same points.
        relative_step: |w_{n+1} - w_n| / |w_n|.
        gradient_norm: the norm of grad L where `loss` was measured.
        aux: what else the loss returned there (predictions, named terms).
    """

    loss: tf.Tensor
    inner_iterations: tf.Tensor
    evaluations: tf.Tensor
    implicit_residual: tf.Tensor
    status: tf.Tensor
    learning_rate: tf.Tensor
    loss_before: tf.Tensor
    relative_step: tf.Tensor
    gradient_norm: tf.Tensor
    aux: Any = None

    def logs(self) -> dict[str, tf.Tensor]:
        """The entries that Keras shows in the progress bar and in `History`."""
        entries = self._asdict()
        # Keras's own "loss" is a mean over the epoch so far, in float32.
        entries["loss_after"] = entries.pop("loss")
        del entries["aux"]
        return entries
