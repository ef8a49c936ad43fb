"""Steps that remember earlier points: SPRING's momentum in the minimal-norm step."""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from keras_isgd.objectives.least_squares import LeastSquares
from keras_isgd.objectives.objective import Evaluation, Objective
from keras_isgd.objectives.proximal import ProximalProblem
from keras_isgd.optimizers.alpha_search import Candidates, Trial, largest_good
from keras_isgd.optimizers.review import Review, review
from keras_isgd.optimizers.step_control import StepControl
from keras_isgd.optimizers.step_result import StepResult, Verdict
from keras_isgd.solvers.base import DampedModel, LeastSquaresSolver, Solver
from keras_isgd.solvers.status import Status
from keras_isgd.utils.checks import check_positive

__all__ = ["SPRING", "MomentumState"]

# Damping, relative to the mean square of a row of J, with which a run begins, and the
# largest that makes sense: steps are then a part in 1e4 of a gradient step.
_FIRST, _LARGEST = 1e-2, 1e4
# How the damping moves: up until a step is good, and down after a step whose gain
# ratio is nearly one (Madsen, Nielsen and Tingleff, "Methods for Non-Linear Least
# Squares Problems", 2004, section 3.2, has such constants).
_RAISE, _LOWER, _TRIALS = 6.0, 0.25, 9
_GOOD, _VERY_GOOD = 0.25, 0.7


class MomentumState(NamedTuple):
    """What `SPRING` remembers.

    Attributes:
        rate: 1 - mu, float64.
        damping: lambda relative to the mean square of a row of J, float64.
        gain: log of the factor by which the last step lowered the loss on its own
            points, float64; 0 if it was not taken.
        momentum: s, `(p,)`: the last step without its factor eta.
        stepped: whether there was a step, int32.
        before: the weights before the last step, `(p,)`.
        after: the weights after it, `(p,)`.
        settled: how many steps 1 - mu was at its least, float64.
    """

    rate: tf.Tensor
    damping: tf.Tensor
    gain: tf.Tensor
    momentum: tf.Tensor
    stepped: tf.Tensor
    before: tf.Tensor
    after: tf.Tensor
    settled: tf.Tensor


class _Proposed(NamedTuple):
    """What `SPRING.learn` must know of its proposal.

    Attributes:
        rate: 1 - mu, float64.
        damping: relative lambda of the step, float64.
        predicted: decrease of the loss by the linear model, `()`.
        settled: as in `MomentumState`.
        least: the smallest relative lambda of the step, float64.
    """

    rate: tf.Tensor
    damping: tf.Tensor
    predicted: tf.Tensor
    settled: tf.Tensor
    least: tf.Tensor


@keras.saving.register_keras_serializable(package="keras_isgd")
class SPRING(StepControl):
    """Minimal-norm steps with momentum, for fewer rows than weights.

        s_k = argmin over s:  |r + J s|^2 + lambda |s - mu s_{k-1}|^2,
        w_{k+1} = w_k + eta s_k,      eta = min(c (1 - mu), 1)

    of Goldshlager, Abrahamsen and Lin, "A Kaczmarz-inspired approach to accelerate
    the optimization of neural network wavefunctions" (arXiv 2401.10190, 2024), used
    for PINNs by Guzmán-Cordero and others (arXiv 2505.12149, 2025). A step on few
    points fits these, and moves what the last one fitted; here it keeps to what
    earlier points said as far as the present ones let it. It is an implicit step
    with alpha = 1 / (2 lambda) around w_k + mu s_{k-1}, of which the part eta is
    taken.

    What the papers searched for is chosen by the run itself:

    - mu: from 0, a full step, on. Each step is judged on the points of the next one:
      if less than `generalization` of the decrease of log L on its own points is
      found there, 1 - mu is divided by `adaptation`, otherwise multiplied by it. On
      fixed points mu stays 0.
    - lambda, relative to the mean square of a row of J: by the ratio of the actual
      to the predicted decrease on the step's points, not below `smallest_damping`.
    - Both bounds fall in a long run, since an average over more rows resolves smaller
      singular values: after n steps with 1 - mu at its bound, of m rows each and p
      weights, that of lambda is `smallest_damping` / (1 + n m / p), and that of 1 - mu
      is `smallest_rate` over the root of it.

    A step that raises the loss on the next points by more than that loss was is taken
    back, as by `DecreaseRatio`, and the momentum starts again from nothing.

    Args:
        generalization: the part of a step's gain that new points must confirm, in
            (0, 1).
        smallest_damping: of lambda, relative, at first.
        smallest_rate: of 1 - mu, in (0, 1], at first.
        adaptation: the factor by which 1 - mu moves in a step, above 1.
        relaxation: c. With 1 momentum averages what full steps would do; 2 is twice as
            fast, and above 3 a linear problem may diverge.

    Raises:
        ValueError: an argument out of range.
        TypeError: in a step, an inner solver or a loss without a space of rows.
    """

    def __init__(
        self,
        generalization: float = 0.2,
        smallest_damping: float = 1e-7,
        smallest_rate: float = 0.01,
        adaptation: float = 1.1,
        relaxation: float = 2.0,
    ) -> None:
        if not 0 < check_positive("generalization", generalization) < 1:
            raise ValueError(
                f"Expected `generalization` in (0, 1), got {generalization!r}."
            )
        if not check_positive("smallest_rate", smallest_rate) <= 1:
            raise ValueError(
                f"Expected `smallest_rate` in (0, 1], got {smallest_rate!r}."
            )
        if not check_positive("adaptation", adaptation) > 1:
            raise ValueError(f"Expected `adaptation` > 1, got {adaptation!r}.")
        self.generalization = float(generalization)
        self.smallest_damping = check_positive("smallest_damping", smallest_damping)
        self.smallest_rate = float(smallest_rate)
        self.adaptation = float(adaptation)
        self.relaxation = check_positive("relaxation", relaxation)

    def initial_state(self, size: int, dtype: tf.DType) -> MomentumState:
        return MomentumState(
            tf.ones((), tf.float64),
            tf.constant(_FIRST, tf.float64),
            tf.zeros((), tf.float64),
            tf.zeros(size, dtype),
            tf.constant(0, tf.int32),
            tf.zeros(size, dtype),
            tf.zeros(size, dtype),
            tf.zeros((), tf.float64),
        )

    def propose(
        self,
        inner: Solver,
        inner_state: Any,
        objective: Objective,
        start: Evaluation,
        alpha: tf.Tensor,
        state: MomentumState,
    ) -> StepResult:
        solver, squares = _in_rows(inner, objective)
        dtype = start.w.dtype
        seen = review(objective, start, state.before, state.after, state.stepped > 0)
        origin = seen.origin
        model = solver.linearise(squares, origin.w, scaled=False, exact=False)
        # How often as many rows as weights were seen while 1 - mu was at its bound.
        rows = tf.cast(tf.size(model.residual), tf.float64)
        share = rows / squares.parameters.size
        fallen = 1.0 / (1.0 + share * state.settled)
        least = self.smallest_damping * fallen
        least_rate = self.smallest_rate * tf.sqrt(fallen)
        rate = self._rate(state, seen, start, least_rate)
        settled = state.settled + tf.cast(rate <= least_rate, tf.float64)
        eta = tf.cast(tf.minimum(self.relaxation * rate, 1.0), dtype)
        kept = seen.known & ~seen.returned
        mu = tf.cast(1.0 - rate, dtype)
        drift = tf.where(kept, mu, tf.zeros_like(mu)) * state.momentum
        relative = tf.where(seen.returned, _RAISE * state.damping, state.damping)
        unit = tf.cast(model.mean_square(), tf.float64)
        alphas = tf.cast(0.5 / (unit * _dampings(relative, least)), dtype)
        trial, tried = _longest_good(squares, model, origin, alphas, drift, eta)
        problem = ProximalProblem(objective, origin, alphas[trial.i])
        ahead = model.residual + model.jvp(trial.step)
        predicted = tf.reduce_sum(model.residual**2) - tf.reduce_sum(ahead**2)
        used = _dampings(relative, least)[trial.i]
        return StepResult(
            w=tf.where(trial.good, origin.w + trial.step, origin.w),
            origin=origin,
            status=tf.where(trial.good, int(Status.LOWERED), int(Status.NO_DECREASE)),
            iterations=tf.constant(1, tf.int32),
            evaluations=tried + 1 + tf.cast(seen.returned, tf.int32),
            learning_rate=problem.alpha,
            proximal=problem,
            state=(inner_state, _Proposed(rate, used, predicted, settled, least)),
        )

    def learn(
        self, state: MomentumState, step: StepResult, verdict: Verdict, alpha: tf.Tensor
    ) -> tuple[tf.Tensor, MomentumState]:
        proposed: _Proposed = step.state
        origin, end = step.origin, verdict.end
        ratio = (origin.value - end.value) / proposed.predicted
        lower = verdict.taken & (ratio > _VERY_GOOD)
        damping = tf.where(lower, _LOWER * proposed.damping, proposed.damping)
        damping = tf.clip_by_value(damping, proposed.least, _LARGEST)
        gain = tf.math.log(origin.value) - tf.math.log(end.value)
        eta = tf.minimum(self.relaxation * proposed.rate, 1.0)
        move = (end.w - origin.w) / tf.cast(eta, end.w.dtype)
        following = MomentumState(
            rate=proposed.rate,
            damping=damping,
            gain=tf.cast(gain, tf.float64),
            momentum=tf.where(verdict.taken, move, tf.zeros_like(move)),
            stepped=tf.constant(1, tf.int32),
            before=origin.w,
            after=end.w,
            settled=proposed.settled,
        )
        return step.learning_rate, following

    def remembers(self, rows: int, weights: int) -> bool:
        return rows < weights

    def describe(self, inner: Solver, objective: Objective) -> str:
        return f"{inner.describe(objective)}, in their space, with momentum"

    def _rate(
        self, state: MomentumState, seen: Review, start: Evaluation, least: tf.Tensor
    ) -> tf.Tensor:
        """1 - mu, after what the present points say about the last step."""
        held = tf.cast(tf.math.log(seen.earlier) - tf.math.log(start.value), tf.float64)
        usable = seen.known & (state.gain > 0.0) & tf.math.is_finite(state.gain)
        # A loss that is NaN here did not confirm anything.
        confirmed = held >= self.generalization * state.gain
        adapted = tf.where(
            confirmed, self.adaptation * state.rate, state.rate / self.adaptation
        )
        rate = tf.where(usable, adapted, state.rate)
        return tf.clip_by_value(rate, least, 1.0)

    def get_config(self) -> dict[str, Any]:
        return {
            "generalization": self.generalization,
            "smallest_damping": self.smallest_damping,
            "smallest_rate": self.smallest_rate,
            "adaptation": self.adaptation,
            "relaxation": self.relaxation,
        }


def _dampings(first: tf.Tensor, least: tf.Tensor) -> tf.Tensor:
    powers = tf.constant([_RAISE**k for k in range(_TRIALS)], tf.float64)
    return tf.clip_by_value(first * powers, least, _LARGEST)


def _in_rows(
    inner: Solver, objective: Objective
) -> tuple[LeastSquaresSolver, LeastSquares]:
    if isinstance(inner, LeastSquaresSolver) and isinstance(objective, LeastSquares):
        if inner.solves_in_rows(objective):
            return inner, objective
        raise TypeError(
            "SPRING works in the space of rows, which must be fewer than the weights "
            f"and fit the memory: {objective.row_count()} rows, "
            f"{objective.parameters.size} weights. Take fewer points a step, or "
            "step_control=ki.DecreaseRatio()."
        )
    raise TypeError(
        "SPRING needs a loss that is a sum of squares, and inner="
        f'"gauss_newton"; got {inner!r}. Use step_control=ki.DecreaseRatio().'
    )


def _longest_good(
    objective: LeastSquares,
    model: DampedModel,
    origin: Evaluation,
    alphas: tf.Tensor,
    drift: tf.Tensor,
    eta: tf.Tensor,
) -> tuple[Trial, tf.Tensor]:
    """The step with the largest alpha that lowers the loss as the model says."""
    solve = model.prepare(0.5 / alphas[0], drift)
    residual, along = model.residual, model.jvp(drift)
    now = tf.reduce_sum(residual**2)

    def attempt(i: tf.Tensor) -> Trial:
        solved = solve(0.5 / alphas[i])
        step = eta * (drift + solved.step)
        ahead = residual + eta * (along + solved.jvp(solved.step))
        predicted = now - tf.reduce_sum(ahead**2)
        with tf.name_scope("probes"):
            value = objective.value(origin.w + step)
        gain = origin.value - value
        # Written so that NaN is bad, too.
        good = (gain >= _GOOD * predicted) & (gain > 0.0)
        return Trial(i, step, good, tf.constant(False))

    zero = tf.constant(0, tf.int32)
    candidates = Candidates(alphas, zero, zero)
    return largest_good(attempt, candidates, origin.w.shape[0], origin.w.dtype)
