"""The largest of several alphas with which a Gauss-Newton step is good."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from keras_isgd.objectives.least_squares import LeastSquares
from keras_isgd.objectives.objective import Evaluation
from keras_isgd.objectives.proximal import ProximalProblem
from keras_isgd.optimizers.step_result import StepResult
from keras_isgd.solvers.base import LeastSquaresSolver
from keras_isgd.solvers.status import Status

__all__ = ["Candidates", "Trial", "largest_good", "search"]


class Candidates(NamedTuple):
    """The alphas that a search may try.

    Attributes:
        alphas: decreasing, `(g,)`.
        first: index of the one to begin with, int32.
        top: index of the largest that may be tried, int32.
    """

    alphas: tf.Tensor
    first: tf.Tensor
    top: tf.Tensor


class Trial(NamedTuple):
    """A step that was tried.

    Attributes:
        i: index of its alpha, int32.
        step: `(p,)`.
        good: whether the loss falls by as much as it should, boolean.
        hopeless: whether smaller alphas need not be tried, boolean.
    """

    i: tf.Tensor
    step: tf.Tensor
    good: tf.Tensor
    hopeless: tf.Tensor


def search(
    solver: LeastSquaresSolver,
    objective: LeastSquares,
    origin: Evaluation,
    candidates: Candidates,
    target: tf.Tensor,
    scaled: bool,
) -> StepResult:
    """Finds a large alpha whose step lowers the loss nearly as much as predicted.

    The residual is linearised once. A step is good if the loss falls by at least
    `target` times what the linear model predicts. Larger and larger alphas are tried
    as long as their steps are good; if the first is not, smaller ones until one is, or
    until the model predicts less than rounding may hide in the loss.

    Args:
        solver: one that `solves_any_damping`.
        objective: L.
        origin: its `Evaluation` at w_n.
        candidates: `Candidates`.
        target: least ratio of actual to predicted decrease, `()`.
        scaled: whether |w - w_n| is measured in the solver's column scaling.

    Returns:
        The step, with the smallest alpha tried if none was good.
    """
    alphas = candidates.alphas
    model = solver.linearise(objective, origin.w, scaled)
    # The reduction suits the first alpha. Larger ones are rarely taken; by the Gram
    # matrix their damping is raised to what its rounding allows.
    solve = model.prepare(0.5 / alphas[candidates.first])

    def attempt(i: tf.Tensor) -> Trial:
        solved = solve(0.5 / alphas[i])
        step, value = model.best_along(solved)
        ratio = (origin.value - value) / solved.decrease
        # Written so that NaN is bad, too.
        good = (ratio >= target) & (value < origin.value)
        return Trial(i, step, good, solved.decrease <= model.rounding)

    w = origin.w
    trial, tried = largest_good(attempt, candidates, w.shape[0], w.dtype)
    problem = ProximalProblem(objective, origin, alphas[trial.i], model.metric)
    status = tf.where(
        trial.good,
        int(Status.LOWERED),
        tf.where(trial.hopeless, int(Status.CONVERGED), int(Status.NO_DECREASE)),
    )
    step = StepResult(
        w=tf.where(trial.good, w + trial.step, w),
        origin=origin,
        status=status,
        iterations=tf.constant(1, tf.int32),
        evaluations=model.probes * tried,
        learning_rate=problem.alpha,
        proximal=problem,
        state=None,
    )
    return _refined(solver, objective, step)


def _refined(
    solver: LeastSquaresSolver, objective: LeastSquares, step: StepResult
) -> StepResult:
    """Solves the implicit equation further, unless that ends at a larger loss.

    The ratio of decreases says nothing about the proximal objective: it may be
    larger after the first step than before, and the loss larger at its minimum.
    """
    result = solver.refine(step.proximal, step.w, step.iterations)
    if result is None:
        return step
    value = objective.value(result.w)
    better = (step.status == int(Status.LOWERED)) & (value <= step.origin.value)
    return step._replace(
        w=tf.where(better, result.w, step.w),
        status=tf.where(better, result.status, step.status),
        iterations=tf.where(better, result.iterations, step.iterations),
        evaluations=step.evaluations + result.evaluations + 1,
    )


def largest_good(
    attempt: Callable[[tf.Tensor], Trial],
    candidates: Candidates,
    size: int,
    dtype: tf.DType,
) -> tuple[Trial, tf.Tensor]:
    """Walks along decreasing alphas to the edge between bad steps and good ones.

    From a good step towards larger alphas up to the last that is good; from a bad
    one towards smaller alphas down to the first that is good, or hopeless.

    Args:
        attempt: function from an index, int32, to a `Trial`.
        candidates: `Candidates`; the first is not above the top.
        size: p, the length of a step.
        dtype: of a step.

    Returns:
        The `Trial`, of the smallest alpha tried if none was good, and how many were
        tried, int32.
    """

    first, top = candidates.first, candidates.top
    count = candidates.alphas.shape[0]

    # One loop for both ways, so that a trial is traced once: the way is 0 at first,
    # then 1 towards smaller alphas or -1 towards larger ones.
    def going(i: tf.Tensor, way: tf.Tensor, kept: Trial, tried: tf.Tensor) -> tf.Tensor:
        return (i >= top) & (i < count)

    def advance(
        i: tf.Tensor, way: tf.Tensor, kept: Trial, tried: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, Trial, tf.Tensor]:
        trial = attempt(i)
        rising = way < 0
        taken = trial.good | ~rising
        kept = tf.nest.map_structure(
            lambda new, old: tf.where(taken, new, old), trial, kept
        )
        up = trial.good & (way <= 0)
        down = ~trial.good & ~trial.hopeless & (way >= 0)
        following = tf.where(up, i - 1, tf.where(down, i + 1, count))
        return following, tf.where(up, -1, 1), kept, tried + 1

    zero, no = tf.constant(0, tf.int32), tf.constant(False)
    nothing = Trial(first, tf.zeros((size,), dtype), no, no)
    _, _, trial, tried = tf.while_loop(
        going, advance, (first, zero, nothing, zero), parallel_iterations=1
    )
    return trial, tried
