"""alpha moved by how well each step keeps what its model promises."""

import math
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from keras_isgd.objectives.least_squares import LeastSquares
from keras_isgd.objectives.objective import Evaluation, Objective
from keras_isgd.optimizers.alpha_search import Candidates, search
from keras_isgd.optimizers.review import review
from keras_isgd.optimizers.step_control import StepControl, one_solve
from keras_isgd.optimizers.step_result import StepResult, Verdict
from keras_isgd.solvers.base import LeastSquaresSolver, Solver
from keras_isgd.solvers.status import Status
from keras_isgd.utils.checks import check_choice, check_count, check_positive

__all__ = ["DecreaseRatio", "RatioState"]

METRICS = ("auto", "scaled", "euclidean")
# alpha stays in here; both ends and their reciprocals are finite in float32.
_SMALLEST, _LARGEST = 1e-30, 1e30
# Where a step has one alpha: the factors by which it grows and shrinks, and the largest
# relative residual of the implicit equation at which it may grow.
_GROW, _SHRINK, _UNSOLVED = 10.0**0.5, 0.1, 0.5
# The factor by which the cap on alpha, after a step was taken back, rises in a step.
_RELEASE = 10.0 ** (2 / 3)


class RatioState(NamedTuple):
    """What `DecreaseRatio` remembers.

    Attributes:
        lowest: the smallest alpha so far, float64; infinite before the first step.
        peak: the largest alpha since then, float64.
        turned: whether alpha has risen and fallen again, int32.
        cap: the largest alpha allowed, float64.
        used: alpha of the last step, float64; 0 before the first.
        before: the weights before the last step, `(p,)`.
        after: the weights after it, `(p,)`.
    """

    lowest: tf.Tensor
    peak: tf.Tensor
    turned: tf.Tensor
    cap: tf.Tensor
    used: tf.Tensor
    before: tf.Tensor
    after: tf.Tensor


class _Proposed(NamedTuple):
    """What `DecreaseRatio.learn` must know of its proposal.

    Attributes:
        target: least ratio of decreases, `()`.
        cap: the new cap on alpha, float64.
        searched: whether alpha was chosen by a search.
        linear: whether the step comes from a linear model of a residual.
    """

    target: tf.Tensor
    cap: tf.Tensor
    searched: bool
    linear: bool


@keras.saving.register_keras_serializable(package="keras_isgd")
class DecreaseRatio(StepControl):
    """Chooses alpha by the gain ratio: the actual over the predicted decrease.

        rho = (L(w_n) - L(w_{n+1})) / predicted decrease

    With the Gauss-Newton solver the prediction is |r|^2 - |r + J s|^2. The Jacobian
    and its Gram matrix or triangular factor serve every alpha. Beginning above the
    last alpha, larger ones are tried, up to 100 times it, as long as
    rho >= target; or else smaller ones, down to 1e-4 times, until that holds.

    With other solvers each step has one alpha, and the prediction is the
    trapezoidal rule, -(g_n + g_{n+1}) . s / 2, exact for a quadratic loss. alpha
    grows while rho >= target and the solver keeps up (it is Gauss-Newton without
    the matrix, or the relative residual of the implicit equation is at most 1/2),
    and shrinks tenfold when rho < target or the step was not taken.

    A low target lets alpha run ahead while the loss is large, and a trajectory
    that does so reaches far lower losses than one that takes the safest step;
    near the end a higher one saves steps. The turn between them: alpha has risen
    by a factor `turn` and fallen by as much.

    Steps are also judged on the points of the next one. With L- and L+ the losses there
    before and after the step, it is taken back if L+ - L- > |L-| or L+ is not finite:
    the next step begins where it began, with at most a tenth of its alpha, which rises
    again by a factor of 4.6 a step at most. On fixed points this never happens.

    Once the Gauss-Newton model predicts less than rounding may hide in the loss and
    no decrease is seen, no smaller alphas are tried: the status is
    `Status.CONVERGED`, and alpha stays.

    alpha is the optimizer's `learning_rate` and stays within 1e-30 and 1e30.

    Args:
        target: least rho until the turn, in (0, 1).
        final_target: least rho after it, in (0, 1).
        turn: a factor above 1.
        per_decade: how many alphas to try in each decade, a number of at least 1.
        metric: how the implicit step measures |w - w_n|^2. "euclidean": as the paper
            does. "scaled": sum of d_j (w_j - w_nj)^2 with d_j the norm of column j
            of the Jacobian of the residual, up to a common factor, renewed in
            each step (backward Euler on the gradient flow in that metric). Weights
            of unlike effect then move alike, which matters most where a solution
            is steep. "auto": scaled with Gauss-Newton, euclidean with solvers that
            form no Jacobian.

    Raises:
        ValueError: an argument out of range.
    """

    def __init__(
        self,
        target: float = 0.05,
        final_target: float = 0.15,
        turn: float = 1e6,
        per_decade: int = 3,
        metric: str = "auto",
    ) -> None:
        for name, value in (("target", target), ("final_target", final_target)):
            if not 0 < check_positive(name, value) < 1:
                raise ValueError(f"Expected `{name}` in (0, 1), got {value!r}.")
        if not check_positive("turn", turn) > 1:
            raise ValueError(f"Expected `turn` > 1, got {turn!r}.")
        self.target = float(target)
        self.final_target = float(final_target)
        self.turn = float(turn)
        self.per_decade = check_count("per_decade", per_decade)
        self.metric = check_choice("metric", metric, METRICS)

    def initial_state(self, size: int, dtype: tf.DType) -> RatioState:
        return RatioState(
            tf.constant(math.inf, tf.float64),
            tf.zeros((), tf.float64),
            tf.constant(0, tf.int32),
            tf.constant(_LARGEST, tf.float64),
            tf.zeros((), tf.float64),
            tf.zeros(size, dtype),
            tf.zeros(size, dtype),
        )

    def propose(
        self,
        inner: Solver,
        inner_state: Any,
        objective: Objective,
        start: Evaluation,
        alpha: tf.Tensor,
        state: RatioState,
    ) -> StepResult:
        seen = review(objective, start, state.before, state.after, state.used > 0.0)
        origin, returned = seen.origin, seen.returned
        lower = tf.maximum(_SHRINK * state.used, _SMALLEST)
        cap = tf.where(returned, lower, tf.minimum(state.cap * _RELEASE, _LARGEST))
        alpha = tf.minimum(alpha, tf.cast(cap, alpha.dtype))
        target = tf.cast(
            tf.where(state.turned > 0, self.final_target, self.target), alpha.dtype
        )
        scaled = self._scaled(inner)
        searched, linear, metric = False, False, None
        if isinstance(inner, LeastSquaresSolver) and isinstance(
            objective, LeastSquares
        ):
            linear = True
            searched = inner.solves_any_damping(objective)
            if scaled and not searched:
                metric = inner.metric(objective, origin.w)
            if searched:
                candidates = self._candidates(alpha, cap)
                step = search(inner, objective, origin, candidates, target, scaled)
                step = step._replace(state=(inner_state, None))
        if not searched:
            step = one_solve(inner, inner_state, objective, origin, alpha, metric)
        return step._replace(
            evaluations=step.evaluations + 1 + tf.cast(returned, tf.int32),
            state=(step.state[0], _Proposed(target, cap, searched, linear)),
        )

    def learn(
        self, state: RatioState, step: StepResult, verdict: Verdict, alpha: tf.Tensor
    ) -> tuple[tf.Tensor, RatioState]:
        proposed: _Proposed = step.state
        used = step.learning_rate
        following = used if proposed.searched else _adapted(step, verdict, proposed)
        alpha = tf.minimum(alpha, tf.cast(proposed.cap, alpha.dtype))
        refused = tf.where(
            tf.equal(verdict.status, int(Status.CONVERGED)), alpha, _SHRINK * alpha
        )
        following = tf.where(verdict.taken, following, refused)
        following = tf.clip_by_value(following, _SMALLEST, _LARGEST)
        return following, self._remember(state, following)._replace(
            cap=proposed.cap,
            used=tf.cast(used, tf.float64),
            before=step.origin.w,
            after=verdict.end.w,
        )

    def _scaled(self, inner: Solver) -> bool:
        possible = isinstance(inner, LeastSquaresSolver)
        if self.metric == "scaled" and not possible:
            raise ValueError(
                'metric="scaled" needs the Jacobian of a sum of squares, which '
                f'{inner!r} does not form for this loss. Use inner="gauss_newton" '
                'or metric="auto".'
            )
        return possible and self.metric != "euclidean"

    def _candidates(self, alpha: tf.Tensor, cap: tf.Tensor) -> Candidates:
        highest = 2 * self.per_decade
        exponents = tf.range(highest, -4 * self.per_decade - 1, -1)
        powers = tf.cast(exponents, alpha.dtype) / self.per_decade
        alphas = alpha * tf.constant(10.0, alpha.dtype) ** powers
        alphas = tf.clip_by_value(alphas, _SMALLEST, _LARGEST)
        # The smallest that is at the cap, or above everything.
        above = tf.cast(alphas, tf.float64) >= cap * (1.0 - 1e-6)
        top = tf.maximum(tf.reduce_sum(tf.cast(above, tf.int32)) - 1, 0)
        alphas = tf.minimum(alphas, tf.cast(cap, alphas.dtype))
        return Candidates(alphas, tf.maximum(top, highest - 1), top)

    def _remember(self, state: RatioState, alpha: tf.Tensor) -> RatioState:
        alpha = tf.cast(alpha, tf.float64)
        risen = state.peak >= self.turn * state.lowest
        turned = (state.turned > 0) | (risen & (alpha < state.peak / self.turn))
        # Early on alpha often falls first; its rise counts from the bottom.
        bottom = alpha < state.lowest
        return state._replace(
            lowest=tf.where(bottom, alpha, state.lowest),
            peak=tf.where(bottom, alpha, tf.maximum(state.peak, alpha)),
            turned=tf.cast(turned, tf.int32),
        )

    def get_config(self) -> dict[str, Any]:
        return {
            "target": self.target,
            "final_target": self.final_target,
            "turn": self.turn,
            "per_decade": self.per_decade,
            "metric": self.metric,
        }


def _adapted(step: StepResult, verdict: Verdict, proposed: _Proposed) -> tf.Tensor:
    """The next alpha after a step with one alpha that was taken."""
    alpha, origin, end = step.learning_rate, step.origin, verdict.end
    move = end.w - origin.w
    predicted = -0.5 * tf.tensordot(origin.gradient + end.gradient, move, 1)
    ratio = tf.math.divide_no_nan(origin.value - end.value, predicted)
    grown = _GROW * alpha
    if not proposed.linear:
        residual = step.proximal.implicit_residual(end) if step.proximal else 1.0
        grown = tf.where(residual <= _UNSOLVED, grown, alpha)
    return tf.where(ratio >= proposed.target, grown, _SHRINK * alpha)
